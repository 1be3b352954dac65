"""The smallest IAM policies with which an environment is deployed and looked at, derived from the resource types."""
