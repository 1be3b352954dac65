"""A template or an order that names what is not there is refused, as on AWS; the emulator takes it."""

from ministack.services.cloudformation import engine

from rehearsal.emulator.patch import wrap


def unresolved(template: dict, section: str) -> list[str]:
    """Names that a section of the template refers to and that stand nowhere in it, sorted."""
    known = set(template.get("Resources") or {}) | set(template.get("Parameters") or {})
    entries = {key: template.get(key) or {} for key in ("Resources", "Outputs")}[section]
    names = {name for entry in entries.values() for name, _ in engine._intrinsic_references(entry)}
    return sorted(name for name in names if name not in known and not name.startswith("AWS::"))


def validate(original):
    """Refuse references that lead nowhere."""

    def validated(template, conditions, params=None):
        original(template, conditions, params)
        for section in ("Resources", "Outputs"):
            names = unresolved(template, section)
            if names and not template.get("Transform"):
                raise ValueError(
                    f"Template format error: Unresolved resource dependencies [{', '.join(names)}] "
                    f"in the {section} block of the template"
                )

    return validated


def resolve_parameters(original):
    """Refuse values for parameters that the template does not have."""

    def resolved(template, provided, previous=None):
        unknown = sorted({entry["Key"] for entry in provided} - set(template.get("Parameters") or {}))
        if unknown:
            raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        return original(template, provided, previous)

    return resolved


def install() -> None:
    """Add the checks to those that the emulator makes before it touches anything."""
    wrap(engine._resolve_parameters, resolve_parameters)
    wrap(engine.validate_template_support, validate)
