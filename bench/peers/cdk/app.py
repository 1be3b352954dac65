"""The three tiers as a CDK user would write them: what bench/cdk.py compares a build with. Never deployed."""

from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_ecs_patterns as patterns
from aws_cdk import aws_rds as rds

app = App()
stack = Stack(app, "Shop")
vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=1)
database = rds.DatabaseInstance(
    stack,
    "Database",
    engine=rds.DatabaseInstanceEngine.mysql(version=rds.MysqlEngineVersion.VER_8_4_6),
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    credentials=rds.Credentials.from_generated_secret("flaskcrud"),
)
service = patterns.ApplicationLoadBalancedFargateService(
    stack,
    "Service",
    vpc=vpc,
    cpu=256,
    memory_limit_mib=512,
    desired_count=1,
    task_image_options=patterns.ApplicationLoadBalancedTaskImageOptions(
        image=ecs.ContainerImage.from_registry("example/app"),
        environment={"DATABASE_HOST": database.instance_endpoint.hostname},
        secrets={"DATABASE_PASSWORD": ecs.Secret.from_secrets_manager(database.secret, "password")},
    ),
)
database.connections.allow_default_port_from(service.service)
app.synth()
