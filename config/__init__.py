"""Settings, addresses and the staff site: the floor that knows every other."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
