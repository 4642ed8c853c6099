"""The states of a campaign and what leads from one to the next. Every step is a row in CampaignEvent.

draft → checked → approved → planned → running ⇄ paused → done, and cancelled from anywhere before the end. Words and
audience change in the draft only: whoever changes them later takes the campaign back to the draft first, and what was
approved is approved anew.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings as django_settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError
from core.experiments import services as experiments
from core.jobs import Job, enqueue
from core.models import Experiment, StaffUser
from core.shop import current_shop
from marketing.campaigns import audiences, eligibility
from marketing.messages import OFFER_TAGS, Finding, check, tags_in
from marketing.models import (
    Audience,
    Campaign,
    CampaignEvent,
    CampaignStep,
    Channel,
    MarketingSettings,
    Offer,
    OfferAllocation,
    Recipient,
    Template,
    TemplateVersion,
)
from marketing.offers.giving import codes_left
from marketing.triggers import kinds

State = Campaign.State
NEXT: dict[str, frozenset[str]] = {
    State.DRAFT: frozenset({State.CHECKED, State.CANCELLED}),
    State.CHECKED: frozenset({State.DRAFT, State.APPROVED, State.CANCELLED}),
    # Back to checked: there are more people than were approved, and a second person is needed.
    State.APPROVED: frozenset({State.DRAFT, State.CHECKED, State.PLANNED, State.CANCELLED}),
    State.PLANNED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.PAUSED, State.DONE, State.CANCELLED}),
    State.PAUSED: frozenset({State.RUNNING, State.CANCELLED}),
    State.DONE: frozenset(),
    State.CANCELLED: frozenset(),
}
PLAN = "marketing.tasks.plan_campaign"
MOST_STEPS, MOST_ARMS, MOST_WEIGHT, MOST_HOURS, MOST_WITHIN = 5, 5, 100, 90 * 24, 72
MOST_BETWEEN = 24
"""Hours between two batches: the last of five goes four days after the first at most."""
DRAWN = "drawn"
"""In the counts of a plan: who can be reached and gets nothing, by chance."""


class WrongState(DomainError):
    code = "wrong_state"


class NotReady(DomainError):
    """A campaign with something to mend. `extra["findings"]` says what."""

    code = "not_ready"


def move(campaign: Campaign, after: str, *, by: StaffUser | None, note: str = "", **fields: Any) -> Campaign:
    """Into the next state, with its row of history. The campaign is locked by the caller. Raises WrongState."""
    before = campaign.state
    if after not in NEXT[State(before)]:
        raise WrongState(
            _("A campaign that is “%(before)s” cannot become “%(after)s”.")
            % {"before": State(before).label, "after": State(after).label}
        )
    campaign.state = after
    for name, value in fields.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=["state", "updated_at", *fields])
    CampaignEvent.objects.create(campaign=campaign, before=before, after=after, by=by, note=note[:200])
    return campaign


def locked(campaign: Campaign) -> Campaign:
    """The campaign, to itself until the transaction ends."""
    return Campaign.objects.select_for_update(of=("self",)).select_related("audience", "offer").get(pk=campaign.pk)


Ready = dict[tuple[int, str], tuple[Template, dict[str, Any]]]
"""By step and key of the version ("" for the step itself): whose words, and what can be frozen, by language."""


def findings(campaign: Campaign) -> tuple[list[Finding], Ready]:
    """Everything to say of a campaign before it goes out, and what can be frozen."""
    found: list[Finding] = []
    ready: Ready = {}
    steps = list(campaign.steps.select_related("template").order_by("position"))
    if campaign.audience is None and not campaign.trigger:
        found.append(Finding("stop", _("Choose an audience."), field="audience"))
    elif campaign.audience is not None and (problem := _problem_of(campaign.audience)):
        found.append(Finding("stop", problem, field="audience"))
    if not steps:
        found.append(Finding("stop", _("Write a message."), field="message"))
    found += _offer_findings(campaign, steps)
    found += _shift_findings(campaign, steps)
    if not campaign.holdout_share:
        text = _("Nobody is left out by chance, so nobody will know what the campaign brought.")
        found.append(Finding("advice", text, field="holdout_share"))
    found += occasion_findings(campaign, steps)
    for step in steps:
        if step.template is None:
            text = _("Step %(number)d has no message.") % {"number": step.position}
            found.append(Finding("stop", text, field="message"))
            continue
        said, frozen = _check_template(step.template, campaign)
        found += _of_step(step, "", said, len(steps))
        ready[step.pk, ""] = step.template, frozen
        found += _of_step(step, "", _twin_findings(campaign, step), len(steps))
        own = Template.objects.in_bulk([arm["template"] for arm in step.arms if arm.get("template")])
        for arm in step.arms:
            key = str(arm["key"])
            template = own.get(arm.get("template") or 0)
            if template is not None:
                said, frozen = _check_template(template, campaign)
                found += _of_step(step, key, said, len(steps))
                ready[step.pk, key] = template, frozen
            for code, subject in (arm.get("subject") or {}).items():
                said, _frozen = _check_template(template or step.template, campaign, subject={code: subject}, only=code)
                found += _of_step(step, key, [one for one in said if one.field == "subject"], len(steps))
    return found, ready


def _twin_findings(campaign: Campaign, step: CampaignStep) -> list[Finding]:
    """Versions that nobody could tell apart."""
    keys: dict[str, list[str]] = {}
    for arm in step.arms:
        differs = (arm.get("subject") or {}, arm.get("template"), arm.get("offer") or campaign.offer_id)
        keys.setdefault(str(differs), []).append(str(arm["key"]).upper())
    text = _("Versions %(keys)s are the same: there is nothing to compare.")
    return [
        Finding("advice", text % {"keys": ", ".join(same)}, field="message") for same in keys.values() if len(same) > 1
    ]


def _shift_findings(campaign: Campaign, steps: Sequence[CampaignStep]) -> list[Finding]:
    """Nothing to choose from, or nothing to choose by."""
    if not campaign.shift_by:
        return []
    found = []
    if steps and len(steps[0].arms) < 2:
        text = _("There is only one version: write a second one, or give versions by fixed shares.")
        found.append(Finding("stop", text, field="shift"))
    if campaign.shift_by == Campaign.ShiftBy.CLICKED and campaign.channel not in (Channel.EMAIL, Channel.IN_SITE):
        text = _("Clicks are counted in e-mails and in the shop only: shift towards what is ordered more.")
        found.append(Finding("stop", text, field="shift"))
    return found


def _of_step(step: CampaignStep, key: str, said: list[Finding], steps: int) -> list[Finding]:
    """With the place before it where there are several."""
    place = []
    if steps > 1:
        place.append(_("Step %(number)d") % {"number": step.position})
    if key and len(step.arms) > 1:
        place.append(_("Version %(key)s") % {"key": key.upper()})
    return [replace(one, text=f"{', '.join(place)}: {one.text}") for one in said] if place else said


def allocation_of(campaign: Campaign) -> OfferAllocation | None:
    """The accepted allocation of offers within a budget, which says who gets which."""
    return OfferAllocation.objects.filter(campaign=campaign, state=OfferAllocation.State.ACCEPTED).first()


def unsaid(offer: Offer) -> set[str]:
    """Fields of a message of which this offer says nothing."""
    found = set() if offer.least_order else {"offer_from"}
    if offer.kind == Offer.Kind.POINTS:
        return found | {"coupon_code", "coupon_ends"}
    return found if offer.ends_at or offer.valid_days else found | {"coupon_ends"}


def offers_of(campaign: Campaign, step: CampaignStep) -> list[int | None]:
    """The offer of each version: its own, else the campaign's."""
    return [arm.get("offer") or campaign.offer_id for arm in step.arms] or [campaign.offer_id]


