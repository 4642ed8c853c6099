"""Forms of the product page. They never write a column that something else keeps (stock, in stock)."""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.admin.fields import CategoryChoiceField, OptionsField, PairsField, field_suffix, language_name
from catalog.models import Brand, Category, Product, Variant
from core.money import amount_text

LARGEST_STOCK = 1_000_000_000


def as_price(form: forms.ModelForm, name: str) -> None:
    """Not negative. Amounts are kept with four decimals and shown with two, unless a price is finer than a cent."""
    if name not in form.fields:
        return
    form.fields[name].validators.append(MinValueValidator(0, _("A price cannot be below 0.")))
    value = form.initial.get(name)
    if isinstance(value, Decimal):
        form.initial[name] = Decimal(amount_text(value))


class TranslationsMixin:
    """Form fields `name_<language>` for the translations that are kept as JSON beside the main text."""

    languages: tuple[str, ...] = ()
    translated: tuple[str, ...] = ()
    fields: dict[str, forms.Field]
    instance: Any
    initial: Any
    cleaned_data: dict[str, Any]

    def fill_translations(self) -> None:
        for name in self.translated:
            stored = getattr(self.instance, f"{name}_translations", None) or {}
            for code in self.languages:
                field = self.fields[f"{name}_{field_suffix(code)}"]
                field.initial = stored.get(code, "")
                if isinstance(field, OptionsField):
                    field.stored = field.initial or {}

    def take_translations(self) -> None:
        """A language that had the main text follows it; others that the form does not show keep what they have."""
        for name in self.translated:
            stored = dict(getattr(self.instance, f"{name}_translations", None) or {})
            before = self.initial.get(name)
            if before:
                now = self.cleaned_data.get(name, before)
                stored = {code: now if text == before else text for code, text in stored.items()}
            for code in self.languages:
                given = self.cleaned_data.get(f"{name}_{field_suffix(code)}") or ""
                if given := given.strip() if isinstance(given, str) else given:
                    stored[code] = given
                else:
                    stored.pop(code, None)
            setattr(self.instance, f"{name}_translations", stored)


class ProductForm(TranslationsMixin, forms.ModelForm):
    """`category` shows the tree; `attributes` are rows of name and value."""

    translated = ("name", "description")
    category = CategoryChoiceField(label=_("Category"), required=False)
    attributes = PairsField(
        label=_("Attributes"), help_text=_("Customers can filter by these, and recommendations compare them.")
    )

    class Meta:
        model = Product
        fields = ("name", "description", "category", "brand", "price", "status", "low_stock_at", "attributes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fill_translations()
        if "attributes" in self.fields:
            self.fields["attributes"].stored = self.instance.attributes or {}  # type: ignore[attr-defined]
        if "status" in self.fields:
            self.fields["status"].choices = [(value, capfirst(str(label))) for value, label in Product.Status.choices]  # type: ignore[attr-defined]
        as_price(self, "price")

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.take_translations()


class NamedForm(TranslationsMixin, forms.ModelForm):
    """Names of a category or brand."""

    translated = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fill_translations()

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.take_translations()


class CategoryForm(NamedForm):
    parent = CategoryChoiceField(
        required=False, label=_("Parent"), help_text=_("Moving a category moves everything below it. Empty: top level.")
    )

    class Meta:
        model = Category
        fields = ("name", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "parent" in self.fields:
            # The branch itself cannot be its own parent, so it is not offered.
            rows = Category.objects.exclude(path__startswith=self.instance.path).order_by("path")
            self.fields["parent"].queryset = rows  # type: ignore[attr-defined]
            parent_path = self.instance.path[: -Category.steplen]
            self.fields["parent"].initial = (
                Category.objects.filter(path=parent_path).values_list("pk", flat=True).first()
            )


class BrandForm(NamedForm):
    class Meta:
        model = Brand
        fields = ("name",)


def _fill(text: Any, language: str) -> str:
    return str(text) % {"language": language}


_filled = lazy(_fill, str)
"""A label filled in the reader's language at the time it is shown."""


@lru_cache(maxsize=16)
def with_languages(form: type[forms.ModelForm], languages: tuple[str, ...]) -> type[forms.ModelForm]:
    """The form with one field per language and translated text."""
    fields: dict[str, Any] = {"languages": languages}
    for name in form.translated:  # type: ignore[attr-defined]
        for code in languages:
            if name == "options":
                title: Any = _filled(_("Options in %(language)s"), language_name(code))  # type: ignore[arg-type]
                fields[f"options_{field_suffix(code)}"] = OptionsField(
                    label=title, widget=UnfoldAdminTextInputWidget({"lang": code})
                )
                continue
            label = _("Name in %(language)s") if name == "name" else _("Description in %(language)s")
            field = forms.CharField(
                required=False,
                max_length=300 if name == "name" else 20_000,
                label=_filled(label, language_name(code)),  # type: ignore[arg-type]
                widget=UnfoldAdminTextInputWidget if name == "name" else UnfoldAdminExpandableTextareaWidget,
            )
            field.widget.attrs["lang"] = code
            fields[f"{name}_{field_suffix(code)}"] = field
    return type(form.__name__, (form,), fields)


class VariantForm(TranslationsMixin, forms.ModelForm):
    """`on_hand` is a count of the shelf: it goes to the ledger of stock, never straight into the row.

    What staff saw travels with the form, so a sale in between does not look like their change.
    """

    translated = ("options",)
    options = OptionsField(
        label=_("Options"),
        widget=UnfoldAdminTextInputWidget({"placeholder": "size: M"}),
    )
    on_hand = forms.IntegerField(
        label=_("Stock"),
        required=False,
        min_value=0,
        max_value=LARGEST_STOCK,
        show_hidden_initial=True,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = Variant
        fields = ("sku", "options", "price", "track_stock", "barcode")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["options"].stored = self.instance.options or {}  # type: ignore[attr-defined]
        self.fill_translations()
        self.fields["on_hand"].initial = self.instance.stock if self.instance.pk else None
        as_price(self, "price")
        if "price" in self.fields:
            self.fields["price"].widget.attrs["placeholder"] = _("as the product")

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.take_translations()
