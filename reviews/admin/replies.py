"""Reply templates: texts that replies begin with."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.admin import cells as shared
from catalog.admin.fields import language_name, shop_languages
from catalog.languages import plain_language
from core.admin.base import StaffModelAdmin
from core.components.words import listed
from reviews import services
from reviews.models import ReplyTemplate
from reviews.services.replies import TAGS

STARS = [(number, "★" * number) for number in range(1, 6)]


class ReplyTemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    lowest = forms.TypedChoiceField(
        label=gettext_lazy("From stars"), choices=STARS, coerce=int, initial=1, widget=UnfoldAdminSelectWidget
    )
    highest = forms.TypedChoiceField(
        label=gettext_lazy("To stars"), choices=STARS, coerce=int, initial=5, widget=UnfoldAdminSelectWidget
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("Offered for reviews in this language."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = dict.fromkeys([*shop_languages(), *filter(None, [getattr(self.instance, "language", "")])])
        field = self.fields.get("language")
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("Any language")), *((code, language_name(code)) for code in known)]

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].strip()
        unknown = services.unknown_tags(text)
        if unknown:
            raise forms.ValidationError(
                _("Nobody knows what to fill in for %(unknown)s. Use %(known)s.")
                % {
                    "unknown": listed(f"{{{name}}}" for name in unknown),
                    "known": listed(f"{{{name}}}" for name in TAGS),
                }
            )
        return text

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("lowest", 1) > found.get("highest", 5):
            self.add_error("highest", _("Choose at least as many stars as in “From stars”."))
        return found

    class Meta:
        model = ReplyTemplate
        fields = ("title", "language", "lowest", "highest", "text")
        help_texts = {
            "text": gettext_lazy("{name}, {product} and {shop} are filled in when the template is inserted."),
        }


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(StaffModelAdmin):
    form = ReplyTemplateForm
    list_display = ("title_cell", "language_cell", "stars_cell", "text_cell")
    search_fields = ("title", "text")
    search_help_text = gettext_lazy("Title or text")
    ordering = ("lowest", "title", "id")
    compact_columns = ("language_cell", "stars_cell")
    fields = ("title", "language", ("lowest", "highest"), "text")
    export_fields = ("title", "language", "lowest", "highest", "text")
    empty_title = gettext_lazy("No reply templates yet")
    empty_text = gettext_lazy("A template is the text a reply begins with: thanks for praise, help after a complaint.")
    empty_action = (gettext_lazy("Add reply template"), "admin:reviews_replytemplate_add")

    class Media:
        css = {"all": ("catalog/catalog.css", "reviews/reviews.css")}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The page of a review leads here with its language and stars."""
        stars = request.GET.get("stars", "")
        found: dict[str, Any] = {"language": plain_language(request.GET.get("language", ""))}
        return found | ({"lowest": int(stars), "highest": int(stars)} if stars in {"1", "2", "3", "4", "5"} else {})

    @admin.display(description=gettext_lazy("Title"), ordering="title")
    def title_cell(self, row: ReplyTemplate) -> str:
        return row.title

    @admin.display(description=gettext_lazy("Language"), ordering="language")
    def language_cell(self, row: ReplyTemplate) -> Any:
        return language_name(row.language) if row.language else shared.quiet(_("any"))

    @admin.display(description=gettext_lazy("Stars"), ordering="lowest")
    def stars_cell(self, row: ReplyTemplate) -> str:
        return f"{row.lowest} ★" if row.lowest == row.highest else f"{row.lowest}–{row.highest} ★"

    @admin.display(description=gettext_lazy("Text"))
    def text_cell(self, row: ReplyTemplate) -> SafeString:
        return format_html('<span class="rev-clip">{}</span>', row.text)
