"""What rehearsal/emulator does for stacks and change sets."""

import json

from botocore.exceptions import ClientError

from tests.account import is_complete

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}}
VPC = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}
SUBNET = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "VPC"}, "CidrBlock": "10.0.0.0/24"}}
GROUP = {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "x", "VpcId": {"Ref": "VPC"}}}
GROUP_UPDATED = ["Group UPDATE_IN_PROGRESS", "Group UPDATE_COMPLETE"]
BROKEN = {"Type": "AWS::EC2::Subnet", "Properties": {"EnableDns64": True}}


def reference_to_nothing_is_refused(account):
    try:
        account.create({"VPC": VPC}, outputs={"X": {"Value": {"Ref": "Typo"}}})
    except ClientError as error:
        return "Unresolved resource dependencies [Typo]" in str(error)
    return False


def unknown_parameter_is_refused(account):
    try:
        account.create({"VPC": VPC}, Parameters=[{"ParameterKey": "Typo", "ParameterValue": "x"}])
    except ClientError as error:
        return "[Typo] do not exist in the template" in str(error)
    return False


def capabilities_are_enforced(account):
    try:
        account.create({"Role": ROLE})
    except account.cloudformation.exceptions.InsufficientCapabilitiesException:
        return True
    return False


def capabilities_are_enforced_in_the_nest(account):
    nested = account.nested({"Role": ROLE})
    change_set = account.change_set(next(account.names), {"Nested": nested}, "CREATE", IncludeNestedStacks=True)
    return change_set["Status"] == "FAILED"


def change_set_shows_the_nest(account):
    nested = account.nested({"VPC": VPC})
    change_set = account.change_set(next(account.names), {"Nested": nested}, "CREATE", IncludeNestedStacks=True)
    inner = change_set["Changes"][0]["ResourceChange"].get("ChangeSetId")
    described = inner and account.cloudformation.describe_change_set(ChangeSetName=inner)
    return bool(described) and described["Changes"][0]["ResourceChange"]["LogicalResourceId"] == "VPC"


def change_set_is_found_by_stack_arn(account):
    stack = account.create({"VPC": VPC})
    change_set = account.change_set(stack["StackName"], {"VPC": VPC, "Group": GROUP})
    names = {"ChangeSetName": change_set["ChangeSetName"], "StackName": stack["StackId"]}
    return account.cloudformation.describe_change_set(**names)["Status"] == "CREATE_COMPLETE"


def change_set_sees_a_condition(account):
    def template(value):
        return {"template": {"Conditions": {"Wanted": {"Fn::Equals": [value, "yes"]}}}}

    resources = {"VPC": VPC, "Group": {**GROUP, "Condition": "Wanted"}}
    stack = account.create(resources, **template("no"))
    changes = account.change_set(stack["StackName"], resources, **template("yes"))["Changes"]
    return [change["ResourceChange"]["Action"] for change in changes] == ["Add"]


