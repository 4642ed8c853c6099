"""The Celery application: transport only. What runs, how often and whether it ran is decided by core.jobs."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class ShopCelery(Celery):
    """Asks for the broker's address when it connects, so that importing this module starts no Redis."""

    def connection_for_read(self, url: str | None = None, **kwargs: Any) -> Any:
        return super().connection_for_read(url or self._broker(), **kwargs)

    def connection_for_write(self, url: str | None = None, **kwargs: Any) -> Any:
        return super().connection_for_write(url or self._broker(), **kwargs)

    @staticmethod
    def _broker() -> str:
        from core.redis_client import broker_url

        return broker_url()


app = ShopCelery("zhanggui")
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": 7200,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 5,
    },
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_default_queue="light",
    task_create_missing_queues=True,
    task_soft_time_limit=5400,
    task_time_limit=6000,
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    worker_max_memory_per_child=900_000,
    worker_hijack_root_logger=False,
    worker_soft_shutdown_timeout=20,
    worker_send_task_events=False,
    beat_scheduler="django_celery_beat.schedulers:DatabaseScheduler",
    beat_max_loop_interval=10,
    timezone="UTC",
)


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery would replace the handlers; the shop's structured ones stay."""


app.autodiscover_tasks(["core", "catalog", "recommender"])
