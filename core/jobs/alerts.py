"""What jobs raise alerts about. Imported late: alerts send mails, and mails are jobs."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.alerts import AlertKind, raise_alert, resolve
from core.choices import Role
from core.models import Alert, Job
from core.said import Said

QUARANTINED, FAILED = "job_quarantined", "job_failed"
_PAGE: Any = {"page": "core_job_changelist", "page_label": _("Open the jobs"), "permission": "core.view_job"}
quarantined = AlertKind(
    title=_("Job set aside"),
    level=Alert.Level.CRITICAL,
    roles=(Role.OPERATOR, Role.OWNER),
    help=_(
        "It ended its worker three times, often for lack of memory. Other jobs go on. Retry it when the cause is gone."
    ),
    **_PAGE,
)
failed = AlertKind(
    title=_("Job failed"),
    level=Alert.Level.WARNING,
    by_mail=False,
    help=_(
        "Open the job: it says what happened, and it can be retried. The next one of its kind that ends well "
        "closes this."
    ),
    **_PAGE,
)


def tell_quarantine(row: Job) -> None:
    """Somebody has to look at this job. Its retry closes the alert."""
    text = gettext_noop("%(kind)s #%(number)s stopped its worker again and again and was set aside.")
    _raise(QUARANTINED, str(row.pk), quarantined, text, row)


def tell_failure(row: Job) -> None:
    """Open the alert of this kind of work; the next job of the kind that ends well closes it."""
    _raise(FAILED, row.kind, failed, gettext_noop("%(kind)s #%(number)s failed."), row)


def tell_success(row: Job) -> None:
    """Work of this kind is possible again."""
    resolve(FAILED, key=row.kind)


def tell_retry(row: Job) -> None:
    """Somebody has looked at a job that was set aside."""
    resolve(QUARANTINED, key=str(row.pk))


def _raise(rule: str, key: str, kind: AlertKind, text: str, row: Job) -> None:
    said = Said(text, {"kind": row.kind, "number": row.pk})
    raise_alert(rule, key=key, said=said, level=kind.level, link=reverse("admin:core_job_change", args=[row.pk]))
