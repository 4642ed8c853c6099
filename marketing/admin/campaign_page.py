"""What the page of one campaign shows."""

from typing import Any

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from analytics.models import Segment
from catalog.models import Customer
from core import shipped
from core.components import Figure, Meaning, Range, ago, figure, money, percent, pill, range_chart, when
from core.components.tables import Column, TableCard, TableRow
from core.experiments.reading import signed_share
from core.jobs import Job
from core.ml.experiments import MINIMUM_PER_ARM
from marketing.admin import allocations, shifting_card, timing_card, trigger_fields
from marketing.admin.campaign_forms import field_of, starter, words_of
from marketing.campaigns import checking, effect, funnels, lifecycle, words
from marketing.campaigns.effect import Brought, Effect, Funnel
from marketing.effects.selectors import by_segment
from marketing.messages.tags import BadMessage
from marketing.models import Campaign, Channel, Offer, Recipient, Template
from marketing.offers import giving
from marketing.panels import MESSAGES

State = Campaign.State
STARTER, MOST_REUSED = "starter", 60
STOPPED = {
    Recipient.State.FAILED: gettext_lazy("No reason was kept"),
    Recipient.State.UNKNOWN: gettext_lazy("The provider did not answer"),
    Recipient.State.SKIPPED: "–",
    Recipient.State.CANCELLED: gettext_lazy("Campaign cancelled"),
}
"""What became of messages that did not go out, the worst first, and what is said where no reason is kept."""
MEANINGS = {
    State.DRAFT: Meaning.IDLE, State.CHECKED: Meaning.WAITING, State.APPROVED: Meaning.WAITING,
    State.PLANNED: Meaning.WAITING, State.RUNNING: Meaning.MOVING, State.PAUSED: Meaning.STOPPED,
    State.DONE: Meaning.GOOD, State.CANCELLED: Meaning.IDLE,
}  # fmt: skip


def state_pill(campaign: Campaign) -> Any:
    return pill(MEANINGS[State(campaign.state)], campaign.get_state_display().capitalize())


def next_act(campaign: Campaign, perms: set[str]) -> dict[str, Any] | None:
    """The one thing to do now, when this person may do it: what happens, and the question before it."""
    people = figure(campaign.counts.get("reachable", 0)) if campaign.counts else ""
    going = _going(campaign)
    acts: dict[str, tuple[str, str, str, str, str]] = {
        State.DRAFT: ("check", _("Check campaign"), "change", "", ""),
        State.CHECKED: (
            "approve", _("Approve campaign"), "approve",
            _("Approve for %(people)s people?") % {"people": people}, _("Nothing goes out yet."),
        ),
        State.APPROVED: ("plan", _("Plan campaign"), "run", "", ""),
        State.PLANNED: (
            "run", _("Send campaign"), "run",
            ngettext("Send to %(people)s person?", "Send to %(people)s people?", going) % {"people": figure(going)},
            _("Messages go out from the planned moment on, outside quiet hours. What went out cannot be taken back."),
        ),
        State.RUNNING: ("pause", _("Pause campaign"), "run", "", ""),
        State.PAUSED: (
            "run", _("Go on sending"), "run",
            ngettext("Send to %(people)s person?", "Send to %(people)s people?", going) % {"people": figure(going)}, "",
        ),
    }  # fmt: skip
    found = {**acts, **trigger_fields.words_of_acts(campaign)}.get(campaign.state)
    if found is None or f"marketing.{found[2]}_campaign" not in perms:
        return None
    act, label, _right, question, text = found
    return {"act": act, "label": label, "question": question, "text": text}


def _going(campaign: Campaign) -> int:
    if campaign.state not in (State.PLANNED, State.PAUSED):
        return 0
    rows = Recipient.objects.filter(campaign=campaign, state=Recipient.State.PLANNED)
    return rows.values("customer").distinct().count()