def _offer_findings(campaign: Campaign, steps: Sequence[CampaignStep]) -> list[Finding]:
    """Offers that are over, and fields of an offer where there is none."""
    found: list[Finding] = []
    wanted = {pk for step in steps for pk in offers_of(campaign, step) if pk is not None}
    allocation = allocation_of(campaign)
    if allocation is not None:
        found += _allocation_findings(campaign, allocation, has_others=bool(wanted))
        given = allocation.results.get("offers", {})
        wanted |= {int(pk) for pk, said in given.items() if said["people"]}
    is_shown = campaign.channel == Channel.IN_SITE
    if is_shown and allocation is None and any(None in offers_of(campaign, step) for step in steps):
        found.append(Finding("stop", _("What is shown in the shop needs an offer."), field="offer"))
    for offer in Offer.objects.filter(pk__in=wanted).order_by("pk"):
        if is_shown and offer.kind == Offer.Kind.POINTS:
            text = _("Points are booked at once, so the shop has no code of them to show: choose another offer.")
            found.append(Finding("stop", text, field="offer"))
        if not offer.is_active or (offer.ends_at and offer.ends_at <= timezone.now()):
            found.append(Finding("stop", _("The offer has ended."), field="offer"))
        if codes_left(offer) == 0:
            text = _("No codes of “%(offer)s” are left: whoever has none gets no message.") % {"offer": offer.name}
            found.append(Finding("advice", text, field="offer"))
    known = Offer.objects.in_bulk(wanted)
    for step in steps:
        if step.template is None:
            continue
        own = wanted if allocation is not None else set(offers_of(campaign, step))
        words = [*step.template.subject.values(), *step.template.preheader.values(), *step.template.body.values()]
        words += [text for arm in step.arms for text in (arm.get("subject") or {}).values()]
        used = tags_in(" ".join(words)) & OFFER_TAGS
        said = []
        if None in own and used:
            said.append(_("“{{%(name)s}}” needs an offer.") % {"name": min(used)})
        for pk in sorted(one for one in own if one is not None and one in known):
            text = _("“{{%(name)s}}” stays empty: the offer “%(offer)s” says nothing of it.")
            said += [text % {"name": name, "offer": known[pk].name} for name in sorted(used & unsaid(known[pk]))]
        findings = [Finding("stop", text, field="offer") for text in said]
        has_code = any(known[pk].kind != Offer.Kind.POINTS for pk in own if pk in known)
        if has_code and not is_shown and "coupon_code" not in used | _tags_of_versions(step):
            text = _("The offer's code stands nowhere in the message: write {{coupon_code}} where customers read it.")
            findings.append(Finding("advice", text, field="body"))
        found += _of_step(step, "", findings, len(steps))
    return found


