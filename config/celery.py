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
app.config_from_object("config.celery_conf")


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery would replace the handlers; the shop's structured ones stay."""


app.autodiscover_tasks(["core", "catalog", "recommender"])
