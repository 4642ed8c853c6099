"""From an approved campaign to one row for each person and step.

Who belongs to the audience is frozen first, then rows are written in batches, each in a transaction of its own: a plan
that was cut off goes on behind its last batch, and one that is asked for twice writes nothing twice. Chance decides by
HMAC of the person's number, so that it decides the same each time. Before each batch the campaign is looked at again:
one that was taken back to the draft, or cancelled, is left alone.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.importing.staging import copy
from core.experiments import exposures
from core.jobs import checkpoint, guard, progress, resume_state
from core.ml.experiments import Split
from core.models import Experiment, ExperimentArm
from marketing.campaigns import audiences, eligibility, lifecycle, trials
from marketing.campaigns.eligibility import Person, Question
from marketing.models import AudienceMember, BatchChoice, Campaign, CampaignStep, MarketingSettings, Recipient
from marketing.shifting.batches import Batches
from marketing.timing.choosing import Hours, Moment, learn

State = Recipient.State
CONTROL = "control"
STAGE = """
CREATE TEMPORARY TABLE planned (step_id bigint, customer_id bigint, arm text, is_holdout boolean, state text,
    skip_reason text, due_at timestamptz, language text, template_version_id bigint, timing text, timing_hour smallint,
    timing_events integer, batch smallint, split text) ON COMMIT DROP
"""
COLUMNS = (
    "step_id, customer_id, arm, is_holdout, state, skip_reason, due_at, language, template_version_id, timing, "
    "timing_hour, timing_events, batch, split"
)
STORE = """
INSERT INTO marketing_recipient (campaign_id, step_id, customer_id, purpose, channel, arm, is_holdout, state,
    skip_reason, due_at, language, template_version_id, timing, timing_hour, timing_events, batch, split, provider,
    tries)
SELECT %(campaign)s, step_id, customer_id, %(purpose)s, %(channel)s, arm, is_holdout, state, skip_reason, due_at,
    language, template_version_id, timing, timing_hour, timing_events, batch, split, '', 0