def reach(campaign: Campaign) -> dict[str, Any]:
    """Who can be reached, and the reasons why others cannot; largest first."""
    said = dict(campaign.counts or {})
    total, reachable = said.pop("all", 0), said.pop("reachable", 0)
    names = dict(Recipient.Reason.choices)
    held = said.pop(lifecycle.DRAWN, 0)
    rows = [
        (str(names.get(key, key)).capitalize(), figure(value), percent(value / total if total else 0))
        for key, value in sorted(said.items(), key=lambda item: -item[1])
        if value
    ]
    return {
        "total": figure(total), "reachable": figure(reachable), "has_counts": bool(campaign.counts), "rows": rows,
        "share": percent(reachable / total) if total else "–", "counted_at": campaign.counted_at,
        "has_trigger": bool(campaign.trigger), "held": figure(held),
        "expected": "" if held or not campaign.holdout_share
        else figure(round(reachable * float(campaign.holdout_share))), "has_held": bool(held),
    }  # fmt: skip


def check_of(campaign: Campaign) -> dict[str, Any]:
    """The check of a large audience: how far it is, or why its result does not hold."""
    job = checking.job_of(campaign)
    if job is None:
        return {}
    if job.is_active:
        return {"checking": job}
    if job.finished_at is not None and job.finished_at >= campaign.updated_at:
        if job.result.get("refused") == checking.CHANGED:
            return {"check_note": _("It was changed while it was counted: check it again.")}
        if job.result.get("refused") == checking.NOT_READY:
            is_nobody = job.result.get("reachable") == 0
            return {"check_note": _("Nobody of the audience may get it.") if is_nobody else ""}
        if job.state != Job.State.DONE:
            return {"check_note": _("The check did not end: check it again.")}
    return {}


def context_of(campaign: Campaign, *, sees_messages: bool = False) -> dict[str, Any]:
    """A campaign that is no draft any more. At most a dozen queries."""
    context: dict[str, Any] = {
        "reach": reach(campaign),
        "events": list(campaign.events.select_related("by").order_by("-pk")[:20]),
        "planning": Job.objects.active().filter(dedupe_key=f"marketing.plan:{campaign.pk}").first()
        if campaign.state == State.APPROVED
        else None,
        "facts": facts(campaign),
        "needs_second": campaign.state == State.CHECKED and lifecycle.needs_second_person(campaign),
        "codes_note": codes_note(campaign),
        "figures": [],
        "has_effect": False,
        "timing": timing_card.card(campaign),
        "shifting": shifting_card.card(campaign),
    }
    if campaign.state in (State.RUNNING, State.PAUSED, State.DONE, State.CANCELLED) and campaign.started_at:
        told = funnels.look(campaign)
        if told.funnel is not None:
            context["figures"] = figures(told.funnel, is_shown=campaign.channel == Channel.IN_SITE)
            context["funnel_note"] = funnel_note(told.funnel)
            context["stopped"] = stopped(campaign, told.funnel, is_linked=sees_messages)
        context["funnel_as_of"], context["is_funnel_counted"] = told.as_of, told.funnel is None
        found = effect.effect(campaign, messages=told.messages)
        context |= _effect(found)
        context["segments"] = segments(campaign) if found is not None else None
    return context


def codes_note(campaign: Campaign) -> str:
    """Said while it can be mended: the offers of the campaign and of its versions give fewer codes than there are
    people. At most three queries, one where it gives no offer."""
    if campaign.state in Campaign.ENDED or campaign.trigger or getattr(campaign, "allocated_budget", None) is not None:
        return ""
    arms = [arm for found in campaign.steps.values_list("arms", flat=True) for arm in found]
    own = {arm["offer"] for arm in arms if arm.get("offer")}
    offers = [*Offer.objects.in_bulk(own).values()] if own else []
    if campaign.offer is not None:
        offers.append(campaign.offer)
    rooms = [giving.codes_left(one) for one in offers]
    left = sum(room for room in rooms if room is not None)
    if not rooms or None in rooms:
        return ""
    if not left:
        return _("No codes of the offer are left: whoever would get one from now on gets no message.")
    if campaign.state == State.RUNNING:
        return ""
    people = _going(campaign) or round(campaign.counts.get("reachable", 0) * (1 - float(campaign.holdout_share)))
    if left >= people:
        return ""
    return _(
        "The offer has %(left)s codes left for about %(people)s people: whoever comes later gets no message. Its limits"
        " can be raised."
    ) % {"left": figure(left), "people": figure(people)}  # fmt: skip