def _tags_of_versions(step: CampaignStep) -> set[str]:
    """Fields in the words that versions of a step have of their own."""
    own = Template.objects.filter(pk__in=[arm["template"] for arm in step.arms if arm.get("template")])
    return tags_in(" ".join(text for one in own for text in (*one.subject.values(), *one.body.values())))


def _allocation_findings(campaign: Campaign, allocation: OfferAllocation, *, has_others: bool) -> list[Finding]:
    """An allocation that was worked out for something else, or stands beside other offers."""
    found = []
    if has_others:
        text = _("Offers are allocated within a budget: take out the offers of the campaign and of versions.")
        found.append(Finding("stop", text, field="offer"))
    if allocation.audience_id != campaign.audience_id or campaign.trigger:
        text = _("Offers were allocated to another audience: work them out again, or take them back.")
        found.append(Finding("stop", text, field="audience"))
    elif allocation.holdout_share != campaign.holdout_share:
        text = _("Another share is left out than when offers were allocated: they may cost more, or less, than said.")
        found.append(Finding("advice", text, field="holdout_share"))
    return found


def _problem_of(audience: Audience) -> str:
    """Why nobody can be found by it any more."""
    if audience.source == Audience.Source.SEGMENT and audience.segment is None:
        return _("The segment of this audience is gone.")
    if audience.source == Audience.Source.UPLOAD and audience.size is None:
        return _("The list of this audience is being read.")
    try:
        audiences.customers_of(audience)
    except DomainError as error:
        return str(error.message)
    return ""


