"""Web ACLs: rules, limits, metrics, and what they protect."""

from __future__ import annotations

from ._checks import Choices, Forms, Ranges, named, twice
from ._nest import Block, Reference, Rule, Text, flag, known, text, usual

ACL = "AWS::WAFv2::WebACL"
WAF = "https://docs.aws.amazon.com/waf/latest/APIReference/"
RATE = "Rules.*.Statement.RateBasedStatement"
# Statements whose rule takes OverrideAction; all others take Action. Source: API reference, Rule.
OF_GROUPS = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement")


class RateLimit(Ranges):
    """A rate rule limits 10 to 2,000,000,000 requests; priorities are not negative.

    Source: API reference, RateBasedStatement and Rule.
    """

    id = "E9260"
    shortdesc = "Limit of a rate rule that WAF refuses"
    source_url = WAF + "API_RateBasedStatement.html"
    types = (ACL, "AWS::WAFv2::RuleGroup")
    limits = ((RATE + ".Limit", 10, 2_000_000_000, " requests"), ("Rules.*.Priority", 0, 2**31 - 1, ""))


class RateWindow(Choices):
    """A rate rule looks back 60, 120, 300 or 600 seconds.

    Source: API reference, RateBasedStatement, EvaluationWindowSec.
    """

    id = "E9261"
    shortdesc = "Window of a rate rule that WAF has not"
    source_url = WAF + "API_RateBasedStatement.html"
    types = (ACL, "AWS::WAFv2::RuleGroup")
    choices = ((RATE + ".EvaluationWindowSec", ("60", "120", "300", "600")),)


class RateKey(Rule):
    """A rate rule of type CONSTANT has a scope-down statement, CUSTOM_KEYS keys, FORWARDED_IP its configuration.

    Source: API reference, RateBasedStatement, AggregateKeyType.
    """

    id = "E9262"
    shortdesc = "Rate rule without what its aggregation needs"
    source_url = WAF + "API_RateBasedStatement.html"
    types = (ACL, "AWS::WAFv2::RuleGroup")
    needs = (("CONSTANT", "ScopeDownStatement"), ("CUSTOM_KEYS", "CustomKeys"), ("FORWARDED_IP", "ForwardedIPConfig"))

    def judge(self, r):
        for rule in r.blocks("Rules"):
            for block in rule.blocks("Statement.RateBasedStatement"):
                for v in block.variants("AggregateKeyType", *(name for _, name in self.needs)):
                    for kind, name in self.needs:
                        if v["AggregateKeyType"] == kind and v[name] is None:
                            yield v.fault(f"{kind} needs {name}", "AggregateKeyType")
                        if name != "ScopeDownStatement" and known(v["AggregateKeyType"]) and v[name] is not None:
                            fits = v["AggregateKeyType"] in (kind, "CUSTOM_KEYS")
                            if not fits:
                                yield v.fault(f"{name} is for {kind}", name)


class OneAction(Rule):
    """A rule of a rule group has OverrideAction, any other rule has Action: one of them, with one action in it.

    Source: API reference, Rule: Action and OverrideAction.
    """

    id = "E9263"
    shortdesc = "Rule of a web ACL without the action of its kind"
    source_url = WAF + "API_Rule.html"
    types = (ACL,)

    def judge(self, r):
        for rule in r.blocks("Rules"):
            of_group = any(name in rule.node["Statement"] for name in OF_GROUPS) if plain(rule, "Statement") else None
            for v in rule.variants("Action", "OverrideAction"):
                wanted, other = ("OverrideAction", "Action") if of_group else ("Action", "OverrideAction")
                if of_group is not None and v[other] is not None:
                    yield v.fault(f"this rule takes {wanted}, not {other}", other)
                elif of_group is not None and v[wanted] is None:
                    yield v.fault(f"this rule needs {wanted}")
                for name in ("Action", "OverrideAction"):
                    if isinstance(v[name], dict) and len(v[name]) != 1:
                        yield v.fault(f"{name} holds one action, not {len(v[name])}", name)
        for v in r.variants("DefaultAction"):
            if isinstance(v["DefaultAction"], dict) and len(v["DefaultAction"]) != 1:
                yield v.fault("DefaultAction is Allow or Block, one of them", "DefaultAction")


def plain(block: Block, name: str) -> bool:
    """Is the property an object with names of its own, not a function?"""
    found = block.node.get(name)
    return isinstance(found, dict) and not any(key.startswith("Fn::") or key == "Ref" for key in found)


