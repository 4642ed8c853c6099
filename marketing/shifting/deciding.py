"""Letting the next batch of a campaign go: what is known is written down first, then carried out.

Until its batch is let go nobody of it is claimed (marketing.sending.claiming), so a job that dies leaves everybody
waiting. The choice is a row before the first recipient is changed, and each draw is by HMAC: a job that goes on, or
runs twice, writes the same versions.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import F, Min, Q
from django.utils import timezone

from catalog.experiment_metrics import BOUGHT
from core.alerts import raise_alert
from core.jobs import enqueue, guard, progress
from core.ml.experiments import share_of
from core.said import Said
from marketing.campaigns import lifecycle
from marketing.ml import shifting as ml
from marketing.models import BatchChoice, Campaign, CampaignStep, Recipient
from marketing.shifting.alerts import RULE, STOPPED

State, Split, Reason = Recipient.State, Recipient.Split, BatchChoice.Reason
TASK = "marketing.tasks.let_batch_go"
CHUNK = 5_000
FEWEST_OF_A_LANGUAGE, MOST_LANGUAGES = 100, 4

# Every message counts over the same hours after it was sent, so that versions that came late are not behind.
SEEN = f"""
WITH mine AS (
    SELECT r.id, r.customer_id, r.arm, r.language, r.sent_at FROM marketing_recipient r
    WHERE r.campaign_id = %(campaign)s AND r.step_id = %(step)s AND r.batch <= %(out)s AND r.state = 'sent'
        AND r.sent_at <= %(as_of)s - %(hours)s * interval '1 hour'
), told AS (
    SELECT m.id, bool_or(e.kind = 'clicked' AND e.at < m.sent_at + %(hours)s * interval '1 hour') AS clicked,
        bool_or(e.kind IN ('complained', 'unsubscribed')) AS complained
    FROM mine m JOIN marketing_messageevent e ON e.recipient_id = m.id AND e.at < %(as_of)s GROUP BY m.id
), ordered AS (
    SELECT DISTINCT m.id FROM mine m JOIN catalog_order o ON o.customer_id = m.customer_id
    WHERE %(by)s = 'ordered' AND o.status IN ({BOUGHT}) AND o.paid_at >= m.sent_at
        AND o.paid_at < m.sent_at + %(hours)s * interval '1 hour'
)
SELECT m.arm, m.language, count(*), count(*) FILTER (WHERE CASE %(by)s WHEN 'clicked' THEN t.clicked ELSE o.id IS NOT
    NULL END), count(*) FILTER (WHERE t.complained)
FROM mine m LEFT JOIN told t ON t.id = m.id LEFT JOIN ordered o ON o.id = m.id GROUP BY m.arm, m.language
"""  # noqa: S608 (our own words only)
CHOOSE = """
UPDATE marketing_recipient r SET arm = n.arm,
    template_version_id = CASE WHEN r.step_id = %(step)s THEN n.version ELSE r.template_version_id END
