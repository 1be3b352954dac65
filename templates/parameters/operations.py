"""Parameters of logs, alarms, encryption and of the bootstrap stack."""

from templates.parameters.kinds import choice, switch, text

# Days that CloudWatch Logs accepts (API reference, PutRetentionPolicy).
RETENTION_DAYS = [
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
]

OBSERVABILITY = {
    "LogRetentionInDays": choice("How many days logs are kept", 30, RETENTION_DAYS),
    "ContainerInsights": choice(
        "Metrics of every task and container, at a price per metric", "disabled", ["disabled", "enabled", "enhanced"]
    ),
    "EnableMonitoring": switch("true makes a dashboard, alarms, log metrics and saved queries"),
    "AlarmEmail": text(
        "With EnableMonitoring: address that alarms are sent to; AWS first asks it to confirm. Empty: nobody is told",
        r"^$|^[^@\s]+@[^@\s]+\.[^@\s]+$",
        "must be empty or an e-mail address",
        "",
    ),
}

ENCRYPTION = {
    "CustomerManagedKey": switch(
        "true encrypts database, secrets, logs and alarms with a key of this stack ($1 a month) instead of AWS's own."
        " For the database to be decided before the first deployment: a change REPLACES it"
    ),
}

BOOTSTRAP = {
    "RepositoryNamespace": text(
        "What the names of the image repositories begin with, as in flaskcrud-lab for flaskcrud-lab/app",
        r"^[a-z0-9]+([._-][a-z0-9]+)*$",
        "must be lower case letters and digits, with single . _ - between them",
        "flaskcrud",
        MaxLength=128,
    ),
}
