"""Words, names and forms that the ECS API takes in a task definition."""

import re

from ._checks import Choices, Forms
from ._nest import Rule, known, text

TASK = "AWS::ECS::TaskDefinition"
API = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/"
CONTAINER = "ContainerDefinitions.*."

# Source: API reference, KernelCapabilities.
CAPABILITIES = (
    "ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE "
    "DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE "
    "MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG "
    "SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE "
    "SYS_TIME SYS_TTY_CONFIG WAKE_ALARM "
)

# Source: API reference, Tmpfs, mountOptions.
MOUNT_OPTIONS = (
    "defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime "
    "noatime diratime nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave "
    "rslave relatime norelatime strictatime nostrictatime mode uid gid nr_inodes nr_blocks mpol "
)

NAME = "up to 255 letters, digits, hyphens, underscores"

# Source: API reference, SystemControl, namespace.
SYSTEM_CONTROLS = r"net\..+|fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)"


class SystemControl(Forms):
    """Only namespaced kernel parameters of the network and of IPC can be set.

    Source: API reference, SystemControl.
    """

    id = "E9322"
    shortdesc = "Kernel parameter that a container cannot set"
    source_url = API + "API_SystemControl.html"
    types = (TASK,)
    forms = (
        (
            CONTAINER + "SystemControls.*.Namespace",
            SYSTEM_CONTROLS,
            "net.*, fs.mqueue.* or of IPC, such as kernel.shmmax",
        ),
    )


class UnknownWord(Choices):
    """Words of a task definition or a cluster that ECS knows and the resource schema does not list.

    Source: API reference, KernelCapabilities, Tmpfs, LogConfiguration (mode), ClusterSetting.
    """

    id = "E9323"
    shortdesc = "Word that ECS does not know"
    source_url = API + "API_LinuxParameters.html"
    types = (TASK, "AWS::ECS::Cluster")
    choices = (
        (CONTAINER + "LinuxParameters.Capabilities.Add.*", CAPABILITIES.split()),
        (CONTAINER + "LinuxParameters.Capabilities.Drop.*", CAPABILITIES.split()),
        (CONTAINER + "LogConfiguration.Options.mode", ("blocking", "non-blocking")),
        ("ClusterSettings.*.Name", ("containerInsights",)),
        ("ClusterSettings.*.Value", ("enabled", "disabled", "enhanced")),
    )

    def judge(self, r):
        yield from super().judge(r)
        for value in r.values(CONTAINER + "LinuxParameters.Tmpfs.*.MountOptions.*"):
            if isinstance(value.value, str) and value.value.partition("=")[0] not in MOUNT_OPTIONS.split():
                yield value.fault(f"mount option {value.value!r} is not known")


class NameForm(Forms):
    """Names of containers, volumes, families and ports, digests of images: what is not in their form is refused.

    Source: API reference, ContainerDefinition, name and image; PortMapping, name; RegisterTaskDefinition, family.
    """

    id = "E9324"
    shortdesc = "Name or image that ECS does not take"
    source_url = API + "API_ContainerDefinition.html"
    types = (TASK,)
    forms = (
        ("Family", r"[A-Za-z0-9_-]{1,255}", NAME),
        (CONTAINER + "Name", r"[A-Za-z0-9_-]{1,255}", NAME),
        ("Volumes.*.Name", r"[A-Za-z0-9_-]{1,255}", NAME),
        (
            CONTAINER + "PortMappings.*.Name",
            r"[a-z0-9_][a-z0-9_-]{0,63}",
            "up to 64 lower-case letters, digits, hyphens, underscores",
        ),
        (
            CONTAINER + "Image",
            r"[^\s@]+(@sha256:[0-9A-Fa-f]{64})?",
            "name:tag or name@sha256: with 64 hexadecimal digits",
        ),
        (CONTAINER + "LinuxParameters.Tmpfs.*.ContainerPath", r"/.*", "an absolute path"),
    )


class LogBuffer(Rule):
    """max-buffer-size is a number with k, m or g, and is read only in the mode non-blocking.

    Source: API reference, LogConfiguration, options, max-buffer-size.
    """

    id = "E9326"
    shortdesc = "Log buffer that is not read"
    source_url = API + "API_LogConfiguration.html"
    types = (TASK,)

    def judge(self, r):
        for options in (b for c in r.blocks("ContainerDefinitions") for b in c.blocks("LogConfiguration.Options")):
            for v in options.variants("mode", "max-buffer-size"):
                size = v["max-buffer-size"]
                if known(size) and not re.fullmatch(r"\d+[kmgKMG]?b?", text(size)):
                    yield v.fault(f"max-buffer-size {size!r} is no size; write 10m", "max-buffer-size")
                elif size is not None and v["mode"] == "blocking":
                    yield v.fault("max-buffer-size needs mode non-blocking", "max-buffer-size")
