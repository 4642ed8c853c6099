"""Taking due recipients: one transaction that locks, looks at everything again, and writes "sending".

Rows are taken with SKIP LOCKED, so workers do not wait for each other. Then the customers' rows are locked, also with
SKIP LOCKED: whoever gives or takes back consent locks them too, and two campaigns cannot count one customer's messages
at once. A customer whom somebody else holds is left for the next round.
"""

import hashlib
import hmac
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.mail.writing import sender_address
from core.shop import current_shop
from marketing import addresses
from marketing.models import Campaign, Channel, MarketingSettings, Purpose, Recipient, Suppression
from marketing.sending import conditions, zones
from marketing.sending.rules import Act, Facts, Rules, Verdict, decide
from marketing.triggers import holding

LATEST = timedelta(days=2)
"""A message for an occasion that could not go for so long says nothing any more."""

BY_THE_HOUR = (Recipient.Timing.OWN, Recipient.Timing.SHOP)

DUE = """
SELECT id, customer_id, step_id, template_version_id, purpose, channel, arm, is_holdout, occasion_id, due_at, timing
FROM marketing_recipient
WHERE state = 'planned' AND due_at <= %(now)s AND (batch IS NULL OR batch <= %(out)s) AND {whose}
ORDER BY campaign_id, due_at, id LIMIT %(most)s
FOR UPDATE SKIP LOCKED
"""
PEOPLE = """
SELECT id, email, phone, public_id, name, language, country, erased_at IS NOT NULL OR merged_into_id IS NOT NULL,
    is_personalised
FROM catalog_customer WHERE id = ANY(%(ids)s) FOR NO KEY UPDATE SKIP LOCKED
"""
CONSENTS = """
SELECT k.customer_id, k.purpose, k.channel FROM marketing_consent k
WHERE k.customer_id = ANY(%(ids)s) AND k.state = 'given' AND NOT EXISTS (
    SELECT FROM catalog_customer m JOIN marketing_consent o ON o.customer_id = m.id
    WHERE m.merged_into_id = k.customer_id AND o.purpose = k.purpose AND o.channel = k.channel
        AND o.state = 'withdrawn' AND o.at > k.at)
"""
# What is shown in the shop needs no yes, but a no counts, also one that was said on a record that was merged.
REFUSED = """
SELECT c.id, k.purpose FROM catalog_customer c JOIN marketing_consent k ON k.customer_id = c.id
WHERE c.id = ANY(%(ids)s) AND k.channel = 'in_site' AND k.state = 'withdrawn'
UNION
SELECT m.merged_into_id, o.purpose FROM catalog_customer m JOIN marketing_consent o ON o.customer_id = m.id
WHERE m.merged_into_id = ANY(%(ids)s) AND o.channel = 'in_site' AND o.state = 'withdrawn' AND NOT EXISTS (
    SELECT FROM marketing_consent k WHERE k.customer_id = m.merged_into_id AND k.purpose = o.purpose
        AND k.channel = 'in_site' AND k.state = 'given' AND k.at >= o.at)
"""
RECENT = """
SELECT customer_id, count(*) FROM marketing_recipient
WHERE customer_id = ANY(%(ids)s) AND state IN ('sending', 'sent', 'unknown') AND claimed_at > %(since)s
    AND channel <> 'in_site'
GROUP BY customer_id
"""
TAKE = """
UPDATE marketing_recipient r SET state = 'sending', claimed_at = %(now)s, tries = r.tries + 1,
    message_id = n.message_id, language = n.language, skip_reason = ''
FROM unnest(%(ids)s::bigint[], %(messages)s::text[], %(languages)s::text[]) AS n (id, message_id, language)
WHERE r.id = n.id
"""
LEAVE = """
UPDATE marketing_recipient r SET state = n.state, skip_reason = n.reason, due_at = coalesce(n.due_at, r.due_at)
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(dues)s::timestamptz[])
    AS n (id, state, reason, due_at)
WHERE r.id = n.id
"""


@dataclass(frozen=True)
class Claimed:
    """One message to hand over now: committed as "sending", with its Message-ID."""

    recipient_id: int
    campaign_id: int | None
    customer_id: int
    step_id: int | None
    template_version_id: int | None
    purpose: str
    channel: str
    arm: str
    address: str
    name: str
    language: str
    message_id: str
    occasion_id: int | None = None


