"""Each resource type that rehearsal/emulator adds or mends for network, storage and database."""

from tests.account import is_complete

VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "VPC"}, "CidrBlock": "10.0.0.0/24"}}
GROUP = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x", "VpcId": {"Ref": "VPC"}}}
BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {}}
MYSQL = {"Engine": "mysql", "DBInstanceClass": "db.t4g.micro", "MasterUsername": "x", "DBName": "one"}


def flow_log(account, destination, **properties):
    """Where a VPC's flow log is written to, as EC2 says; None when it cannot be made."""
    properties |= {"ResourceId": {"Ref": "VPC"}, "ResourceType": "VPC", "TrafficType": "ALL"}
    log = {"Type": "AWS::EC2::FlowLog", "Properties": properties}
    stack = account.create({"VPC": VPC, "Destination": destination, "Log": log})
    if not is_complete(stack):
        return None
    return account.ec2.describe_flow_logs(FlowLogIds=[account.resources(stack)["Log"]])["FlowLogs"][0]["LogDestination"]


def flow_log_to_a_bucket(account):
    kind, missing = {"LogDestinationType": "s3"}, "arn:aws:s3:::nowhere"
    written = flow_log(account, BUCKET, **kind, LogDestination={"Fn::GetAtt": "Destination.Arn"})
    return bool(written) and flow_log(account, BUCKET, **kind, LogDestination=missing) is None


def flow_log_to_a_log_group(account):
    group, name = {"Type": "AWS::Logs::LogGroup"}, {"LogGroupName": {"Ref": "Destination"}}
    written = flow_log(account, group, **name, DeliverLogsPermissionArn="arn:aws:iam::123456789012:role/x")
    return bool(written) and flow_log(account, group, **name) is None


def endpoint_shows_who_may_use_it(account):
    properties = {
        "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.us-east-1.logs",
        "VpcId": {"Ref": "VPC"},
        "SubnetIds": [{"Ref": "Subnet"}],
        "SecurityGroupIds": [{"Ref": "Group"}],
        "PrivateDnsEnabled": "true",
        "PolicyDocument": {"Statement": [{"Sid": "Mine"}]},
    }
    endpoint = {"Type": "AWS::EC2::VPCEndpoint", "Properties": properties}
    made = account.resources(account.create({"VPC": VPC, "Subnet": SUBNET, "Group": GROUP, "Endpoint": endpoint}))
    (shown,) = account.ec2.describe_vpc_endpoints(VpcEndpointIds=[made["Endpoint"]])["VpcEndpoints"]
    group = shown["Groups"][0]["GroupId"] == made["Group"]
    return group and shown["PrivateDnsEnabled"] and "Mine" in shown["PolicyDocument"]


def bucket(account, **properties):
    """The name of a bucket with these properties."""
    stack = account.create({"B": {**BUCKET, "Properties": properties}}, Tags=[{"Key": "Tier", "Value": "x"}])
    return {"Bucket": account.resources(stack)["B"]}


def bucket_has_its_lifecycle(account):
    rule = {"Id": "Tidy", "Status": "Enabled", "ExpirationInDays": "30"}
    rule |= {"NoncurrentVersionExpiration": {"NoncurrentDays": 7}}
    name = bucket(account, LifecycleConfiguration={"Rules": [rule]})
    (shown,) = account.s3.get_bucket_lifecycle_configuration(**name)["Rules"]
    return (shown["Expiration"]["Days"], shown["NoncurrentVersionExpiration"]["NoncurrentDays"]) == (30, 7)


