"""Each resource type that rehearsal/emulator adds or mends from the load balancer to the alarms."""

from botocore.exceptions import ClientError

from tests.account import is_complete

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
LOAD_BALANCER = {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": []}}
ACL = {"Type": "AWS::WAFv2::WebACL", "Properties": {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}}}
TASK = {
    "Type": "AWS::ECS::TaskDefinition",
    "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": "app"}]},
}
CLUSTER = {"Type": "AWS::ECS::Cluster"}
TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"KmsMasterKeyId": "alias/aws/sns"}}
RULE = """
Parameters: {Class: {Type: String, Default: micro}}
Rules: {Large: {Assertions: [{Assert: !Contains [[large], !Ref Class], AssertDescription: choose a larger one}]}}
Resources: {Topic: {Type: AWS::SNS::Topic}}
"""


def rule_in_short_form_is_enforced(account):
    try:
        account.cloudformation.create_stack(StackName=next(account.names), TemplateBody=RULE)
    except ClientError as error:
        return "choose a larger one" in str(error)
    return False


def listener_has_its_attributes(account):
    attribute = {"Key": "routing.http.response.server.enabled", "Value": "false"}
    answer = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    properties = {"LoadBalancerArn": {"Ref": "LB"}, "Port": 80, "Protocol": "HTTP", "DefaultActions": [answer]}
    listener = {
        "Type": "AWS::ElasticLoadBalancingV2::Listener",
        "Properties": properties | {"ListenerAttributes": [attribute]},
    }
    made = account.resources(account.create({"LB": LOAD_BALANCER, "Listener": listener}))
    return attribute in account.elbv2.describe_listener_attributes(ListenerArn=made["Listener"])["Attributes"]


def target_group_has_its_full_name(account):
    properties = {"VpcId": {"Ref": "VPC"}, "Port": 80, "Protocol": "HTTP"}
    group = {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": properties}
    name = {"Name": {"Value": {"Fn::GetAtt": "Group.TargetGroupFullName"}}}
    stack = account.create({"VPC": VPC, "Group": group}, outputs=name)
    return stack["Outputs"][0]["OutputValue"].startswith("targetgroup/")


def associated(**properties):
    properties = {"ResourceArn": {"Ref": "LB"}, "WebACLArn": {"Fn::GetAtt": "Acl.Arn"}} | properties
    return {"Type": "AWS::WAFv2::WebACLAssociation", "Properties": properties}


def firewall_stands_before_the_load_balancer(account):
    stack = account.create({"LB": LOAD_BALANCER, "Acl": ACL, "Association": associated()})
    load_balancer = account.resources(stack)["LB"]
    before = account.wafv2.get_web_acl_for_resource(ResourceArn=load_balancer).get("WebACL")
    if is_complete(account.create({"Acl": ACL, "Association": associated(ResourceArn="none")})):
        return False
    account.update(stack, {"LB": LOAD_BALANCER, "Acl": ACL})
    try:
        account.wafv2.get_web_acl_for_resource(ResourceArn=load_balancer)
    except ClientError:
        return bool(before)
    return False


def logged(name):
    destination = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
    properties = {"ResourceArn": {"Fn::GetAtt": "Acl.Arn"}, "LogDestinationConfigs": [destination]}
    return {"Acl": ACL, "Log": {"Type": "AWS::WAFv2::LoggingConfiguration", "Properties": properties}}


def firewall_logs_to_a_group_of_its_own_kind(account):
    return is_complete(account.create(logged("aws-waf-logs-x"))) and not is_complete(account.create(logged("x")))


def limit_by_parameter_is_a_number(account):
    limit = {"RateBasedStatement": {"AggregateKeyType": "IP", "Limit": {"Ref": "Limit"}}}
    acl = {**ACL, "Properties": ACL["Properties"] | {"Rules": [{"Name": "x", "Priority": 0, "Statement": limit}]}}

    def template(value):
        return {"template": {"Parameters": {"Limit": {"Type": "Number", "Default": value}}}}

    def limit_of(stack):
        name, identity, scope = account.resources(stack)["Acl"].split("|")
        (rule,) = account.wafv2.get_web_acl(Name=name, Id=identity, Scope=scope)["WebACL"]["Rules"]
        return rule["Statement"]["RateBasedStatement"]["Limit"]

    stack = account.create({"Acl": acl}, **template(100))
    return (limit_of(stack), limit_of(account.update(stack, {"Acl": acl}, **template(200)))) == (100, 200)


def service(**properties):
    properties = {"Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Task"}} | properties
    return {"Cluster": CLUSTER, "Task": TASK, "Service": {"Type": "AWS::ECS::Service", "Properties": properties}}