def occasion_findings(campaign: Campaign, steps: Sequence[CampaignStep]) -> list[Finding]:
    """Fields of an occasion that nobody would fill in, because the campaign has another trigger or none."""
    filled = kinds.KINDS[campaign.trigger].fields if campaign.trigger else frozenset[str]()
    used: set[str] = set()
    for step in steps:
        said = step.template
        for texts in (said.subject, said.preheader, said.body) if said is not None else ():
            used |= tags_in(" ".join(map(str, texts.values())))
        for arm in step.arms:
            used |= tags_in(" ".join(map(str, (arm.get("subject") or {}).values())))
    empty = sorted((used & kinds.FIELDS) - filled)
    text = _("“{{%(name)s}}” stays empty: nothing of this campaign fills it in.")
    return [Finding("stop", text % {"name": name}, field="body") for name in empty]


def languages() -> dict[str, str]:
    """The shop's languages that messages are written in, code to name; every language when the shop chose none."""
    known = {code: str(name) for code, name in django_settings.LANGUAGES}
    return {code: known[code] for code in current_shop().languages if code in known} or known


def _check_template(
    template: Template, campaign: Campaign, *, subject: dict[str, str] | None = None, only: str = ""
) -> tuple[list[Finding], dict[str, Any]]:
    asked = languages()
    return check(
        subject=subject or template.subject, preheader=template.preheader, body=template.body, kind=template.kind,
        purpose=campaign.purpose, channel=campaign.channel,
        languages={only: asked.get(only, only)} if only else asked,
    )  # fmt: skip


def count(
    campaign: Campaign, *, ids: Iterable[int] | None = None, told: Callable[[int], None] = lambda done: None
) -> dict[str, int]:
    """Who would get it now, and why others would not; kept with the campaign. `ids`: who is in the audience, when that
    is known already."""
    if campaign.audience is None:
        return {"all": 0, "reachable": 0}
    if ids is None:
        ids = audiences.ids_of(audiences.customers_of(campaign.audience))
    said = eligibility.count(ids, eligibility.Question.of(campaign), told=told)
    campaign.counts, campaign.counted_at = said, timezone.now()
    Campaign.objects.filter(pk=campaign.pk).update(counts=said, counted_at=campaign.counted_at)
    return said


@transaction.atomic
def mark_checked(
    campaign: Campaign, *, by: StaffUser | None, counts: dict[str, int] | None = None
) -> list[Finding]:  # fmt: skip
    """Draft → checked: everything is read once more, and messages are frozen as they are. `counts`: who can be reached,
    counted already. Raises NotReady."""
    row = locked(campaign)
    if row.state != State.DRAFT:
        raise WrongState(_("Only a draft is checked."))
    found, ready = findings(row)
    if counts is None and not any(one.level == "stop" for one in found):
        counts = count(row)
    counts = counts or {"reachable": 0}
    if not row.trigger and counts.get("all") is not None and counts["reachable"] == 0:
        found.append(Finding("stop", _("Nobody of the audience may get it."), field="audience"))
    if stops := [one.text for one in found if one.level == "stop"]:
        raise NotReady(" ".join(stops), extra={"findings": stops})
    for step in row.steps.select_related("template"):
        template, frozen = ready[step.pk, ""]
        step.template_version = freeze(template, frozen, row, by=by)
        arms = []
        for arm in step.arms:
            own, said = ready.get((step.pk, str(arm["key"])), (template, frozen))
            version = freeze(own, said, row, by=by, subject=arm.get("subject"))
            arms.append({**arm, "template_version": version.pk})
        step.arms = arms
        step.save(update_fields=["template_version", "arms"])
    move(row, State.CHECKED, by=by, checked_by=by, checked_at=timezone.now())
    campaign.state = row.state
    return found