FROM planned p WHERE EXISTS (SELECT FROM catalog_customer c WHERE c.id = p.customer_id)
ON CONFLICT (campaign_id, step_id, customer_id) WHERE occasion_id IS NULL DO NOTHING
"""


class Draw:
    """Who gets nothing, and which version the others get: the arms of the experiment, or only versions without one.
    Nobody is left out by a later step, and its versions are drawn independently of those before."""

    def __init__(self, campaign: Campaign, step: CampaignStep) -> None:
        held = round(100 * campaign.holdout_share) if step.position == 1 else 0
        salt = campaign.salt if step.position == 1 else f"{campaign.salt}:{step.position}"
        keys = [str(arm["key"]) for arm in step.arms] or ["a"]
        weights = [int(arm.get("weight", 1)) for arm in step.arms] or [1]
        self.shares = _shares(100 - held, weights)
        self.keys = ([CONTROL] if held else []) + keys
        self.weights = ([held] if held else []) + self.shares
        self._split = Split(salt.encode(), self.weights)
        # What chance decides beforehand and for good: where later batches shift, only who gets nothing.
        self.trial = {key: trials.MESSAGE if campaign.shift_by and key != CONTROL else key for key in self.keys}

    def of(self, public_id: str) -> str:
        """The arm of this person; CONTROL gets nothing."""
        return self.keys[self._split.arm_of(public_id)]


def _shares(whole: int, weights: Sequence[int]) -> list[int]:
    """Whole percentages that add up to `whole`, as near to the weights as can be."""
    total = sum(weights)
    exact = [whole * weight / total for weight in weights]
    found = [int(one) for one in exact]
    for place in sorted(range(len(exact)), key=lambda place: found[place] - exact[place])[: whole - sum(found)]:
        found[place] += 1
    return found


class _Left(Exception):
    """The campaign is no longer as it was approved when the plan began."""


def plan(campaign_id: int) -> dict[str, Any]:
    """Write all rows. Approved → planned. Safe to run twice, and after a crash. One that was taken back meanwhile and
    approved anew is planned anew."""
    while True:
        campaign = Campaign.objects.select_related("audience", "experiment").get(pk=campaign_id)
        if campaign.state != Campaign.State.APPROVED:
            return {"skipped": campaign.state}
        try:
            return _wait_for_occasions(campaign) if campaign.trigger else _plan(campaign)
        except _Left:
            continue


def _held(campaign: Campaign) -> Campaign:
    """The campaign, to itself until the transaction ends. Raises _Left unless it is as it was approved."""
    row = lifecycle.locked(campaign)
    if row.state != Campaign.State.APPROVED or row.approved_at != campaign.approved_at:
        raise _Left
    return row


def _plan(campaign: Campaign) -> dict[str, Any]:
    with transaction.atomic():
        _held(campaign)
        total = audiences.freeze(campaign)
    steps = list(campaign.steps.order_by("position"))
    draw = Draw(campaign, steps[0])
    later = {step.pk: Draw(campaign, step) for step in steps[1:] if step.arms}
    experiment = campaign.experiment or _experiment(campaign, steps[0], draw)
    arms = dict(ExperimentArm.objects.filter(experiment=experiment).values_list("key", "pk")) if experiment else {}
    approval = campaign.approved_at.isoformat() if campaign.approved_at is not None else ""
    state = resume_state() or {}
    if state.get("approval", approval) != approval:
        state = {}  # of an earlier approval
    begin = (
        datetime.fromisoformat(state["begin"]) if state else max(campaign.planned_for or timezone.now(), timezone.now())
    )
    after, said = int(state.get("after", 0)), Counter[str](state.get("said", {}))
    question = Question.of(campaign, at=begin)
    hours = _hours(campaign, begin, is_new=not state)
    batches = Batches(campaign, int(campaign.counts.get("reachable") or total)) if campaign.shift_by else None
    most, done = _most(campaign), sum(said.values())
    while ids := _next(campaign, after):
        people = eligibility.people(ids, question)
        chosen = [(one, "" if one.reason else draw.of(one.public_id)) for one in people]
        said.update(one.reason or (lifecycle.DRAWN if arm == CONTROL else "planned") for one, arm in chosen)
        after, done = ids[-1], done + len(ids)
        going = [one for one, arm in chosen if not one.reason and arm != CONTROL]
        moments = hours.of(going) if hours is not None else {}
        with transaction.atomic():
            _held(campaign)
            guard()
            if most is None or _reachable(said) <= most:  # else only counted: it will not go out as it was approved
                _write(campaign, steps, chosen, begin, later, moments, batches)
                if experiment is not None:
                    exposures.write(
                        (experiment.pk, arms[draw.trial[arm]], one.public_id,
                         _counts_from(one, begin, batches).timestamp())
                        for one, arm in chosen
                        if arm
                    )  # fmt: skip
            checkpoint(after=after, begin=begin.isoformat(), said=dict(said), approval=approval)
        progress(done, total)
    with transaction.atomic():
        row = _held(campaign)
        guard()
        counts = {"all": done, "reachable": _reachable(said),
                  **{key: value for key, value in said.items() if key != "planned"}}  # fmt: skip
        if most is not None and counts["reachable"] > most:
            lifecycle.ask_second_person(row, counts)
            return {"people": done, "refused": "second_person", **said}
        _start(experiment)
        lifecycle.move(
            row, Campaign.State.PLANNED, by=None, counts=counts, counted_at=timezone.now(),
            batches_out=1 if row.shift_by else 0,
        )  # fmt: skip
        if row.shift_by:
            _first_batch(row, steps[0], draw)
    return {"people": done, **said}


def _reachable(said: Mapping[str, int]) -> int:
    """Who may get it, and who would if chance had not left them out."""
    return said.get("planned", 0) + said.get(lifecycle.DRAWN, 0)


def _most(campaign: Campaign) -> int | None:
    """To so many it may go as it was approved; None: to any number, because a second person approved it."""
    if lifecycle.is_by_second_person(campaign, campaign.approved_by_id):
        return None
    return MarketingSettings.current().second_person_above


def _counts_from(one: Person, begin: datetime, batches: Batches | None) -> datetime:
    """The moment from which orders count, drawn alike for those who get nothing."""
    return begin + batches.wait(batches.of(one.public_id)) if batches is not None else begin


def _first_batch(campaign: Campaign, step: CampaignStep, draw: Draw) -> None:
    """By fixed shares: nothing is known yet."""
    people = Recipient.objects.filter(campaign=campaign, step=step, batch=1, state=State.PLANNED).count()
    whole = sum(draw.shares)
    shares = {str(arm["key"]): share / whole for arm, share in zip(step.arms, draw.shares, strict=True)}
    BatchChoice.objects.get_or_create(campaign=campaign, batch=1, defaults={
        "as_of": timezone.now(), "reason": BatchChoice.Reason.FIRST, "people": people, "shares": {"": shares},
        "versions": [{"key": key, "share": share} for key, share in shares.items()],
    })  # fmt: skip


def _wait_for_occasions(campaign: Campaign) -> dict[str, Any]:
    """A trigger enrols people one by one (marketing.triggers); only the experiment is made beforehand."""
    step = campaign.steps.order_by("position")[0]
    experiment = campaign.experiment or _experiment(campaign, step, Draw(campaign, step))
    with transaction.atomic():
        row = _held(campaign)
        guard()
        _start(experiment)
        lifecycle.move(row, Campaign.State.PLANNED, by=None, counts={}, counted_at=timezone.now())
    return {"people": 0}


def _next(campaign: Campaign, after: int) -> list[int]:
    rows = AudienceMember.objects.filter(audience=campaign.audience_id, campaign=campaign, customer__gt=after)
    return list(rows.order_by("customer").values_list("customer", flat=True)[: eligibility.BATCH])


def _write(
    campaign: Campaign, steps: Sequence[CampaignStep], chosen: Sequence[tuple[Person, str]], begin: datetime,
    later: Mapping[int, Draw], moments: Mapping[int, Moment], batches: Batches | None,
) -> None:  # fmt: skip
    known = lifecycle.languages()  # before the COPY, in which no other statement may run
    with connection.cursor() as cursor:
        cursor.execute(STAGE)
    copy("planned", COLUMNS, _lines(steps, chosen, begin, later, known, moments, batches))
    with connection.cursor() as cursor:
        cursor.execute(
            STORE, {"campaign": campaign.pk, "purpose": campaign.purpose, "channel": campaign.channel}
        )  # fmt: skip
        cursor.execute("DROP TABLE planned")


def _lines(
    steps: Sequence[CampaignStep], chosen: Sequence[tuple[Person, str]], begin: datetime, later: Mapping[int, Draw],
    known: dict[str, str], moments: Mapping[int, Moment], batches: Batches | None,
) -> Iterator[str]:  # fmt: skip
    """`later`: draws of steps after the first that have versions of their own; others go on with that of the first.
    `known`: languages of the shop. `moments`: of those who get the first step at another moment; later ones follow it
    as they would follow the planned one. `batches`: where the versions of later ones are chosen when they are let go;
    until then everybody has the one of the fixed shares."""
    first = next(iter(known))
    waits, due = [], begin
    for step in steps:
        due = due + timedelta(hours=step.wait_hours if step.position > 1 else 0)
        versions = {str(arm["key"]): arm.get("template_version") for arm in step.arms}
        waits.append((step.pk, due, due.isoformat(), step.template_version_id, versions))
    for one, arm in chosen:
        is_held = arm == CONTROL
        reason = Recipient.Reason.HOLDOUT if is_held else one.reason
        state = State.SKIPPED if reason else State.PLANNED
        language = spoken(one.language, known, first)
        own_moment = moments.get(one.pk)
        why = _why(own_moment)
        shift = own_moment.due_at - begin if own_moment is not None else timedelta(0)
        lot = "\\N\t"
        if batches is not None and arm:
            batch = batches.of(one.public_id)
            shift = batches.wait(batch)
            lot = f"{batch}\t{'' if is_held else batches.split_of(one.public_id, batch)}"
        # Whoever gets nothing gets nothing of any step: one row says so.
        for step_id, due, usual, own, versions in waits if not reason else waits[:1]:
            mine = later[step_id].of(one.public_id) if step_id in later else arm
            version = versions.get(mine) or own
            version_text = "\\N" if version is None else str(version)
            held = "t" if is_held else "f"
            when = (due + shift).isoformat() if shift else usual
            yield (
                f"{step_id}\t{one.pk}\t{mine}\t{held}\t{state.value}\t{reason}\t{when}\t{language}\t{version_text}"
                f"\t{why}\t{lot}\n"
            )


def _why(moment: Moment | None) -> str:
    """The columns that say why at this hour."""
    if moment is None:
        return "\t\\N\t\\N"
    return "\t".join(
        [str(moment.timing), *("\\N" if one is None else str(one) for one in (moment.hour, moment.events))]
    )


def _hours(campaign: Campaign, begin: datetime, *, is_new: bool) -> Hours | None:
    """Who chooses moments, where each gets it at their own hour. A plan that goes on knows what it knew."""
    if campaign.send_within is None:
        return None
    return learn(campaign, begin=begin, at=timezone.now()) if is_new else Hours(campaign)


def spoken(language: str, known: dict[str, str], first: str) -> str:
    """In which of the shop's languages somebody reads: "zh-CN" and "zh_Hans" are Chinese; if unknown the first."""
    said = language.lower().replace("_", "-")
    if said in known:
        return said
    stem = said.split("-")[0]
    return next((code for code in known if stem and code.split("-")[0] == stem), first)


