"""Reading the generated templates."""

from review.template import parse, read_all

__all__ = ["parse", "read_all"]
