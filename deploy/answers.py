"""Questions to AWS of which one may stay without an answer, as where the credentials may not ask it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deploy.faults import explain


@dataclass(frozen=True)
class Answer:
    """What AWS said, or in one line why there is nothing."""

    value: Any = None
    fault: str = ""


def ask(question: Callable[..., Any], *words: Any) -> Answer:
    """The answer to a question; what the libraries raise becomes its fault."""
    try:
        return Answer(question(*words))
    except (BotoCoreError, ClientError) as error:
        return Answer(fault=explain(error))
