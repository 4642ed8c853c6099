"""Suppressions that people add and lift. Who did it, and why, stands in the ledger, in one of a few answers."""

from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import ledger
from core.exceptions import BadInput, DomainError
from core.models import LedgerEntry
from marketing import addresses
from marketing.models import Suppression
from marketing.services import consent

SUBJECT = "marketing.suppression"


class Why(models.TextChoices):
    """Why nobody is to write to an address."""

    ASKED = "asked", gettext_lazy("the owner of the address asked for it")
    WRONG = "wrong", gettext_lazy("the address belongs to somebody else")
    UNUSED = "unused", gettext_lazy("nobody reads it any more")
    ABUSE = "abuse", gettext_lazy("it is misused")


class WhyLifted(models.TextChoices):
    """Why an address may be written to again."""

    ASKED = "asked", gettext_lazy("the owner of the address asked for it")
    WORKS = "works", gettext_lazy("the address works again")
    MISTAKE = "mistake", gettext_lazy("it was a mistake")


@transaction.atomic
def suppress(channel: str, address: str, *, why: str) -> tuple[Suppression, bool]:
    """By staff. Also whether it is new. Raises BadInput for what is no address of this channel."""
    if why not in Why.values:
        raise BadInput(_("Say why."), extra={"field": "why"})
    text = address.strip()
    if not addresses.pick(channel, email=text, phone=text, public_id=text) or "\x00" in text:
        raise BadInput(_("This is no address of this channel."), extra={"field": "address"})
    is_new = consent.suppress(channel, text, Suppression.Reason.STAFF)
    row = Suppression.objects.get(channel=channel, address_hash=addresses.hash_of(channel, text))
    if is_new:
        _told(row, why, before=None, after={"reason": row.reason})
    return row, is_new


def can_be_lifted(row: Suppression) -> bool:
    """An address that was erased stays suppressed: a later import would write to it against its owner's will."""
    return row.reason != Suppression.Reason.ERASED


@transaction.atomic
def lift(suppression_id: int, *, why: str) -> None:
    """Write to this address again. Consent is not given back by it. Raises DomainError."""
    if why not in WhyLifted.values:
        raise BadInput(_("Say why."), extra={"field": "why"})
    row = Suppression.objects.select_for_update().filter(pk=suppression_id).first()
    if row is None:
        raise DomainError(_("This suppression is gone."), code="not_found")
    if not can_be_lifted(row):
        raise DomainError(_("An address that was erased stays suppressed."), code="erased")
    _told(row, why, before={"reason": row.reason}, after=None)
    row.delete()


def _told(row: Suppression, why: str, **change: Any) -> None:
    """`before`, `after`: what stood there and what stands there."""
    details = {name: value for name, value in change.items() if value is not None}
    ledger.record_many([
        ledger.Change(
            LedgerEntry.Kind.CONSENT, f"{SUBJECT}:{row.pk}",
            {"channel": str(row.channel), "why": str(why), **details},
        )
    ])  # fmt: skip


def decisions(row: Suppression) -> list[LedgerEntry]:
    """What people decided about this address, the newest first."""
    return list(LedgerEntry.objects.filter(subject=f"{SUBJECT}:{row.pk}").order_by("-id")[:20])
