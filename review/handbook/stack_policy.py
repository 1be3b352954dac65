"""The stack policy of README.md: updates may change everything, but neither replace nor remove what holds data."""

import json

from review.update.guard import HOLDS


def text(kinds: set[str]) -> str:
    """A policy for any stack of the nest, by the types of `kinds` that hold data."""
    everything = {"Principal": "*", "Resource": "*"}
    held = {"StringEquals": {"ResourceType": sorted(kinds & HOLDS.keys())}}
    statements = [
        {"Effect": "Allow", "Action": "Update:*", **everything},
        {"Effect": "Deny", "Action": ["Update:Replace", "Update:Delete"], **everything, "Condition": held},
    ]
    return json.dumps({"Statement": statements}, indent=2) + "\n"
