"""The form of a placement and the rows of its rules."""

from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from catalog.admin.fields import CategoryChoiceField
from catalog.admin.product_forms import NamedForm
from core.admin.widgets import Slider
from core.exceptions import DomainError
from recommender import trials
from recommender.models import Placement, PlacementRule
from recommender.services import check_rules

TARGETS = ("product", "category", "brand")


def _capitalise(fields: Mapping[str, forms.Field]) -> None:
    """Choices are stored in the words of a sentence; in a form each stands for itself."""
    for field in fields.values():
        if isinstance(field, forms.TypedChoiceField):
            rows: Any = field.choices
            field.choices = [(value, capfirst(label)) for value, label in rows]


def _grouped(rows: Iterable[tuple[str, Any]]) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Strategies that most placements want first, then each method by itself."""
    own: list[tuple[str, Any]] = []
    alone: list[tuple[str, Any]] = []
    for value, label in rows:
        (alone if value in trials.ALONE else own).append((value, label))
    return [(_("The live model and lists"), own), (_("One method alone"), alone)]


class PlacementForm(NamedForm):
    """`opened_version` is the one that was read: who saves later than somebody else is told."""

    category = CategoryChoiceField(label=gettext_lazy("Only this category"), required=False)
    opened_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Placement
        fields = (
            "name", "key", "surface", "strategy", "fallback", "slots", "repeats_allowed", "diversity", "category_cap",
            "exploration", "category", "brand", "price_min", "price_max", "is_on",
        )  # fmt: skip
        widgets = {
            "diversity": Slider(ends=(gettext_lazy("best matches"), gettext_lazy("as different as possible"))),
            "exploration": Slider(most=0.5, ends=(gettext_lazy("no slot"), gettext_lazy("half of the slots"))),
        }
        help_texts = {
            "strategy": gettext_lazy(
                "One method alone is for comparing: in the live model most often several say together what fits. “What "
                "this would show” tells when the live model does not have it."
            ),
            "diversity": gettext_lazy("At 0% the best matches stand, however alike; at 100% what differs most."),
        }
        labels = {"key": pgettext_lazy("word by which code asks", "Key"), "slots": gettext_lazy("Number of products")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _capitalise(self.fields)
        if "strategy" in self.fields:
            strategy: Any = self.fields["strategy"]
            strategy.choices = _grouped(strategy.choices)
        if "opened_version" in self.fields:
            self.fields["opened_version"].initial = self.instance.version
        if self.instance.pk and "key" in self.fields:
            self.fields["key"].disabled = True

    def clean_opened_version(self) -> int:
        """The row may have moved on; the service compares under a lock."""
        version: int = self.cleaned_data.get("opened_version") or 0
        return version


class LoadedAutocomplete(AutocompleteSelect):
    """Shows what the row already holds without asking for it again: a page of rules has one such field in each row."""

    loaded: Any = None

    def optgroups(
        self, name: str, value: Any, attr: Any = None
    ) -> list[tuple[str | None, list[dict[str, Any]], int | None]]:
        if self.loaded is None or [str(one) for one in value] != [str(self.loaded.pk)]:
            return super().optgroups(name, value, attr)
        label = self.choices.field.label_from_instance(self.loaded)
        nothing = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        return [(None, [*nothing, self.create_option(name, self.loaded.pk, label, True, len(nothing))], 0)]


class FromDay(forms.SplitDateTimeField):
    """A day alone means its beginning."""

    without_time = time.min

    def compress(self, data_list: Any) -> Any:
        if data_list and data_list[0] and not data_list[1]:
            data_list = [data_list[0], self.without_time]
        return super().compress(data_list)


class UntilDay(FromDay):
    """A day alone means its end."""

    without_time = time.max.replace(microsecond=0)


class RuleForm(forms.ModelForm):
    category = CategoryChoiceField(label=gettext_lazy("Category"), required=False)

    class Meta:
        model = PlacementRule
        fields = ("kind", *TARGETS, "slot", "strength", "starts_at", "ends_at", "note")
        help_texts = {
            "starts_at": gettext_lazy("Empty: at once. A day without a time: from its beginning."),
            "ends_at": gettext_lazy("Empty: until you end it. A day without a time: until its end."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _capitalise(self.fields)
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)  # staff who may add products have a link around it
            if isinstance(widget, LoadedAutocomplete):
                widget.loaded = self.instance._meta.get_field(name).get_cached_value(self.instance, default=None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("kind") == PlacementRule.Kind.PIN and cleaned.get("product"):
            cleaned |= {"category": None, "brand": None}  # the form hides them for a pin
        named = [name for name in TARGETS if cleaned.get(name)]
        if len(named) != 1:
            self.add_error("product", _("Choose one product, one category or one brand."))
        if cleaned.get("kind") == PlacementRule.Kind.PIN:
            if named and named != ["product"]:
                self.add_error("product", _("Only a product can be pinned."))
            if not cleaned.get("slot"):
                self.add_error("slot", _("Say in which slot it is pinned, counted from 1."))
        elif cleaned.get("slot"):
            cleaned["slot"] = None
        if cleaned.get("starts_at") and cleaned.get("ends_at") and cleaned["starts_at"] >= cleaned["ends_at"]:
            self.add_error("ends_at", _("The end must be after the start."))
        return cleaned


class RuleFormSet(BaseInlineFormSet):
    """Rules are saved together, as one version of the placement. The tree of categories is read once for all rows."""

    @cached_property
    def categories(self) -> list[Any]:
        field: Any = self.form.base_fields["category"]
        return list(iter(field.choices))  # of an iterator, so that nobody counts first

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        field: Any = form.fields.get("category")
        if field is not None:
            field.choices = self.categories

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        try:
            check_rules(self.instance, self.rules())
        except DomainError as error:
            raise forms.ValidationError(str(error.message)) from error

    def rules(self) -> list[PlacementRule]:
        """All rows that are filled in and not removed."""
        return [
            form.instance
            for form in self.forms
            if form not in self.deleted_forms and (form.instance.pk or form.has_changed())
        ]
