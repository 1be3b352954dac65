"""What AWS refuses to delete: a bucket with objects in it, a database or a load balancer that is protected."""

from ministack.services import alb, rds, s3
from ministack.services.cloudformation import provisioners

from rehearsal.emulator.patch import wrap


def bucket(physical_id: str) -> str | None:
    """Why the bucket stays, or None."""
    held = s3._buckets.get(physical_id)
    return "The bucket you tried to delete is not empty" if held and held["objects"] else None


def database(physical_id: str) -> str | None:
    """Why the database stays, or None."""
    held = rds._instances.get(physical_id)
    if held and held.get("DeletionProtection"):
        return "Cannot delete protected DB Instance, please disable deletion protection and try again."
    return None


def load_balancer(physical_id: str) -> str | None:
    """Why the load balancer stays, or None."""
    if alb._lb_attr(physical_id, "deletion_protection.enabled", "false") == "true":
        return f"Load balancer '{physical_id}' cannot be deleted because deletion protection is enabled"
    return None


def unless(refusal):
    """A delete handler that raises the refusal's text, if there is one."""

    def make(original):
        def delete(physical_id, *rest):
            reason = refusal(physical_id)
            if reason:
                raise ValueError(reason)
            return original(physical_id, *rest)

        return delete

    return make


def install() -> None:
    """Mend the delete handlers."""
    wrap(provisioners._s3_delete, unless(bucket))
    wrap(provisioners._rds_db_instance_delete, unless(database))
    wrap(provisioners._elbv2_load_balancer_delete, unless(load_balancer))
