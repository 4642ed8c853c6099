"""The form of a draft: who, what, when. Texts stand in both languages beside each other."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override, pgettext
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from analytics.models import Segment
from core.models import StaffUser
from core.shop import shop_zone
from marketing.campaigns import audiences, lifecycle
from marketing.models import Audience, Campaign, Channel, Purpose, Template

MOST_SEGMENTS = 300


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


def _titled(choices: type[TextChoices]) -> Callable[[], list[tuple[str, str]]]:
    """Choices as they stand in a form, in the language of whoever reads it."""
    return lambda: [(str(value), capfirst(str(label))) for value, label in choices.choices]


def field_of(name: str, code: str) -> str:
    return f"{name}_{code.replace('-', '_')}"


class CampaignForm(forms.Form):
    """One campaign with one message. The second subject makes two versions, drawn by chance."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget())
    audience = forms.ChoiceField(label=gettext_lazy("Audience"), required=False, widget=UnfoldAdminSelectWidget())
    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"), choices=_titled(Purpose), widget=UnfoldAdminSelectWidget()
    )
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
    cost = forms.DecimalField(
        label=gettext_lazy("Cost of a message"), min_value=0, max_digits=12, decimal_places=4, required=False,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal"}),
    )  # fmt: skip

    def __init__(
        self, *args: Any, campaign: Campaign | None = None, audience: Audience | None = None, **kwargs: Any
    ) -> None:  # fmt: skip
        self.campaign = campaign
        kwargs["initial"] = _initial(campaign, audience)
        super().__init__(*args, **kwargs)
        self.fields["audience"].choices = _audiences(campaign)  # type: ignore[attr-defined]
        for code, title in lifecycle.languages().items():
            for name, label, widget in (
                ("subject", pgettext("of a message", "Subject"), UnfoldAdminTextInputWidget({"lang": code})),
                ("subject_b", _("Second subject to compare"), UnfoldAdminTextInputWidget({"lang": code})),
                ("preheader", _("Preview line"), UnfoldAdminTextInputWidget({"lang": code})),
                ("body", _("Message (MJML)"), UnfoldAdminTextareaWidget({"lang": code, "rows": 16, "class": "zg-code",
                                                                        "spellcheck": "false"})),
            ):  # fmt: skip
                self.fields[field_of(name, code)] = forms.CharField(
                    label=f"{label} · {title}", required=False, widget=widget, strip=name != "body",
                    max_length=200_000 if name == "body" else 200,
                )  # fmt: skip

    def texts(self) -> list[tuple[str, str, list[Any]]]:
        """Fields of the message by language."""
        return [
            (code, title, [self[field_of(name, code)] for name in ("subject", "subject_b", "preheader", "body")])
            for code, title in lifecycle.languages().items()
        ]

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

    def _said(self, name: str) -> dict[str, str]:
        found = {code: self.cleaned_data[field_of(name, code)] for code in lifecycle.languages()}
        return {code: text for code, text in found.items() if text.strip()}

    @transaction.atomic
    def save(self, by: StaffUser | None) -> Campaign:
        """The draft as the form says. Raises DomainError for what is no draft any more."""
        data = self.cleaned_data
        campaign = self.campaign or Campaign.objects.create(name=data["name"], created_by=by)
        said = data["audience"]
        audience = campaign.audience
        if said.startswith("segment:"):
            audience = audiences.of_segment(Segment.objects.get(pk=int(said[8:])), by=by)
        elif said.startswith("audience:"):
            audience = Audience.objects.get(pk=int(said[9:]))
        changed = lifecycle.change(
            campaign, name=data["name"].strip(), audience=audience, purpose=data["purpose"], channel=data["channel"],
            holdout_share=Decimal(data["holdout"]) / 100, planned_for=data["starts"],
            cost_per_message=data["cost"] or 0,
        )  # fmt: skip
        step = changed.steps.select_related("template").first()
        message = step.template if step is not None and step.template is not None else Template(created_by=by)
        message.name, message.purpose, message.channel = changed.name, changed.purpose, changed.channel
        message.kind = Template.Kind.MJML if changed.channel == Channel.EMAIL else Template.Kind.TEXT
        message.subject, message.preheader, message.body = (
            self._said("subject"), self._said("preheader"), self._said("body")
        )  # fmt: skip
        message.save()
        second = self._said("subject_b")
        arms = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1, "subject": second}] if second else []
        lifecycle.set_steps(changed, [{"template": message, "arms": arms}])
        return changed


def _initial(campaign: Campaign | None, audience: Audience | None = None) -> dict[str, Any]:
    if campaign is None:
        first: dict[str, Any] = {"holdout": 10, "purpose": Purpose.OFFERS, "channel": Channel.EMAIL, "cost": 0}
        if audience is not None:
            first |= {"audience": key_of(audience), "name": audience.name}
        return {**first, **{field_of("body", code): starter(code) for code in lifecycle.languages()}}
    step = campaign.steps.select_related("template").order_by("position").first()
    message = step.template if step is not None else None
    second = next((arm.get("subject") or {} for arm in (step.arms if step else []) if arm.get("key") == "b"), {})
    starts = campaign.planned_for.astimezone(shop_zone()) if campaign.planned_for else None
    found: dict[str, Any] = {
        "name": campaign.name, "purpose": campaign.purpose, "channel": campaign.channel,
        "holdout": round(100 * campaign.holdout_share), "starts": starts.replace(tzinfo=None) if starts else None,
        "cost": campaign.cost_per_message.normalize(), "audience": audience_key(campaign),
    }  # fmt: skip
    for code in lifecycle.languages():
        found[field_of("subject_b", code)] = second.get(code, "")
        for name in ("subject", "preheader", "body"):
            found[field_of(name, code)] = getattr(message, name).get(code, "") if message is not None else ""
    return found


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
