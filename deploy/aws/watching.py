"""CloudWatch: alarms, and what the containers have written."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deploy.aws.clients import Clients


class Watching(Clients):
    """Alarms and logs."""

    def alarms(self, names: list[str]) -> list[dict]:
        """The alarms of these names, with their states."""
        client, found = self._client("cloudwatch"), []
        for start in range(0, len(names), 100):
            found += client.describe_alarms(AlarmNames=names[start : start + 100])["MetricAlarms"]
        return found

    def log_events(self, group: str, since: int, pattern: str) -> Iterator[dict]:
        """The events of a log group from a moment on (milliseconds since 1970), those that match if there is a pattern.

        They come in the order of time within a stream, not of the group.
        """
        matching = {"filterPattern": pattern} if pattern else {}
        pages = (
            self._client("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=group, startTime=since, **matching)
        )
        for page in pages:
            yield from page["events"]

    def log_groups(self, prefix: str) -> list[str]:
        """The names of the log groups that begin with a prefix."""
        pages = self._client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
        return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def last_lines(self, group: str, stream: str, number: int) -> list[dict]:
        """The newest events of a stream, oldest first: timestamp in ms and message; none if there is no stream."""
        try:
            answer = self._client("logs").get_log_events(
                logGroupName=group, logStreamName=stream, limit=number, startFromHead=False
            )
        except ClientError as error:
            if error.response["Error"].get("Code") == "ResourceNotFoundException":
                return []
            raise
        return answer["events"]