def freeze(
    template: Template, ready: dict[str, Any], campaign: Campaign, *, by: StaffUser | None,
    subject: dict[str, str] | None = None,
) -> TemplateVersion:  # fmt: skip
    """The message as it is now, with another subject for an arm that has one; the same words are frozen once."""
    said = {
        "purpose": campaign.purpose, "channel": campaign.channel, "kind": template.kind,
        "subject": {**template.subject, **(subject or {})}, "preheader": template.preheader, "body": template.body,
        "html": {code: one.html for code, one in ready.items()},
        "text": {code: one.text for code, one in ready.items()},
    }  # fmt: skip
    number = 0
    for one in template.versions.order_by("number"):
        if all(getattr(one, name) == value for name, value in said.items()):
            return one
        number = one.number
    made = TemplateVersion.objects.create(template=template, number=number + 1, frozen_by=by, **said)
    Template.objects.filter(pk=template.pk).update(version=made.number)
    return made


def needs_second_person(campaign: Campaign) -> bool:
    """Whether somebody else than the author has to approve it. A trigger has no number of people beforehand, so it
    always does."""
    if campaign.trigger:
        return True
    reachable = int((campaign.counts or {}).get("reachable", 0))
    return reachable > MarketingSettings.current().second_person_above


def is_by_second_person(campaign: Campaign, by_id: int | None) -> bool:
    """Neither who made it nor who checked it."""
    return by_id is not None and by_id not in (campaign.created_by_id, campaign.checked_by_id)


@transaction.atomic
def approve(campaign: Campaign, *, by: StaffUser | None) -> Campaign:
    """Checked → approved. Above the shop's number of people by somebody who did not make it. Raises DomainError."""
    row = locked(campaign)
    if row.state == State.CHECKED and not may_approve(row, by.pk if by is not None else None):
        raise DomainError(_("So many people are written to only when a second person approves."), code="second_person")
    return move(row, State.APPROVED, by=by, approved_by=by, approved_at=timezone.now())


def may_approve(campaign: Campaign, by_id: int | None) -> bool:
    """Whether this person, who may approve campaigns, may approve this one."""
    return is_by_second_person(campaign, by_id) or not needs_second_person(campaign)


@transaction.atomic
def back_to_draft(campaign: Campaign, *, by: StaffUser | None) -> Campaign:
    """Checked or approved → draft, to change it. What a plan had written by then is taken back, and one that still runs
    ends before its next batch."""
    row = locked(campaign)
    move(row, State.DRAFT, by=by, checked_by=None, checked_at=None, approved_by=None, approved_at=None)
    forget_plan(row)
    return row


def ask_second_person(row: Campaign, counts: dict[str, int]) -> None:
    """Approved → checked, where planning found more people than the shop lets one person decide about. The campaign is
    locked by the caller."""
    note = _("Nothing was planned: %(people)s people can be reached by now, and a second person has to approve that.")
    move(
        row, State.CHECKED, by=None, note=note % {"people": counts["reachable"]}, counts=counts,
        counted_at=timezone.now(), approved_by=None, approved_at=None,
    )  # fmt: skip
    forget_plan(row)


PLANNED = (
    "DELETE FROM marketing_recipient WHERE campaign_id = %s AND state NOT IN ('sending', 'sent', 'unknown')",
    "DELETE FROM marketing_batchchoice WHERE campaign_id = %s",
    "DELETE FROM marketing_audiencemember WHERE campaign_id = %s",
)


