"""Telling somebody that their file is ready, on whatever page they open next."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.components import toast
from core.exports.services import WAITING
from core.models import Export, Job


def say_when_ready(request: HttpRequest) -> None:
    """Costs a query only while something that was asked for in this session has not ended."""
    session = getattr(request, "session", None)
    waiting = session.get(WAITING) if session is not None else None
    if not waiting or session is None:
        return
    rows = Export.objects.filter(pk__in=waiting, created_by=request.user.pk).select_related("job")  # type: ignore[union-attr]
    active = [export for export in rows if export.finished_at is None and export.job and export.job.is_active]
    for export in rows:
        if export.finished_at is not None:
            toast(request, _("Your export is ready"))
        elif export not in active and not (export.job and export.job.state == Job.State.CANCELLED):
            toast(request, _("Your export was not made"))
    left = [export.pk for export in active]
    if left != waiting:
        session[WAITING] = left
