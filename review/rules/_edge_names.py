"""Certificates and DNS records."""

from __future__ import annotations

import re
from typing import Any

from ._nest import Reference, Resource, Rule, Text, Unknown, known, number, text, together

CERTIFICATE, RECORD = "AWS::CertificateManager::Certificate", "AWS::Route53::RecordSet"
BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
ACM = "https://docs.aws.amazon.com/acm/latest/APIReference/"
ROUTE_53 = "https://docs.aws.amazon.com/Route53/latest/APIReference/"
CFN = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"

HOST = re.compile(r"(\*\.)?((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+(?!-)[A-Za-z0-9-]{2,63}(?<!-)")
# Source: Route 53 API reference, AliasTarget: the zone of every CloudFront distribution.
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"


class HostName(Rule):
    """A certificate is for fully qualified domain names, the first of at most 64 characters, at most 100 others.

    Source: API reference, RequestCertificate: DomainName, SubjectAlternativeNames; RFC 5280 for the 64.
    """

    id = "E9240"
    shortdesc = "Name for which there is no certificate"
    source_url = ACM + "API_RequestCertificate.html"
    types = (CERTIFICATE,)

    def judge(self, r):
        for name in ("DomainName", "SubjectAlternativeNames.*"):
            for value in r.values(name):
                if not isinstance(value.value, str) or value.value == "":
                    continue
                if not HOST.fullmatch(value.value):
                    yield value.fault(f"{value.value!r} is no domain name, as www.example.com or *.example.com")
                elif name == "DomainName" and len(value.value) > 64:
                    yield value.fault(f"{len(value.value)} characters; the first name of a certificate has at most 64")
        for value in r.values("SubjectAlternativeNames"):
            if isinstance(value.value, list) and len(value.value) > 100:
                yield value.fault(f"{len(value.value)} names; a certificate has at most 100")


class ValidationByNobody(Rule):
    """A certificate validated over DNS needs the hosted zone of each of its names, else the stack waits for a person.

    Source: CloudFormation reference, AWS::CertificateManager::Certificate: with HostedZoneId the records are made for
    you; otherwise the stack stays in CREATE_IN_PROGRESS until they exist.
    """

    id = "W9240"
    shortdesc = "Certificate that a person must validate while the stack waits"
    source_url = CFN + "aws-resource-certificatemanager-certificate.html"
    types = (CERTIFICATE,)

    def judge(self, r):
        for v in r.variants("ValidationMethod", "DomainValidationOptions", "CertificateAuthorityArn"):
            if v["CertificateAuthorityArn"] is not None:
                continue
            if v["ValidationMethod"] in (None, "EMAIL"):
                yield v.fault("validated by e-mail; set ValidationMethod: DNS and DomainValidationOptions")
            options = v["DomainValidationOptions"]
            if options is not None and not isinstance(options, list):
                continue
            without = options is None or any(isinstance(o, dict) and "HostedZoneId" not in o for o in options)
            if v["ValidationMethod"] == "DNS" and without:
                yield v.fault("the stack waits for a record that nobody makes: give a HostedZoneId to validate in")


class ValidationOfOther(Rule):
    """Each DomainValidationOptions is for a name of the certificate, with a hosted zone or a validation domain.

    Source: CloudFormation reference, DomainValidationOption: "You can specify either HostedZoneId or ValidationDomain".
    """

    id = "E9241"
    shortdesc = "Validation that does not fit the certificate"
    source_url = CFN + "aws-properties-certificatemanager-certificate-domainvalidationoption.html"
    types = (CERTIFICATE,)

    def judge(self, r):
        for option in r.blocks("DomainValidationOptions"):
            for v in option.variants("DomainName", "HostedZoneId", "ValidationDomain"):
                if v["HostedZoneId"] is not None and v["ValidationDomain"] is not None:
                    yield v.fault("give HostedZoneId (DNS) or ValidationDomain (e-mail), not both", "ValidationDomain")
                for c in r.variants("DomainName", "SubjectAlternativeNames", "ValidationMethod"):
                    if together(v.where, c.where) is None:
                        continue
                    others = c["SubjectAlternativeNames"] if isinstance(c["SubjectAlternativeNames"], list) else []
                    names = [c["DomainName"], *others]
                    if all(map(known, (v["DomainName"], *names))) and v["DomainName"] not in names:
                        yield v.fault(f"{v['DomainName']} is not among the names of the certificate", "DomainName")
                    if c["ValidationMethod"] == "DNS" and v["ValidationDomain"] is not None:
                        yield v.fault("ValidationDomain is for e-mail; DNS wants HostedZoneId", "ValidationDomain")


