"""The form of an offer. Titles stand in the languages of the shop beside each other."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.models import Category
from core.admin.widgets import Checkboxes
from core.exceptions import DomainError
from core.shop import current_shop, shop_zone
from marketing import offers
from marketing.campaigns import lifecycle
from marketing.models import Offer
from marketing.offers.editing import LONGEST_TITLE

WHAT = ("kind", "value", "unit", "least_order", "most_off")
LIMITS = ("max_codes", "budget", "starts", "ends", "valid_days")
MOST_CATEGORIES = 60
MOMENTS = {"starts_at": "starts", "ends_at": "ends"}


def _titled(choices: type[TextChoices]) -> Callable[[], list[tuple[str, str]]]:
    """Choices as they stand in a form, in the language of whoever reads it."""
    return lambda: [(str(value), capfirst(str(label))) for value, label in choices.choices]


def _title_field(code: str) -> str:
    return f"title_{code.replace('-', '_')}"


def _money(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, max_digits=14, decimal_places=4, help_text=help_text,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal"}),
    )  # fmt: skip


def _count(label: Any, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, help_text=help_text, widget=UnfoldAdminIntegerFieldWidget())


def _moment(label: Any, help_text: Any = "") -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label, required=False, input_formats=["%Y-%m-%dT%H:%M"], help_text=help_text,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "zg-input"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip


class OfferForm(forms.Form):
    """What codes already say cannot be changed here: those fields are locked."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=120, widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("For staff. Customers read the title."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=pgettext_lazy("of an offer", "Kind"), choices=_titled(Offer.Kind), widget=UnfoldAdminSelectWidget()
    )
    unit = forms.ChoiceField(
        label=pgettext_lazy("of an offer", "Unit"), choices=_titled(Offer.Unit), required=False,
        widget=UnfoldAdminSelectWidget(), help_text=gettext_lazy("Of a discount: percent, or an amount of money."),
    )  # fmt: skip
    value = _money(
        pgettext_lazy("of an offer", "Value"), gettext_lazy("Percent, amount or points; nothing for free shipping.")
    )
    least_order = _money(gettext_lazy("From an order of"), gettext_lazy("What its products cost. Empty: any order."))
    most_off = _money(gettext_lazy("At most this much off"), gettext_lazy("Of one order, however large it is."))
    max_codes = _count(gettext_lazy("At most this many codes"))
    valid_days = _count(gettext_lazy("Days a code is valid"), gettext_lazy("Empty: until the offer ends."))
    budget = _money(
        gettext_lazy("Budget"),
        gettext_lazy("As many codes are given as it can pay for, even if all of them are used."),
    )  # fmt: skip
    categories = forms.MultipleChoiceField(
        label=gettext_lazy("Categories"), required=False, widget=Checkboxes,
        help_text=gettext_lazy(
            "Whom it fits is told by what they bought of these. It counts for the whole order all the same."
        ),
    )  # fmt: skip
    starts = _moment(gettext_lazy("Starts"))
    ends = _moment(gettext_lazy("Ends"))

    def __init__(self, *args: Any, offer: Offer | None = None, is_read: bool = False, **kwargs: Any) -> None:
        self.offer = offer
        kwargs["initial"] = _initial(offer) | kwargs.pop("initial", {})
        super().__init__(*args, **kwargs)
        for code, title in lifecycle.languages().items():
            self.fields[_title_field(code)] = forms.CharField(
                label=f"{_('Title for customers')} · {title}", required=False, max_length=LONGEST_TITLE,
                widget=UnfoldAdminTextInputWidget({"lang": code}),
            )  # fmt: skip
        self.fields["categories"].choices = _categories()  # type: ignore[attr-defined]
        locked = WHAT if offer is not None and offer.given else ()
        for name in self.fields if is_read else locked:
            self.fields[name].disabled = True
        self.currency = current_shop().base_currency

    @property
    def is_about(self) -> bool:
        """Whether it is about anything, so that the list stands open."""
        return bool(self["categories"].value())

    def titles(self) -> list[Any]:
        return [self[_title_field(code)] for code in lifecycle.languages()]

    def what(self) -> list[Any]:
        return [self[name] for name in WHAT]

    def limits(self) -> list[Any]:
        return [self[name] for name in LIMITS]

    def _clean_moment(self, name: str) -> Any:
        value = self.cleaned_data[name]
        return timezone.make_aware(value.replace(tzinfo=None), shop_zone()) if value is not None else None

    def clean_starts(self) -> Any:
        return self._clean_moment("starts")

    def clean_ends(self) -> Any:
        return self._clean_moment("ends")

    def data_of(self) -> offers.OfferData:
        said = self.cleaned_data
        titles = {code: said[_title_field(code)] for code in lifecycle.languages()}
        # A language that the shop no longer has keeps its title.
        kept = {code: text for code, text in (self.offer.title if self.offer else {}).items() if code not in titles}
        return offers.OfferData(
            name=said["name"], kind=said["kind"], unit=said["unit"] or Offer.Unit.PERCENT, title={**kept, **titles},
            value=said["value"] or Decimal(0), least_order=said["least_order"] or Decimal(0),
            most_off=said["most_off"], max_codes=said["max_codes"], valid_days=said["valid_days"],
            budget=said["budget"], starts_at=said["starts"], ends_at=said["ends"],
            categories=tuple(int(pk) for pk in said["categories"]),
        )  # fmt: skip

    def save(self) -> Offer | None:
        """The offer as the form says; None with an error at the field that has to change."""
        try:
            data = self.data_of()
            return offers.change(self.offer.pk, data) if self.offer is not None else offers.create(data)
        except DomainError as error:
            name = str(error.extra.get("field", ""))
            name = MOMENTS.get(name, _title_field(next(iter(lifecycle.languages()))) if name == "title" else name)
            self.add_error(name if name in self.fields else None, str(error.message))
            return None


def _categories() -> list[tuple[str, str]]:
    """The upper two levels of the tree, children behind their parent's name. One query."""
    rows = list(Category.objects.filter(depth__lte=2).order_by("path")[:MOST_CATEGORIES])
    names = {one.path: str(one) for one in rows}
    parents = {one.path: names.get(one.path[: -Category.steplen], "") for one in rows}
    return [(str(one.pk), " › ".join(filter(None, (parents[one.path], names[one.path])))) for one in rows]


def _initial(offer: Offer | None) -> dict[str, Any]:
    if offer is None:
        return {"kind": Offer.Kind.DISCOUNT, "unit": Offer.Unit.PERCENT}
    found: dict[str, Any] = {
        "name": offer.name, "kind": offer.kind, "unit": offer.unit, "max_codes": offer.max_codes,
        "valid_days": offer.valid_days, "categories": [str(pk) for pk in offer.categories.values_list("pk", flat=True)],
    }  # fmt: skip
    for name in ("value", "least_order", "most_off", "budget"):
        amount = getattr(offer, name)
        found[name] = f"{amount.normalize():f}" if amount else None
    for field, name in MOMENTS.items():
        moment = getattr(offer, field)
        found[name] = moment.astimezone(shop_zone()).replace(tzinfo=None) if moment else None
    for code, text in offer.title.items():
        found[_title_field(code)] = text
    return found
