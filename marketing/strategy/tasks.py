"""Jobs of offers per group."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import job


@job(kind="marketing.strategy", queue="train", title=_("Offers per group"))
def build_strategy() -> dict[str, Any]:
    """A new look at what groups took up. Each one is kept; the newest is shown."""
    from marketing.strategy import building

    return building.build()
