"""The Celery application. Two queues: `default` for small work, `rounds` for matching (see CELERY_TASK_ROUTES in settings)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("fulcrum")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
