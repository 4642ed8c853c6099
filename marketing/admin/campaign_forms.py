"""The form of a draft: who, what, when. Texts stand in both languages beside each other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from analytics.models import Segment
from core.models import StaffUser
from core.shop import shop_zone
from marketing.admin import timing_card
from marketing.admin.trigger_fields import TriggerFields
from marketing.campaigns import audiences, lifecycle
from marketing.models import Audience, Campaign, CampaignStep, Channel, Offer, Purpose, Template

MOST_SEGMENTS, MOST_OFFERS = 300, 100


def starter(language: str) -> str:
    """A first message that can go out as it is."""
    with override(language):
        hello, text, look, out = (
            _("Hello {{name}},"), _("we have picked something for you."), _("Have a look"), _("Unsubscribe"),
        )  # fmt: skip
    return (
        "<mjml>\n  <mj-body>\n    <mj-section>\n      <mj-column>\n"
        f"        <mj-text>{hello}</mj-text>\n        <mj-text>{text}</mj-text>\n"
        f'        <mj-button href="{{{{shop_url}}}}">{look}</mj-button>\n'
        f'        <mj-text><a href="{{{{unsubscribe_url}}}}">{out}</a></mj-text>\n'
        "      </mj-column>\n    </mj-section>\n  </mj-body>\n</mjml>\n"
    )


def plain_starter(language: str) -> str:
    """The same for channels that show plain text."""
    with override(language):
        return f"{_('Hello {{name}},')}\n\n{_('we have picked something for you.')}\n"


def _titled(choices: type[TextChoices]) -> Callable[[], list[tuple[str, str]]]:
    """Choices as they stand in a form, in the language of whoever reads it."""
    return lambda: [(str(value), capfirst(str(label))) for value, label in choices.choices]


FIRST = "a"
KEYS = "abcde"


def field_of(name: str, code: str = "", *, step: int = 1, key: str = FIRST) -> str:
    """The name of a field. Those of the first version of the first step have no number in front."""
    place = "" if (step, key) == (1, FIRST) else f"s{step}{key}_"
    return f"{place}{name}_{code.replace('-', '_')}" if code else f"{place}{name}"


@dataclass(frozen=True)
class Shape:
    """Which steps and versions a form has: numbers that stay with a step while others come and go, and keys."""

    steps: tuple[tuple[int, str], ...] = ((1, FIRST),)

    @classmethod
    def of(cls, campaign: Campaign | None) -> "Shape":
        steps = list(campaign.steps.order_by("position")) if campaign is not None else []
        found = tuple(
            (step.position, "".join(str(arm["key"]) for arm in step.arms if str(arm["key"]) in KEYS) or FIRST)
            for step in steps
        )
        return cls(found) if found else cls()

    @classmethod
    def read(cls, text: str) -> "Shape":
        """As `text` says it; the usual one for anything else."""
        found = []
        for part in text.split(",")[: lifecycle.MOST_STEPS]:
            number, _dot, keys = part.partition(".")
            if not (number.isascii() and number.isdigit() and len(number) < 3 and keys) or set(keys) - set(KEYS):
                return cls()
            found.append((int(number), "".join(sorted(set(keys)))))
        return cls(tuple(found)) if len({number for number, _keys in found}) == len(found) else cls()

    @property
    def text(self) -> str:
        return ",".join(f"{number}.{keys}" for number, keys in self.steps)

    def after(self, act: str) -> "Shape":
        """`step`, `version:STEP`, `drop:STEP` or `drop:STEP:KEY`. What cannot be done changes nothing."""
        name, _colon, rest = act.partition(":")
        steps = list(self.steps)
        if name == "step" and len(steps) < lifecycle.MOST_STEPS:
            steps.append((max(number for number, _keys in steps) + 1, FIRST))
        said, _colon, key = rest.partition(":")
        for at, (number, keys) in enumerate(self.steps):
            if str(number) != said:
                continue
            if name == "version" and len(keys) < lifecycle.MOST_ARMS:
                steps[at] = (number, "".join(sorted({*keys, next(one for one in KEYS if one not in keys)})))
            elif name == "drop" and key and key in keys and key != FIRST:
                steps[at] = (number, keys.replace(key, ""))
            elif name == "drop" and not key and len(steps) > 1:
                steps.pop(at)
        return Shape(tuple(steps))


@dataclass(frozen=True)
class VersionFields:
    """One version of a step, as the page shows it."""

    key: str
    title: str
    fields: list[Any]
    texts: list[tuple[str, str, list[Any]]]
    is_first: bool


@dataclass(frozen=True)
class StepFields:
    number: int
    place: int
    fields: list[Any]
    versions: list[VersionFields]
    may_grow: bool
    may_go: bool
    reuse: Any = None


class CampaignForm(TriggerFields):
    """One campaign: steps, each with versions that chance draws. `shape` says which there are."""

    shape = forms.CharField(required=False, widget=forms.HiddenInput())
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget())
    audience = forms.ChoiceField(label=gettext_lazy("Audience"), required=False, widget=UnfoldAdminSelectWidget())
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"), widget=UnfoldAdminSelectWidget(),
        choices=lambda: [(value, capfirst(str(label))) for value, label in Purpose.of_campaigns()],
    )  # fmt: skip
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), choices=_titled(Channel), widget=UnfoldAdminSelectWidget()
    )
    holdout = forms.IntegerField(
        label=gettext_lazy("Left out by chance, %"), min_value=0, max_value=50, initial=10,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=gettext_lazy("They get nothing. Only against them can be said what the campaign brought."),
    )  # fmt: skip
    starts = forms.DateTimeField(
        label=gettext_lazy("Starts"), required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "zg-input"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"], help_text=gettext_lazy("Empty: as soon as it is started."),
    )  # fmt: skip
    within = forms.ChoiceField(
        label=pgettext_lazy("of a campaign", "Hour"), required=False, widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("A fifth of them get it at once all the same, to see what the hour brings."),
    )  # fmt: skip
    shift = forms.ChoiceField(
        label=gettext_lazy("Versions"), required=False, choices=_titled(Campaign.ShiftBy),
        widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy(
            "Of two versions or more of the first step. Goes out in batches; a fifth of the later ones keep the fixed "
            "shares, to see what shifting brings."
        ),
    )  # fmt: skip
    shift_hours = forms.IntegerField(
        label=gettext_lazy("Hours between batches"), min_value=2, max_value=lifecycle.MOST_BETWEEN, required=False,
        initial=24, widget=UnfoldAdminIntegerFieldWidget(),
    )  # fmt: skip
    cost = forms.DecimalField(
        label=gettext_lazy("Cost of a message"), min_value=0, max_digits=12, decimal_places=4, required=False,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal"}),
    )  # fmt: skip
    offer = forms.ChoiceField(
        label=gettext_lazy("Offer"), required=False, widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Everybody gets a code of their own when the message is written."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, campaign: Campaign | None = None, audience: Audience | None = None,
        shape: Shape | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        self.campaign = campaign
        kwargs["initial"] = {**_initial(campaign, audience), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        sent = Shape.read(self.data["shape"]) if self.data.get("shape") else None
        self.steps_shape = shape or sent or Shape.of(campaign)
        self.initial["shape"] = self.steps_shape.text
        self.fields["audience"].choices = _audiences(campaign)  # type: ignore[attr-defined]
        self.add_trigger(campaign)
        self.fields["within"].choices = timing_card.choices(campaign.send_within if campaign else None)  # type: ignore[attr-defined]
        self.offers = _offers(campaign)
        self.fields["offer"].choices = [("", _("None")), *self.offers]  # type: ignore[attr-defined]
        for place, (number, keys) in enumerate(self.steps_shape.steps):
            self._add_step(number, keys, is_first=place == 0)

    def _add_step(self, number: int, keys: str, *, is_first: bool) -> None:
        if not is_first:
            self.fields[f"wait_{number}"] = forms.IntegerField(
                label=_("Hours after the step before"), min_value=0, max_value=lifecycle.MOST_HOURS,
                initial=self.initial.get(f"wait_{number}", 72), widget=UnfoldAdminIntegerFieldWidget(),
            )  # fmt: skip
            self.fields[f"condition_{number}"] = forms.ChoiceField(
                label=_("Who gets it"), required=False, choices=_titled(CampaignStep.Condition),
                widget=UnfoldAdminSelectWidget(),
            )  # fmt: skip
        for key in keys:
            if len(keys) > 1:
                self.fields[field_of("weight", step=number, key=key)] = forms.IntegerField(
                    label=_("Weight"), min_value=1, max_value=lifecycle.MOST_WEIGHT,
                    initial=self.initial.get(field_of("weight", step=number, key=key), 1),
                    widget=UnfoldAdminIntegerFieldWidget(),
                )  # fmt: skip
            if len(keys) > 1 or not is_first:
                self.fields[field_of("own_offer", step=number, key=key)] = forms.ChoiceField(
                    label=_("Offer"), required=False, choices=[("", _("as the campaign")), *self.offers],
                    widget=UnfoldAdminSelectWidget(),
                )  # fmt: skip
            for code, title in lifecycle.languages().items():
                self._add_texts(number, key, code, title)

    def _add_texts(self, number: int, key: str, code: str, title: str) -> None:
        is_other = key != FIRST
        rows = 8 if is_other else 16
        is_plain = self.campaign is not None and self.campaign.channel != Channel.EMAIL
        usual_label = _("Message (plain text)") if is_plain else _("Message (MJML)")
        body_label = _("Message (empty: as version A)") if is_other else usual_label
        subject_label = _("Subject (empty: as version A)") if is_other else pgettext("of a message", "Subject")
        area = {"lang": code, "rows": rows, "class": "zg-code", "spellcheck": "false"}
        shown: list[tuple[str, str, Any]] = [("subject", subject_label, UnfoldAdminTextInputWidget({"lang": code}))]
        if not is_other:
            shown.append(("preheader", _("Preview line"), UnfoldAdminTextInputWidget({"lang": code})))
        shown.append(("body", body_label, UnfoldAdminTextareaWidget(area)))
        for name, label, widget in shown:
            self.fields[field_of(name, code, step=number, key=key)] = forms.CharField(
                label=f"{label} · {title}", required=False, widget=widget, strip=name != "body",
                max_length=200_000 if name == "body" else 200,
            )  # fmt: skip

    def steps(self) -> list[StepFields]:
        """What the page shows, in order."""
        found = []
        shape = self.steps_shape
        for place, (number, keys) in enumerate(shape.steps, 1):
            own = [self[name] for name in (f"wait_{number}", f"condition_{number}") if name in self.fields]
            versions = [self._version(number, key, len(keys) > 1) for key in keys]
            may_grow = len(keys) < lifecycle.MOST_ARMS
            found.append(StepFields(number, place, own, versions, may_grow, len(shape.steps) > 1))
        return found

    def _version(self, number: int, key: str, is_named: bool) -> VersionFields:
        names = [field_of(name, step=number, key=key) for name in ("weight", "own_offer")]
        texts = []
        for code, title in lifecycle.languages().items():
            fields = [field_of(name, code, step=number, key=key) for name in ("subject", "preheader", "body")]
            texts.append((code, title, [self[name] for name in fields if name in self.fields]))
        title = _("Version %(key)s") % {"key": key.upper()} if is_named else ""
        return VersionFields(key, title, [self[name] for name in names if name in self.fields], texts, key == FIRST)

    @property
    def may_add_step(self) -> bool:
        return len(self.steps_shape.steps) < lifecycle.MOST_STEPS

    def chosen(self) -> Audience | None:
        """The audience as the form says. One of a segment that has no row yet is not stored."""
        said = self.cleaned_data.get("audience") or ""
        kind, _colon, number = said.partition(":")
        if kind != "segment":
            return Audience.objects.select_related("segment").get(pk=int(number)) if said else None
        segment = Segment.objects.get(pk=int(number))
        stored = Audience.objects.filter(source=Audience.Source.SEGMENT, segment=segment).order_by("pk").first()
        return stored or Audience(source=Audience.Source.SEGMENT, segment=segment)

    def clean_starts(self) -> datetime | None:
        value: datetime | None = self.cleaned_data["starts"]
        return timezone.make_aware(value.replace(tzinfo=None), shop_zone()) if value is not None else None

    def _said(self, name: str, number: int, key: str) -> dict[str, str]:
        found = {
            code: self.cleaned_data.get(field_of(name, code, step=number, key=key), "")
            for code in lifecycle.languages()
        }
        if name == "body" and self.cleaned_data["channel"] != Channel.EMAIL:
            found = {code: _for_plain_text(text, code) for code, text in found.items()}
        return {code: text for code, text in found.items() if text.strip()}

    @transaction.atomic
    def save(self, by: StaffUser | None) -> Campaign:
        """The draft as the form says. Raises DomainError for what is no draft any more."""
        data = self.cleaned_data
        campaign = self.campaign or Campaign.objects.create(name=data["name"], created_by=by)
        said = data["audience"]
        audience = campaign.audience if said else None
        if said.startswith("segment:"):
            audience = audiences.of_segment(Segment.objects.get(pk=int(said[8:])), by=by)
        elif said.startswith("audience:"):
            audience = Audience.objects.get(pk=int(said[9:]))
        changed = lifecycle.change(
            campaign, name=data["name"].strip(), audience=audience, purpose=data["purpose"], channel=data["channel"],
            holdout_share=Decimal(data["holdout"]) / 100, planned_for=data["starts"],
            send_within=int(data["within"]) if data["within"] else None, cost_per_message=data["cost"] or 0,
            offer_id=int(data["offer"]) if data["offer"] else None, shift_by=data["shift"],
            shift_hours=data["shift_hours"] or 24,
            **self.said_of_trigger(),
        )  # fmt: skip
        before = {step.position: step for step in changed.steps.select_related("template")}
        lifecycle.set_steps(changed, [
            self._step(changed, place, number, keys, before.get(number), by)
            for place, (number, keys) in enumerate(self.steps_shape.steps, 1)
        ])  # fmt: skip
        return changed

    def _step(
        self, campaign: Campaign, place: int, number: int, keys: str, before: CampaignStep | None,
        by: StaffUser | None,
    ) -> dict[str, Any]:  # fmt: skip
        """As `lifecycle.set_steps` takes it; messages are stored."""
        data = self.cleaned_data
        stored = before.template if before is not None else None
        message = self._message(campaign, stored, number, FIRST, place, by)
        templates = {str(arm["key"]): arm.get("template") for arm in (before.arms if before is not None else [])}
        arms = []
        for key in keys if len(keys) > 1 else "":
            arm: dict[str, Any] = {"key": key, "weight": data[field_of("weight", step=number, key=key)]}
            if offer := data.get(field_of("own_offer", step=number, key=key)):
                arm["offer"] = int(offer)
            if key != FIRST:
                if subject := self._said("subject", number, key):
                    arm["subject"] = subject
                if self._said("body", number, key):
                    own = Template.objects.filter(pk=templates.get(key) or 0).first()
                    arm["template"] = self._message(campaign, own, number, key, place, by, usual=message).pk
            arms.append(arm)
        if not arms and (offer := data.get(field_of("own_offer", step=number))):
            arms = [{"key": FIRST, "weight": 1, "offer": int(offer)}]
        return {
            "template": message, "wait_hours": data.get(f"wait_{number}") or 0,
            "condition": data.get(f"condition_{number}") or "" if place > 1 else "", "arms": arms,
        }  # fmt: skip

    def _message(
        self, campaign: Campaign, stored: Template | None, number: int, key: str, place: int, by: StaffUser | None, *,
        usual: Template | None = None,
    ) -> Template:  # fmt: skip
        """The words of a version. Languages that it does not have are those of the `usual` one."""
        message = stored or Template(created_by=by)
        mark = "".join([f" · {place}" if place > 1 else "", f" · {key.upper()}" if key != FIRST else ""])
        message.name = f"{campaign.name[: 120 - len(mark)]}{mark}"
        message.purpose, message.channel = campaign.purpose, campaign.channel
        message.kind = Template.Kind.MJML if campaign.channel == Channel.EMAIL else Template.Kind.TEXT
        message.subject, message.body = self._said("subject", number, key), self._said("body", number, key)
        message.preheader = self._said("preheader", number, key)
        if usual is not None:
            message.subject, message.body = {**usual.subject, **message.subject}, {**usual.body, **message.body}
            message.preheader = usual.preheader
        message.save()
        return message


def _for_plain_text(text: str, code: str) -> str:
    """The draft of an e-mail that nobody touched is no message of another channel."""
    return plain_starter(code) if text.split() == starter(code).split() else text


def _initial(campaign: Campaign | None, audience: Audience | None = None) -> dict[str, Any]:
    if campaign is None:
        first: dict[str, Any] = {"holdout": 10, "purpose": Purpose.OFFERS, "channel": Channel.EMAIL, "cost": 0}
        if audience is not None:
            first |= {"audience": key_of(audience), "name": str(audience)}
        return {**first, **{field_of("body", code): starter(code) for code in lifecycle.languages()}}
    starts = campaign.planned_for.astimezone(shop_zone()) if campaign.planned_for else None
    found: dict[str, Any] = {
        "name": campaign.name, "purpose": campaign.purpose, "channel": campaign.channel,
        "holdout": round(100 * campaign.holdout_share), "starts": starts.replace(tzinfo=None) if starts else None,
        "shift": campaign.shift_by, "shift_hours": campaign.shift_hours,
        "within": campaign.send_within or "", "cost": campaign.cost_per_message.normalize(),
        "audience": audience_key(campaign), "offer": campaign.offer_id or "",
    }  # fmt: skip
    steps = list(campaign.steps.select_related("template").order_by("position"))
    own = Template.objects.in_bulk([arm["template"] for step in steps for arm in step.arms if arm.get("template")])
    for step in steps:
        found |= _initial_of(step, own)
    return found


def _initial_of(step: CampaignStep, own: dict[int, Template]) -> dict[str, Any]:
    number = step.position
    found: dict[str, Any] = {f"wait_{number}": step.wait_hours, f"condition_{number}": step.condition}
    found |= words_of(step.template, number)
    for arm in step.arms:
        key = str(arm["key"])
        found[field_of("weight", step=number, key=key)] = arm.get("weight", 1)
        found[field_of("own_offer", step=number, key=key)] = arm.get("offer") or ""
        if key == FIRST:
            continue
        template = own.get(arm.get("template") or 0)
        for code in lifecycle.languages():
            found[field_of("subject", code, step=number, key=key)] = (arm.get("subject") or {}).get(code, "")
            body = template.body.get(code, "") if template is not None else ""
            usual = step.template.body.get(code, "") if step.template is not None else ""
            found[field_of("body", code, step=number, key=key)] = "" if body == usual else body
    return found


def words_of(message: Template | None, number: int) -> dict[str, Any]:
    """A message as the fields of a step's first version."""
    return {
        field_of(name, code, step=number): getattr(message, name).get(code, "") if message is not None else ""
        for code in lifecycle.languages()
        for name in ("subject", "preheader", "body")
    }