class RecordParts(Rule):
    """A record has an alias target, or a TTL and values; and one zone, by id or by name.

    Source: API reference, ResourceRecordSet; CloudFormation reference, AWS::Route53::RecordSet.
    """

    id = "E9250"
    shortdesc = "Record without one target and one zone"
    source_url = ROUTE_53 + "API_ResourceRecordSet.html"
    types = (RECORD,)

    def judge(self, r):
        names = ("AliasTarget", "ResourceRecords", "TTL", "HostedZoneId", "HostedZoneName")
        for v in r.variants(*names):
            alias, values = v["AliasTarget"] is not None, v["ResourceRecords"] is not None
            if alias == values:
                yield v.fault("give AliasTarget or ResourceRecords, one of them")
            elif values and v["TTL"] is None:
                yield v.fault("a record with values needs a TTL")
            if (v["HostedZoneId"] is None) == (v["HostedZoneName"] is None):
                yield v.fault("give HostedZoneId or HostedZoneName, one of them")


class AliasTtl(Rule):
    """An alias has no TTL of its own.

    Source: API reference, ResourceRecordSet: "If you're creating or updating an alias resource record set, omit TTL".
    """

    id = "W9250"
    shortdesc = "Alias with a TTL"
    source_url = RecordParts.source_url
    types = (RECORD,)

    def judge(self, r):
        for v in r.variants("AliasTarget", "TTL"):
            if v["AliasTarget"] is not None and v["TTL"] is not None:
                yield v.fault("an alias takes the TTL of its target; leave this one out", "TTL")


class AliasType(Rule):
    """An alias of a load balancer is an A or AAAA record, with the zone of that load balancer.

    Source: API reference, AliasTarget: HostedZoneId is the CanonicalHostedZoneID of the load balancer.
    """

    id = "E9251"
    shortdesc = "Alias that does not lead to its load balancer"
    source_url = ROUTE_53 + "API_AliasTarget.html"
    types = (RECORD,)

    def judge(self, r):
        for v in r.variants("Type", "AliasTarget.DNSName", "AliasTarget.HostedZoneId", "HostedZoneId"):
            balancer, zone = target(v["AliasTarget.DNSName"]), v["AliasTarget.HostedZoneId"]
            if balancer is None:
                continue
            if text(v["Type"]) not in ("A", "AAAA", "HTTPS", None):
                yield v.fault(f"an alias of a load balancer is of type A or AAAA, not {v['Type']}", "Type")
            right = Reference(balancer, "CanonicalHostedZoneID")
            own = zone is not None and zone == v["HostedZoneId"]
            other = isinstance(zone, Reference) or zone == CLOUDFRONT_ZONE or is_parameter_of_zone(zone)
            if own or (other and zone != right):
                yield v.fault(
                    f"the zone is that of the load balancer: {balancer.id}.CanonicalHostedZoneID",
                    "AliasTarget.HostedZoneId",
                )


def target(value: Any) -> Resource | None:
    """The load balancer whose host name this is, also behind dualstack."""
    parts = value.parts if isinstance(value, Text) else (value,)
    found = parts[-1]
    is_host = isinstance(found, Reference) and found.attribute == "DNSName" and found.resource.type == BALANCER
    return found.resource if is_host else None


def is_parameter_of_zone(value: Any) -> bool:
    return isinstance(value, Unknown) and value.parameter == "AWS::Route53::HostedZone::Id"


class RecordValues(Rule):
    """A CNAME has one value, TXT values are quoted, a TTL runs to 2147483647.

    Source: Route 53 developer guide, "Supported DNS record types".
    """

    id = "E9252"
    shortdesc = "Record with values that Route 53 refuses"
    source_url = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html"
    types = (RECORD,)

    def judge(self, r):
        for v in r.variants("Type", "ResourceRecords", "TTL"):
            values = v["ResourceRecords"] if isinstance(v["ResourceRecords"], list) else []
            if v["Type"] == "CNAME" and len(values) > 1:
                yield v.fault(f"a CNAME has one value, not {len(values)}", "ResourceRecords")
            if v["Type"] == "TXT" and any(isinstance(item, str) and not item.startswith('"') for item in values):
                yield v.fault("values of TXT stand in double quotes", "ResourceRecords")
            ttl = number(v["TTL"])
            if ttl is not None and not 0 <= ttl <= 2147483647:
                yield v.fault(f"a TTL is a number from 0 to 2147483647, not {ttl}", "TTL")


class Routing(Rule):
    """A record with a routing policy has one policy and a SetIdentifier; a SetIdentifier needs a policy.

    Source: API reference, ResourceRecordSet, SetIdentifier: required for routing policies other than simple.
    """

    id = "E9253"
    shortdesc = "Routing policy of a record that Route 53 refuses"
    source_url = ROUTE_53 + "API_ResourceRecordSet.html"
    types = (RECORD,)
    policies = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer", "CidrRoutingConfig")

    def judge(self, r):
        for v in r.variants("SetIdentifier", *self.policies):
            given = [name for name in self.policies if v[name] is not None]
            if len(given) > 1:
                yield v.fault(f"a record has one routing policy, this one has {', '.join(given)}", given[1])
            elif given and v["SetIdentifier"] is None:
                yield v.fault(f"{given[0]} needs a SetIdentifier", given[0])
            elif v["SetIdentifier"] is not None and not given:
                yield v.fault("SetIdentifier needs a routing policy, as Weight", "SetIdentifier")