@dataclass(frozen=True)
class Round:
    """What one claim did. `looked` is 0 when nothing was due."""

    claimed: tuple[Claimed, ...] = ()
    looked: int = 0
    skipped: int = 0
    later: int = 0
    busy: int = 0


def message_id_of(recipient_id: int) -> str:
    """The same for a recipient whenever it is asked, so that a provider or a mail server can see a second one."""
    said = hmac.new(settings.SECRET_KEY.encode(), f"marketing.message:{recipient_id}".encode(), hashlib.sha256)
    return f"<m{recipient_id}.{said.hexdigest()[:24]}@{sender_address().rpartition('@')[2] or 'localhost'}>"


def claim(
    campaign_id: int | None, *, most: int = 100, now: datetime | None = None, channels: Collection[str] | None = None
) -> Round:  # fmt: skip
    """Take up to `most` due messages of a campaign, or single ones (None), of these channels where they are named.
    Commits before it returns."""
    with transaction.atomic(), connection.cursor() as cursor:
        state, cap, days, started, out = _campaign(campaign_id)
        rows = _due(cursor, campaign_id, now or timezone.now(), most, out, channels)
        if not rows:
            return Round()
        people = _people(cursor, {row[1] for row in rows})
        # After the locks: a clock read before would be older than what others have committed meanwhile.
        moment = now or timezone.now()
        held = MarketingSettings.current()
        rules = Rules(held.is_sending, cap or held.cap_messages, held.quiet_from, held.quiet_until)
        facts = _facts(cursor, rows, people, state, moment, timedelta(days=days or held.cap_days), started)
        verdicts: dict[int, Verdict] = {}
        seen: set[int] = set()
        for row in rows:
            if row[0] not in facts or row[1] in seen:
                continue  # somebody else holds the customer, or another message of this round may count for the cap
            verdict = decide(facts[row[0]], rules, moment)
            verdicts[row[0]] = verdict
            if verdict.act == Act.SEND:
                seen.add(row[1])
        claimed = tuple(
            _claimed(row, campaign_id, people[row[1]], facts[row[0]])
            for row in rows
            if row[0] in verdicts and verdicts[row[0]].act == Act.SEND
        )
        _take(cursor, claimed, moment)
        _leave(cursor, verdicts)
    acts = [one.act for one in verdicts.values()]
    return Round(
        claimed, len(rows), acts.count(Act.SKIP) + acts.count(Act.CANCEL), acts.count(Act.LATER),
        len(rows) - len(acts) + acts.count(Act.WAIT),
    )  # fmt: skip


def _campaign(campaign_id: int | None) -> tuple[str, int | None, int | None, datetime | None, int]:
    """State, cap, start and last batch of the campaign, which cannot be paused until this transaction ends."""
    if campaign_id is None:
        return "", None, None, None, 0
    held = (
        "SELECT state, cap_messages, cap_days, started_at, batches_out FROM marketing_campaign WHERE id = %s FOR SHARE"
    )
    with connection.cursor() as cursor:
        cursor.execute(held, [campaign_id])
        found = cursor.fetchone()
    return found if found is not None else (Campaign.State.CANCELLED, None, None, None, 0)


def _due(
    cursor: Any, campaign_id: int | None, now: datetime, most: int, out: int, channels: Collection[str] | None
) -> list[Any]:  # fmt: skip
    """`out`: batches that were let go; the versions of later ones are not chosen yet."""
    whose = "campaign_id IS NULL" if campaign_id is None else "campaign_id = %(campaign)s"
    if channels is not None:
        whose += " AND channel = ANY(%(channels)s)"
    values = {"campaign": campaign_id, "now": now, "most": most, "out": out, "channels": sorted(channels or ())}
    cursor.execute(DUE.format(whose=whose), values)
    return list(cursor.fetchall())


def _people(cursor: Any, ids: Iterable[int]) -> dict[int, Any]:
    cursor.execute(PEOPLE, {"ids": sorted(ids)})
    return {row[0]: row for row in cursor.fetchall()}


