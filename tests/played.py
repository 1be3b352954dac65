"""AWS as a recording has it, in place of boto3's clients: each answer is held against botocore's model."""

from datetime import datetime

from botocore import xform_name

from deploy.aws import Aws
from rehearsal.recordings import PLAYED, Play, Recording, now

STACK_ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/flaskcrud-lab/0001"
STACK = {"StackName": "flaskcrud-lab", "StackId": STACK_ID, "StackStatus": "UPDATE_IN_PROGRESS"}
OUTPUTS = {"ClusterName": "flaskcrud-lab-cluster", "ServiceName": "web"}
OPERATIONS = {xform_name(operation): operation for operation in PLAYED}


class Client:
    """A client of one service: each method is answered by the play, at the moment that the clock tells."""

    class exceptions:
        pass

    def __init__(self, play: Play, clock):
        self.play, self.clock, self.calls = play, clock, []

    def __getattr__(self, method):
        return lambda **request: self._answer(OPERATIONS[method], request)

    def get_paginator(self, method):
        return type("Paginator", (), {"paginate": lambda _, **request: [self._answer(OPERATIONS[method], request)]})()

    def _answer(self, operation, request):
        self.calls.append(operation)
        return self.play.answer(operation, request, self.clock())


class PlayedAws(Aws):
    """Aws, with the play for its clients."""

    def __init__(self, recording: Recording, kind: str = "UPDATE", clock=now, began: datetime | None = None, **options):
        self.play = Play(recording, STACK_ID, began or now(), kind, **options)
        self.client = Client(self.play, clock)
        self.region = "us-east-1"
        self._client = lambda _service: self.client
