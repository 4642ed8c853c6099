"""Form fields for what the catalogue keeps as JSON or as a tree."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.conf.locale import LANG_INFO
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.models import Category
from core.shop import current_shop

SPARE_ROWS = 1
MAX_KEY = 60
INDENT = "\u2003"


def language_name(code: str) -> str:
    """The language in its own name, as speakers look for it: English, 简体中文."""
    info = LANG_INFO.get(code) or {}
    return str(dict(settings.LANGUAGES).get(code) or info.get("name_local") or code)


def shop_languages() -> list[str]:
    """Languages that names can be given in: those of the shop, at least those of the staff site."""
    staff = [code for code, _name in settings.LANGUAGES]
    return list(dict.fromkeys([*(current_shop().languages or []), *staff]))


def languages_for(row: Any, fields: Sequence[str]) -> tuple[str, ...]:
    """Languages that need a field of their own: not those whose texts are the main ones (see `take_translations`)."""
    if row is None or row.pk is None:
        return tuple(shop_languages())

    def is_main(code: str) -> bool:
        stored = [(getattr(row, f"{name}_translations") or {}).get(code) for name in fields]
        return stored[0] is not None and stored == [getattr(row, name) or None for name in fields]

    return tuple(code for code in shop_languages() if not is_main(code))


def field_suffix(code: str) -> str:
    return code.replace("-", "_")


def as_text(value: Any) -> str:
    """A stored attribute as staff read and edit it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(as_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {as_text(part)}" for key, part in value.items())
    return str(value)


class CategoryChoiceField(forms.ModelChoiceField):
    """All categories in the order of the tree, those below another indented. One query."""

    def __init__(self, queryset: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Category"))
        kwargs.setdefault("widget", UnfoldAdminSelectWidget)
        kwargs.setdefault("empty_label", _("None"))
        super().__init__(Category.objects.order_by("path") if queryset is None else queryset, **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{INDENT * (obj.depth - 1)}{obj.localised('name')}"


class PairsWidget(forms.Widget):
    """Rows of name and value, with one spare row; more are added by a button."""

    def format_value(self, value: Any) -> list[tuple[str, str]]:
        pairs = value.items() if isinstance(value, Mapping) else value or []
        return [(str(key), as_text(part)) for key, part in pairs]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        rows = self.format_value(value)
        return render_to_string(
            "admin/catalog/widgets/pairs.html",
            {"name": name, "id": (attrs or {}).get("id", f"id_{name}"), "rows": rows, "spare": range(SPARE_ROWS)},
        )

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Sequence[tuple[str, str]]:
        source = data if isinstance(data, MultiValueDict) else MultiValueDict({k: [v] for k, v in data.items()})
        return list(zip(source.getlist(f"{name}-key"), source.getlist(f"{name}-value"), strict=False))

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-key" not in data

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0" if id_ else id_


class PairsField(forms.Field):
    """A flat JSON object. A value that nobody touched keeps its type (numbers, lists); a changed one becomes text."""

    widget = PairsWidget
    default_error_messages = {
        "twice": _("“%(name)s” stands here twice. Keep one of them."),
        "nameless": _("The value “%(value)s” has no name in front of it."),
        "long": _("“%(name)s” is longer than %(limit)d characters."),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.stored: Mapping[str, Any] = {}

    def clean(self, value: Any) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for raw_key, raw_value in value or ():
            key, text = raw_key.strip(), raw_value.strip()
            if not key and not text:
                continue
            if not key:
                raise forms.ValidationError(self.error_messages["nameless"], "nameless", {"value": text})
            if key in result:
                raise forms.ValidationError(self.error_messages["twice"], "twice", {"name": key})
            if len(key) > MAX_KEY:
                raise forms.ValidationError(self.error_messages["long"], "long", {"name": key, "limit": MAX_KEY})
            if not text:
                continue
            known = self.stored.get(key)
            result[key] = known if known is not None and as_text(known) == text else text
        return result

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(data) != dict(initial or {})
        except forms.ValidationError:
            return True


class OptionsField(forms.CharField):
    """Options of a variant in one line: `size: M, colour: red`. Untouched values keep their type."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.stored: Mapping[str, Any] = {}

    def prepare_value(self, value: Any) -> Any:
        return as_text(value) if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> dict[str, Any]:
        text = super().clean(value)
        if text == as_text(dict(self.stored)):
            return dict(self.stored)
        result: dict[str, Any] = {}
        for part in filter(None, (piece.strip() for piece in text.replace("，", ",").split(","))):
            key, colon, option = part.replace("：", ":").partition(":")
            if not colon or not key.strip() or not option.strip():
                raise forms.ValidationError(
                    _("Write “%(part)s” as name: value, such as size: M."), "pair", {"part": part}
                )
            result[key.strip()] = option.strip()
        return result

    def has_changed(self, initial: Any, data: Any) -> bool:
        return as_text(initial or {}) != str(data or "").strip()
