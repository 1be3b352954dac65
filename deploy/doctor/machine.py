"""This machine: the tools, and whether it can build for the tasks' processor."""

from deploy.doctor.finding import OK, PROBLEM, WARNING, Finding

# What the operating systems call the processors, and what CpuArchitecture calls them.
_PROCESSORS = {"x86_64": "X86_64", "amd64": "X86_64", "AMD64": "X86_64", "arm64": "ARM64", "aarch64": "ARM64"}
_NAMES = {"X86_64": "amd64", "ARM64": "arm64"}

MINIMUM = (3, 11)


def python(version: tuple[int, ...]) -> Finding:
    """The interpreter that runs this."""
    shown = ".".join(map(str, version[:3]))
    if version[:2] < MINIMUM:
        return Finding(PROBLEM, f"Python {shown}: 3.11 or newer is needed")
    return Finding(OK, f"Python {shown}")


def engine(program: str | None, fault: str | None) -> Finding:
    """The container engine; `fault` is what it said instead of answering, None if it answered."""
    if not program:
        return Finding(
            WARNING,
            "no container engine: install docker or podman to deploy. What does not build images (status, logs, pause, "
            "destroy, rehearse) works without",
        )
    if fault is not None:
        said = f" ({fault})" if fault else ""
        return Finding(WARNING, f"{program} does not answer `{program} info`: start it before you deploy{said}")
    return Finding(OK, f"{program} answers")


def git(found: bool) -> Finding:
    """Git, which only the comparison with another version needs."""
    return Finding(OK, "git") if found else Finding(WARNING, "no git: `make plan BASE=...` needs it")


def emulation(machine: str, wanted: str, system: str, emulators: list[str]) -> Finding:
    """Whether images for `wanted` can be built here; `emulators` are the names in Linux's binfmt_misc."""
    here = _PROCESSORS.get(machine)
    if here == wanted:
        return Finding(OK, f"images are for {_NAMES[wanted]}, as this machine is")
    processor = {"X86_64": "x86_64", "ARM64": "aarch64"}[wanted]
    if system != "Linux":
        return Finding(WARNING, f"images are for {_NAMES[wanted]}, this machine is {machine}: building is slow")
    if any(processor in name for name in emulators):
        return Finding(WARNING, f"images are for {_NAMES[wanted]}, this machine emulates that: building is slow")
    return Finding(
        PROBLEM,
        f"images are for {_NAMES[wanted]}, this machine is {machine} and emulates nothing: install qemu-user-static "
        f"with binfmt-support, or set CpuArchitecture={here or 'X86_64'}",
    )
