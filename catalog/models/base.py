"""Names in the shop's languages."""

from typing import Any

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class TranslatedValues(models.Func):
    """All translations of a JSON field as one text, so that one trigram index covers every language."""

    function = "jsonb_path_query_array"
    template = "(%(function)s(%(expressions)s, '$.*')::text)"
    arity = 1
    output_field = models.TextField()


class NamedModel(models.Model):
    """A name in the shop's main language and, where there are any, in others: `{"en": …, "zh-hans": …}`."""

    name = models.CharField(_("name"), max_length=300)
    name_translations = models.JSONField(_("name in other languages"), default=dict, blank=True, db_default={})

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.localised("name")

    def localised(self, field: str, language: str | None = None) -> str:
        """`field` in the language asked for (default: of this request), else in the shop's."""
        translations: dict[str, Any] = getattr(self, f"{field}_translations") or {}
        return translations.get(language or get_language() or "") or getattr(self, field)