FROM unnest(%(ids)s::bigint[], %(arms)s::text[], %(versions)s::bigint[]) AS n (id, arm, version)
WHERE r.id = n.id AND r.state = 'planned'
"""


def ask(now: datetime | None = None) -> int:
    """A job for each running campaign whose next batch may go. How many."""
    now = now or timezone.now()
    rows = Campaign.objects.filter(state=Campaign.State.RUNNING).exclude(shift_by="").order_by("pk")
    found = [one for one in rows if _next(one, now) is not None]
    for one in found:
        enqueue(TASK, dedupe_key=f"marketing.shift:{one.pk}", campaign_id=one.pk)
    return len(found)


def run(campaign_id: int, *, now: datetime | None = None) -> dict[str, Any]:
    """Choose, carry out, let go. Safe to run twice, late, and to be cut off at any line."""
    now = now or timezone.now()
    campaign = Campaign.objects.get(pk=campaign_id)
    batch = _next(campaign, now)
    if batch is None:
        return {"skipped": campaign.state}
    choice = BatchChoice.objects.filter(campaign=campaign, batch=batch).first() or _choose(campaign, batch, now)
    changed = _carry_out(campaign, choice)
    return {"batch": batch, "reason": choice.reason, "changed": changed, "let_go": _let_go(campaign, choice)}


def _next(campaign: Campaign, now: datetime) -> int | None:
    """The batch that may go now."""
    if campaign.state != Campaign.State.RUNNING or not campaign.shift_by or not campaign.batches_out:
        return None
    last = BatchChoice.objects.filter(campaign=campaign, batch=campaign.batches_out).first()
    begun = last.released_at if last is not None else None
    if begun is None:
        assert campaign.started_at is not None
        begun = max(campaign.started_at, campaign.planned_for or campaign.started_at)
    if now < begun + timedelta(hours=campaign.shift_hours):
        return None
    waiting = Recipient.objects.filter(campaign=campaign, batch__gt=campaign.batches_out, state=State.PLANNED)
    return waiting.aggregate(first=Min("batch"))["first"]


# --- what is known --------------------------------------------------------------------------------------------------


def _choose(campaign: Campaign, batch: int, now: datetime) -> BatchChoice:
    """The row that says how the versions of this batch are chosen, and from what."""
    step = _first_step(campaign)
    keys = [str(arm["key"]) for arm in step.arms]
    seen, contexts = _seen(campaign, step, keys, now)
    before = _stopped(campaign)
    found = ml.decide(
        seen, weights=np.array([float(arm.get("weight", 1)) for arm in step.arms]),
        stopped=np.array([key in before for key in keys]), seed=_seed(campaign, batch),
    )  # fmt: skip
    shares = {
        where: {key: round(float(share), 6) for key, share in zip(keys, row, strict=True)}
        for where, row in zip(contexts, found.shares, strict=True)
    }
    heavy = seen.shown.sum(axis=0) + 1.0
    whole = (heavy / heavy.sum()) @ found.shares
    versions = [
        {
            "key": key, "sent": int(seen.shown[at].sum()), "yes": int(seen.yes[at].sum()),
            "complaints": int(seen.complaints[at].sum()), "mean": round(float(found.mean[at]), 6),
            "low": round(float(found.low[at]), 6), "high": round(float(found.high[at]), 6),
            "share": round(float(whole[at]), 6), "stopped": bool(found.stopped[at]),
        }
        for at, key in enumerate(keys)
    ]  # fmt: skip
    people = Recipient.objects.filter(campaign=campaign, step=step, batch=batch, state=State.PLANNED).count()
    with transaction.atomic():
        guard()
        choice, _is_new = BatchChoice.objects.get_or_create(campaign=campaign, batch=batch, defaults={
            "as_of": now, "reason": found.reason, "versions": versions, "people": people,
            # The language that is read most stands for all others.
            "shares": {"": next(iter(shares.values())), **dict(list(shares.items())[1:])},
        })  # fmt: skip
    return choice


def _seen(
    campaign: Campaign, step: CampaignStep, keys: Sequence[str], now: datetime
) -> tuple[ml.Seen, list[str]]:  # fmt: skip
    """What came of the messages of batches that went, by version and language; one statement. Languages that few read
    count with the one that is read most."""
    with connection.cursor() as cursor:
        cursor.execute(SEEN, {
            "campaign": campaign.pk, "step": step.pk, "out": campaign.batches_out, "as_of": now,
            "hours": campaign.shift_hours / 2, "by": campaign.shift_by,
        })  # fmt: skip
        rows = [row for row in cursor.fetchall() if row[0] in keys]
    sizes: dict[str, int] = {}
    for _arm, language, count, _yes, _complaints in rows:
        sizes[language] = sizes.get(language, 0) + count
    ranked = sorted(sizes, key=lambda one: (-sizes[one], one))
    contexts = [one for at, one in enumerate(ranked) if at == 0 or sizes[one] >= FEWEST_OF_A_LANGUAGE]
    contexts = contexts[:MOST_LANGUAGES] or [""]
    places = {one: at for at, one in enumerate(contexts)}
    seen = ml.Seen(*(np.zeros((len(keys), len(contexts)), np.int64) for _one in range(3)))
    for arm, language, count, yes, complaints in rows:
        place = keys.index(arm), places.get(language, 0)
        seen.shown[place] += count
        seen.yes[place] += yes
        seen.complaints[place] += complaints
    return seen, contexts


def _stopped(campaign: Campaign) -> set[str]:
    """Versions that were stopped stay so."""
    rows = BatchChoice.objects.filter(campaign=campaign).values_list("versions", flat=True)
    return {one["key"] for versions in rows for one in versions if one.get("stopped")}


def _seed(campaign: Campaign, batch: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{campaign.salt}:shift:{batch}".encode()).digest()[:8])


def _first_step(campaign: Campaign) -> CampaignStep:
    return campaign.steps.order_by("position")[0]


# --- carrying out ---------------------------------------------------------------------------------------------------


def _carry_out(campaign: Campaign, choice: BatchChoice) -> int:
    """The versions of everybody whom the choice is about: those of this batch who are shifted, and all who wait for a
    version that was stopped. Later steps without versions of their own go on with that of the first."""
    step = _first_step(campaign)
    versions = {str(arm["key"]): arm.get("template_version") or step.template_version_id for arm in step.arms}
    weights = {str(arm["key"]): float(arm.get("weight", 1)) for arm in step.arms}
    stopped = [str(one["key"]) for one in choice.versions if one.get("stopped")]
    left = _normal({key: 0.0 if key in stopped else weight for key, weight in weights.items()})
    is_shifted = choice.reason == Reason.SHIFTED
    salts = (f"{campaign.salt}:arm:{choice.batch}".encode(), f"{campaign.salt}:again".encode())
    steps = [one.pk for one in campaign.steps.all() if one.pk == step.pk or not one.arms]
    asked = Q(batch__lte=choice.batch, arm__in=stopped)
    if is_shifted:
        asked |= Q(batch=choice.batch, split=Split.SHIFTED)
    rows = Recipient.objects.filter(asked, campaign=campaign, step__in=steps, state=State.PLANNED, batch__isnull=False)
    after, changed = 0, 0
    while found := list(
        rows.filter(pk__gt=after).order_by("pk")
        .values_list("pk", "customer__public_id", "language", "arm", "batch", "split")[:CHUNK]
    ):  # fmt: skip
        moves = []
        for pk, public_id, language, arm, batch, split in found:
            shares, salt = left, salts[1]
            if is_shifted and batch == choice.batch and split == Split.SHIFTED:
                shares, salt = choice.shares.get(language) or choice.shares[""], salts[0]
            new = _drawn(shares, share_of(salt, public_id))
            if new != arm:
                moves.append((pk, new, versions[new]))
        after = found[-1][0]
        changed += _store(step, moves)
        progress(changed, choice.people)
    return changed


def _normal(shares: dict[str, float]) -> dict[str, float]:
    whole = sum(shares.values())
    return {key: share / whole for key, share in shares.items()}


def _drawn(shares: dict[str, float], place: float) -> str:
    """The version at this place in [0, 1). Rounded shares may end just below 1: then the last one that has any."""
    whole, last = 0.0, ""
    for key, share in shares.items():
        whole += share
        if share > 0:
            last = key
            if place < whole:
                break
    return last


def _store(step: CampaignStep, moves: Sequence[tuple[int, str, int | None]]) -> int:
    if not moves:
        return 0
    ids, arms, versions = (list(column) for column in zip(*moves, strict=True))
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(CHOOSE, {"step": step.pk, "ids": ids, "arms": arms, "versions": versions})
        return int(cursor.rowcount)


@transaction.atomic
def _let_go(campaign: Campaign, choice: BatchChoice) -> bool:
    """From now on its messages are claimed. A batch that is late moves its messages, so that later steps keep their
    distance. False: it went already, or the campaign does not run any more."""
    row = lifecycle.locked(campaign)
    guard()
    if row.state != Campaign.State.RUNNING or row.batches_out >= choice.batch:
        return False
    now = timezone.now()
    waiting = Recipient.objects.filter(campaign=row, batch=choice.batch, state=State.PLANNED)
    due = waiting.filter(step=_first_step(row)).aggregate(first=Min("due_at"))["first"]
    if due is not None and now - due > timedelta(minutes=1):
        waiting.update(due_at=F("due_at") + (now - due))
    row.batches_out = choice.batch
    row.save(update_fields=["batches_out"])
    choice.released_at = now
    choice.save(update_fields=["released_at"])
    _tell(row, choice)
    return True


def _tell(campaign: Campaign, choice: BatchChoice) -> None:
    """An alert for each version that this choice stopped."""
    earlier = BatchChoice.objects.filter(campaign=campaign, batch__lt=choice.batch).values_list("versions", flat=True)
    before = {one["key"] for versions in earlier for one in versions if one.get("stopped")}
    for one in choice.versions:
        if one.get("stopped") and one["key"] not in before:
            values = {
                "name": campaign.name, "version": one["key"].upper(), "count": str(one["complaints"]),
                "sent": str(one["sent"]),
            }  # fmt: skip
            raise_alert(RULE, key=f"{campaign.pk}:{one['key']}", said=Said(STOPPED, values))