class RuleTwice(Rule):
    """Names and priorities of the rules of a web ACL are different.

    Source: API reference, WebACL: "Priorities ... must be different"; WAFDuplicateItemException for names.
    """

    id = "E9264"
    shortdesc = "Two rules of a web ACL with one name or priority"
    source_url = WAF + "API_Rule.html"
    types = (ACL, "AWS::WAFv2::RuleGroup")

    def judge(self, r):
        for name in ("Priority", "Name"):
            rows = [(text(row[0]), *row[1:]) for row in named(r, "Rules", name) if known(row[0])]
            for key, value, _ in twice(rows):
                yield value.fault(f"another rule has {name.lower()} {key}")


class LogNames(Rule):
    """The destination of WAF's logs has a name that begins with aws-waf-logs-.

    Source: WAF developer guide, "Logging destinations": log groups, buckets and delivery streams alike.
    """

    id = "E9265"
    shortdesc = "Destination of WAF's logs without the prefix aws-waf-logs-"
    source_url = "https://docs.aws.amazon.com/waf/latest/developerguide/logging-destinations.html"
    types = ("AWS::WAFv2::LoggingConfiguration",)
    names = (("AWS::Logs::LogGroup", "LogGroupName"), ("AWS::S3::Bucket", "BucketName"))

    def judge(self, r):
        for value in r.values("LogDestinationConfigs"):
            items = value.value if isinstance(value.value, list) else []
            for item in (part for i in items for part in (i.parts if isinstance(i, Text) else (i,))):
                name = dict(self.names).get(item.resource.type) if isinstance(item, Reference) else None
                for v in item.resource.variants(name) if name else ():
                    given = v[name].head if isinstance(v[name], Text) else v[name]
                    if given is None or (isinstance(given, str) and not given.startswith("aws-waf-logs-")):
                        yield value.fault(f"the {name} of {item.resource.id} must begin with aws-waf-logs-")


class Scope(Rule):
    """A web ACL with the scope CLOUDFRONT is not associated with WebACLAssociation; that is for REGIONAL ones.

    Source: CloudFormation reference, AWS::WAFv2::WebACLAssociation: regional resources only.
    """

    id = "E9266"
    shortdesc = "Web ACL of CloudFront associated with a regional resource"
    source_url = "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-wafv2-webaclassociation.html"
    types = ("AWS::WAFv2::WebACLAssociation",)

    def judge(self, r):
        for value in r.values("WebACLArn"):
            acl = value.value.resource if isinstance(value.value, Reference) else None
            for scope in acl.values("Scope") if acl is not None and acl.type == ACL else ():
                if scope.value == "CLOUDFRONT":
                    yield value.fault(f"{acl.id} has the scope CLOUDFRONT; load balancers need REGIONAL")


class Names(Forms):
    """Names in a web ACL hold letters, digits, - and _; names of metrics are not All or Default_Action.

    Source: API reference, Rule (Name) and VisibilityConfig (MetricName).
    """

    id = "E9267"
    shortdesc = "Name that WAF refuses"
    source_url = WAF + "API_VisibilityConfig.html"
    types = (ACL,)
    metric = (
        r"(?!All$|Default_Action$)[\w#:.\-/]{1,128}",
        "letters, digits, - and _, and neither All nor Default_Action",
    )
    forms = (
        ("Name", r"[\w-]{1,128}", "letters, digits, - and _"),
        ("Rules.*.Name", r"[\w-]{1,128}", "letters, digits, - and _"),
        ("VisibilityConfig.MetricName", *metric),
        ("Rules.*.VisibilityConfig.MetricName", *metric),
    )


class NoMetrics(Rule):
    """A web ACL and its rules send metrics, else nobody sees what they refuse.

    Source: Security Hub, WAF.12 "AWS WAF rules should have CloudWatch metrics enabled".
    """

    id = "W9260"
    shortdesc = "Web ACL or rule without metrics"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-12"
    types = (ACL,)

    def judge(self, r):
        for block in (r, *r.blocks("Rules")):
            for value in block.values("VisibilityConfig.CloudWatchMetricsEnabled"):
                if flag(value.value) is False:
                    yield value.fault("set CloudWatchMetricsEnabled to true")


class OnlyCounts(Rule):
    """A managed rule group that only counts refuses nothing, and neither does a web ACL without rules.

    Source: Security Hub, WAF.10 "web ACLs should have at least one rule"; WAF guide, "Overriding rule group actions".
    """

    id = "W9261"
    shortdesc = "Web ACL or rule group that refuses nothing"
    source_url = "https://docs.aws.amazon.com/securityhub/latest/userguide/waf-controls.html#waf-10"
    types = (ACL,)

    def judge(self, r):
        if not any(True for _ in r.blocks("Rules")) and "Rules" not in r.node and "Allow" in str(r.node):
            yield r.fault("without rules it allows everything")
        for value in r.values("Rules.*.OverrideAction"):
            if isinstance(value.value, dict) and "Count" in value.value and usual(value.where):
                yield value.fault("the group only counts; use None: {} so that its rules act")
