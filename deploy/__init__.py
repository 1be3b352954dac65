"""Decide in pure functions, do in one thin place (aws.py)."""
