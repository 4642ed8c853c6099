"""Jobs of allocations."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import job


@job(kind="marketing.allocation", queue="train", title=_("Offers within a budget"))
def work_out_allocation(*, allocation_id: int) -> dict[str, Any]:
    """Who of a campaign's audience gets which offer. An allocation that is worked out is left alone."""
    from marketing.allocation import working

    return working.work_out(allocation_id)