def forget_plan(row: Campaign) -> None:
    """Nobody was written to, so nothing of it stays: who was chosen, what for, and what chance drew would be those of
    other words and other people. The campaign is locked by the caller."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")  # a million rows may stand there
        for statement in PLANNED:
            cursor.execute(statement, [row.pk])
        _forget_experiment(row, cursor)
    row.timing = {}
    Campaign.objects.filter(pk=row.pk).update(timing={})


def _forget_experiment(row: Campaign, cursor: Any) -> None:
    """While the plan was not whole it is a draft, which nothing was judged by."""
    found = row.experiment
    if found is None or not found.is_draft:
        return
    cursor.execute("DELETE FROM core_exposure WHERE experiment_id = %s", [found.pk])
    found.delete()
    row.experiment = None


def plan(campaign: Campaign, *, by: StaffUser | None) -> Job:
    """Let a job write one row for each person and step. Raises WrongState unless it is approved."""
    if campaign.state != State.APPROVED:
        raise WrongState(_("Only an approved campaign is planned."))
    return enqueue(PLAN, dedupe_key=f"marketing.plan:{campaign.pk}", created_by=by, campaign_id=campaign.pk)


@transaction.atomic
def run(campaign: Campaign, *, by: StaffUser | None) -> Campaign:
    """Planned or paused → running: messages that are due go out from now on."""
    row = locked(campaign)
    started = row.started_at or timezone.now()
    return move(row, State.RUNNING, by=by, started_at=started, pause_reason="")


@transaction.atomic
def pause(campaign: Campaign, *, by: StaffUser | None, why: str = "") -> Campaign:
    """Running → paused: what is being handed over goes on, nothing new begins."""
    return move(locked(campaign), State.PAUSED, by=by, note=why, pause_reason=why[:200])


@transaction.atomic
def cancel(campaign: Campaign, *, by: StaffUser | None) -> int:
    """Nothing more goes out, for good. How many messages were taken back."""
    row = locked(campaign)
    move(row, State.CANCELLED, by=by, ended_at=timezone.now())
    with connection.cursor() as cursor:
        _forget_experiment(row, cursor)
    waiting = Recipient.objects.filter(campaign=row, state=Recipient.State.PLANNED)
    return waiting.update(state=Recipient.State.CANCELLED, skip_reason=Recipient.Reason.ENDED)


@transaction.atomic
def finish(campaign: Campaign) -> bool:
    """Running → done once nobody waits any more. A campaign with a trigger never ends by itself."""
    row = locked(campaign)
    open_states = (Recipient.State.PLANNED, Recipient.State.SENDING)
    if row.state != State.RUNNING or row.trigger:
        return False
    if Recipient.objects.filter(campaign=row, state__in=open_states).exists():
        return False
    move(row, State.DONE, by=None, ended_at=timezone.now())
    return True


def finish_all() -> int:
    """End what is over, and the experiments of campaigns whose last orders are counted. How many campaigns ended."""
    ended = sum(finish(one) for one in Campaign.objects.filter(state=State.RUNNING).order_by("pk"))
    over = Campaign.objects.filter(state__in=Campaign.ENDED, experiment__state=Experiment.State.RUNNING)
    for one in over.select_related("experiment"):
        assert one.experiment is not None
        last = one.recipients.order_by("-due_at").values_list("due_at", flat=True).first()
        begun = max(filter(None, (one.ended_at, last)))
        if (timezone.now() - begun).days > one.experiment.outcome_days:
            experiments.stop(one.experiment)
    return ended


# --- the draft ------------------------------------------------------------------------------------------------------


@transaction.atomic
def change(campaign: Campaign, **fields: Any) -> Campaign:
    """Other words, audience or rules for a draft. Raises WrongState for anything that was checked."""
    row = locked(campaign)
    if row.state != State.DRAFT:
        raise WrongState(_("This campaign is “%(state)s”: take it back to the draft first.") % {
            "state": row.get_state_display()
        })  # fmt: skip
    for name, value in fields.items():
        setattr(row, name, value)
    name = row.name.strip()
    if not name or len(name) > 120:
        raise BadInput(_("A name has 1 to 120 characters."), extra={"field": "name"})
    if not 0 <= row.holdout_share <= 0.5 or int(row.holdout_share * 100) != row.holdout_share * 100:
        raise BadInput(_("Leave out a whole share between 0 and 50%."), extra={"field": "holdout_share"})
    if row.send_within is not None and not 2 <= row.send_within <= MOST_WITHIN:
        raise BadInput(
            _("A window for everybody's own hour has 2 to %(most)d hours.") % {"most": MOST_WITHIN},
            extra={"field": "send_within"},
        )  # fmt: skip
    if row.send_within is not None and row.trigger:
        raise BadInput(_("With a trigger a message goes when it happens."), extra={"field": "send_within"})
    _check_shift(row)
    row.save()
    return row


def _check_shift(row: Campaign) -> None:
    """Raises BadInput for a choice of versions that is none, or that cannot be with what else was chosen."""
    if row.shift_by not in Campaign.ShiftBy.values:
        raise BadInput(_("There is no such way to give versions."), extra={"field": "shift_by"})
    if not row.shift_by:
        return
    if not 2 <= row.shift_hours <= MOST_BETWEEN:
        raise BadInput(
            _("Between two batches are 2 to %(most)d hours.") % {"most": MOST_BETWEEN}, extra={"field": "shift_hours"}
        )  # fmt: skip
    if row.trigger:
        raise BadInput(_("With a trigger versions are given by fixed shares."), extra={"field": "shift_by"})
    if row.send_within is not None:
        raise BadInput(
            _("Batches go at their own moment: choose each at their own hour, or versions in batches."),
            extra={"field": "shift_by"},
        )  # fmt: skip


@transaction.atomic
def set_steps(campaign: Campaign, steps: list[dict[str, Any]]) -> None:
    """The messages of a draft in their order: `template`, `wait_hours`, `condition`, `arms`. Raises BadInput."""
    row = locked(campaign)
    if row.state != State.DRAFT:
        raise WrongState(_("Only a draft is changed."))
    if len(steps) > MOST_STEPS:
        raise BadInput(_("A campaign has at most %(most)d steps.") % {"most": MOST_STEPS}, extra={"field": "steps"})
    for place, one in enumerate(steps, 1):
        arms, condition = one.get("arms") or [], one.get("condition") or CampaignStep.Condition.ALWAYS
        _check_arms(arms)
        if condition not in CampaignStep.Condition.values or (place == 1 and condition):
            raise BadInput(_("The first step goes to everybody."), extra={"field": "condition"})
        if not 0 <= one.get("wait_hours", 0) <= MOST_HOURS:
            raise BadInput(_("A step waits at most %(most)d hours.") % {"most": MOST_HOURS}, extra={"field": "steps"})
        row.steps.update_or_create(position=place, defaults={
            "template": one["template"], "wait_hours": one.get("wait_hours", 0) if place > 1 else 0, "arms": arms,
            "condition": condition, "template_version": None,
        })  # fmt: skip
    row.steps.filter(position__gt=len(steps)).delete()


def _check_arms(arms: list[dict[str, Any]]) -> None:
    keys = [str(arm.get("key", "")) for arm in arms]
    if len(arms) > MOST_ARMS:
        raise BadInput(_("A step has at most %(most)d versions.") % {"most": MOST_ARMS}, extra={"field": "arms"})
    if len(set(keys)) < len(keys) or any(not key.isalnum() or len(key) > 20 or key == "control" for key in keys):
        raise BadInput(_("Versions have different short names."), extra={"field": "arms"})
    weights = [arm.get("weight", 1) for arm in arms]
    if any(not isinstance(weight, int) or not 1 <= weight <= MOST_WEIGHT for weight in weights):
        raise BadInput(_("A weight is a whole number from 1 to %(most)d.") % {"most": MOST_WEIGHT},
                       extra={"field": "arms"})  # fmt: skip
