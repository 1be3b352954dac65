"""Listeners and their rules: ports, certificates, actions, and what a visitor may reach without TLS."""

from __future__ import annotations

from typing import ClassVar

from ._checks import Ranges
from ._elbv2_actions import LISTENER, RULE, actions
from ._elbv2_tables import API, DOCS
from ._nest import EMPTY, Reference, Rule, Unknown, flag, known, number, text, together

SECURE = ("HTTPS", "TLS")


class Certificates(Rule):
    """A listener of HTTPS or TLS has one certificate; one of HTTP has neither certificate nor TLS policy.

    Source: API reference, CreateListener: "You must provide exactly one certificate"; others are ListenerCertificates.
    """

    id = "E9220"
    shortdesc = "Listener whose protocol and certificates do not fit"
    source_url = API + "API_CreateListener.html"
    types = (LISTENER,)

    def judge(self, r):
        for v in r.variants("Protocol", "Certificates", "SslPolicy"):
            protocol, given = text(v["Protocol"]), v["Certificates"]
            given = [item for item in given if item] if isinstance(given, list) else given
            if protocol in SECURE and given in (None, []):
                yield v.fault(f"a listener of {protocol} needs a certificate")
            if isinstance(given, list) and len(given) > 1:
                yield v.fault(
                    "a listener takes one certificate; add others as AWS::...::ListenerCertificate", "Certificates"
                )
            if protocol not in ("HTTP", "TCP", "UDP", "TCP_UDP"):
                continue
            for name, value in (("Certificates", given), ("SslPolicy", v["SslPolicy"])):
                if value not in (None, []):
                    yield v.fault(f"a listener of {protocol} takes no {name}", name)


class PortOfListener(Ranges):
    """Ports run from 1 to 65535, priorities from 1 to 50000.

    Source: API references, CreateListener (Port) and CreateRule (Priority).
    """

    id = "E9221"
    shortdesc = "Port or priority that the API refuses"
    source_url = API + "API_CreateRule.html"
    types = (LISTENER, RULE)
    limits = (("Port", 1, 65535, ""), ("Priority", 1, 50000, ""))


class Twice(Rule):
    """A port of a load balancer has one listener, a priority of a listener one rule.

    Source: API references, CreateListener (DuplicateListener) and CreateRule (PriorityInUse).
    """

    id = "E9222"
    shortdesc = "Two listeners on one port, or two rules with one priority"
    source_url = API + "API_CreateListener.html"
    keys: ClassVar = {LISTENER: ("LoadBalancerArn", "Port"), RULE: ("ListenerArn", "Priority")}

    def check(self, view):
        for kind, (parent, name) in self.keys.items():
            seen: list = []
            for r in view.resources(kind):
                for v in r.variants(parent, name):
                    if not isinstance(v[parent], Reference | Unknown) or number(v[name]) is None:
                        continue
                    key = (v[parent], number(v[name]))
                    for other, before, found in seen:
                        if found == key and other is not r and together(before.where, v.where) is not None:
                            yield v.fault(f"{other.id} already has {name.lower()} {key[1]}", name)
                    seen.append((r, v, key))


class CertificateOfPlain(Rule):
    """More certificates are for listeners of HTTPS or TLS.

    Source: API reference, AddListenerCertificates: "the specified HTTPS or TLS listener".
    """

    id = "E9229"
    shortdesc = "Certificate for a listener without TLS"
    source_url = API + "API_AddListenerCertificates.html"
    types = ("AWS::ElasticLoadBalancingV2::ListenerCertificate",)

    def judge(self, r):
        for value in r.values("ListenerArn"):
            listener = value.value.resource if isinstance(value.value, Reference) else None
            for v in listener.variants("Protocol") if listener is not None and listener.type == LISTENER else ():
                plain = known(v["Protocol"]) and v["Protocol"] not in SECURE
                if plain and together(value.where, v.where) is not None:
                    yield value.fault(f"{listener.id} is a listener of {v['Protocol']}")


