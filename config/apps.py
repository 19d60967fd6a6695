"""Makes the Celery application the one that every process hands its tasks to, the web's as well as the workers'."""

from django.apps import AppConfig


class Configuration(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401, PLC0415 -- it reads settings, which are there only now
