"""A template, and the local templates nested in it, as the rules see them: with the values behind its functions."""

from ._rule import Rule
from ._values import Reference, Text, Unknown, flag, known, number, text
from ._view import Block, Finding, Resource, Value, Variant, View, references
from ._where import EMPTY, Where, chosen, covered, together, usual

__all__ = [
    "EMPTY",
    "Block",
    "Finding",
    "Reference",
    "Resource",
    "Rule",
    "Text",
    "Unknown",
    "Value",
    "Variant",
    "View",
    "Where",
    "chosen",
    "covered",
    "flag",
    "known",
    "number",
    "references",
    "text",
    "together",
    "usual",
]
