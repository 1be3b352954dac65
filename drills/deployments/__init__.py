"""Deployments that are struck at their steps, and what they leave in an account and on a machine."""
