"""All drills, in the order in which they are run. Each module has its own as DRILLS."""

from drills import database, deployment, inputs, replicas, trust

DRILLS = (*database.DRILLS, *replicas.DRILLS, *trust.DRILLS, *inputs.DRILLS, *deployment.DRILLS)
BY_NAME = {drill.name: drill for drill in DRILLS}
SHORT = tuple(drill for drill in DRILLS if drill.in_short)
