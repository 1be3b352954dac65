"""What a person did wrong or must do next, in one line."""

from review.problem import Problem

__all__ = ["Problem"]
