"""What an environment names that must be there already, and what must not."""

from deploy.answers import Answer
from deploy.doctor.finding import OK, PROBLEM, WARNING, Finding, unknown


def stack(name: str, answer: Answer, tags: dict[str, str]) -> Finding:
    """The stack: none yet, ours, or somebody else's."""
    if answer.fault:
        return unknown(f"stack {name}", answer)
    if answer.value is None:
        return Finding(OK, f"{name} is not deployed yet")
    found = {tag["Key"]: tag["Value"] for tag in answer.value.get("Tags", [])}
    if any(found.get(key) != value for key, value in tags.items()):
        return Finding(PROBLEM, f"there is a stack {name} without this project's tags: it is somebody else's")
    return Finding(OK, f"{name} is deployed: {answer.value['StackStatus']}")


def taken(what: str, name: str, answer: Answer) -> Finding | None:
    """A name that the stack would give; the answer's value says whether something has it already."""
    if answer.fault:
        return unknown(f"{what} {name}", answer)
    if answer.value:
        return Finding(PROBLEM, f"{what} {name} exists already, and is not of this stack: remove it, or rename yours")
    return None


def certificate(arn: str, region: str, answer: Answer) -> Finding:
    """The certificate that an environment names: of this region, issued."""
    parts = arn.split(":")
    if len(parts) > 3 and parts[3] != region:
        return Finding(PROBLEM, f"CertificateArn is of {parts[3]}, the load balancer of {region}: request one there")
    if answer.fault:
        return Finding(PROBLEM, f"CertificateArn: {answer.fault}")
    if answer.value["Status"] != "ISSUED":
        return Finding(PROBLEM, f"the certificate is {answer.value['Status']}, not ISSUED: finish its validation first")
    return Finding(OK, f"the certificate of {answer.value.get('DomainName', arn)} is issued")


def zone(domain: str, zone_id: str, answer: Answer) -> Finding:
    """The hosted zone of the host name."""
    if answer.fault:
        return Finding(PROBLEM, f"HostedZoneId={zone_id}: {answer.fault}")
    name = answer.value["HostedZone"]["Name"].rstrip(".")
    if domain != name and not domain.endswith(f".{name}"):
        return Finding(PROBLEM, f"DomainName={domain} is not in the zone {zone_id}, which is that of {name}")
    if answer.value["HostedZone"].get("Config", {}).get("PrivateZone"):
        return Finding(PROBLEM, f"the zone {zone_id} of {name} is private: a certificate cannot be validated there")
    return Finding(OK, f"{domain} is in the zone of {name}")


def snapshot(name: str, answer: Answer) -> Finding:
    """The snapshot that the database is to begin with."""
    if answer.fault:
        return Finding(PROBLEM, f"DBSnapshotIdentifier={name}: {answer.fault}")
    if answer.value["Status"] != "available":
        return Finding(PROBLEM, f"the snapshot {name} is {answer.value['Status']}: wait until it is available")
    return Finding(OK, f"the snapshot {name} is available")


def database_class(name: str, answer: Answer, two_zones: bool) -> Finding:
    """DescribeOrderableDBInstanceOptions: whether RDS offers the class here, and in two zones for a standby."""
    if answer.fault:
        return unknown(f"class {name}", answer)
    zones = {zone["Name"] for option in answer.value for zone in option.get("AvailabilityZones", [])}
    if not zones:
        return Finding(PROBLEM, f"RDS offers no {name} for MySQL in this region: choose another DBInstanceClass")
    if len(zones) < 2:
        level = PROBLEM if two_zones else WARNING
        return Finding(level, f"RDS offers {name} in {', '.join(zones)} only: a standby needs a second zone")
    return Finding(OK, f"RDS offers {name} in {len(zones)} zones")
