"""Every parameter of every stack, once.

A parameter has one name and one meaning in the whole nest: the root asks for it, or an earlier stack has an output of
the same name. So the definitions live here, and a stack module names those it takes. The groups are the console's form,
in the order in which a person meets them.
"""

from templates.parameters.database import DATABASE
from templates.parameters.edge import EDGE
from templates.parameters.network import NETWORK
from templates.parameters.operations import BOOTSTRAP, ENCRYPTION, OBSERVABILITY
from templates.parameters.service import IMAGES, ROLES, SCALING, SERVICE
from templates.parameters.wiring import WIRING

GROUPS = {
    "Images": IMAGES,
    "Network": NETWORK,
    "Address, HTTPS and the load balancer": EDGE,
    "Service": SERVICE,
    "Scaling": SCALING,
    "Database": DATABASE,
    "Roles": ROLES,
    "Logs, alarms and dashboard": OBSERVABILITY,
    "Encryption": ENCRYPTION,
    "Bootstrap": BOOTSTRAP,
    "From the other stacks of the nest": WIRING,
}

PARAMETERS = {name: definition for group in GROUPS.values() for name, definition in group.items()}
