"""The web application firewall: AWS's managed rules and a limit of requests per address."""

from troposphere import GetAtt, Ref, Sub, Template, logs, wafv2

from templates.parts import OWN_KEY, accepted, name_tag, note, only_if

# Managed rule group: rules of it that only count. The application limits bodies itself, and larger than 8 kB.
RULE_GROUPS = {
    "AWSManagedRulesAmazonIpReputationList": [],
    "AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"],
    "AWSManagedRulesKnownBadInputsRuleSet": [],
    "AWSManagedRulesSQLiRuleSet": [],
}


def add_firewall(t: Template) -> None:
    """Add the firewall under its condition, before the load balancer, and its log."""
    note(t, "WebACL", "The firewall, if asked for: first the limit per address, then AWS's managed rules.")
    t.add_resource(
        wafv2.WebACL(
            "WebACL",
            Condition="HasFirewall",
            Scope="REGIONAL",
            DefaultAction=wafv2.DefaultAction(Allow=wafv2.AllowAction()),
            Rules=[_rate_rule(), *(_managed_rule(name, place) for place, name in enumerate(RULE_GROUPS, 1))],
            VisibilityConfig=_visibility("firewall"),
            Tags=name_tag("firewall"),
        )
    )
    t.add_resource(
        wafv2.WebACLAssociation(
            "WebACLAssociation",
            Condition="HasFirewall",
            ResourceArn=Ref("LoadBalancer"),
            WebACLArn=GetAtt("WebACL", "Arn"),
        )
    )
    add_firewall_log(t)


def add_firewall_log(t: Template) -> None:
    """Add the log of what the firewall did with requests."""
    note(t, "FirewallLogGroup", "AWS WAF accepts only a group whose name begins with aws-waf-logs-.")
    t.add_resource(
        logs.LogGroup(
            "FirewallLogGroup",
            Condition="HasFirewall",
            Metadata=accepted({"CKV_AWS_158": ("HasKey", OWN_KEY)}),
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            LogGroupName=Sub("aws-waf-logs-${NamePrefix}"),
            RetentionInDays=Ref("LogRetentionInDays"),
            KmsKeyId=only_if("HasKey", Ref("KeyArn")),
            Tags=name_tag("firewall"),
        )
    )
    t.add_resource(
        wafv2.LoggingConfiguration(
            "FirewallLoggingConfiguration",
            Condition="HasFirewall",
            ResourceArn=GetAtt("WebACL", "Arn"),
            LogDestinationConfigs=[
                Sub(
                    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${FirewallLogGroup}",
                )
            ],
        )
    )


def _visibility(name):
    return wafv2.VisibilityConfig(CloudWatchMetricsEnabled=True, MetricName=name, SampledRequestsEnabled=True)


def _rate_rule():
    return wafv2.WebACLRule(
        Name="requests-per-address",
        Priority=0,
        Action=wafv2.RuleAction(Block=wafv2.BlockAction()),
        Statement=wafv2.Statement(
            RateBasedStatement=wafv2.RateBasedStatement(
                AggregateKeyType="IP", EvaluationWindowSec=300, Limit=Ref("RateLimit")
            )
        ),
        VisibilityConfig=_visibility("requests-per-address"),
    )


def _managed_rule(name, priority):
    counted = [
        wafv2.RuleActionOverride(Name=rule, ActionToUse=wafv2.RuleAction(Count=wafv2.CountAction()))
        for rule in RULE_GROUPS[name]
    ]
    return wafv2.WebACLRule(
        Name=name,
        Priority=priority,
        OverrideAction=wafv2.OverrideAction(**{"None": {}}),
        Statement=wafv2.Statement(
            ManagedRuleGroupStatement=wafv2.ManagedRuleGroupStatement(
                VendorName="AWS", Name=name, **({"RuleActionOverrides": counted} if counted else {})
            )
        ),
        VisibilityConfig=_visibility(name),
    )
