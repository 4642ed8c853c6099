"""What people decide about messages of which nobody else can say what became, and which go once more.

Who decided, and why, stands in the ledger; why is one of a few answers, so that nobody is named there for good.
"""

from collections.abc import Iterable

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import ledger
from core.exceptions import BadInput, DomainError
from core.models import LedgerEntry
from marketing.models import Campaign, Recipient

State, Reason = Recipient.State, Recipient.Reason
SUBJECT = "marketing.recipient"
MOST = 10_000
"""Messages that one request lets go once more."""


class Why(models.TextChoices):
    """How somebody knows."""

    LOG = "log", gettext_lazy("the provider's log says so")
    CUSTOMER = "customer", gettext_lazy("the customer says so")
    SUPPORT = "support", gettext_lazy("the provider's support says so")
    NEVER = "never", gettext_lazy("it never reached the provider")


@transaction.atomic
def settle(recipient_id: int, *, was_sent: bool, why: str) -> Recipient:
    """Perhaps sent → sent, or failed and able to go again. Raises DomainError for any other message."""
    row = _locked(recipient_id)
    if why not in Why.values:
        raise BadInput(_("Say how you know."), extra={"field": "why"})
    if row.state != State.UNKNOWN:
        raise DomainError(_("Only a message that was perhaps sent is decided."), code="wrong_state")
    before = row.state
    if was_sent:
        row.state, row.sent_at = State.SENT, row.claimed_at
    else:
        row.state, row.skip_reason = State.FAILED, Reason.NOT_HANDED_OVER
    row.save(update_fields=["state", "sent_at", "skip_reason"])
    _told(row, before, why)
    return row


@transaction.atomic
def send_again(recipient_ids: Iterable[int]) -> int:
    """What never reached the provider waits again: nothing was handed over, so nothing can arrive twice. Everything is
    asked anew when it is claimed. How many; messages of campaigns that have ended stay as they are."""
    rows = list(
        Recipient.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk__in=list(recipient_ids), state=State.FAILED, skip_reason=Reason.NOT_HANDED_OVER)
        .exclude(campaign__state__in=Campaign.ENDED).order_by("pk")
    )  # fmt: skip
    for row in rows:
        row.state, row.skip_reason = State.PLANNED, Reason.NONE
        row.tries, row.due_at, row.claimed_at = 0, timezone.now(), None
    Recipient.objects.bulk_update(rows, ["state", "skip_reason", "tries", "due_at", "claimed_at"], batch_size=1_000)
    ledger.record_many([_change(row, State.FAILED, Why.NEVER) for row in rows])
    return len(rows)


def _locked(recipient_id: int) -> Recipient:
    row = Recipient.objects.select_for_update(of=("self",)).filter(pk=recipient_id).first()
    if row is None:
        raise DomainError(_("This message is gone."), code="not_found")
    return row


def _told(row: Recipient, before: str, why: str) -> None:
    ledger.record_many([_change(row, before, why)])


def _change(row: Recipient, before: str, why: str) -> ledger.Change:
    details = {"before": {"state": str(before)}, "after": {"state": str(row.state)}, "why": str(why)}
    return ledger.Change(LedgerEntry.Kind.OPERATION, f"{SUBJECT}:{row.pk}", details)


def decisions(row: Recipient) -> list[LedgerEntry]:
    """What people decided about this message, the newest first."""
    return list(LedgerEntry.objects.filter(subject=f"{SUBJECT}:{row.pk}").order_by("-id")[:20])
