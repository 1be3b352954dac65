"""Image repositories: tags that stay, scans, and a policy that ends old images."""

import json

from ._checks import Switch, impossible
from ._nest import Rule, known, text

REPOSITORY = "AWS::ECR::Repository"
CONTROLS = "https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html"
GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"


class MovingTags(Rule):
    """A tag that can be moved is another image tomorrow.

    Source: AWS Foundational Security Best Practices, ECR.2.
    """

    id = "W9750"
    shortdesc = "Tags of images can be moved"
    source_url = CONTROLS + "#ecr-2"
    types = (REPOSITORY,)

    def judge(self, r):
        found = [v["ImageTagMutability"] for v in r.variants("ImageTagMutability")]
        if found and all(value in (None, "MUTABLE", "MUTABLE_WITH_EXCLUSION") for value in found):
            yield r.fault("set ImageTagMutability: IMMUTABLE", "ImageTagMutability")


class NotScanned(Switch):
    """Images that nobody looks at for known vulnerabilities.

    Source: AWS Foundational Security Best Practices, ECR.1.
    """

    id = "W9751"
    shortdesc = "Images are not scanned"
    source_url = CONTROLS + "#ecr-1"
    types = (REPOSITORY,)
    switch = "ImageScanningConfiguration.ScanOnPush"
    default = False
    message = "set ImageScanningConfiguration ScanOnPush: true"


class NoLifecycle(Rule):
    """Without a lifecycle policy every image is kept, and billed, for ever.

    Source: AWS Foundational Security Best Practices, ECR.3.
    """

    id = "W9752"
    shortdesc = "Images are kept for ever"
    source_url = CONTROLS + "#ecr-3"
    types = (REPOSITORY,)

    def judge(self, r):
        found = [v["LifecyclePolicy"] for v in r.variants("LifecyclePolicy")]
        if found and not any(found):
            yield r.fault("give it a LifecyclePolicy", "LifecyclePolicy")


class ExclusionFilters(Rule):
    """Exclusions from mutability belong to the settings that say WITH_EXCLUSION, which need them.

    Source: API reference, CreateRepository, imageTagMutabilityExclusionFilters.
    """

    id = "E9750"
    shortdesc = "Exclusion from mutability without its setting"
    source_url = GUIDE + "image-tag-mutability.html"
    types = (REPOSITORY,)

    def judge(self, r):
        names = ("ImageTagMutability", "ImageTagMutabilityExclusionFilters")

        def alone(v):
            setting, filters = (v[name] for name in names)
            return known(setting or "") and (text(setting) or "").endswith("_WITH_EXCLUSION") != bool(filters)

        for v in impossible(r, alone, *names):
            yield v.fault("WITH_EXCLUSION and exclusion filters need each other", names[0])


class Lifecycle(Rule):
    """A lifecycle policy is JSON with rules of different priorities; the one for any image has the highest number.

    Source: ECR user guide, lifecycle policy properties and evaluation rules.
    """

    id = "E9751"
    shortdesc = "Lifecycle policy that ECR refuses"
    source_url = GUIDE + "lifecycle_policy_parameters.html"
    types = (REPOSITORY,)

    def judge(self, r):
        for value in r.values("LifecyclePolicy.LifecyclePolicyText"):
            if isinstance(value.value, str) and (why := self.wrong(value.value)):
                yield value.fault(why)

    def wrong(self, policy: str) -> str:
        try:
            rules = json.loads(policy)["rules"]
            priorities = [rule["rulePriority"] for rule in rules]
            selections = [rule["selection"] for rule in rules]
            kinds = [selection["tagStatus"] for selection in selections]
        except (ValueError, KeyError, TypeError) as problem:
            return f"it is no JSON with rules, rulePriority and selection ({type(problem).__name__} {problem})"
        if len(set(priorities)) != len(priorities):
            return "two rules have the same rulePriority; number them"
        if "any" in kinds and (kinds.count("any") > 1 or priorities[kinds.index("any")] != max(priorities)):
            return "the rule for tagStatus any must be the only one and have the highest rulePriority"
        return next((why for selection in selections if (why := wrong_selection(selection))), "")


def wrong_selection(selection: dict) -> str:
    """What is wrong with which images a rule takes."""
    kind, count, status = selection.get("countType"), selection.get("countNumber"), selection["tagStatus"]
    if status not in ("any", "tagged", "untagged"):
        return f"tagStatus {status!r} is none of any, tagged, untagged"
    if status == "tagged" and not (selection.get("tagPrefixList") or selection.get("tagPatternList")):
        return "tagStatus tagged needs tagPrefixList or tagPatternList"
    if kind not in ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"):
        return f"countType {kind!r} is not known"
    if kind == "imageCountMoreThan" and "countUnit" in selection:
        return "countUnit belongs to sinceImagePushed"
    if kind == "sinceImagePushed" and selection.get("countUnit") != "days":
        return "sinceImagePushed needs countUnit days"
    return "" if isinstance(count, int) and count > 0 else f"countNumber {count!r} is no number above 0"