def _facts(
    cursor: Any, rows: list[Any], people: dict[int, Any], state: str, now: datetime, cap: timedelta,
    started: datetime | None,
) -> dict[int, Facts]:  # fmt: skip
    """By recipient, for those whose customer is locked."""
    ids = list(people)
    cursor.execute(CONSENTS, {"ids": ids})
    given = set(cursor.fetchall()) | _shown_in_shop(cursor, rows, people)
    cursor.execute("SELECT customer_id FROM marketing_restriction WHERE customer_id = ANY(%s)", [ids])
    restricted = {pk for (pk,) in cursor.fetchall()}
    cursor.execute(RECENT, {"ids": ids, "since": now - cap})
    recent = dict(cursor.fetchall())
    over = holding.over(cursor, [row[8] for row in rows if row[8] is not None])
    sold_out = holding.sold_out(cursor, [row[0] for row in rows if row[4] == Purpose.STOCK])
    unmet = conditions.unmet(cursor, [row[0] for row in rows if row[2] is not None])
    shop_zone = current_shop().time_zone
    facts, hashes = {}, {}
    for recipient, customer, _step, _version, purpose, channel, _arm, is_holdout, occasion, due_at, timing in rows:
        if customer not in people:
            continue
        _id, email, phone, public_id, _name, _language, country, is_gone, _follows = people[customer]
        is_sent = channel != Channel.IN_SITE  # what is shown in the shop wakes nobody and counts as no message
        address = "" if is_gone else addresses.pick(channel, email=email, phone=phone, public_id=public_id)
        if address:
            hashes[recipient] = (channel, addresses.hash_of(channel, address))
        facts[recipient] = Facts(
            state, is_holdout, is_gone, customer in restricted, (customer, purpose, channel) in given, address, False,
            recent.get(customer, 0) if is_sent else 0, zones.zones_of(country, shop_zone) if is_sent else (),
            is_over=occasion in over or recipient in sold_out,
            is_late=occasion is not None and now - due_at > LATEST, unmet=unmet.get(recipient, ""),
            again_at=_again(due_at, started) if timing in BY_THE_HOUR and started is not None else None,
        )  # fmt: skip
    wanted = Suppression.objects.filter(address_hash__in={one for _channel, one in hashes.values()})
    suppressed = set(wanted.values_list("channel", "address_hash"))
    for recipient, place in hashes.items():
        if place in suppressed:
            facts[recipient] = replace(facts[recipient], is_suppressed=True)
    return facts


def _shown_in_shop(cursor: Any, rows: list[Any], people: dict[int, Any]) -> set[tuple[int, str, str]]:
    """Who may be shown something in the shop: who wants to be followed and did not say no."""
    asked = {row[1] for row in rows if row[5] == Channel.IN_SITE and row[1] in people and people[row[1]][8]}
    if not asked:
        return set()
    cursor.execute(REFUSED, {"ids": sorted(asked)})
    refused = set(cursor.fetchall())
    channel = Channel.IN_SITE.value
    return {
        (who, purpose, channel) for who in asked for purpose in Purpose.values if (who, purpose) not in refused
    }  # fmt: skip


def _again(due_at: datetime, started: datetime) -> datetime | None:
    """The same hour of the first day after the start, for what was due an hour or more before it."""
    if started - due_at < timedelta(hours=1):
        return None
    return due_at + timedelta(days=math.ceil((started - due_at) / timedelta(days=1)))


def _claimed(row: Any, campaign_id: int | None, person: Any, facts: Facts) -> Claimed:
    recipient, customer, step, version, purpose, channel, arm, _holdout, occasion, _due, _timing = row
    said = person[5] or (current_shop().languages or ["en"])[0]
    return Claimed(
        recipient, campaign_id, customer, step, version, purpose, channel, arm, facts.address, person[4],
        "zh-hans" if said.lower().startswith("zh") else "en", message_id_of(recipient), occasion,
    )  # fmt: skip


def _take(cursor: Any, claimed: tuple[Claimed, ...], now: datetime) -> None:
    if claimed:
        cursor.execute(
            TAKE,
            {
                "now": now,
                "ids": [one.recipient_id for one in claimed],
                "messages": [one.message_id for one in claimed],
                "languages": [one.language for one in claimed],
            },
        )


STATES = {Act.SKIP: Recipient.State.SKIPPED, Act.CANCEL: Recipient.State.CANCELLED, Act.LATER: Recipient.State.PLANNED}


def _leave(cursor: Any, verdicts: dict[int, Verdict]) -> None:
    left = [(pk, one) for pk, one in verdicts.items() if one.act in STATES]
    if left:
        cursor.execute(
            LEAVE,
            {
                "ids": [pk for pk, _one in left],
                "states": [str(STATES[one.act]) for _pk, one in left],
                "reasons": [str(one.reason) for _pk, one in left],
                "dues": [one.due_at for _pk, one in left],
            },
        )