def _experiment(campaign: Campaign, step: CampaignStep, draw: Draw) -> Experiment | None:
    """The experiment that will tell what it brought; a draft until the plan is whole, so that one that is taken back
    leaves none behind. None when there is nothing to compare."""
    shares: dict[str, int] = {}
    for key, weight in zip(draw.keys, draw.weights, strict=True):
        shares[draw.trial[key]] = shares.get(draw.trial[key], 0) + weight
    if len(shares) < 2:
        return None
    with transaction.atomic():
        row = _held(campaign)
        if row.experiment_id is not None:
            return row.experiment
        made = Experiment.objects.create(
            name=campaign.name, key=f"campaign-{campaign.pk}", kind=trials.KIND, target=f"campaign-{campaign.pk}",
            unit=Experiment.Unit.CUSTOMER, salt=campaign.salt, primary_metric="conversion",
            guardrails=["revenue", "returns"], outcome_days=trials.OUTCOME_DAYS,
            planned_people=trials.PLANNED_PEOPLE, created_by=campaign.created_by, started_at=timezone.now(),
        )  # fmt: skip
        names = {str(arm["key"]): str(arm.get("name") or arm["key"]) for arm in step.arms}
        for place, (key, weight) in enumerate(shares.items()):
            is_control = place == 0
            ExperimentArm.objects.create(
                experiment=made, key=key, weight=weight, is_control=is_control,
                name=_("No message") if key == CONTROL else names.get(key, _("The message")),
                settings={"message": key != CONTROL},
            )  # fmt: skip
        Campaign.objects.filter(pk=campaign.pk).update(experiment=made)
        return made


def _start(experiment: Experiment | None) -> None:
    """From now on it stays on record."""
    if experiment is not None:
        drafts = Experiment.objects.filter(pk=experiment.pk, state=Experiment.State.DRAFT)
        drafts.update(state=Experiment.State.RUNNING, updated_at=timezone.now())