def change_set_sees_an_attribute_under_a_condition(account):
    def template(value):
        return {"template": {"Conditions": {"Wanted": {"Fn::Equals": [value, "yes"]}}}}

    name = {"Fn::If": ["Wanted", {"Fn::GetAtt": "VPC.CidrBlock"}, ""]}
    resources = {"VPC": VPC, "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}}
    stack = account.create(resources, **template("no"))
    changes = account.change_set(stack["StackName"], resources, **template("yes"))["Changes"]
    return [change["ResourceChange"]["LogicalResourceId"] for change in changes] == ["Topic"]


def rolled_back_stack_takes_no_change_set(account):
    stack = account.create({"Rule": BROKEN})
    try:
        account.change_set(stack["StackName"], {"VPC": VPC}, "CREATE")
    except ClientError as error:
        return "ROLLBACK_COMPLETE state" in str(error)
    return False


def events_of_update(account):
    """What an update says that changes one resource, adds one and leaves one alone."""
    stack = account.create({"VPC": VPC, "Group": GROUP})
    before = len(account.events(stack))
    tagged = {**GROUP, "Properties": GROUP["Properties"] | {"Tags": [{"Key": "a", "Value": "b"}]}}
    account.update(stack, {"VPC": VPC, "Group": tagged, "Subnet": SUBNET})
    events = [f"{event['LogicalResourceId']} {event['ResourceStatus']}" for event in account.events(stack)[::-1]]
    assert [event for event in events[before:] if event.startswith("Group")] == GROUP_UPDATED
    return events[before:]


def untouched_resource_has_no_event(account):
    return [event for event in events_of_update(account) if event.startswith("VPC")] == []


def added_resource_is_created(account):
    events = [event for event in events_of_update(account) if event.startswith("Subnet")]
    return events == ["Subnet CREATE_IN_PROGRESS", "Subnet CREATE_COMPLETE"]


def rollback_says_why(account):
    stack = account.create({"Broken": BROKEN})
    reasons = {event["ResourceStatus"]: event.get("ResourceStatusReason", "") for event in account.events(stack)}
    return "[Broken]" in reasons["ROLLBACK_IN_PROGRESS"]


def nested_stack_updates(account):
    outputs = {"Outputs": {"Group": {"Value": {"Fn::GetAtt": "Group.GroupId"}}}}
    stack = account.create({"Nested": account.nested({"VPC": VPC, "Group": GROUP}, **outputs)})
    return is_complete(
        account.update(stack, {"Nested": account.nested({"VPC": VPC, "Group": GROUP, "S": SUBNET}, **outputs)})
    )


def nested_stack_knows_its_root(account):
    stack = account.create({"Nested": account.nested({"VPC": VPC})})
    child = account.wait(account.resources(stack)["Nested"])
    return child.get("RootId") == stack["StackId"]


def nested_failure_is_found(account):
    stack = account.create({"Nested": account.nested({"VPC": VPC, "Broken": BROKEN})})
    failed = next(event for event in account.events(stack) if event["ResourceStatus"] == "CREATE_FAILED")
    return "Embedded stack" in failed["ResourceStatusReason"] and failed["PhysicalResourceId"].startswith("arn:")


def nested_failure_is_kept_on_request(account):
    nested = account.nested({"VPC": VPC, "Broken": {**BROKEN, "DependsOn": "VPC"}})
    stack = account.create({"Nested": nested}, DisableRollback=True)
    child = {"StackId": account.resources(stack)["Nested"]}
    kept = account.wait(child["StackId"])["StackStatus"] == "CREATE_FAILED" and "VPC" in account.resources(child)
    account.delete(stack)
    return kept and account.wait(child["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def nested_retain_is_honoured(account):
    kept = {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "kept"}}
    account.delete(account.create({"Nested": account.nested({"Bucket": kept})}))
    return "kept" in {bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]}


def nested_refusal_reaches_the_root(account):
    repository = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "full"}}
    stack = account.create({"Nested": account.nested({"Repository": repository})})
    account.ecr.put_image(repositoryName="full", imageManifest="{}", imageTag="1")
    return account.delete(stack) == "DELETE_FAILED"


def nested_dynamic_reference_is_resolved(account):
    account.secretsmanager.create_secret(Name="known", SecretString="resolved")
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "a-{{resolve:secretsmanager:known}}"}}
    account.create({"Nested": account.nested({"Bucket": bucket})})
    return "a-resolved" in {bucket["Name"] for bucket in account.s3.list_buckets()["Buckets"]}


def second_change_set_is_of_the_same_shell(account):
    body = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    made = [
        account.cloudformation.create_change_set(
            StackName="shell", ChangeSetName=name, ChangeSetType="CREATE", TemplateBody=body
        )
        for name in ("first", "second")
    ]
    account.cloudformation.execute_change_set(ChangeSetName=made[1]["Id"])
    listed = account.cloudformation.list_change_sets(StackName="shell")["Summaries"]
    return made[0]["StackId"] == made[1]["StackId"] and [each["ChangeSetName"] for each in listed] == ["second"]


PROBES = [
    second_change_set_is_of_the_same_shell,
    added_resource_is_created,
    reference_to_nothing_is_refused,
    unknown_parameter_is_refused,
    capabilities_are_enforced,
    capabilities_are_enforced_in_the_nest,
    change_set_shows_the_nest,
    change_set_is_found_by_stack_arn,
    change_set_sees_a_condition,
    change_set_sees_an_attribute_under_a_condition,
    rolled_back_stack_takes_no_change_set,
    untouched_resource_has_no_event,
    rollback_says_why,
    nested_stack_updates,
    nested_stack_knows_its_root,
    nested_failure_is_found,
    nested_failure_is_kept_on_request,
    nested_retain_is_honoured,
    nested_refusal_reaches_the_root,
    nested_dynamic_reference_is_resolved,
]