def bucket_has_its_encryption(account):
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    name = bucket(account, BucketEncryption={"ServerSideEncryptionConfiguration": [rule]})
    (shown,) = account.s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
    return shown["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms" and shown["BucketKeyEnabled"]


def bucket_has_its_ownership(account):
    name = bucket(account, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    controls = account.s3.get_bucket_ownership_controls(**name)["OwnershipControls"]
    return controls["Rules"] == [{"ObjectOwnership": "ObjectWriter"}]


def bucket_has_its_own_tags(account):
    name = bucket(account, Tags=[{"Key": "Name", "Value": "x"}])
    return {"Key": "Name", "Value": "x"} in account.s3.get_bucket_tagging(**name)["TagSet"]


def bucket_has_the_tags_of_its_stack(account):
    return {"Key": "Tier", "Value": "x"} in account.s3.get_bucket_tagging(**bucket(account))["TagSet"]


def bucket_policy_is_named_as_its_bucket(account):
    def resources(statement):
        properties = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": [{"Sid": statement}]}}
        return {"Bucket": BUCKET, "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": properties}}

    stack = account.create(resources("x"))
    before = account.resources(stack)
    after = account.resources(account.update(stack, resources("y")))
    return before["Policy"] == after["Policy"] == after["Bucket"]


def database(**properties):
    return {"Type": "AWS::RDS::DBInstance", "DeletionPolicy": "Delete", "Properties": properties}


def described(account, stack, logical_id="Database"):
    """The database of a stack, as RDS describes it."""
    name = account.resources(stack)[logical_id]
    return account.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


REPLICA = database(SourceDBInstanceIdentifier={"Ref": "Database"}, DBInstanceClass="db.t4g.micro")


def replica_is_a_copy_of_its_source(account):
    stack = account.create({"Database": database(**MYSQL), "Replica": REPLICA})
    source, replica = described(account, stack), described(account, stack, "Replica")
    known = source["ReadReplicaDBInstanceIdentifiers"] == [replica["DBInstanceIdentifier"]]
    return known and (replica["Engine"], replica["DBName"], replica["Endpoint"]["Port"]) == ("mysql", "one", 3306)


def database_exports_its_logs_later(account):
    stack = account.create({"Database": database(**MYSQL)})
    account.update(stack, {"Database": database(**MYSQL, EnableCloudwatchLogsExports=["error"])})
    return described(account, stack)["EnabledCloudwatchLogsExports"] == ["error"]


def deleted_replica_is_forgotten(account):
    stack = account.create({"Database": database(**MYSQL), "Replica": REPLICA})
    before = described(account, stack)["ReadReplicaDBInstanceIdentifiers"]
    after = described(account, account.update(stack, {"Database": database(**MYSQL)}))
    return bool(before) and not after["ReadReplicaDBInstanceIdentifiers"]


def snapshot(account):
    """The name of a snapshot of a database that is called one."""
    stack = account.create({"Database": database(**MYSQL)})
    name = f"snapshot-{next(account.names)}"
    source = account.resources(stack)["Database"]
    account.rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=source)
    return name


def restored(snapshot):
    return database(DBSnapshotIdentifier=snapshot, DBInstanceClass="db.t4g.micro", Engine="mysql")


def snapshot_is_restored(account):
    instance = described(account, account.create({"Database": restored(snapshot(account))}))
    return (instance["Engine"], instance["DBName"]) == ("mysql", "one")


def absent_snapshot_is_refused(account):
    return not is_complete(account.create({"Database": restored("none")}))


def another_snapshot_replaces(account):
    stack = account.create({"Database": restored(snapshot(account))})
    change_set = account.change_set(stack["StackName"], {"Database": restored(snapshot(account))})
    return change_set["Changes"][0]["ResourceChange"]["Replacement"] == "True"


def taken_database_name_is_refused(account):
    resources = {"Database": database(**MYSQL, DBInstanceIdentifier="taken")}
    return is_complete(account.create(resources)) != is_complete(account.create(resources))


def database_shows(field, expected, **properties):
    def probe(account):
        return described(account, account.create({"Database": database(**MYSQL, **properties)})).get(field) == expected

    probe.__name__ = f"database_shows_{field}"
    return probe


def group_of_options(account):
    """The option of a group that a stack makes, as RDS shows it."""
    properties = {"EngineName": "mysql", "MajorEngineVersion": "8.4", "OptionGroupDescription": "x"}
    properties["OptionConfigurations"] = [{"OptionName": "MARIADB_AUDIT_PLUGIN"}]
    made = account.resources(account.create({"G": {"Type": "AWS::RDS::OptionGroup", "Properties": properties}}))["G"]
    (shown,) = account.rds.describe_option_groups(OptionGroupName=made)["OptionGroupsList"]
    return shown["OptionGroupName"] == made and shown["EngineName"] == "mysql"


def events_need_their_topic(account):
    def subscribed(topic):
        subscription = {"Type": "AWS::RDS::EventSubscription", "Properties": {"SnsTopicArn": topic}}
        return is_complete(account.create({"Topic": {"Type": "AWS::SNS::Topic"}, "Events": subscription}))

    return subscribed({"Ref": "Topic"}) and not subscribed("arn:aws:sns:us-east-1:123456789012:nobody")


PROBES = [
    group_of_options,
    events_need_their_topic,
    flow_log_to_a_bucket,
    flow_log_to_a_log_group,
    endpoint_shows_who_may_use_it,
    bucket_has_its_lifecycle,
    bucket_has_its_encryption,
    bucket_has_its_ownership,
    bucket_has_its_own_tags,
    bucket_has_the_tags_of_its_stack,
    bucket_policy_is_named_as_its_bucket,
    replica_is_a_copy_of_its_source,
    database_exports_its_logs_later,
    deleted_replica_is_forgotten,
    snapshot_is_restored,
    absent_snapshot_is_refused,
    another_snapshot_replaces,
    taken_database_name_is_refused,
    database_shows("EnabledCloudwatchLogsExports", ["error"], EnableCloudwatchLogsExports=["error"]),
    database_shows("PerformanceInsightsKMSKeyId", "key", PerformanceInsightsKMSKeyId="key"),
    database_shows("PerformanceInsightsRetentionPeriod", 31, PerformanceInsightsRetentionPeriod=31),
    database_shows("CACertificateIdentifier", "rds-ca-rsa4096-g1", CACertificateIdentifier="rds-ca-rsa4096-g1"),
]
