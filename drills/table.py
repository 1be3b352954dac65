"""All drills, in the order in which they are run. Each module has its own as DRILLS."""

from drills.faults import (
    application,
    clients,
    database,
    deployment,
    inputs,
    memory,
    replicas,
    restore,
    soak,
    starting,
    trust,
)

DRILLS = (
    *database.DRILLS,
    *replicas.DRILLS,
    *trust.DRILLS,
    *restore.DRILLS,
    *application.DRILLS,
    *memory.DRILLS,
    *starting.DRILLS,
    *clients.DRILLS,
    *inputs.DRILLS,
    *deployment.DRILLS,
    *soak.DRILLS,
)
BY_NAME = {drill.name: drill for drill in DRILLS}
SHORT = tuple(drill for drill in DRILLS if drill.in_short)
