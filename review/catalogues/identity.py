"""Controls of IAM, and of what else an account has once."""

from fnmatch import fnmatch

from review.catalogues.control import Control, Resources, each, listed, not_used, of_type, statements, tagged

ROLE = "AWS::IAM::Role"
MANAGED = "AWS::IAM::ManagedPolicy"
INLINE = ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy")

DECRYPTING = ("kms:Decrypt", "kms:ReEncryptFrom")


def allowing(given: dict) -> list[dict]:
    """The statements of a policy that allow."""
    return [item for item in statements(given.get("PolicyDocument")) if item["Effect"] == "Allow"]


def actions(statement: dict) -> list[str]:
    """The actions of a statement; all of them for one that names exceptions."""
    return ["*"] if "NotAction" in statement else [str(action) for action in listed(statement.get("Action"))]


def is_on_everything(statement: dict) -> bool:
    """Is the statement about every resource?"""
    return "*" in listed(statement.get("Resource")) or "NotResource" in statement


def is_not_administrator(given: dict) -> bool:
    """Does the policy not allow everything on everything?"""
    return not any("*" in actions(item) and is_on_everything(item) for item in allowing(given))


def has_no_wildcard(given: dict) -> bool:
    """Does the policy name its actions, service by service?"""
    return not any(action == "*" or action.endswith(":*") for item in allowing(given) for action in actions(item))


def decrypts_named_keys_only(given: dict) -> bool:
    """Does the policy allow to decrypt with named keys only?"""
    return not any(
        is_on_everything(item) and any(fnmatch(known, action) for known in DECRYPTING for action in actions(item))
        for item in allowing(given)
    )


def no_inline_policy(resources: Resources) -> list[str]:
    """Policies that are part of a role, or attached in place."""
    inside = [title for title, given in of_type(resources, ROLE).items() if given.get("Policies")]
    return [*inside, *of_type(resources, *INLINE)]


def trusts_no_stranger(given: dict) -> bool:
    """May only services of AWS, for this account, and this account itself take the role?"""
    for item in statements(given.get("AssumeRolePolicyDocument")):
        principal = item.get("Principal")
        if item["Effect"] != "Allow":
            continue
        if principal == "*" or "AWS" in principal or not str(item.get("Condition")).count("aws:SourceAccount"):
            return False
    return True


def attaches(name: str):
    """No role has this policy of AWS's."""
    return each(ROLE, lambda given: not any(name in str(arn) for arn in listed(given.get("ManagedPolicyArns"))))


USERS = "People and their keys, passwords and second factors are the account's; the stack makes no user"
DETECTIVES = "A service that an account has once, in each region, whatever stacks it holds"

CONTROLS = [
    Control("IAM.1", "FSBP NIST", "No policy allows everything", each(MANAGED, is_not_administrator)),
    Control("IAM.2", "FSBP NIST CIS", "Users have no policies of their own", not_used("AWS::IAM::User")),
    Control("IAM.21", "FSBP NIST", "No policy allows all actions of a service", each(MANAGED, has_no_wildcard)),
    Control("IAM.24", "tags", "Role has a tag", tagged(ROLE)),
    Control("IAM.25", "tags", "Users have a tag", not_used("AWS::IAM::User")),
    Control("IAM.27", "CIS", "Nobody has CloudShell's full access", attaches("AWSCloudShellFullAccess")),
    Control(
        "KMS.1", "FSBP NIST", "No policy allows to decrypt with every key", each(MANAGED, decrypts_named_keys_only)
    ),
    Control("KMS.2", "FSBP NIST", "No inline policy allows to decrypt with every key", no_inline_policy),
    Control("iam-no-inline-policy-check", "NIST CONFIG", "Policies are managed, not inline", no_inline_policy),
    *(
        Control(id_, standards, title, account=USERS)
        for id_, standards, title in [
            ("IAM.3", "FSBP NIST PCI CIS", "Access keys are changed every 90 days"),
            ("IAM.4", "FSBP NIST CIS", "The root user has no access key"),
            ("IAM.5", "FSBP NIST PCI CIS", "Users of the console have a second factor"),
            ("IAM.6", "FSBP NIST PCI CIS", "The root user has a hardware factor"),
            ("IAM.7", "FSBP NIST PCI", "Passwords are strong"),
            ("IAM.8", "FSBP NIST PCI", "Unused credentials are removed"),
            ("IAM.9", "NIST PCI CIS", "The root user has a second factor"),
            ("IAM.15", "CIS", "Passwords have 14 characters or more"),
            ("IAM.16", "PCI CIS", "Passwords are not used again"),
            ("IAM.18", "PCI CIS", "A role for AWS Support exists"),
            ("IAM.22", "CIS", "Credentials unused for 45 days are removed"),
            ("IAM.26", "CIS", "Expired certificates are removed"),
            ("IAM.28", "CIS", "An external access analyzer is on"),
            ("Account.1", "FSBP NIST CIS", "The account has a security contact"),
        ]
    ),
    *(
        Control(id_, standards, title, account=DETECTIVES)
        for id_, standards, title in [
            ("CloudTrail.1", "FSBP NIST CIS", "A trail of all regions is on"),
            ("CloudTrail.2", "FSBP NIST PCI CIS", "Trails are encrypted"),
            ("CloudTrail.4", "FSBP NIST PCI CIS", "Trails are validated"),
            ("CloudTrail.5", "FSBP NIST", "Trails go to CloudWatch Logs"),
            ("CloudTrail.7", "PCI CIS", "The trail's bucket logs its requests"),
            ("Config.1", "FSBP NIST CIS", "AWS Config records"),
            ("GuardDuty.1", "FSBP NIST PCI", "GuardDuty is on"),
            ("GuardDuty.9", "FSBP PCI", "GuardDuty watches logins to RDS"),
            ("GuardDuty.10", "FSBP PCI", "GuardDuty watches S3"),
            ("GuardDuty.11", "FSBP", "GuardDuty watches what runs"),
            ("GuardDuty.12", "FSBP", "GuardDuty watches containers of ECS"),
            ("Inspector.2", "FSBP PCI", "Inspector scans images"),
            ("SSM.6", "FSBP", "Automation of Systems Manager is logged"),
            ("SSM.7", "FSBP", "No document of Systems Manager can be shared with everybody"),
            ("Macie.1", "FSBP NIST", "Macie is on"),
            ("CloudWatch.1", "NIST", "Use of the root user raises an alarm"),
        ]
    ),
]
