"""Asking for a right, refusing it, carrying it out; and the clock that runs meanwhile."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from core import alerts, ledger
from core.choices import Role
from core.exceptions import DomainError, NotFound
from core.jobs import current_job_id, enqueue
from core.models import Alert, DataRequest, LedgerEntry, StaffUser
from core.rights import copying, erasing
from core.rights.holdings import subject
from core.said import Said

COPY_LIVES = timedelta(days=14)
SOON = timedelta(days=7)
DUE = gettext_noop("Requests about personal data to answer soon: %(count)d. Days left for the first: %(days)d.")
OVERDUE = gettext_noop(
    "Requests about personal data past their day: %(count)d. The law sets a limit: answer them first."
)
DATA_REQUEST_DUE = alerts.AlertKind(
    title=gettext_lazy("A request about personal data is due"),
    level=Alert.Level.WARNING,
    roles=(Role.OWNER, Role.SUPPORT),
)
State, Kind = DataRequest.State, DataRequest.Kind


@transaction.atomic
def ask(
    kind: str, label: str, pk: int, *, channel: str, by: StaffUser | None = None, is_approved: bool = True
) -> tuple[DataRequest, bool]:
    """Write the request down and, when approved, queue it. True: it is new; else the one that is open already.

    An erasure that something hinders (an order on its way) waits and is tried again every night. Raises NotFound for
    somebody who does not exist or was erased.
    """
    who = subject(label)
    if not who.exists(pk):
        raise NotFound(_("This person is not known, or was erased before."))
    now = timezone.now()
    row = DataRequest(
        kind=kind, subject_model=label, subject_id=pk, channel=channel, created_by=by, received_at=now,
        is_approved=is_approved, due_at=now + timedelta(days=settings.RIGHTS_DEADLINE_DAYS),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save()
            row.refresh_from_db(fields=["public_id"])
    except IntegrityError:
        return _open().get(kind=kind, subject_model=label, subject_id=pk), False
    ledger.record(LedgerEntry.Kind.RIGHTS, f"{label.lower()}:{pk}", act="asked", right=kind, channel=channel)
    if is_approved:
        start(row)
    return row, True


@transaction.atomic
def approve(row: DataRequest, *, by: StaffUser) -> None:
    """Agree to the request and start it (again). Raises DomainError once it is done or refused."""
    changed = DataRequest.objects.filter(pk=row.pk, state__in=[State.OPEN, State.FAILED]).update(is_approved=True)
    if not changed:
        raise DomainError(_("This request is already being carried out."), code="too_late")
    row.refresh_from_db()
    ledger.record(
        LedgerEntry.Kind.RIGHTS,
        f"{row.subject_model.lower()}:{row.subject_id}",
        actor=f"staff:{by.pk}",
        act="approved",
        right=row.kind,
    )
    start(row)


def start(row: DataRequest) -> None:
    """Queue the work; while it waits or runs, no second job is made."""
    row.job = enqueue("core.tasks.carry_out_data_request", dedupe_key=f"data-request:{row.pk}", request_id=row.pk)
    row.save(update_fields=["job"])


@transaction.atomic
def refuse(row: DataRequest, *, reason: str, by: StaffUser) -> None:
    """Say no, with the reason the person will be told. Raises DomainError once it is done or under way."""
    reason = reason.replace("\x00", "").strip()
    if not reason:
        raise DomainError(_("Say why: the person has a right to the reason."), code="reason_missing")
    changed = DataRequest.objects.filter(pk=row.pk, state__in=[State.OPEN, State.FAILED]).update(
        state=State.REFUSED, reason=reason[:300], finished_at=timezone.now()
    )
    if not changed:
        raise DomainError(_("This request is already being carried out."), code="too_late")
    ledger.record(
        LedgerEntry.Kind.RIGHTS, f"{row.subject_model.lower()}:{row.subject_id}", act="refused", right=row.kind
    )


def carry_out(request_id: int) -> dict[str, Any]:
    """Do what was asked. A second run of a finished request changes nothing."""
    row = DataRequest.objects.get(pk=request_id)
    if row.state not in (State.OPEN, State.RUNNING, State.FAILED) or not row.is_approved:
        return {"state": row.state}
    if row.kind == Kind.ERASE:
        why = subject(row.subject_model).hindrance(row.subject_id)
        if why.text:
            _finish(row, State.OPEN, {"waits": {"text": why.text, "values": dict(why.values)}})
            return {"state": State.OPEN}
    DataRequest.objects.filter(pk=row.pk).update(state=State.RUNNING, job_id=current_job_id() or F("job_id"))
    try:
        if row.kind == Kind.ERASE:
            result: dict[str, Any] = erasing.erase(row.subject_model, row.subject_id)
            _forget_copies(row)
            _finish(row, State.DONE, result, finished_at=timezone.now())
        else:
            name, counts = copying.write_copy(row.subject_model, row.subject_id, row.public_id)
            now = timezone.now()
            _finish(row, State.DONE, {"rows": counts}, file=name, finished_at=now, expires_at=now + COPY_LIVES)
            _forget_if_erased_meanwhile(row)
    except Exception:
        DataRequest.objects.filter(pk=row.pk).update(state=State.FAILED)
        raise
    return {"state": State.DONE}


def _finish(row: DataRequest, state: str, result: dict[str, Any], **fields: Any) -> None:
    DataRequest.objects.filter(pk=row.pk).update(state=state, result=result, **fields)


def _forget_copies(row: DataRequest) -> None:
    """Copies made for somebody who is erased now."""
    for other in DataRequest.objects.filter(
        subject_model=row.subject_model, subject_id=row.subject_id, kind=Kind.EXPORT
    ).exclude(file=""):
        forget_copy(other)


def _forget_if_erased_meanwhile(row: DataRequest) -> None:
    """The erasure removes the copies it sees; one that is finished after it removes itself."""
    if not subject(row.subject_model).exists(row.subject_id):
        row.refresh_from_db(fields=["file"])
        if row.file:
            forget_copy(row)


def forget_copy(row: DataRequest) -> None:
    (copying.folder() / row.file).unlink(missing_ok=True)
    DataRequest.objects.filter(pk=row.pk).update(file="")


def _open() -> Any:
    return DataRequest.objects.filter(state__in=[State.OPEN, State.RUNNING])


def tidy() -> dict[str, int]:
    """Nightly: remove copies whose time is over, try waiting and failed requests again."""
    over = list(DataRequest.objects.exclude(file="").filter(expires_at__lt=timezone.now()))
    for row in over:
        forget_copy(row)
    again = list(DataRequest.objects.filter(state__in=[State.OPEN, State.FAILED], is_approved=True))
    for row in again:
        start(row)
    return {"removed": len(over), "tried_again": len(again)}


def watch_clock() -> None:
    """Alert while a request is close to its day or past it (asked every minute)."""
    now = timezone.now()
    late = DataRequest.objects.filter(state__in=[State.OPEN, State.RUNNING, State.FAILED], due_at__lt=now + SOON)
    first = late.order_by("due_at").first()
    if first is None:
        alerts.resolve("data_request_due")
        return
    if first.due_at < now:
        said = Said(OVERDUE, {"count": late.filter(due_at__lt=now).count()})
    else:
        said = Said(DUE, {"count": late.count(), "days": (first.due_at - now).days})
    alerts.raise_alert("data_request_due", said=said, link=reverse("admin:core_datarequest_changelist"))
