"""Synonyms: words that mean the same to customers."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import SearchSynonym
from catalog.search import vocabulary
from core.admin.base import StaffModelAdmin
from core.components import Meaning, pill

MOST_PHRASES = 30
LONGEST_PHRASE = 60


class SynonymForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_words(self) -> str:
        phrases = list(dict.fromkeys(" ".join(line.split()) for line in self.cleaned_data["words"].splitlines()))
        phrases = [phrase for phrase in phrases if phrase]
        if len(phrases) < 2:
            raise forms.ValidationError(_("Enter at least two words or phrases, each on a line of its own."))
        if len(phrases) > MOST_PHRASES:
            raise forms.ValidationError(
                ngettext("At most %(most)d line.", "At most %(most)d lines.", MOST_PHRASES) % {"most": MOST_PHRASES}
            )
        if any(len(phrase) > LONGEST_PHRASE for phrase in phrases):
            raise forms.ValidationError(_("At most %(most)d characters on a line.") % {"most": LONGEST_PHRASE})
        return "\n".join(phrases)

    class Meta:
        model = SearchSynonym
        fields = ("words", "direction", "language", "is_active")
        help_texts = {
            "words": gettext_lazy(
                "One word or phrase on each line, at least two. Found in names, categories, brands, tags and "
                "attributes, not in descriptions."
            )
        }


@admin.register(SearchSynonym)
class SearchSynonymAdmin(StaffModelAdmin):
    form = SynonymForm
    list_display = ["words_cell", "direction", "language", "active_cell", "updated_at"]
    list_filter = ["direction", "language", "is_active"]
    search_fields = ["words"]
    ordering = ["-id"]
    compact_columns = ("active_cell",)
    export_fields = ("words", "direction", "language", "is_active")
    empty_title = gettext_lazy("No synonyms yet")
    empty_text = gettext_lazy("Words that customers use and products do not: trainers for sneakers, 书包 for 双肩包.")
    empty_action = (gettext_lazy("Add synonym"), "admin:catalog_searchsynonym_add")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The list of failing queries leads here with the query."""
        return {"words": request.GET.get("words", "")[:200]}

    def save_model(self, request: HttpRequest, obj: SearchSynonym, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        vocabulary.synonyms.forget()

    @admin.display(description=gettext_lazy("Words"), ordering="words")
    def words_cell(self, row: SearchSynonym) -> str:
        arrow = " → " if row.direction == SearchSynonym.Direction.ONE_WAY else " = "
        first, *others = row.phrases() or ["–"]
        return arrow.join([first, ", ".join(others)]) if others else first

    @admin.display(description=gettext_lazy("State"), ordering="is_active")
    def active_cell(self, row: SearchSynonym) -> SafeString:
        return pill(Meaning.GOOD, _("in use")) if row.is_active else pill(Meaning.IDLE, _("not in use"))
