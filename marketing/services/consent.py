"""Consent: said, confirmed by link, taken back. Each change is a row with its proof and an entry of the ledger.

A consent given where nobody has shown that the mailbox is theirs waits until the link in a mail was followed (double
opt-in), unless the shop's settings say otherwise. Taking back always counts at once.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Customer
from catalog.services import choose_personalisation
from core.exceptions import NotFound
from marketing import addresses, links
from marketing.models import (
    Channel,
    Consent,
    ConsentEvent,
    ConsentState,
    MarketingSettings,
    Purpose,
    Restriction,
    StockRequest,
    Suppression,
)
from marketing.models.consent import ConsentSource
from marketing.services.waiting import end_requests

UNPROVEN = (ConsentSource.API,)
"""Who says it by these ways has not shown that the mailbox is theirs."""
WORDING = "2026-11"
"""Version of the words of the preference page and of the mail that asks for a confirmation."""


@dataclass(frozen=True)
class Word:
    """What somebody says about one purpose and channel."""

    purpose: str
    channel: str
    given: bool


@dataclass(frozen=True)
class Proof:
    """How it is known. `is_confirmed`: the shop has itself made sure that the address belongs to the customer.
    `is_from_mail`: whoever says it came by a link that was sent to the customer's mailbox, or said it to staff."""

    source: str
    wording_version: str = WORDING
    is_confirmed: bool = False
    is_from_mail: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)


def tell(customer_id: int, words: Iterable[Word], proof: Proof, *, at: datetime | None = None) -> list[Consent]:
    """Write down what was said. The same again changes nothing, and what is older than what stands is only kept as an
    event. Of a record that was merged it is said for the one that was kept; a "no" counts for both, so that it also
    stands when they are taken apart. Returns the rows of these purposes and channels. Nothing for people who were
    erased."""
    moment = at or timezone.now()
    wanted = {(word.purpose, word.channel): word for word in words}
    ask: list[Consent] = []
    with transaction.atomic():
        customer = _locked(customer_id)
        if customer is None:
            return []
        known = {(row.purpose, row.channel): row for row in Consent.objects.filter(customer=customer)}
        left = list(Consent.objects.filter(customer__merged_into=customer))
        overruled = _overruled(known, left)
        events, found = [], []
        for place, word in sorted(wanted.items()):
            row = known.get(place)
            state = _state(word, proof, row if place not in overruled else None)
            if not word.given:
                events += _withdraw_left([one for one in left if (one.purpose, one.channel) == place], proof, moment)
            if row is not None and row.state == state and place not in overruled:
                found.append(row)
                if state == ConsentState.PENDING:
                    ask.append(row)
                continue
            events.append(_event(customer.pk, place, state, proof, moment))
            if row is not None and row.at > moment:
                found.append(row)
                continue
            row = row or Consent(customer=customer, purpose=word.purpose, channel=word.channel)
            row.state, row.at, row.source, row.wording_version = state, moment, proof.source, proof.wording_version
            row.save()
            found.append(row)
            if state == ConsentState.PENDING:
                ask.append(row)
            elif state == ConsentState.GIVEN:
                _lift_unsubscription(customer, word.channel)
        ConsentEvent.objects.bulk_create(events)
        if any(row.purpose == Purpose.STOCK and row.state == ConsentState.WITHDRAWN for row in found):
            end_requests(StockRequest.objects.filter(customer=customer))
        if ask and events:
            _ask_to_confirm(customer, ask)
    return found


Place = tuple[str, str]
"""A purpose and a channel."""


def _locked(customer_id: int) -> Customer | None:
    """This customer, or the record that was kept in their place, to ourselves until the transaction ends. Asked again
    once it is locked, because a merge, or its undo, may have ended meanwhile."""
    people = Customer.objects.existing().select_for_update(no_key=True)
    for _try in range(MOST_TRIES):
        kept_id = kept_id_of(customer_id)
        found = people.filter(pk=kept_id).first()
        if kept_id_of(customer_id) == kept_id:
            return found
    return None


MOST_TRIES = 5


def kept_id_of(customer_id: int) -> int:
    """Whom the key of a record stands for: of one that was merged, for the one that was kept."""
    kept = Customer.objects.filter(pk=customer_id, erased_at=None).values_list("merged_into", flat=True).first()
    return customer_id if kept is None else kept


def _overruled(known: Mapping[Place, Consent], left: Iterable[Consent]) -> set[Place]:
    """What was given, and was taken back later on a record that was merged: no message goes (marketing.sending)."""
    found = set()
    for row in left:
        own = known.get((row.purpose, row.channel))
        is_no = row.state == ConsentState.WITHDRAWN
        if is_no and own is not None and own.state == ConsentState.GIVEN and own.at < row.at:
            found.add((row.purpose, row.channel))
    return found


