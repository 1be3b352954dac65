"""The only package that talks to AWS: each method is one question or one order, without a decision in it."""

from deploy.aws.account import Account
from deploy.aws.database import Database
from deploy.aws.logs import Logs
from deploy.aws.registry import Registry
from deploy.aws.service import Service
from deploy.aws.stacks import Stacks
from deploy.aws.storage import Storage


class Aws(Account, Stacks, Storage, Registry, Database, Service, Logs):
    """Everything that a deployment asks of AWS, a service a module."""
