"""What time does by itself: a case that missed its batch goes into the next. Running it twice changes nothing more."""

from celery import shared_task

from organisations.clock import now
from projects import batches


@shared_task(ignore_result=True)
def roll_late() -> int:
    return batches.roll_late(at=now())
