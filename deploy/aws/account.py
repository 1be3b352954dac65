"""STS: whose account it is."""

from deploy.aws.clients import Clients


class Account(Clients):
    """The account itself."""

    def account(self) -> str:
        """The account's number; fails when credentials are missing, wrong or expired."""
        return self._client("sts").get_caller_identity()["Account"]
