"""The Celery application: transport only. What runs, how often and whether it ran is decided by core.jobs."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class ShopCelery(Celery):
    """Asks for the broker's address when it connects, so that importing this module starts no Redis."""

    def connection_for_read(self, url: str | None = None, **kwargs: Any) -> Any:
        return super().connection_for_read(url or self._broker(), **kwargs)

    def connection_for_write(self, url: str | None = None, **kwargs: Any) -> Any:
        # A page that queues work must not wait for a frozen broker; the relay has time.
        options = {**(kwargs.pop("transport_options", None) or {}), "socket_timeout": 1, "socket_connect_timeout": 1}
        return super().connection_for_write(url or self._broker(), transport_options=options, **kwargs)

    @staticmethod
    def _broker() -> str:
        from core.redis_client import broker_url

        return broker_url()


app = ShopCelery("zhanggui")
app.config_from_object("config.celery_conf")
app.steps["consumer"].add("core.liveness:SignsOfLife")


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery would replace the handlers; the shop's structured ones stay."""


@worker_init.connect
def _share_memory(**_: object) -> None:
    """Tasks are loaded, children are not there yet."""
    from config.forking import ready_to_fork

    ready_to_fork()


@worker_ready.connect
def _end_softly_on_term(sender: Any, **_: object) -> None:
    """TERM like QUIT: running jobs get the soft shutdown time and then go back to the queue. Celery's own answer to
    TERM would wait for them without end. (Its REMAP_SIGTERM would make the children deaf to TERM.)"""
    from celery.apps import worker

    worker.install_worker_term_hard_handler(sender.controller, sig="SIGTERM", callback=worker.on_cold_shutdown)


@beat_init.connect
def _start_loops(**_: object) -> None:
    """What goes on all the time runs beside the scheduler: one process less."""
    from core.loops import Loops

    Loops().start()


app.autodiscover_tasks(
    [
        "core",
        "catalog",
        "recommender",
        "analytics",
        "reviews",
        "vision",
        "crm",
        "marketing",
        "marketing.uplift",
        "marketing.allocation",
        "marketing.strategy",
        "marketing.privacy",
    ]
)