def facts(campaign: Campaign) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = [
        (_("Audience"), str(campaign.audience or "–")),
        (_("Purpose"), capfirst(campaign.get_purpose_display())),
        (_("Channel"), capfirst(campaign.get_channel_display())),
        (_("Left out by chance"), percent(float(campaign.holdout_share))),
        (_("Starts"), when(campaign.planned_for) if campaign.planned_for else _("as soon as it is started")),
    ]
    if campaign.send_within is not None:
        rows.append((pgettext("of a campaign", "Hour"), timing_card.word(campaign.send_within)))
    if campaign.shift_by:
        rows.append((_("Versions"), shifting_card.word(campaign)))
    rows[1:1] = trigger_fields.facts(campaign)
    if campaign.offer is not None:
        rows.append((_("Offer"), str(campaign.offer)))
    if getattr(campaign, "allocated_budget", None) is not None:
        rows.append((_("Offers"), format_html(
            '<a class="zg-link" href="{}">{}</a>', reverse("admin:marketing_campaign_offers", args=[campaign.pk]),
            allocated(campaign),
        )))  # fmt: skip
    if campaign.approved_by is not None:
        rows.append((_("Approved by"), str(campaign.approved_by)))
    return rows


def allocated(campaign: Campaign | None) -> str:
    """What the accepted allocation gives, in a line; "" without one."""
    budget = getattr(campaign, "allocated_budget", None)
    return allocations.line_of(campaign.allocated_people, budget) if budget is not None else ""  # type: ignore[union-attr]


def figures(told: Funnel, *, is_shown: bool = False) -> list[Figure]:
    """`is_shown`: in the shop itself, where whoever has it delivered has seen it."""

    def share(part: int, of: int) -> str:
        return _("%(share)s of the step before") % {"share": percent(part / of)} if of else ""

    return [
        Figure(pgettext("funnel", "Planned"), told.planned),
        Figure(
            pgettext("funnel", "Put up") if is_shown else pgettext("funnel", "Sent"), told.sent,
            note=share(told.sent, told.planned),
        ),
        Figure(
            pgettext("funnel", "Seen") if is_shown else pgettext("funnel", "Delivered"), told.delivered,
            missing=_("Nobody was in the shop since") if is_shown else _("The provider reports nothing"),
            note=share(told.delivered or 0, told.sent) if told.delivered is not None else "",
        ),
        Figure(
            pgettext("funnel", "Clicked"), told.clicked,
            note=share(told.clicked, told.sent if told.delivered is None else told.delivered),
        ),
        Figure(
            pgettext("funnel", "Ordered"), told.ordered,
            note=_("within %(days)d days, for whatever reason") % {"days": effect.OUTCOME_DAYS},
        ),
    ]  # fmt: skip


def funnel_note(told: Funnel) -> str:
    asked = (
        (told.bounced, _("%(count)s bounced")), (told.complained, _("%(count)s complained")),
        (told.failed, _("%(count)s failed")), (told.unknown, _("%(count)s perhaps sent")),
    )  # fmt: skip
    parts = [text % {"count": figure(count)} for count, text in asked if count]
    return " · ".join(parts)