def _withdraw_left(rows: Iterable[Consent], proof: Proof, moment: datetime) -> list[ConsentEvent]:
    """Consents that stayed with records that were merged, taken back as well."""
    events = []
    for row in rows:
        if row.state == ConsentState.WITHDRAWN or row.at > moment:
            continue
        row.state, row.at, row.source = ConsentState.WITHDRAWN, moment, proof.source
        row.wording_version = proof.wording_version
        row.save()
        events.append(_event(row.customer_id, (row.purpose, row.channel), row.state, proof, moment))
    return events


def _event(customer_id: int, place: Place, state: str, proof: Proof, moment: datetime) -> ConsentEvent:
    purpose, channel = place
    return ConsentEvent(
        customer_id=customer_id, purpose=purpose, channel=channel, state=state, at=moment, source=proof.source,
        wording_version=proof.wording_version, proof=dict(proof.details),
    )  # fmt: skip


def _state(word: Word, proof: Proof, row: Consent | None) -> str:
    if not word.given:
        return ConsentState.WITHDRAWN
    if row is not None and row.state == ConsentState.GIVEN:
        return ConsentState.GIVEN
    is_unproven = proof.source in UNPROVEN or not proof.is_from_mail
    waits = word.channel == Channel.EMAIL and is_unproven and not proof.is_confirmed
    return ConsentState.PENDING if waits and MarketingSettings.current().double_opt_in else ConsentState.GIVEN


def _lift_unsubscription(customer: Customer, channel: str) -> None:
    """Somebody who agrees anew is no longer unsubscribed. What bounced or complained stays suppressed."""
    address = addresses.address_of(customer, channel)
    if address:
        Suppression.objects.filter(
            channel=channel, address_hash=addresses.hash_of(channel, address), reason=Suppression.Reason.UNSUBSCRIBE
        ).delete()


def _ask_to_confirm(customer: Customer, rows: list[Consent]) -> None:
    from core.mail import send

    address = addresses.address_of(customer, Channel.EMAIL)
    if not address:
        return
    send(
        "consent_confirmation", to=address, language=language_of(customer),
        context={"link": links.absolute(links.confirmation(customer.pk, rows, address)), "days": CONFIRM_DAYS},
    )  # fmt: skip


CONFIRM_DAYS = links.CONFIRM_DAYS


def confirm(token: str, *, ip: str = "") -> list[Consent] | None:
    """Follow the link of a confirmation: those that still wait since it was sent are given. None for a link that is
    not ours or too old. Returns what was asked in it and is given now; empty when nothing waited any more, or the
    customer has another address by now."""
    content = links.read_confirmation(token)
    if content is None:
        return None
    customer_id, asked = content.customer_id, content.asked
    places = {(purpose, channel) for purpose, channel, _at in asked}
    kept_id = kept_id_of(customer_id)
    if not _reaches(kept_id, content.mailbox):
        return []
    if kept_id == customer_id or _is_same_mailbox(customer_id, kept_id):
        own = {(row.purpose, row.channel): row for row in Consent.objects.filter(customer_id=kept_id)}
        waiting = Consent.objects.filter(customer_id__in={customer_id, kept_id}, state=ConsentState.PENDING)
        words = [
            Word(row.purpose, row.channel, given=True)
            for row in waiting
            if (row.purpose, row.channel, int(row.at.timestamp())) in asked and not _is_older(row, own)
        ]
        tell(kept_id, words, Proof(ConsentSource.DOUBLE_OPT_IN, details=page_proof("confirm", ip)))
    given = Consent.objects.filter(customer_id=kept_id, state=ConsentState.GIVEN)
    return [row for row in given if (row.purpose, row.channel) in places]


def _reaches(customer_id: int, mailbox: str) -> bool:
    """Whoever followed the link reads the mailbox that it was sent to: it says nothing about another one."""
    email = Customer.objects.filter(pk=customer_id).values_list("email", flat=True).first() or ""
    return not mailbox or links.mailbox_of(email) == mailbox


def _is_same_mailbox(one_id: int, other_id: int) -> bool:
    """The link came to the address of one record: it says nothing about another address."""
    hashes = {
        addresses.hash_of(Channel.EMAIL, address)
        for address in Customer.objects.filter(pk__in=[one_id, other_id]).values_list("email", flat=True)
    }
    return len(hashes) == 1


def _is_older(row: Consent, own: Mapping[Place, Consent]) -> bool:
    """What waits on a record that was merged, and was taken back on the kept one since."""
    kept = own.get((row.purpose, row.channel))
    return kept is not None and kept.state == ConsentState.WITHDRAWN and kept.at > row.at


