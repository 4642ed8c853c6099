"""The dictionary of aspects: aspects, their terms in both languages, everywhere or in a category."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RelatedDropdownFilter

from catalog.admin import cells as shared
from catalog.admin.notices import acting, came_from
from core.admin.base import StaffModelAdmin, TabularInline
from core.components import Meaning, figure, pill, toast
from core.exceptions import DomainError
from core.models import Job
from reviews.ml.text import normalise
from reviews.models import Aspect, AspectTerm, ReviewAspect
from reviews.services import dictionary

State = AspectTerm.State
MEANINGS = {State.IN_USE: Meaning.GOOD, State.OFFERED: Meaning.PROPOSED, State.DISMISSED: Meaning.IDLE}
STYLES = {"all": ("catalog/catalog.css", "reviews/reviews.css")}


class TermForm(forms.ModelForm):  # type: ignore[type-arg]
    """A term is kept as reviews are read: small letters, simplified characters."""

    def clean_term(self) -> str:
        term = normalise(self.cleaned_data["term"])
        if not any(character.isalnum() for character in term):
            raise forms.ValidationError(_("Enter a word or a phrase."))
        return term

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        term, category = found.get("term"), found.get("category")
        same = AspectTerm.objects.filter(term=term or "", category=category).exclude(pk=self.instance.pk)
        if term and (known := same.select_related("aspect").first()) is not None:
            where = str(known.aspect) if known.aspect else known.get_state_display()
            text = _("“%(term)s” is there already (%(where)s). Change it there.")
            self.add_error("term", text % {"term": term, "where": where})
        return found

    class Meta:
        model = AspectTerm
        fields = ("aspect", "term", "language", "category", "state")


class TermInline(TabularInline):
    model = AspectTerm
    form = TermForm
    fields = ("term", "language", "category", "state", "mentions")
    readonly_fields = ("mentions",)
    autocomplete_fields = ("category",)
    extra = 1
    hide_title = True
    per_page = 60
    show_change_link = False
    verbose_name_plural = gettext_lazy("Terms")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AspectTerm]:
        return super().get_queryset(request).select_related("category").order_by("language", "-mentions", "term")  # type: ignore[no-any-return]


class _DictionaryAdmin(StaffModelAdmin):
    """What both lists share: the job that follows, and choosing an aspect for many rows."""

    list_before_template = "admin/reviews/dictionary_before.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        newest = Job.objects.filter(kind="reviews.aspects").order_by("-id").first()
        offered = AspectTerm.objects.offered().count()
        told = {"following": newest, "offered": offered, "may_change": self.has_change_permission(request)}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.has_changed() or any(one.has_changed() for one in formsets):
            dictionary.refresh(acting(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        dictionary.refresh(acting(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        dictionary.refresh(acting(request))

    def after_undo(self, request: HttpRequest, obj: Any) -> None:
        dictionary.refresh(acting(request))

    def tell(self, request: HttpRequest, change: dictionary.Change) -> None:
        """How many terms changed, and the way back."""
        words = ngettext("%(count)s term changed", "%(count)s terms changed", change.count)
        text = words % {"count": figure(change.count)}
        toast(request, text, undo=reverse("admin:reviews_aspectterm_undo") if change.undo else "", key=change.undo)

    def choose(
        self, request: HttpRequest, queryset: QuerySet[Any], *, action: str, title: str, label: str, note: str,
        do: Callable[[Aspect], dictionary.Change],
    ) -> HttpResponseBase | None:  # fmt: skip
        """Ask for the aspect, then do it."""
        error: Any = None
        if "confirmed" in request.POST:
            text = request.POST.get("aspect", "")
            chosen = Aspect.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
            try:
                if chosen is not None:
                    self.tell(request, do(chosen))
                    return HttpResponseRedirect(request.get_full_path())
                error = _("Choose an aspect.")
            except DomainError as refusal:
                error = refusal.message
        return self.ask_first(
            request, "admin/reviews/choose_aspect.html",
            title=title, error=error, label=label, note=note, acts=action,
            aspects=Aspect.objects.filter(is_active=True),
        )  # fmt: skip


def _count(rows: QuerySet[Any]) -> Coalesce:
    """How many of these rows an aspect has, beside its own columns."""
    grouped = rows.order_by().values("aspect").annotate(count=Count("pk"))
    return Coalesce(Subquery(grouped.values("count")), 0)


@admin.register(Aspect)
class AspectAdmin(_DictionaryAdmin):
    list_display = ("title_cell", "key", "terms_cell", "reviews_cell", "state_cell")
    search_fields = ("title_en", "title_zh", "key", "terms__term")
    search_help_text = gettext_lazy("Name or term")
    ordering = ("position", "id")
    number_columns = ("terms_cell", "reviews_cell")
    compact_columns = ("terms_cell", "reviews_cell", "state_cell")
    actions = ("merge_chosen", "switch_off_chosen", "switch_on_chosen", "export_as_csv", "export_as_xlsx")
    fields = (("title_en", "title_zh"), ("key", "position"), "is_active")
    export_fields = ("key", "title_en", "title_zh", "position", "is_active")
    inlines = (TermInline,)
    empty_title = gettext_lazy("No aspects")
    empty_text = gettext_lazy(
        "An aspect is something that customers praise or complain about: quality, delivery, price."
    )
    empty_action = (gettext_lazy("Add aspect"), "admin:reviews_aspect_add")

    class Media:
        css = STYLES

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Aspects are merged or switched off: what was read of them stays comparable."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("key",) if obj is not None else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Aspect]:
        """Both counts read an index of their own, once for each aspect."""
        rows: QuerySet[Aspect] = super().get_queryset(request)
        return rows.annotate(
            terms_in_use=_count(AspectTerm.objects.filter(aspect=OuterRef("pk"), state=State.IN_USE)),
            named=_count(ReviewAspect.objects.filter(aspect=OuterRef("pk"), is_clearest=True)),
        )

    @admin.display(description=gettext_lazy("Aspect"), ordering="position")
    def title_cell(self, row: Aspect) -> SafeString:
        other = row.title_en if row.title == row.title_zh else row.title_zh
        return shared.two_lines(row.title, other)

    @admin.display(description=gettext_lazy("Terms"), ordering="terms_in_use")
    def terms_cell(self, row: Any) -> SafeString:
        return shared.number(figure(row.terms_in_use))

    @admin.display(description=gettext_lazy("Reviews"), ordering="named")
    def reviews_cell(self, row: Any) -> SafeString:
        return shared.number(figure(row.named))

    @admin.display(description=gettext_lazy("State"), ordering="is_active")
    def state_cell(self, row: Aspect) -> SafeString:
        return pill(Meaning.GOOD, _("in use")) if row.is_active else pill(Meaning.IDLE, _("switched off"))

    @admin.action(description=gettext_lazy("Merge into…"), permissions=["change"])
    def merge_chosen(self, request: HttpRequest, queryset: QuerySet[Aspect]) -> HttpResponseBase | None:
        """Asks which one stays."""
        chosen = list(queryset)
        return self.choose(
            request, queryset, action="merge_chosen", title=_("Merge aspects"), label=_("Merge"),
            note=_("All terms go to the aspect that you choose; the others are switched off. This can be undone."),
            do=lambda into: dictionary.merge(chosen, into, by=acting(request)),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Switch off"), permissions=["change"])
    def switch_off_chosen(self, request: HttpRequest, queryset: QuerySet[Aspect]) -> None:
        self._switch(request, queryset, on=False)

    @admin.action(description=gettext_lazy("Switch on"), permissions=["change"])
    def switch_on_chosen(self, request: HttpRequest, queryset: QuerySet[Aspect]) -> None:
        self._switch(request, queryset, on=True)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Aspect], *, on: bool) -> None:
        for row in Aspect.objects.filter(pk__in=queryset.order_by().values("pk")).exclude(is_active=on):
            row.is_active = on
            row.save(update_fields=["is_active", "updated_at"])
        dictionary.refresh(acting(request))
        toast(request, _("Aspects switched on") if on else _("Aspects switched off"))


@admin.register(AspectTerm)
class AspectTermAdmin(_DictionaryAdmin):
    form = TermForm
    list_display = ("term", "aspect", "language", "category_cell", "reviews_cell", "source", "state_cell")
    list_filter = (
        ("aspect", RelatedDropdownFilter), ("state", ChoicesDropdownFilter), ("language", ChoicesDropdownFilter),
        ("source", ChoicesDropdownFilter), ("category", AutocompleteSelectFilter),
    )  # fmt: skip
    list_select_related = ("aspect", "category")
    search_fields = ("term",)
    ordering = ("aspect__position", "language", "term", "id")
    number_columns = ("reviews_cell",)
    compact_columns = ("aspect", "reviews_cell", "state_cell")
    autocomplete_fields = ("category",)
    actions = ("move_chosen", "dismiss_chosen", "use_chosen", "export_as_csv", "export_as_xlsx")
    export_fields = ("aspect__key", "term", "language", "category__external_id", "state", "source", "mentions")
    empty_title = gettext_lazy("No terms")
    empty_text = gettext_lazy("A term is a word or phrase by which customers name an aspect.")
    empty_action = (gettext_lazy("Add term"), "admin:reviews_aspectterm_add")

    class Media:
        css = STYLES

    @admin.display(description=gettext_lazy("Category"), ordering="category__path")
    def category_cell(self, row: AspectTerm) -> Any:
        return str(row.category) if row.category else shared.quiet(_("everywhere"))

    @admin.display(description=gettext_lazy("Reviews"), ordering="mentions")
    def reviews_cell(self, row: AspectTerm) -> SafeString:
        return shared.number(figure(row.mentions))

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: AspectTerm) -> SafeString:
        return pill(MEANINGS[State(row.state)], row.get_state_display())

    @admin.action(description=gettext_lazy("Move to an aspect…"), permissions=["change"])
    def move_chosen(self, request: HttpRequest, queryset: QuerySet[AspectTerm]) -> HttpResponseBase | None:
        ids = list(queryset.order_by("pk").values_list("pk", flat=True))
        return self.choose(
            request, queryset, action="move_chosen", title=_("Move terms"), label=_("Move"),
            note=_("Reviews with these terms are read again. This can be undone."),
            do=lambda to: dictionary.move(ids, to, by=acting(request)),
        )  # fmt: skip

    @admin.action(description=gettext_lazy("Take out of use"), permissions=["change"])
    def dismiss_chosen(self, request: HttpRequest, queryset: QuerySet[AspectTerm]) -> None:
        self.tell(request, dictionary.dismiss(list(queryset.values_list("pk", flat=True)), by=acting(request)))

    @admin.action(description=gettext_lazy("Put into use"), permissions=["change"])
    def use_chosen(self, request: HttpRequest, queryset: QuerySet[AspectTerm]) -> None:
        self.tell(request, dictionary.use(list(queryset.values_list("pk", flat=True)), by=acting(request)))

    def get_urls(self) -> list[URLPattern]:
        undo = self.admin_site.admin_view(self.undo_view)
        return [path("undo/", undo, name="reviews_aspectterm_undo"), *super().get_urls()]

    @method_decorator(require_POST)
    def undo_view(self, request: HttpRequest) -> HttpResponseBase:
        """Put back what the toast offers."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            count = dictionary.undo_change(request.POST.get("key", ""), by=acting(request))
        except DomainError as error:
            self.refuse(request, error)
        else:
            words = ngettext("%(count)s term put back", "%(count)s terms put back", count)
            toast(request, words % {"count": figure(count)})
        return HttpResponseRedirect(came_from(request, reverse("admin:reviews_aspectterm_changelist")))
