"""Small fields that several bodies share."""

import re
from decimal import Decimal
from typing import Any

import orjson
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

LANGUAGE_CODE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}")
LARGEST_OBJECT_BYTES = 20_000
LARGEST_PRICE = Decimal("1000000000")


class PriceField(serializers.DecimalField):
    """Not negative, at most four decimals, below a thousand million."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", Decimal(0))
        super().__init__(max_digits=13, decimal_places=4, **kwargs)


class WordsByLanguageField(serializers.DictField):
    """`{"en": "Tea", "zh-hans": "茶"}`."""

    default_error_messages = {"language": _("%(code)s is not the code of a language.")}

    def __init__(self, *, longest: int, **kwargs: Any) -> None:
        self.longest = longest
        super().__init__(child=serializers.CharField(max_length=longest, allow_blank=True), **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        return _by_language(self, super().to_internal_value(data))


class ObjectField(serializers.DictField):
    """A JSON object of at most 20,000 bytes, such as attributes or options."""

    default_error_messages = {"too_large": _("At most %(limit)d bytes of JSON.")}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        content: dict[str, Any] = super().to_internal_value(data)
        if len(orjson.dumps(content)) > LARGEST_OBJECT_BYTES:
            message = self.error_messages["too_large"] % {"limit": LARGEST_OBJECT_BYTES}
            raise serializers.ValidationError(message, code="too_large")
        return content


class ObjectsByLanguageField(serializers.DictField):
    """`{"zh-hans": {"尺码": "M"}}`."""

    default_error_messages = WordsByLanguageField.default_error_messages

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=ObjectField(), **kwargs)

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return _by_language(self, super().to_internal_value(data))


def _by_language(field: serializers.Field, content: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty. Raises ValidationError for a key that is no language."""
    for code in content:
        if not LANGUAGE_CODE.fullmatch(code):
            message = field.error_messages["language"] % {"code": repr(code)[:20]}
            raise serializers.ValidationError(message, code="language")
    return {code: value for code, value in content.items() if value}


class OwnIdField(serializers.CharField):
    """The shop's own id, bare. Empty means none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=120, allow_null=True, required=False, **kwargs)