def stopped(campaign: Campaign, told: Funnel, *, is_linked: bool) -> TableCard | None:
    """Messages that did not go out, by what became of them and why: what went wrong first. `is_linked`: each number
    leads to its messages."""
    order = list(STOPPED)
    rows = []
    for name, reason, number in sorted(told.stopped, key=lambda one: (order.index(Recipient.State(one[0])), -one[2])):
        state = Recipient.State(name)
        rows.append(
            TableRow(
                capfirst(str(Recipient.Reason(reason).label)) if reason else STOPPED[state],
                [pill(MESSAGES[state], capfirst(str(state.label))), figure(number)],
                url=_messages_url(campaign, name, reason) if is_linked else "",
            )
        )
    if not rows:
        return None
    columns = [Column(_("State"), "word"), Column(_("Messages"))]
    return TableCard(title=_("What did not go out"), first=_("Why not"), columns=columns, rows=rows)


def _messages_url(campaign: Campaign, state: str, reason: str) -> str:
    asked = {"campaign__id__exact": str(campaign.pk), "state__exact": state}
    if reason:
        asked["skip_reason__exact"] = reason
    return f"{reverse('admin:marketing_recipient_changelist')}?{urlencode(asked)}"


def _effect(found: Effect | None) -> dict[str, Any]:
    said: dict[str, Any] = {"has_effect": True, "effect": found, "sentence": effect.sentence(found)}
    if found is None:
        return said
    said["verdict_pill"] = pill(found.verdict.meaning, found.verdict.word)
    said["look"] = found.look
    said["experiment_url"] = reverse("admin:core_experiment_change", args=[found.experiment.pk])
    if found.look is None or found.broken is not None:
        return said
    said["chart"] = _chart(found)
    said["table"] = _table(found)
    said["money"] = _money(found)
    said["minimum"] = figure(MINIMUM_PER_ARM)
    return said


def _chart(found: Effect) -> Any:
    several = len(found.arms) > 1
    names = {one.arm: one.name for one in found.arms}
    titles = {"conversion": _("Share who ordered"), "revenue": _("Revenue per person")}
    rows = [
        Range(
            f"{titles[one.metric]} · {names.get(one.arm, one.arm)}" if several else titles[one.metric],
            one.estimate or 0.0, one.low, one.high, one.sentence, is_claimed=one.kind in ("works", "hurts"),
        )
        for one in found.readings
        if one.metric in titles and one.low is not None and one.high is not None
    ]  # fmt: skip
    return range_chart(rows, _("Change against no message")) if rows else ""


def _table(found: Effect) -> TableCard:
    rows = []
    for one in found.arms:
        rows.append(TableRow(one.name, [
            figure(one.people), percent(one.share) if one.share is not None else "–", _ends(one.orders, figure),
            _ends(one.revenue, lambda value: money(value, is_whole=True)),
        ]))  # fmt: skip
    first: Brought | None = found.arms[0] if found.arms else None
    if first is not None:
        share = percent(first.share_control) if first.share_control is not None else "–"
        rows.append(TableRow(_("No message"), [figure(first.people_control), share, "–", "–"]))
    return TableCard(
        title=_("By group"), first=_("Group"),
        columns=[
            Column(_("People")), Column(_("Ordered")), Column(_("More people ordered")), Column(_("More revenue")),
        ],
        rows=rows,
        foot=_("Everybody counts in the group that chance put them in, whether a message arrived or not. "
               "Ranges hold at any look (95%)."),
    )  # fmt: skip