def withdraw_all(customer_id: int, channel: str, proof: Proof) -> None:
    """No more messages of any purpose by this channel: every consent is taken back and the address is suppressed. Of a
    record that was merged its own address, too: there the message went."""
    tell(customer_id, [Word(purpose, channel, given=False) for purpose in Purpose], proof)
    for customer in Customer.objects.filter(pk__in={customer_id, kept_id_of(customer_id)}, erased_at=None):
        if address := addresses.address_of(customer, channel):
            suppress(channel, address, Suppression.Reason.UNSUBSCRIBE)


def suppress(channel: str, address: str, reason: str) -> bool:
    """Nobody writes to this address any more. False: it was suppressed already."""
    _row, is_new = Suppression.objects.get_or_create(
        channel=channel, address_hash=addresses.hash_of(channel, address),
        defaults={"reason": reason, "at": timezone.now()},
    )  # fmt: skip
    return is_new


def records_of(customer_id: int) -> QuerySet[Customer]:
    """A customer and the records that were merged into theirs: for `customer__in`, which an index answers; the same
    asked with a join reads the whole table."""
    return Customer.objects.filter(Q(pk=customer_id) | Q(merged_into=customer_id)).order_by()


def current(customer_id: int) -> dict[Place, Consent]:
    """What the customer says, by purpose and channel. What was taken back later on a record that was merged is taken
    back. One query."""
    rows = list(Consent.objects.filter(customer__in=records_of(customer_id)).order_by("at"))
    known: dict[Place, Consent] = {(row.purpose, row.channel): row for row in rows if row.customer_id == customer_id}
    left = [row for row in rows if row.customer_id != customer_id and row.state == ConsentState.WITHDRAWN]
    overruled = _overruled(known, left)
    return known | {place: row for row in left if (place := (row.purpose, row.channel)) in overruled}


def standing(customer_id: int) -> list[dict[str, Any]]:
    """Each purpose and channel with what the customer says of it; `none`: never asked."""
    known = current(customer_id)
    return [
        {
            "purpose": str(purpose),
            "channel": str(channel),
            "state": known[purpose, channel].state if (purpose, channel) in known else "none",
            "since": known[purpose, channel].at if (purpose, channel) in known else None,
        }
        for purpose in Purpose
        for channel in Channel
        if purpose != Purpose.STOCK or channel == Channel.EMAIL
    ]


@transaction.atomic
def restrict(customer_id: int, *, wanted: bool, by_id: int | None = None) -> bool:
    """Only keep this customer's data, or use it again: messages stop, and so does everything that personalisation does.
    True: it changed. Raises NotFound for a customer who is gone."""
    customer = Customer.objects.existing().select_for_update(no_key=True).filter(pk=customer_id).first()
    if customer is None:
        raise NotFound(_("This customer no longer exists."))
    held = Restriction.objects.filter(customer_id=customer_id).first()
    if (held is not None) == wanted:
        return False
    if held is not None:
        held.delete()
        if held.was_personalised:
            choose_personalisation(customer_id, wanted=True)
        return True
    Restriction.objects.create(
        customer_id=customer_id, since=timezone.now(), by_id=by_id, was_personalised=customer.is_personalised
    )
    choose_personalisation(customer_id, wanted=False)
    return True


def page_proof(page: str, ip: str) -> dict[str, str]:
    """Proof of an act on one of our pages: which page, and the address it came from as a keyed hash."""
    if not ip:
        return {"page": page}
    said = hmac.new(settings.SECRET_KEY.encode(), f"marketing.ip:{ip}".encode(), hashlib.sha256)
    return {"page": page, "ip_hash": said.hexdigest()}


def language_of(customer: Customer) -> str:
    """The customer's language as far as we write it, else the shop's first."""
    from core.shop import current_shop

    said = customer.language or (current_shop().languages or ["en"])[0]
    return "zh-hans" if said.lower().startswith("zh") else "en"


def forget_unconfirmed(days: int = 2 * CONFIRM_DAYS) -> int:
    """Consents that nobody confirmed are taken as not given. Returns how many. What waits on a record that was merged
    stays as it is: it says nothing about the record that was kept."""
    old = Consent.objects.filter(
        state=ConsentState.PENDING, at__lt=timezone.now() - timedelta(days=days), customer__merged_into=None
    )
    count = 0
    for row in list(old[:1000]):
        word = Word(row.purpose, row.channel, given=False)
        count += len(tell(row.customer_id, [word], Proof(ConsentSource.DOUBLE_OPT_IN, details={"page": "expired"})))
    return count
