"""Jobs of private learning."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import job


@job(kind="marketing.privacy", queue="train", title=_("What private learning costs"))
def measure_privacy() -> dict[str, Any]:
    """The table of costs. Tells nobody outside anything. Safe to run twice."""
    from marketing.privacy import learning

    return learning.measure()


@job(kind="marketing.privacy.release", queue="train", title=_("Release a private model"))
def release_model(*, release_id: int) -> dict[str, Any]:
    """Weights with noise, once."""
    from marketing.privacy import learning

    return learning.release(release_id)