def segments(campaign: Campaign) -> TableCard | None:
    """What it brought in each segment, as segments were when it was planned. None before the first count."""
    found = by_segment(campaign)
    if found is None or found.is_broken or not found.rows:
        return None
    rows = []
    for one in found.rows:
        shares = [percent(share) if share is not None else "–" for share in (one.share, one.share_control)]
        apart = {"more": _("More than among everybody else."), "less": _("Less than among everybody else.")}
        # "Works: …" ends without a full stop: a line of its own.
        said = (
            format_html("{}<br>{}", one.said.sentence, apart[one.said.apart]) if one.said.apart else one.said.sentence
        )
        rows.append(TableRow(one.title, [
            said,
            _("%(message)s and %(without)s") % {"message": figure(one.people), "without": figure(one.people_control)},
            _("%(message)s against %(without)s") % {"message": shares[0], "without": shares[1]},
            _ends(one.orders, figure), _ends(one.revenue, lambda value: money(value, is_whole=True)),
        ], hint=Segment.Kind(one.division).label))  # fmt: skip
    return TableCard(
        title=_("By segment"), first=_("Segment"),
        columns=[
            Column(_("What it says"), "long"), Column(_("People")), Column(_("Ordered")),
            Column(_("More people ordered")), Column(_("More revenue")),
        ],
        rows=rows, note=ago(found.looked_at),
        foot=_("Everybody counts in the segment they were in when the campaign was planned. Works and hurts are said "
               "only when they also stand after Holm's correction over the %(count)d questions of this table: one of "
               "many may look clear by chance.") % {"count": found.questions},
    )  # fmt: skip


def _ends(value: tuple[float, float, float] | None, written: Any) -> str:
    if value is None:
        return "–"
    return _("%(low)s to %(high)s") % {"low": written(round(value[1])), "high": written(round(value[2]))}


def _money(found: Effect) -> list[tuple[str, str]]:
    rows = [(_("Cost of messages"), money(found.messages_cost) if found.messages_cost else "–")]
    if found.offers.whole:
        rows.append((_("Cost of offers"), money(found.offers.whole)))
    if found.total is not None:
        rows.append((_("More revenue"), _ends(found.total, lambda value: money(value, is_whole=True))))
    if found.returned is not None:
        _first, low, high = found.returned
        rows.append((_("Return on cost"), _("%(low)s to %(high)s") % {
            "low": signed_share(low), "high": signed_share(high)
        }))  # fmt: skip
    return rows


# --- the draft --------------------------------------------------------------------------------------------------------


def sent(data: QueryDict, act: str) -> dict[str, Any]:
    """What stands in the form that was sent. `use:STEP`: with the words of the message chosen there."""
    found: dict[str, Any] = {
        name: value for name, value in data.items() if name not in ("csrfmiddlewaretoken", "shape")
    }
    name, _colon, number = act.partition(":")
    if name == "use" and number.isascii() and number.isdigit() and len(number) < 3:
        chosen = data.get(f"use_{number}", "")
        if chosen == STARTER:
            found |= {field_of("body", code, step=int(number)): starter(code) for code in lifecycle.languages()}
        elif chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
            message = Template.objects.filter(pk=int(chosen)).first()
            found |= words_of(message, int(number)) if message is not None else {}
    return found


def library() -> list[tuple[str, str]]:
    """Messages that a step may begin with: an empty one, and those written before, the newest first."""
    rows = Template.objects.order_by("-updated_at", "-pk").values_list("pk", "name")[:MOST_REUSED]
    return [(STARTER, _("A short greeting with a button")), *((str(pk), shipped.told(name)) for pk, name in rows)]


# --- preview --------------------------------------------------------------------------------------------------------


def customer_named(text: str) -> Customer | None:
    """By own number, public ID or e-mail address."""
    if "\x00" in text:
        return None
    return Customer.objects.existing().filter(
        Q(public_id=text) | Q(external_id=text) | Q(email__iexact=text)
    ).order_by("pk").first()  # fmt: skip


def previews(campaign: Campaign, message: words.Message, *, customer: Customer | None = None) -> list[dict[str, Any]]:
    """The message in each language as this customer gets it, or somebody."""
    found = []
    offer = words.offer_of(campaign, message, customer)
    for code, title in lifecycle.languages().items():
        try:
            frozen = words.words_now(campaign, message, code)
        except BadMessage as error:
            found.append({"code": code, "title": title, "error": error.message})
            continue
        if frozen is not None:
            mail = words.sample(frozen, language=code, offer=offer, customer=customer)
            found.append({"code": code, "title": title, "mail": mail})
    return found
