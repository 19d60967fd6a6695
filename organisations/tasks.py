"""What time does by itself: clocks remind, the audit trail is sealed, old answers are forgotten. Running a task twice changes nothing more."""

from celery import shared_task

from organisations import audit, idempotency, reminders
from organisations.clock import now


@shared_task
def seal_audit() -> str:
    """The digest of the new seal, to be kept elsewhere; empty if nothing had become final."""
    made = audit.seal(now())
    return made.digest if made else ""


@shared_task
def forget_answers() -> int:
    return idempotency.delete_old(at=now())


@shared_task(ignore_result=True)
def remind() -> int:
    return reminders.remind(at=now())
