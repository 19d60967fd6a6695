"""The Celery application. Queues: `default` for small work, `rounds` for matching, `shards` for what is above one machine (see settings)."""

import os
from logging.config import dictConfig

from celery import Celery, signals
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("fulcrum")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def log_as_settings_say(**_options: object) -> None:
    """With a receiver here Celery leaves the root logger alone: workers write the same lines as the web."""
    dictConfig(settings.LOGGING)