class PortAndProtocol(Rule):
    """HTTPS is not served on port 80, nor HTTP on port 443.

    Source: user guide, "Listeners for your Application Load Balancers"; IANA port numbers.
    """

    id = "W9221"
    shortdesc = "Port of the other protocol"
    source_url = DOCS + "application/load-balancer-listeners.html"
    types = (LISTENER,)

    def judge(self, r):
        for v in r.variants("Protocol", "Port"):
            if (text(v["Protocol"]), number(v["Port"])) in (("HTTP", 443), ("HTTPS", 80)):
                yield v.fault(f"browsers expect no {text(v['Protocol'])} on port {number(v['Port'])}", "Port")


class PlainForward(Rule):
    """Where a load balancer has a listener of HTTPS, its listener of HTTP redirects and does not forward.

    Source: Security Hub, ELB.1 "should be configured to redirect all HTTP requests to HTTPS".
    """

    id = "W9222"
    shortdesc = "HTTP listener that forwards beside an HTTPS listener"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-1"
    types = (LISTENER,)

    def judge(self, r):
        secure = [
            (v["LoadBalancerArn"], together(other.where, v.where) or EMPTY)
            for other in r.view.resources(LISTENER)
            for v in other.variants("Protocol", "LoadBalancerArn")
            if text(v["Protocol"]) == "HTTPS"
        ]
        for v in r.variants("Protocol", "LoadBalancerArn"):
            for action in actions(r) if text(v["Protocol"]) == "HTTP" else ():
                for kind in action.values("Type"):
                    beside = any(b == v["LoadBalancerArn"] and together(w, v.where, kind.where) for b, w in secure)
                    if kind.value == "forward" and beside:
                        yield kind.fault("redirect to HTTPS here: the same pages are served without TLS")


class WeakTls(Rule):
    """A listener of HTTPS or TLS has a policy that refuses TLS 1.0 and 1.1; without one it gets a policy of 2016.

    Source: user guide, "Security policies for your Application Load Balancer"; Security Hub, ELB.17.
    """

    id = "W9223"
    shortdesc = "TLS policy that takes old protocols"
    source_url = DOCS + "application/describe-ssl-policies.html"
    types = (LISTENER,)
    good: ClassVar = ("ELBSecurityPolicy-TLS13-1-2", "ELBSecurityPolicy-TLS13-1-3", "ELBSecurityPolicy-FS-1-2")
    good += ("ELBSecurityPolicy-TLS-1-2-",)
    use = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"

    def judge(self, r):
        for v in r.variants("Protocol", "SslPolicy"):
            if text(v["Protocol"]) not in SECURE:
                continue
            if v["SslPolicy"] is None:
                yield v.fault(f"without SslPolicy TLS 1.0 is allowed; set {self.use}")
            elif known(v["SslPolicy"]) and not str(v["SslPolicy"]).startswith(self.good):
                yield v.fault(f"{v['SslPolicy']} allows TLS 1.0 or 1.1; set {self.use}", "SslPolicy")


class MutualTls(Rule):
    """Mutual TLS that verifies needs a trust store; passthrough and off take none.

    Source: API reference, MutualAuthenticationAttributes.
    """

    id = "E9228"
    shortdesc = "Mutual TLS without its trust store"
    source_url = API + "API_MutualAuthenticationAttributes.html"
    types = (LISTENER,)

    def judge(self, r):
        names = ("Mode", "TrustStoreArn", "IgnoreClientCertificateExpiry")
        for block in r.blocks("MutualAuthentication"):
            for v in block.variants(*names):
                if v["Mode"] == "verify" and v["TrustStoreArn"] is None:
                    yield v.fault("mode verify needs TrustStoreArn")
                if v["Mode"] in ("off", "passthrough") and (v["TrustStoreArn"] is not None or flag(v[names[2]])):
                    yield v.fault(f"mode {v['Mode']} takes no trust store", "Mode")
