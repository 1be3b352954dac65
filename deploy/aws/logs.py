"""CloudWatch Logs: what containers have written."""

from botocore.exceptions import ClientError

from deploy.aws.clients import Clients


class Logs(Clients):
    """Log groups and their streams."""

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
