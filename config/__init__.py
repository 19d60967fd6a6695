"""Settings, addresses, the Celery application, and the services of a developer's machine."""
