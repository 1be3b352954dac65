"""The only package that talks to AWS: each method is one question or one order, without a decision in it."""

from deploy.aws.account import Account
from deploy.aws.compute import Compute
from deploy.aws.database import Database
from deploy.aws.nest import Nest
from deploy.aws.probes import Probes
from deploy.aws.registry import Registry
from deploy.aws.service import Service
from deploy.aws.stacks import Stacks
from deploy.aws.storage import Storage
from deploy.aws.watching import Watching


class Aws(Account, Stacks, Storage, Registry, Database, Nest, Compute, Watching, Probes, Service):
    """Everything that a deployment asks of AWS, a service a module."""
