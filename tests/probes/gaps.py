"""What rehearsal/emulator mends in the services that a deployment talks to."""

from tests.account import is_complete

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "VPC"}, "CidrBlock": "10.0.0.0/24"}}
GROUP = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x", "VpcId": {"Ref": "VPC"}}}
RULE = {"GroupId": {"Ref": "Group"}, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
DATABASE = {
    "Type": "AWS::RDS::DBInstance",
    "DeletionPolicy": "Delete",
    "UpdateReplacePolicy": "Snapshot",
    "Properties": {"Engine": "mysql", "DBInstanceClass": "db.t4g.micro", "MasterUsername": "x", "DBName": "one"},
}
LOAD_BALANCER = {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": {"Subnets": []}}
CONTAINER = {
    "Name": "app",
    "Image": "app",
    "Environment": [{"Name": "PORT", "Value": 80}],
    "Secrets": [{"Name": "KEY", "ValueFrom": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"}],
    "HealthCheck": {"Command": ["CMD", "true"], "Interval": 5},
    "ReadonlyRootFilesystem": "true",
    "SystemControls": [{"Namespace": "net.core.somaxconn", "Value": "1024"}],
    "DependsOn": [{"ContainerName": "migrate", "Condition": "SUCCESS"}],
}
TASK = {"Type": "AWS::ECS::TaskDefinition", "Properties": {"ContainerDefinitions": [CONTAINER]}}
TASK_FIELDS = {
    "secrets": [{"name": "KEY", "valueFrom": CONTAINER["Secrets"][0]["ValueFrom"]}],
    "dependsOn": [{"containerName": "migrate", "condition": "SUCCESS"}],
    "healthCheck": {"command": ["CMD", "true"], "interval": 5},
    "systemControls": [{"namespace": "net.core.somaxconn", "value": "1024"}],
    "environment": [{"name": "PORT", "value": "80"}],
    "readonlyRootFilesystem": True,
}


def type_eip(account):
    return is_complete(account.create({"Eip": {"Type": "AWS::EC2::EIP"}}))


def type_nat_gateway(account):
    nat = {
        "Type": "AWS::EC2::NatGateway",
        "Properties": {"SubnetId": {"Ref": "Subnet"}, "ConnectivityType": "private"},
    }
    return is_complete(account.create({"VPC": VPC, "Subnet": SUBNET, "Nat": nat}))


def type_ingress(account):
    rule = {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {**RULE, "CidrIp": "0.0.0.0/0"}}
    stack = account.create({"VPC": VPC, "Group": GROUP, "Rule": rule})
    held = account.ec2.describe_security_groups(GroupIds=[account.resources(stack)["Group"]])["SecurityGroups"][0]
    return held["IpPermissions"][0]["ToPort"] == 80


def type_egress(account):
    rule = {"Type": "AWS::EC2::SecurityGroupEgress", "Properties": {**RULE, "CidrIp": "0.0.0.0/0"}}
    return is_complete(account.create({"VPC": VPC, "Group": GROUP, "Rule": rule}))


def secret_ref_is_arn(account):
    stack = account.create({"Secret": {"Type": "AWS::SecretsManager::Secret"}})
    return account.resources(stack)["Secret"].startswith("arn:")


def secret_excludes_punctuation(account):
    properties = {"GenerateSecretString": {"ExcludePunctuation": True, "PasswordLength": 200}}
    account.create({"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": properties | {"Name": "plain"}}})
    return account.secretsmanager.get_secret_value(SecretId="plain")["SecretString"].isalnum()


def field_of_task_definition(name, expected):
    def probe(account):
        arn = account.resources(account.create({"Task": TASK}))["Task"]
        definition = account.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return definition["containerDefinitions"][0].get(name) == expected

    probe.__name__ = f"task_definition_has_{name}"
    return probe


def service(account, **properties):
    """The service of a stack that has two tasks by a parameter, as ECS describes it."""
    properties |= {"TaskDefinition": {"Ref": "Task"}}
    parameters = {"Parameters": {"Count": {"Type": "Number", "Default": 2}}}
    stack = account.create(
        {"Task": TASK, "Service": {"Type": "AWS::ECS::Service", "Properties": properties}}, template=parameters
    )
    return account.ecs.describe_services(services=[account.resources(stack)["Service"]])["services"][0]


def desired_count_may_be_a_parameter(account):
    return service(account, DesiredCount={"Ref": "Count"})["runningCount"] == 2


def zone_rebalancing_is_kept(account):
    return service(account, AvailabilityZoneRebalancing="DISABLED").get("availabilityZoneRebalancing") == "DISABLED"


def grace_period_is_kept(account):
    return service(account, HealthCheckGracePeriodSeconds=60)["healthCheckGracePeriodSeconds"] == 60


def missing_image_stops_the_task(account):
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/none:1"
    task = {"Type": TASK["Type"], "Properties": {"ContainerDefinitions": [{"Name": "app", "Image": image}]}}
    service = {"Type": "AWS::ECS::Service", "Properties": {"TaskDefinition": {"Ref": "Task"}}}
    return not is_complete(account.create({"Task": task, "Service": service}))


def targets_share_an_address(account):
    vpc = account.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    made = account.elbv2.create_target_group(Name="t", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
    group = made["TargetGroups"][0]["TargetGroupArn"]
    for port in (8001, 8002):
        account.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": port}])
    account.elbv2.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "127.0.0.1", "Port": 8001}])
    health = account.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    return [target["Target"]["Port"] for target in health] == [8002]


def absent_image_is_an_error(account):
    account.ecr.create_repository(repositoryName="absent")
    try:
        account.ecr.describe_images(repositoryName="absent", imageIds=[{"imageTag": "1"}])
    except account.ecr.exceptions.ImageNotFoundException:
        return True
    return False


def registry_has_an_address(account):
    token = account.ecr.get_authorization_token()["authorizationData"][0]
    return token["proxyEndpoint"] == account.server.url


def full_bucket_stays(account):
    stack = account.create({"Bucket": {"Type": "AWS::S3::Bucket"}})
    account.s3.put_object(Bucket=account.resources(stack)["Bucket"], Key="x", Body=b"x")
    return account.delete(stack) == "DELETE_FAILED"


def protected_database_stays(account):
    protected = {**DATABASE, "Properties": DATABASE["Properties"] | {"DeletionProtection": True}}
    return account.delete(account.create({"Database": protected})) == "DELETE_FAILED"


def protected_load_balancer_stays(account):
    attributes = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    properties = LOAD_BALANCER["Properties"] | {"LoadBalancerAttributes": attributes}
    return account.delete(account.create({"LB": {**LOAD_BALANCER, "Properties": properties}})) == "DELETE_FAILED"


def replaced_database_leaves_a_snapshot(account):
    stack = account.create({"Database": DATABASE})
    old = account.resources(stack)["Database"]
    account.update(stack, {"Database": {**DATABASE, "Properties": DATABASE["Properties"] | {"DBName": "two"}}})
    return bool(account.rds.describe_db_snapshots(DBInstanceIdentifier=old)["DBSnapshots"])


def failed_resource_is_listed_with_its_reason(account):
    stack = account.create({"Bucket": {"Type": "AWS::S3::Bucket"}})
    name = account.resources(stack)["Bucket"]
    account.s3.put_object(Bucket=name, Key="x", Body=b"x")
    account.delete(stack)
    listed = account.summaries(stack)
    account.s3.delete_object(Bucket=name, Key="x")
    return ["not empty" in bucket["ResourceStatusReason"] for bucket in listed] == [True]


PROBES = [
    failed_resource_is_listed_with_its_reason,
    type_eip,
    type_nat_gateway,
    type_ingress,
    type_egress,
    secret_ref_is_arn,
    secret_excludes_punctuation,
    desired_count_may_be_a_parameter,
    zone_rebalancing_is_kept,
    grace_period_is_kept,
    missing_image_stops_the_task,
    targets_share_an_address,
    absent_image_is_an_error,
    registry_has_an_address,
    full_bucket_stays,
    protected_database_stays,
    protected_load_balancer_stays,
    replaced_database_leaves_a_snapshot,
    *(field_of_task_definition(name, value) for name, value in TASK_FIELDS.items()),
]
