"""Rules: combinations of parameters that CloudFormation refuses before it creates anything."""

from troposphere import Ref, Template

# Memory in MiB that Fargate pairs with CPU units, of the values that TaskMemory takes (ECS developer guide, task size).
MEMORY_OF_CPU = {
    256: [512, 1024, 2048],
    512: [1024, 2048, 3072, 4096],
    1024: [2048, 3072, 4096, 5120, 6144, 7168, 8192],
    2048: [4096, 5120, 6144, 7168, 8192, 16384],
    4096: [8192, 16384],
}

# Classes on which RDS MySQL has no Performance Insights (RDS user guide, supported engines and classes).
WITHOUT_INSIGHTS = [f"db.{family}.{size}" for family in ("t2", "t3", "t4g") for size in ("micro", "small")]

# What a Learner Lab allows of RDS (Academy's service restrictions).
LAB_ROLE = "LabRole"
LAB_CLASSES = [f"db.{family}.{size}" for family in ("t3", "t4g") for size in ("micro", "small", "medium")]
LAB_CHOICES = {
    "StorageType": "gp2",
    "MonitoringInterval": 0,
    "TaskRoleName": LAB_ROLE,
}


def add_rules(t: Template) -> None:
    """Add every rule; each assertion's description is what the person reads."""
    t.add_rule("HttpsIsWhole", _https())
    for cpu, sizes in MEMORY_OF_CPU.items():
        words = ", ".join(map(str, sizes))
        t.add_rule(
            f"MemoryOfCpu{cpu}",
            {
                "RuleCondition": _is("TaskCpu", cpu),
                "Assertions": [_assert(_among("TaskMemory", sizes), f"TaskCpu {cpu} goes with TaskMemory {words}")],
            },
        )
    t.add_rule(
        "InsightsNeedALargerClass",
        {
            "RuleCondition": _is("PerformanceInsights", "true"),
            "Assertions": [
                _assert(
                    {"Fn::Not": [_among("DBInstanceClass", WITHOUT_INSIGHTS)]},
                    "PerformanceInsights: micro and small classes cannot; choose a larger DBInstanceClass",
                )
            ],
        },
    )
    t.add_rule(
        "TasksRunSomewhere",
        {
            "RuleCondition": _is("OnDemandWeight", 0),
            "Assertions": [
                _assert(
                    {"Fn::Not": [_is("SpotWeight", 0)]},
                    "OnDemandWeight and SpotWeight cannot both be 0: further tasks would run nowhere",
                )
            ],
        },
    )
    t.add_rule("LearnerLab", _lab())


def _https():
    both = {"Fn::Or": [_is("HostedZoneId", ""), {"Fn::Not": [_is("DomainName", "")]}]}
    either = {"Fn::Or": [_is("DomainName", ""), {"Fn::Not": [_is("HostedZoneId", "")]}]}
    return {
        "Assertions": [
            _assert(either, "DomainName needs HostedZoneId: its zone in Route 53, in this account"),
            _assert(both, "HostedZoneId needs DomainName: the host name in that zone"),
        ]
    }


def _lab():
    """With LabRole as execution role this is a Learner Lab, where other things fail after minutes."""
    assertions = [
        _assert(_among("DBInstanceClass", LAB_CLASSES), "A Learner Lab allows burstable classes up to medium")
    ]
    for name, value in LAB_CHOICES.items():
        assertions.append(_assert(_is(name, value), f"A Learner Lab needs {name}={value}"))
    no_role = {"Fn::Not": [_is("FlowLogs", "cloud-watch-logs")]}
    assertions.append(
        _assert(no_role, "A Learner Lab cannot make the role of FlowLogs=cloud-watch-logs; s3 needs none")
    )
    return {"RuleCondition": _is("ExecutionRoleName", LAB_ROLE), "Assertions": assertions}


def _is(parameter, value):
    return {"Fn::Equals": [Ref(parameter), str(value)]}


def _among(parameter, values):
    return {"Fn::Contains": [[str(value) for value in values], Ref(parameter)]}


def _assert(condition, description):
    return {"Assert": condition, "AssertDescription": description}
