"""What `doctor` asks: questions that change nothing and cost nothing."""

import configparser
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from deploy.aws.clients import Clients

# Where tools that write the credentials file put the end of a session.
_EXPIRY_KEYS = ("aws_session_expiration", "aws_expiration", "x_security_token_expires", "expiration", "expires_at")


def _moment(text):
    """A moment in ISO form, in UTC unless it says otherwise; None for anything else."""
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Probes(Clients):
    """Credentials, quotas and names."""

    def identity(self) -> dict:
        """GetCallerIdentity: account and ARN."""
        return self._client("sts").get_caller_identity()

    def credentials_end(self) -> tuple[bool, datetime | None]:
        """Whether the credentials are temporary, and until when they are good, where that is known on this machine."""
        credentials = self._session.get_credentials()
        if credentials is None:
            return False, None
        temporary = credentials.get_frozen_credentials().token is not None
        # botocore keeps the end of a session that it renews itself (single sign-on, assumed roles) in a private field.
        return temporary, getattr(credentials, "_expiry_time", None) or self._written_end(credentials.method)

    def _written_end(self, method):
        """The end that was written down beside the credentials, by whatever tool got them."""
        texts = [os.environ.get("AWS_CREDENTIAL_EXPIRATION")] if method == "env" else []
        if method == "shared-credentials-file":
            file = configparser.RawConfigParser()
            file.read(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws/credentials")
            profile = self._session.profile_name
            texts = [file.get(profile, key, fallback=None) for key in _EXPIRY_KEYS]
        return next((moment for text in texts if (moment := _moment(text))), None)

    def regions(self) -> list[dict]:
        """Every region, those that the account has not enabled too."""
        return self._client("ec2").describe_regions(AllRegions=True)["Regions"]

    def role(self, name: str) -> dict | None:
        """A role by its name, without its path; None if there is none."""
        client = self._client("iam")
        try:
            return client.get_role(RoleName=name.rpartition("/")[2])["Role"]
        except client.exceptions.NoSuchEntityException:
            return None

    def quota(self, service: str, code: str) -> float:
        """A limit of the account; AWS's default where the account has none of its own."""
        client = self._client("service-quotas")
        try:
            answer = client.get_service_quota(ServiceCode=service, QuotaCode=code)
        except client.exceptions.NoSuchResourceException:
            answer = client.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)
        return answer["Quota"]["Value"]

    def used(self, name: str) -> float | None:
        """How much of a quota (a key of doctor.capacity.QUOTAS) is in use; None where that is not counted."""
        return getattr(self, f"_used_{name}")()

    def _used_vpcs(self):
        return self._count("ec2", "describe_vpcs", "Vpcs")

    def _used_addresses(self):
        return len(self._client("ec2").describe_addresses()["Addresses"])

    def _used_gateways(self):
        """The most that a zone has."""
        client = self._client("ec2")
        pages = client.get_paginator("describe_nat_gateways").paginate()
        found = [one for page in pages for one in page["NatGateways"] if one["State"] in {"pending", "available"}]
        subnets = sorted({one["SubnetId"] for one in found if one.get("SubnetId")})
        if not subnets:
            return 0
        zones = {one["SubnetId"]: one["AvailabilityZone"] for one in self._subnets(subnets)}
        return max(Counter(zones[one["SubnetId"]] for one in found if one.get("SubnetId")).values())

    def _subnets(self, names):
        pages = self._client("ec2").get_paginator("describe_subnets").paginate(SubnetIds=names)
        return [one for page in pages for one in page["Subnets"]]

    def _used_balancers(self):
        pages = self._client("elbv2").get_paginator("describe_load_balancers").paginate()
        return sum(one["Type"] == "application" for page in pages for one in page["LoadBalancers"])

    def _used_databases(self):
        return self._count("rds", "describe_db_instances", "DBInstances")

    def _used_processors(self):
        """Not counted: that would take a look at every task of every cluster."""

    def _count(self, service, operation, field):
        return sum(len(page[field]) for page in self._client(service).get_paginator(operation).paginate())

    def certificate(self, arn: str) -> dict:
        """A certificate of this region."""
        return self._client("acm").describe_certificate(CertificateArn=arn)["Certificate"]

    def hosted_zone(self, zone: str) -> dict:
        """A hosted zone."""
        return self._client("route53").get_hosted_zone(Id=zone)

    def has_record(self, zone: str, name: str) -> bool:
        """Whether a zone has an address record of exactly this name."""
        client = self._client("route53")
        found = client.list_resource_record_sets(
            HostedZoneId=zone, StartRecordName=name, StartRecordType="A", MaxItems="1"
        )["ResourceRecordSets"]
        return any(one["Name"].rstrip(".") == name and one["Type"] == "A" for one in found)

    def has_repository(self, name: str) -> bool:
        """Whether there is an image repository of this name."""
        client = self._client("ecr")
        try:
            client.describe_repositories(repositoryNames=[name])
        except client.exceptions.RepositoryNotFoundException:
            return False
        return True

    def snapshot(self, name: str) -> dict:
        """A snapshot of a database."""
        return self._client("rds").describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]

    def orderable(self, database_class: str) -> list[dict]:
        """What RDS offers of a class for MySQL in this region."""
        pages = (
            self._client("rds")
            .get_paginator("describe_orderable_db_instance_options")
            .paginate(Engine="mysql", DBInstanceClass=database_class, Vpc=True)
        )
        return [option for page in pages for option in page["OrderableDBInstanceOptions"]]
