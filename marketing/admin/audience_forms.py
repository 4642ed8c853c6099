"""The forms of an audience: its name, and what finds its customers."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from analytics.models import Segment
from core.models import StaffUser
from marketing.campaigns import audiences
from marketing.models import Audience, Channel, Purpose

MOST_SEGMENTS = 300
Source = Audience.Source
WAYS: dict[str, Any] = {
    Source.RULE: gettext_lazy("By a rule"), Source.SEGMENT: gettext_lazy("From a segment"),
    Source.SCORE: gettext_lazy("By a score"), Source.UPLIFT: gettext_lazy("Whom messages move"),
    Source.UPLOAD: gettext_lazy("From a list"),
}  # fmt: skip


class AudienceForm(forms.Form):
    """The fields of one way. A rule comes from its builder, beside the form."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget())

    def __init__(self, *args: Any, way: str, audience: Audience | None = None, **kwargs: Any) -> None:
        self.way, self.audience = way, audience
        kwargs.setdefault("initial", _initial(audience))
        super().__init__(*args, **kwargs)
        match way:
            case Source.SEGMENT if audience is None:
                del self.fields["name"]  # it is called like the segment
                rows = Segment.objects.alive().filter(is_shared=True).order_by("name", "pk")[:MOST_SEGMENTS]
                self.fields["segment"] = forms.ChoiceField(
                    label=_("Segment"), choices=[(one.pk, str(one)) for one in rows], widget=UnfoldAdminSelectWidget()
                )
            case Source.SCORE:
                self.fields["score"] = forms.ChoiceField(
                    label=_("Score"), choices=[(key, str(one.title)) for key, one in audiences.SCORES.items()],
                    widget=UnfoldAdminSelectWidget(),
                )  # fmt: skip
                self.fields["way"] = forms.ChoiceField(
                    label=_("Who"), widget=UnfoldAdminSelectWidget(),
                    choices=[
                        (audiences.TOP, _("the highest, as a share of all in %")),
                        (audiences.ABOVE, _("from a limit on")),
                        (audiences.BELOW, _("below a limit")),
                    ],
                )  # fmt: skip
                self.fields["limit"] = _limit(_("Share or limit"), _("Chances in %, lifetime value as an amount."))
            case Source.UPLIFT:
                self.fields["limit"] = _limit(_("Share of customers, %"), _("Those whom a message moves most."))
            case Source.UPLOAD if audience is None:
                self.fields["file"] = forms.FileField(
                    label=_("File"), required=False, widget=UnfoldAdminFileFieldWidget({"accept": ".csv,.txt"}),
                    help_text=_("One customer a line: own number, public ID or e-mail address. At most 200,000 lines."),
                )  # fmt: skip
                self.fields["list"] = forms.CharField(
                    label=_("Or written here"), required=False, strip=False,
                    max_length=audiences.LONGEST_UPLOAD,
                    widget=UnfoldAdminTextareaWidget({"rows": 8, "spellcheck": "false"}),
                )  # fmt: skip

    def clean_file(self) -> str:
        """As text."""
        sent = self.cleaned_data.get("file")
        if not sent:
            return ""
        if sent.size > audiences.LONGEST_UPLOAD:
            raise forms.ValidationError(_("This list is too long."))
        raw: bytes = sent.read()
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise forms.ValidationError(_("This is no text file."))

    def save(self, rule: Any, *, by: StaffUser | None) -> Audience:
        """Raises DomainError."""
        said = self.cleaned_data
        if self.audience is not None:
            return audiences.change(self.audience, name=said["name"], definition=self._definition(rule))
        match self.way:
            case Source.SEGMENT:
                return audiences.of_segment(Segment.objects.get(pk=int(said["segment"])), by=by)
            case Source.SCORE:
                return audiences.of_score(said["name"], self._score(), by=by)
            case Source.UPLIFT:
                return audiences.of_uplift(said["name"], said["limit"] / 100, by=by)
            case Source.UPLOAD:
                return audiences.of_upload(said["name"], said["file"] or said["list"], by=by)
        return audiences.of_rule(said["name"], rule, by=by)

    def _definition(self, rule: Any) -> dict[str, Any] | None:
        """What it becomes. None: a list and a segment stay as they are."""
        match self.way:
            case Source.RULE:
                return audiences.rule_definition(rule)
            case Source.SCORE:
                return audiences.score_definition(**self._score())
            case Source.UPLIFT:
                return audiences.uplift_definition(self.cleaned_data["limit"] / 100)
        return None

    def _score(self) -> dict[str, Any]:
        said = self.cleaned_data
        is_amount = audiences.SCORES[said["score"]].is_money and said["way"] != audiences.TOP
        return {
            "score": said["score"], "way": said["way"], "limit": said["limit"] if is_amount else said["limit"] / 100
        }  # fmt: skip


def _limit(label: str, help_text: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, min_value=Decimal("0.01"), max_digits=14, decimal_places=2,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal"}),
    )  # fmt: skip


def _initial(audience: Audience | None) -> dict[str, Any]:
    if audience is None:
        return {"limit": 20}
    told = audience.definition
    found: dict[str, Any] = {"name": audience.name, "score": told.get("score"), "way": told.get("way")}
    if audience.source == Source.SCORE:
        is_amount = audiences.SCORES[told["score"]].is_money and told["way"] != audiences.TOP
        found["limit"] = round(told["limit"] * (1 if is_amount else 100), 2)
    elif audience.source == Source.UPLIFT:
        found["limit"] = round(100 * told["share"], 2)
    return found


class CountForm(forms.Form):
    """For what it is asked who can be reached."""

    purpose = forms.ChoiceField(
        label=gettext_lazy("Purpose"), widget=UnfoldAdminSelectWidget(),
        choices=lambda: [(str(value), capfirst(str(label))) for value, label in Purpose.of_campaigns()],
    )  # fmt: skip
    channel = forms.ChoiceField(
        label=gettext_lazy("Channel"), widget=UnfoldAdminSelectWidget(),
        choices=lambda: [(str(value), capfirst(str(label))) for value, label in Channel.choices],
    )  # fmt: skip