def described(account, stack):
    made = account.resources(stack)
    return account.ecs.describe_services(cluster=made["Cluster"], services=[made["Service"]])["services"][0]


def weight_by_parameter_is_a_number(account):
    parameter = {"Parameters": {"Weight": {"Type": "Number", "Default": 2}}}
    strategy = [{"CapacityProvider": "FARGATE", "Base": {"Ref": "Weight"}, "Weight": {"Ref": "Weight"}}]
    stack = account.create(service(CapacityProviderStrategy=strategy), template=parameter)
    (share,) = described(account, stack)["capacityProviderStrategy"]
    return (share["base"], share["weight"]) == (2, 2)


def nonce_starts_new_tasks(account):
    def nonce(value):
        return {"EnableForceNewDeployment": True, "ForceNewDeploymentNonce": value}

    stack = account.create(service(ForceNewDeployment=nonce("1")))
    before = described(account, stack)["deployments"][0]["id"]
    after = described(account, account.update(stack, service(ForceNewDeployment=nonce("2"))))
    return after["deployments"][0]["id"] != before and after["runningCount"] == 1


def scaled(lowest="2"):
    """A service whose number of tasks is left to scaling, with a policy."""
    properties = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": {"Fn::Sub": "service/${Cluster}/${Service.Name}"},
        "MinCapacity": lowest,
        "MaxCapacity": "4",
    }
    policy = {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": {"Ref": "Target"}}
    return service() | {
        "Target": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": properties},
        "Policy": {"Type": "AWS::ApplicationAutoScaling::ScalingPolicy", "Properties": policy},
    }


def lower_limit_lifts_the_number_of_tasks(account):
    stack = account.create(scaled("2"))
    first = described(account, stack)["runningCount"]
    if is_complete(account.create(scaled("5"))):
        return False
    return (first, described(account, account.update(stack, scaled("3")))["runningCount"]) == (2, 3)


def scaling_needs_a_service(account):
    astray = scaled()
    astray["Target"]["Properties"]["ResourceId"] = "service/none/none"
    return is_complete(account.create(scaled())) and not is_complete(account.create(astray))


def scaling_is_named_as_on_aws(account):
    made = account.resources(account.create(scaled()))
    cluster, name = made["Cluster"], made["Service"].rpartition("/")[2]
    target = made["Target"] == f"service/{cluster}/{name}|ecs:service:DesiredCount|ecs"
    return target and made["Policy"].endswith(f":resource/ecs/service/{cluster}/{name}:policyName/cpu")


def saved_query(account):
    query = {"Type": "AWS::Logs::QueryDefinition", "Properties": {"Name": "x", "QueryString": "fields @message"}}
    return is_complete(account.create({"Query": query}))


def alarm_on_a_percentile_has_no_other_statistic(account):
    properties = {"Namespace": "x", "MetricName": "x", "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1}
    properties |= {"EvaluationPeriods": 1, "ExtendedStatistic": "p99"}
    stack = account.create({"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}})
    (alarm,) = account.cloudwatch.describe_alarms(AlarmNames=[account.resources(stack)["Alarm"]])["MetricAlarms"]
    return alarm["ExtendedStatistic"] == "p99" and "Statistic" not in alarm


def key_of_topic(account, stack):
    attributes = account.sns.get_topic_attributes(TopicArn=account.resources(stack)["Topic"])["Attributes"]
    return attributes.get("KmsMasterKeyId")


def topic_has_its_key(account):
    return key_of_topic(account, account.create({"Topic": TOPIC})) == "alias/aws/sns"


def topic_gets_a_key_later(account):
    stack = account.create({"Topic": {"Type": "AWS::SNS::Topic"}})
    return key_of_topic(account, account.update(stack, {"Topic": TOPIC})) == "alias/aws/sns"


def mail_must_be_confirmed(account):
    properties = {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com"}
    stack = account.create({"Topic": TOPIC, "Mail": {"Type": "AWS::SNS::Subscription", "Properties": properties}})
    attributes = account.sns.get_topic_attributes(TopicArn=account.resources(stack)["Topic"])["Attributes"]
    return attributes["SubscriptionsPending"] == "1"


PROBES = [
    rule_in_short_form_is_enforced,
    listener_has_its_attributes,
    target_group_has_its_full_name,
    firewall_stands_before_the_load_balancer,
    firewall_logs_to_a_group_of_its_own_kind,
    limit_by_parameter_is_a_number,
    weight_by_parameter_is_a_number,
    nonce_starts_new_tasks,
    lower_limit_lifts_the_number_of_tasks,
    scaling_is_named_as_on_aws,
    scaling_needs_a_service,
    saved_query,
    alarm_on_a_percentile_has_no_other_statistic,
    topic_has_its_key,
    topic_gets_a_key_later,
    mail_must_be_confirmed,
]
