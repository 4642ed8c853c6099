"""What staff write down before an experiment starts, and what follows from it afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from core.admin.widgets import Checkboxes, Radios
from core.experiments import kinds, metrics
from core.experiments.services import NewArm
from core.extensions import experiment_metrics
from core.models import Experiment, ExperimentArm

ARMS = 4
OTHER = "other"


def places() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Where an experiment may run, by kind."""
    found = []
    for key, kind in kinds.offered():
        own = [(f"{key}:{target}", title) for target, title in kind.targets.items()]
        if kind.open_targets:
            own.append((f"{key}:{OTHER}", _("another place")))
        found.append((kind.title, own))
    return found


def ways() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """What an arm may do, by kind."""
    return [
        (kind.title, [(f"{key}:{choice.key}", choice.title) for choice in kind.choices if choice.by_hand])
        for key, kind in kinds.offered()
    ]


class ExperimentForm(forms.Form):
    """`cleaned()` gives what the services want."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("What you ask, such as “Do personal recommendations sell more?”"),
    )  # fmt: skip
    place = forms.ChoiceField(label=gettext_lazy("Where"), widget=UnfoldAdminSelectWidget())
    other_place = forms.RegexField(
        r"^[a-z][a-z0-9_-]{0,39}$", label=gettext_lazy("Key of the other place"), required=False,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Only for “another place”: the placement that the storefront asks for."),
    )  # fmt: skip
    hypothesis = forms.CharField(
        label=gettext_lazy("Hypothesis"), required=False, max_length=2_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}), help_text=gettext_lazy("What you expect, and why."),
    )  # fmt: skip
    primary_metric = forms.ChoiceField(
        label=gettext_lazy("Primary metric"), widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("The one that decides. All others are shown beside it."),
    )  # fmt: skip
    guardrails = forms.MultipleChoiceField(
        label=gettext_lazy("Guardrails"), required=False, widget=Checkboxes(),
        help_text=gettext_lazy("Metrics that must not get worse."),
    )  # fmt: skip
    unit = forms.ChoiceField(
        label=gettext_lazy("Divided by"), choices=Experiment.Unit.choices, widget=Radios(), initial="visitor",
        help_text=gettext_lazy("Visitors: one browser sees one arm. Customers: only those signed in take part."),
    )  # fmt: skip
    smallest_percent = forms.FloatField(
        label=gettext_lazy("Smallest change that matters, %"), initial=5, min_value=0.1, max_value=100,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("Relative to the control. Within it, a result counts as “no difference”."),
    )  # fmt: skip
    outcome_days = forms.IntegerField(
        label=gettext_lazy("Days counted"), initial=7, min_value=1, max_value=90,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=gettext_lazy(
            "What people do for this long after the first exposure counts. They join the result then."
        ),
    )  # fmt: skip
    planned_people = forms.IntegerField(
        label=gettext_lazy("People planned"), initial=10_000, min_value=100, max_value=100_000_000,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=gettext_lazy("All arms together. Results are sharpest around this number and hold at any other."),
    )  # fmt: skip
    winsorise_at = forms.FloatField(
        label=gettext_lazy("Cap amounts at quantile"), required=False, min_value=0.9, max_value=0.9999,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy(
            "0.999 caps the largest one in a thousand, so that a single order cannot decide. Empty: no cap."
        ),
    )  # fmt: skip

    def __init__(self, *args: Any, experiment: Experiment | None = None, **kwargs: Any) -> None:
        if experiment is not None:
            kwargs["initial"] = _as_initial(experiment) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        titles = [(entry.key, metrics.title(entry.key)) for entry in experiment_metrics]
        fields["place"].choices = places()
        fields["primary_metric"].choices = titles
        fields["guardrails"].choices = titles
        for place in range(ARMS):
            needed = place < 2
            nothing = [] if needed else [("", _("not used"))]
            fields[f"arm_{place}_way"] = forms.ChoiceField(
                label=_("Control shows") if place == 0 else _("Arm %(letter)s shows") % {"letter": "ABC"[place - 1]},
                choices=[*nothing, *ways()], required=needed, widget=UnfoldAdminSelectWidget(),
                initial=self.initial.get(f"arm_{place}_way") or (_first_ways()[place] if needed else ""),
            )  # fmt: skip
            fields[f"arm_{place}_name"] = forms.CharField(
                label=_("Name"), required=False, max_length=80,
                widget=UnfoldAdminTextInputWidget(attrs={"placeholder": _("as what it shows")}),
            )  # fmt: skip
            fields[f"arm_{place}_weight"] = forms.IntegerField(
                label=_("Share, %"), required=needed, min_value=1, max_value=99, initial=50 if needed else None,
                widget=UnfoldAdminIntegerFieldWidget(),
            )  # fmt: skip

    def plain_fields(self) -> Iterator[Any]:
        return (field for field in self if not field.name.startswith("arm_"))

    def arm_rows(self) -> list[tuple[Any, Any, Any]]:
        return [(self[f"arm_{n}_way"], self[f"arm_{n}_name"], self[f"arm_{n}_weight"]) for n in range(ARMS)]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if str(found.get("place", "")).endswith(f":{OTHER}") and not found.get("other_place"):
            self.add_error("other_place", _("Say which place."))
        kind = str(found.get("place", "")).partition(":")[0]
        for place in range(ARMS):
            way, weight = found.get(f"arm_{place}_way"), found.get(f"arm_{place}_weight")
            if way and kind and way.partition(":")[0] != kind:
                self.add_error(f"arm_{place}_way", _("This does not belong to the chosen place."))
            if way and weight is None and f"arm_{place}_weight" not in self.errors:
                self.add_error(f"arm_{place}_weight", _("Say which share of people."))
            if weight and not way and f"arm_{place}_way" not in self.errors:
                self.add_error(f"arm_{place}_way", _("Choose what this arm shows."))
        return found

    def cleaned(self) -> dict[str, Any]:
        """Fields of the experiment, and its arms."""
        data = self.cleaned_data
        kind_key, _colon, target = data["place"].partition(":")
        kind = kinds.known(kind_key)
        choices = {choice.key: choice for choice in kind.choices} if kind else {}
        arms = []
        for place in range(ARMS):
            way = (data.get(f"arm_{place}_way") or "").partition(":")[2]
            if way not in choices:
                continue
            key = "control" if place == 0 else f"arm-{'abc'[place - 1]}"
            name = data.get(f"arm_{place}_name") or str(choices[way].title)
            weight = data[f"arm_{place}_weight"]
            arms.append(NewArm(name, weight, choices[way].settings, is_control=place == 0, key=key))
        names = ("name", "hypothesis", "primary_metric", "guardrails", "unit", "outcome_days", "planned_people")
        return {
            **{name: data[name] for name in names},
            "kind": kind_key,
            "target": data["other_place"] if target == OTHER else target,
            "smallest_effect": data["smallest_percent"] / 100,
            "winsorise_at": data["winsorise_at"],
            "arms": arms,
        }


PREFILLED = ("name", "place", "other_place", "hypothesis", "primary_metric")


def prefilled(asked: Mapping[str, str]) -> dict[str, Any]:
    """What the address of the form may fill in: pages that know what to ask link here. Nothing is written by it."""
    names = [*PREFILLED, *(f"arm_{place}_way" for place in range(ARMS))]
    found: dict[str, Any] = {name: asked[name][:200] for name in names if asked.get(name)}
    if asked.get("guardrails"):
        found["guardrails"] = asked["guardrails"][:200].split(",")
    return found


def start_address(
    *, kind: str, target: str, name: str, ways: Sequence[str], metric: str = "", guardrails: Sequence[str] = ()
) -> str:
    """The form of a new experiment at this place, the control's way first."""
    known = kinds.known(kind)
    is_listed = known is not None and target in known.targets
    query = {
        "name": name,
        "place": f"{kind}:{target if is_listed else OTHER}",
        "other_place": "" if is_listed else target,
        "primary_metric": metric,
        "guardrails": ",".join(guardrails),
        **{f"arm_{place}_way": f"{kind}:{way}" for place, way in enumerate(ways[:ARMS])},
    }
    query = {name: value for name, value in query.items() if value}
    return f"{reverse('admin:core_experiment_add')}?{urlencode(query)}"


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(label=gettext_lazy("Decision"), choices=Experiment.Decision.choices, widget=Radios())
    arm = forms.ChoiceField(label=gettext_lazy("Arm to adopt"), required=False, widget=UnfoldAdminSelectWidget())
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=300, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=gettext_lazy("Others read this when the question comes up again."),
    )  # fmt: skip

    def __init__(self, *args: Any, arms: list[ExperimentArm], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        arm: Any = self.fields["arm"]
        arm.choices = [("", "–"), *((str(one.pk), one.name) for one in arms if not one.is_control)]


def _first_ways() -> list[str]:
    """What a new experiment compares unless somebody chooses: the kind's control, and what everybody gets."""
    for key, kind in kinds.offered():
        return [f"{key}:{kind.control}", f"{key}:{kind.choices[0].key}"]
    return ["", ""]


def _as_initial(experiment: Experiment) -> dict[str, Any]:
    kind = kinds.known(experiment.kind)
    is_known = kind is not None and experiment.target in kind.targets
    names = (
        "name",
        "hypothesis",
        "primary_metric",
        "guardrails",
        "unit",
        "outcome_days",
        "planned_people",
        "winsorise_at",
    )
    found: dict[str, Any] = {name: getattr(experiment, name) for name in names}
    found["smallest_percent"] = round(experiment.smallest_effect * 100, 3)
    found["place"] = f"{experiment.kind}:{experiment.target if is_known else OTHER}"
    found["other_place"] = "" if is_known else experiment.target
    for place, arm in enumerate(experiment.arms.all()[:ARMS]):
        choice = kind.choice_of(arm.settings) if kind else None
        found[f"arm_{place}_way"] = f"{experiment.kind}:{choice.key}" if choice else ""
        found[f"arm_{place}_name"], found[f"arm_{place}_weight"] = arm.title, arm.weight
    return found
