"""Where a database can be reached: subnet groups and proxies."""

from ._checks import Forms, Switch
from ._nest import Reference, Rule, known
from ._rds_storage import DB, engine_of

SUBNET = "AWS::EC2::Subnet"
PROXY = "AWS::RDS::DBProxy"
DOCS = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/"
FAMILIES = {
    "mysql": "MYSQL",
    "mariadb": "MYSQL",
    "postgres": "POSTGRESQL",
    "aurora-mysql": "MYSQL",
    "aurora-postgresql": "POSTGRESQL",
}


class DatabaseInOneZone(Rule):
    """A DB subnet group, and a proxy, needs subnets in two zones at least.

    Source: API reference, CreateDBSubnetGroup, SubnetIds (DBSubnetGroupDoesNotCoverEnoughAZs).
    """

    id = "E9460"
    shortdesc = "Subnets of a database in one zone only"
    source_url = DOCS + "API_CreateDBSubnetGroup.html"
    types = ("AWS::RDS::DBSubnetGroup", PROXY)

    def judge(self, r):
        path = "VpcSubnetIds" if r.type == PROXY else "SubnetIds"
        for v in r.variants(path):
            subnets = v[path] if isinstance(v[path], list) else []
            known_all = all(isinstance(s, Reference) and s.resource.type == SUBNET for s in subnets)
            if len(subnets) == 1 and (known_all or isinstance(subnets[0], str)):
                yield v.fault("one subnet is one zone; name subnets in two zones at least", path)
            elif len(subnets) > 1 and known_all and self.same_zone([s.resource for s in subnets]):
                yield v.fault("all these subnets are in one zone; name subnets in two zones at least", path)

    @staticmethod
    def same_zone(subnets: list) -> bool:
        zones = [value.value for subnet in subnets for value in subnet.values("AvailabilityZone")]
        return len(zones) == len(subnets) and len({repr(zone) for zone in zones}) == 1


class ProxyFamily(Rule):
    """A proxy speaks the language of one engine family, that of the databases behind it.

    Source: API reference, CreateDBProxy, EngineFamily.
    """

    id = "E9461"
    shortdesc = "Proxy of another engine family than its database"
    source_url = DOCS + "API_CreateDBProxy.html"
    types = ("AWS::RDS::DBProxyTargetGroup",)

    def judge(self, r):
        proxies = [v.value.resource for v in r.values("DBProxyName") if isinstance(v.value, Reference)]
        families = {str(v.value) for proxy in proxies for v in proxy.values("EngineFamily") if known(v.value)}
        for value in r.values("DBInstanceIdentifiers.*"):
            if isinstance(value.value, Reference) and value.value.resource.type == DB and families:
                for v in value.value.resource.variants("Engine"):
                    right = FAMILIES.get(engine_of(v))
                    if right and right not in families:
                        yield value.fault(
                            f"{engine_of(v)} needs a proxy with EngineFamily {right}, not {', '.join(families)}"
                        )


class ProxyName(Forms):
    """Names of proxies: letters, digits and single hyphens, a letter first.

    Source: API reference, CreateDBProxy, DBProxyName.
    """

    id = "E9462"
    shortdesc = "Name of a proxy in a wrong form"
    source_url = DOCS + "API_CreateDBProxy.html"
    types = (PROXY,)
    forms = (("DBProxyName", r"[A-Za-z](-?[A-Za-z0-9]){0,62}", "letters, digits and single hyphens, a letter first"),)


class ProxyLogin(Rule):
    """A proxy logs in with secrets from Auth, unless its DefaultAuthScheme is IAM_AUTH.

    Source: API reference, CreateDBProxy, Auth and DefaultAuthScheme.
    """

    id = "E9463"
    shortdesc = "Proxy that cannot log in"
    source_url = DOCS + "API_CreateDBProxy.html"
    types = (PROXY,)

    def judge(self, r):
        for v in r.variants("Auth", "DefaultAuthScheme"):
            if not v["Auth"] and v["DefaultAuthScheme"] in (None, "NONE"):
                yield v.fault("name a secret in Auth, or set DefaultAuthScheme: IAM_AUTH")


class ProxyClearText(Switch):
    """A proxy that takes connections without TLS.

    Source: API reference, CreateDBProxy, RequireTLS; AWS Well-Architected, SEC09-BP02.
    """

    id = "W9461"
    shortdesc = "Proxy takes connections without TLS"
    source_url = DOCS + "API_CreateDBProxy.html"
    types = (PROXY,)
    switch = "RequireTLS"
    default = False
    message = "set RequireTLS: true"


class OldAuthority(Rule):
    """Certificates of the authorities of 2015 and 2019 have expired: RDS issues none, clients trust none.

    Source: RDS user guide, using SSL/TLS to encrypt a connection, certificate authorities.
    """

    id = "E9464"
    shortdesc = "Certificate authority that has expired"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"
    types = (DB,)

    def judge(self, r):
        for value in r.values("CACertificateIdentifier"):
            if value.value in ("rds-ca-2015", "rds-ca-2019"):
                yield value.fault(f"{value.value} has expired; take rds-ca-rsa2048-g1")
