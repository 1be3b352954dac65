"""Conditions and rules, decided."""

from review.intrinsics import NO_VALUE, Scope, apply
from review.problem import Problem
from review.text import known, text

# What a rule can ask that only an account can answer.
_FROM_ACCOUNT = {"Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"}


def decide_all(scope: Scope) -> None:
    """Fill scope.decided. Problem: a condition that is wrong, goes in circles, or hangs on what only AWS knows."""
    for name in scope.conditions:
        _named(name, scope)


def _named(name, scope, asked=()):
    if name not in scope.conditions:
        raise Problem(f"{scope.where}: there is no condition {name}")
    if name in asked:
        raise Problem(f"{scope.where}: conditions go in circles: {' -> '.join([*asked, name])}")
    if name not in scope.decided:
        scope.decided[name] = decide(scope.conditions[name], scope, (*asked, name))
    return scope.decided[name]


def decide(value: object, scope: Scope, asked: tuple = ()) -> bool:
    """Is the condition true? `asked` are the conditions on the way to it."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Condition":
            return _named(argument, scope, asked)
        if name in _LOGIC and isinstance(argument, list) and argument:
            return _LOGIC[name](decide(item, scope, asked) for item in argument)
        if name in _COMPARISONS and isinstance(argument, list) and len(argument) == 2:
            return _COMPARISONS[name](*(_operand(item, scope) for item in argument), scope)
    if text(value) in {"true", "false"}:
        return text(value) == "true"
    raise Problem(f"{scope.where}: {' -> '.join(asked) or 'rule'}: this is no condition: {value}")


def _operand(value, scope):
    applied = apply(value, scope)
    if applied is NO_VALUE:
        raise Problem(f"{scope.where}: a condition cannot ask for AWS::NoValue")
    return applied


def _equal(left, right, scope):
    if known(left) and known(right):
        return _comparable(left) == _comparable(right)
    if left == right:
        return True
    if "" in (left, right):
        return False  # AWS never answers a reference with nothing
    raise Problem(f"{scope.where}: a condition compares what only AWS knows: {left} with {right}")


def _comparable(value):
    return [text(item) for item in value] if isinstance(value, list) else text(value)


def _contains(items, value, scope):
    return any(_equal(item, value, scope) for item in items)


def _each_equals(items, value, scope):
    return all(_equal(item, value, scope) for item in items)


def _each_in(items, allowed, scope):
    return all(_contains(allowed, item, scope) for item in items)


_LOGIC = {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda items: not next(items)}
_COMPARISONS = {
    "Fn::Equals": _equal,
    "Fn::Contains": _contains,
    "Fn::EachMemberEquals": _each_equals,
    "Fn::EachMemberIn": _each_in,
}


def check_rules(rules: dict[str, dict], scope: Scope) -> None:
    """Raise a Problem with the description of the first assertion that does not hold, as CloudFormation would.

    A rule that asks the account, as Fn::ValueOf does, is left to AWS.
    """
    for name, rule in rules.items():
        if _asks_account(rule) or not decide(rule.get("RuleCondition", True), scope):
            continue
        for assertion in rule["Assertions"]:
            if not decide(assertion["Assert"], scope):
                raise Problem(f"{scope.where}: {name}: {assertion.get('AssertDescription', 'its assertion fails')}")


def _asks_account(value):
    if isinstance(value, dict):
        return bool(_FROM_ACCOUNT & set(value)) or any(_asks_account(item) for item in value.values())
    return isinstance(value, list) and any(_asks_account(item) for item in value)
