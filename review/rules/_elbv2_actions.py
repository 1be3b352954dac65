"""Actions and conditions of listeners and their rules."""

from __future__ import annotations

from typing import ClassVar

from ._elbv2_tables import API, DOCS
from ._nest import Reference, Resource, Rule, known, number, text, together, usual

LISTENER, RULE = "AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::ListenerRule"
# What an action of each type needs. Source: API reference, Action.
NEEDS = {
    "forward": ("TargetGroupArn", "ForwardConfig"),
    "redirect": ("RedirectConfig",),
    "fixed-response": ("FixedResponseConfig",),
    "authenticate-cognito": ("AuthenticateCognitoConfig",),
    "authenticate-oidc": ("AuthenticateOidcConfig",),
}
PARTS = ("RedirectConfig", "FixedResponseConfig", "AuthenticateCognitoConfig", "AuthenticateOidcConfig")
FINAL = ("forward", "redirect", "fixed-response")


def actions(r: Resource):
    return r.blocks("DefaultActions" if r.type == LISTENER else "Actions")


class ActionParts(Rule):
    """An action has the configuration of its type and of no other.

    Source: API reference, Action.
    """

    id = "E9223"
    shortdesc = "Action without what its type needs"
    source_url = API + "API_Action.html"
    types = (LISTENER, RULE)

    def judge(self, r):
        for action in actions(r):
            for v in action.variants("Type", "TargetGroupArn", "ForwardConfig", *PARTS):
                kind = text(v["Type"])
                needs = NEEDS.get(kind or "", ())
                if needs and all(v[name] is None for name in needs):
                    yield v.fault(f"an action of type {kind} needs {' or '.join(needs)}", "Type")
                for name in PARTS if needs else ():
                    if name not in needs and v[name] is not None:
                        yield v.fault(f"{name} does not go with an action of type {kind}", name)


class LastAction(Rule):
    """The actions of a listener or rule end with exactly one forward, redirect or fixed-response.

    Source: API reference, Action: "exactly one of the following types of actions ... must be the last action".
    """

    id = "E9224"
    shortdesc = "Actions that lead nowhere"
    source_url = API + "API_CreateRule.html"
    types = (LISTENER, RULE)

    def judge(self, r):
        name = "DefaultActions" if r.type == LISTENER else "Actions"
        for v in r.variants(name):
            found = v[name] if isinstance(v[name], list) else []
            kinds = [text(action.get("Type")) for action in found if isinstance(action, dict)]
            if (
                kinds
                and all(kinds)
                and sum(kind in (*FINAL, "jwt-validation") for kind in kinds if kind != "jwt-validation") != 1
            ):
                yield v.fault("one action, the last, must be forward, redirect or fixed-response", name)


class Redirect(Rule):
    """A redirect changes protocol, host, port or path, does not lead from HTTPS to HTTP, and has a full path.

    Source: API reference, RedirectActionConfig: "You can't redirect HTTPS to HTTP"; user guide, "Redirect actions": a
    redirect must modify at least one of the components, to avoid a loop.
    """

    id = "E9225"
    shortdesc = "Redirect that leads back, or that the API refuses"
    source_url = API + "API_RedirectActionConfig.html"
    types = (LISTENER, RULE)

    def judge(self, r):
        for block in actions(r):
            for v in block.variants(
                *(f"RedirectConfig.{name}" for name in ("Protocol", "Port", "Host", "Path", "Query"))
            ):
                if any(value is not None for value in v.values.values()):
                    yield from self.faults(r, v)

    def faults(self, r, v):
        protocol, port, host, path, query = v.values.values()
        for own, own_port, where in protocols(r):
            if together(where, v.where) is None or not all(x is None or known(x) for x in v.values.values()):
                continue
            if own == "HTTPS" and protocol == "HTTP":
                yield v.fault("HTTPS cannot be redirected to HTTP", "RedirectConfig.Protocol")
            same = protocol in (None, "#{protocol}", own) and text(port) in (None, "#{port}", str(own_port))
            kept = host in (None, "#{host}") and path in (None, "/#{path}") and query in (None, "#{query}")
            if same and kept:
                yield v.fault("this redirect leads back to itself; change protocol, host, port or path")
            if protocol == "HTTPS" and own == "HTTP" and text(port) in (None, "#{port}", "80"):
                yield v.fault(
                    f"HTTPS on port {own_port}: give the port of the HTTPS listener", "RedirectConfig.Protocol"
                )
        if isinstance(path, str) and not path.startswith(("/", "#")):
            yield v.fault(f"path {path!r} must begin with /", "RedirectConfig.Path")


def protocols(r: Resource):
    """(protocol, port, where) of a listener, or of the listener of a rule."""
    if r.type == LISTENER:
        yield from ((text(v["Protocol"]), number(v["Port"]), v.where) for v in r.variants("Protocol", "Port"))
        return
    for value in r.values("ListenerArn"):
        listener = value.value.resource if isinstance(value.value, Reference) else None
        if listener is not None and listener.type == LISTENER:
            yield from protocols(listener)


class FixedResponse(Rule):
    """A fixed response has a code 2xx, 4xx or 5xx, at most 1024 bytes and one of five content types.

    Source: API reference, FixedResponseActionConfig.
    """

    id = "E9226"
    shortdesc = "Fixed response that the API refuses"
    source_url = API + "API_FixedResponseActionConfig.html"
    types = (LISTENER, RULE)
    content: ClassVar = ("text/plain", "text/css", "text/html", "application/javascript", "application/json")

    def judge(self, r):
        for block in actions(r):
            config = "FixedResponseConfig."
            for value in block.values(config + "StatusCode"):
                code = text(value.value)
                if code is not None and not (len(code) == 3 and code.isdecimal() and code[0] in "245"):
                    yield value.fault(f"status {code} is none of 2xx, 4xx and 5xx")
            for value in block.values(config + "ContentType"):
                if known(value.value) and value.value not in self.content:
                    yield value.fault(f"{value.value!r} is none of {', '.join(self.content)}")
            for value in block.values(config + "MessageBody"):
                if known(value.value) and len((text(value.value) or "").encode()) > 1024:
                    yield value.fault("the body is longer than 1024 bytes")


class Conditions(Rule):
    """A rule of an application load balancer has conditions, with at most five values in all.

    Source: user guide, "Quotas for your Application Load Balancers": condition values per rule: 5.
    """

    id = "E9227"
    shortdesc = "Rule without conditions, or with more than five values"
    source_url = DOCS + "application/load-balancer-limits.html"
    types = (RULE,)

    def judge(self, r):
        for v in r.variants("Conditions"):
            if v["Conditions"] in (None, []) and usual(v.where):
                yield v.fault("a rule needs a condition, as path-pattern or host-header")
            count = sum(map(values_in, v["Conditions"] if isinstance(v["Conditions"], list) else []))
            if count > 5:
                yield v.fault(f"{count} values; a rule takes five", "Conditions")


def values_in(condition) -> int:
    """How many values a condition compares with."""
    if not isinstance(condition, dict):
        return 0
    parts = [condition, *(part for part in condition.values() if isinstance(part, dict))]
    return sum(len(part["Values"]) for part in parts if isinstance(part.get("Values"), list))
