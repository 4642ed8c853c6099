"""From an occasion to messages that wait: found, drawn and written in one transaction, together with the mark.

Whoever looks holds the campaign's mark, so two workers never enrol for the same campaign at once; one that is killed
has moved nothing, and the next look finds the same (docs/adr/0118). Consent and all else is looked at again when a
message is claimed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import Customer
from core.experiments import exposures
from core.jobs import guard
from core.models import ExperimentArm
from marketing.campaigns import audiences, eligibility, lifecycle, planning
from marketing.campaigns.eligibility import Person, Question
from marketing.models import Campaign, CampaignStep, Occasion, Recipient, TriggerMark
from marketing.triggers import finding
from marketing.triggers.finding import Found
from marketing.triggers.kinds import ONCE, settings_of

MOST_LOOKS = 500
State, Reason = Recipient.State, Recipient.Reason


def run_all(*, now: datetime | None = None, progress: Callable[[int], Any] = lambda done: None) -> dict[str, int]:
    """Look for every running campaign with a trigger. How many took part, and how many not for each reason."""
    said: Counter[str] = Counter()
    running = Campaign.objects.filter(state=Campaign.State.RUNNING).exclude(trigger="").order_by("pk")
    for pk in running.values_list("pk", flat=True):
        said.update(run(pk, now=now))
        progress(said.total())
    return dict(said)


def run(campaign_id: int, *, now: datetime | None = None) -> dict[str, int]:
    """Enrol for everything that happened since the last look. Nothing while somebody else looks."""
    said: Counter[str] = Counter()
    campaign = Campaign.objects.filter(pk=campaign_id).first()
    if campaign is None:
        return {}
    # Committed by itself: somebody else who begins would wait for it.
    TriggerMark.objects.get_or_create(campaign=campaign, defaults=finding.first_mark(campaign))
    for _look in range(MOST_LOOKS):
        found, is_whole = _one_look(campaign_id, now)
        said.update(found)
        if is_whole:
            break
    return dict(said)


@transaction.atomic
def _one_look(campaign_id: int, at: datetime | None) -> tuple[Counter[str], bool]:
    guard()
    campaign = (
        Campaign.objects.select_related("audience", "experiment").filter(pk=campaign_id, state=Campaign.State.RUNNING)
        .exclude(trigger="").first()
    )  # fmt: skip
    if campaign is None:
        return Counter(), True
    mark = TriggerMark.objects.select_for_update(skip_locked=True).filter(campaign=campaign).first()
    if mark is None:
        return Counter(), True
    now = at or timezone.now()
    look = finding.look(campaign, mark, now)
    said = _enrol(campaign, _new(campaign, look.found, now), now)
    for name, value in look.mark.items():
        setattr(mark, name, value)
    mark.save(update_fields=list(look.mark))
    return said, look.is_whole


def _new(campaign: Campaign, found: Sequence[Found], now: datetime) -> list[Found]:
    """One for each customer: who belongs to the audience, may be followed, was not enrolled for this, and not lately
    for another one."""
    repeat = settings_of(campaign).get("repeat_days", ONCE)
    wanted = {one.customer_id: one for one in reversed(found)}
    people = Customer.objects.existing().filter(is_personalised=True)
    if campaign.audience is not None:
        people = people.filter(pk__in=audiences.customers_of(campaign.audience).order_by().values("pk"))
    rows = Occasion.objects.filter(campaign=campaign, customer__in=list(wanted))
    there = set(rows.values_list("customer_id", "key"))
    lately = set(
        rows.filter(is_enrolled=True, found_at__gt=now - timedelta(days=repeat)).values_list("customer_id", flat=True)
    )
    able = set(people.filter(pk__in=list(wanted)).values_list("pk", flat=True)) - lately
    return [one for who, one in sorted(wanted.items()) if who in able and (who, one.key) not in there]


def _enrol(campaign: Campaign, found: Sequence[Found], now: datetime) -> Counter[str]:
    said: Counter[str] = Counter()
    if not found:
        return said
    steps = list(campaign.steps.order_by("position"))
    draw = planning.Draw(campaign, steps[0])
    experiment = campaign.experiment_id
    arms = dict(ExperimentArm.objects.filter(experiment=experiment).values_list("key", "pk")) if experiment else {}
    question = Question.of(campaign, at=now)
    by_customer = {one.customer_id: one for one in found}
    for batch in eligibility.batches(by_customer):
        chosen = [(one, "" if one.reason else draw.of(one.public_id)) for one in eligibility.people(batch, question)]
        occasions = Occasion.objects.bulk_create(
            Occasion(
                campaign=campaign, customer_id=one.pk, key=by_customer[one.pk].key, at=by_customer[one.pk].at,
                found_at=now, facts=by_customer[one.pk].facts, is_enrolled=not one.reason,
            )
            for one, _arm in chosen
        )  # fmt: skip
        rows: list[Recipient] = []
        for (one, arm), occasion in zip(chosen, occasions, strict=True):
            rows += _messages(campaign, steps, one, arm, occasion, now)
            said[one.reason or (lifecycle.DRAWN if arm == planning.CONTROL else "planned")] += 1
        Recipient.objects.bulk_create(rows, batch_size=2_000)
        if experiment:
            exposures.write(
                (experiment, arms[arm], one.public_id, now.timestamp()) for one, arm in chosen if arm in arms
            )
    return said


def _messages(
    campaign: Campaign, steps: Sequence[CampaignStep], one: Person, arm: str, occasion: Occasion, now: datetime
) -> list[Recipient]:
    """A row for each step. Whoever gets nothing has one that says so."""
    is_held = arm == planning.CONTROL
    reason = Reason.HOLDOUT if is_held else Reason(one.reason)
    known = lifecycle.languages()
    language = planning.spoken(one.language, known, next(iter(known)))
    rows, due = [], now
    for step in steps:
        due = due + timedelta(hours=step.wait_hours if step.position > 1 else 0)
        versions = {str(said["key"]): said.get("template_version") for said in step.arms}
        rows.append(
            Recipient(
                campaign=campaign, step=step, customer_id=one.pk, occasion=occasion, purpose=campaign.purpose,
                channel=campaign.channel, arm=arm, is_holdout=is_held, due_at=due, language=language,
                state=State.SKIPPED if reason else State.PLANNED, skip_reason=reason,
                template_version_id=versions.get(arm) or step.template_version_id,
            )
        )  # fmt: skip
        if reason:
            break
    return rows
