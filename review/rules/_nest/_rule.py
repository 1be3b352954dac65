"""The base of all rules: what cfn-lint asks for, around one method that says what is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from cfnlint.rules import CloudFormationLintRule, RuleMatch

from ._view import Finding, Resource, View


class Rule(CloudFormationLintRule):
    """A rule: set id, shortdesc, source_url and types, write the docstring, and override judge() or check()."""

    types: ClassVar[tuple[str, ...]] = ()
    tags: ClassVar[list[str]] = ["flaskcrud"]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.description = " ".join(inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0].split())

    def judge(self, resource: Resource) -> Iterator[Finding]:
        """What is wrong with one resource of the types of this rule."""
        raise NotImplementedError

    def check(self, view: View) -> Iterator[Finding]:
        """What is wrong with a template."""
        for resource in view.resources(*self.types):
            yield from self.judge(resource)

    def match(self, cfn: Any) -> list[RuleMatch]:
        """Called by cfn-lint."""
        return [RuleMatch(list(path), message) for path, message in self.matches(View.of(cfn))]

    def matches(self, view: View) -> Iterator[tuple[tuple, str]]:
        """Findings of the template, then what its children show only with the values that it gives them."""
        for finding in self.findings(view).values():
            yield finding.path, str(finding)
        for name, child in view.children.items():
            alone = self.findings(child.alone)
            stack = view.resource(name)
            path = ("Resources", name, "Properties", *(["Parameters"] if "Parameters" in stack.node else []))
            for key, finding in self.findings(child).items():
                if key not in alone and not self.ignored(child, finding):
                    place = "/".join(map(str, finding.path))
                    yield path, f"{Path(child.filename or '').name}, {place}: {finding}"

    def findings(self, view: View) -> dict[tuple, Finding]:
        """The findings of one template, each only once."""
        found: dict[tuple, Finding] = {}
        for finding in self.check(view):
            found.setdefault((finding.path, finding.message), finding)
        return found

    def ignored(self, view: View, finding: Finding) -> bool:
        """Does the resource, or its template, say that this rule is not for it?"""
        resource = view.resources_raw.get(str(finding.path[1])) if finding.path[:1] == ("Resources",) else None
        of_resource = ignored_checks(resource or {})
        return self.id in of_resource or any(self.id.startswith(check) for check in ignored_checks(view.template))


def ignored_checks(raw: dict) -> list[str]:
    found: Any = raw
    for key in ("Metadata", "cfn-lint", "config", "ignore_checks"):
        found = found.get(key) if isinstance(found, dict) else None
    return [check for check in found or [] if isinstance(check, str) and check]