def _offers(campaign: Campaign | None) -> list[tuple[str, str]]:
    """Offers that may still be given, and those that the draft has."""
    now = timezone.now()
    rows = Offer.objects.filter(is_active=True).exclude(ends_at__lte=now).order_by("-created_at", "-pk")[:MOST_OFFERS]
    found = {one.pk: str(one) for one in rows}
    if campaign is not None:
        named = {pk for step in campaign.steps.all() for pk in lifecycle.offers_of(campaign, step) if pk is not None}
        found |= {one.pk: str(one) for one in Offer.objects.filter(pk__in=named - set(found))}
    return [(str(pk), name) for pk, name in found.items()]


def audience_key(campaign: Campaign) -> str:
    return key_of(campaign.audience) if campaign.audience is not None else ""


def key_of(audience: Audience) -> str:
    """How the form names it."""
    if audience.source == Audience.Source.SEGMENT and audience.segment_id:
        return f"segment:{audience.segment_id}"
    return f"audience:{audience.pk}"


def _audiences(campaign: Campaign | None) -> list[tuple[str, Any]]:
    segments = Segment.objects.alive().filter(is_shared=True).order_by("name", "pk")[:MOST_SEGMENTS]
    own = Audience.objects.exclude(source=Audience.Source.SEGMENT).order_by("-pk")[:MOST_SEGMENTS]
    found: list[tuple[str, Any]] = [("", _("Choose an audience"))]
    if rows := [(f"audience:{one.pk}", str(one)) for one in own]:
        found.append((_("Lists and rules"), rows))
    if rows := [(f"segment:{one.pk}", str(one)) for one in segments]:
        found.append((_("Segments"), rows))
    chosen = audience_key(campaign) if campaign is not None else ""
    if chosen and campaign is not None and all(chosen != key for _t, rows in found[1:] for key, _n in rows):
        found.append((chosen, str(campaign.audience)))
    return found
