"""Articles: the list, the editor with preview and versions, publishing with a way back; the facts of the shop."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from catalog.admin import cells as shared
from catalog.admin import filters as catalog_filters
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting, came_from
from core.admin.base import StaffModelAdmin
from core.components import Meaning, confidence_bar, figure, pill, toast
from core.components.words import listed
from core.exceptions import DomainError
from core.extensions import Registry
from core.panels import MAIN, SIDE, Panel
from reviews.answers import articles, facts, library
from reviews.answers.markup import html_of
from reviews.exceptions import BadInput
from reviews.models import Article, ShopFact
from reviews.models.articles import LANGUAGES, TEXTS
from reviews.roles import PUBLISH

LIST, CHANGE = "admin:reviews_article_changelist", "admin:reviews_article_change"
STYLES = ("catalog/catalog.css", "reviews/reviews.css")
MOST_AT_ONCE = 500
NAMES = {"en": "English", "zh": "中文"}

article_panels = Registry("article_panels")
article_panels.register("preview", "reviews.admin.articles.preview_panel", order=10, styles=STYLES)
article_panels.register("questions", "reviews.admin.articles.questions_panel", order=20, styles=STYLES)
article_panels.register("state", "reviews.admin.articles.state_panel", order=10, styles=STYLES)
article_panels.register("versions", "reviews.admin.articles.versions_panel", order=20, styles=STYLES)


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        for name, wrong in articles.check_texts({name: found.get(name) or "" for name in TEXTS}).items():
            self.add_error(name, wrong)
        first, last = found.get("valid_from"), found.get("valid_until")
        if first and last and first > last:
            self.add_error("valid_until", _("It ends before it begins."))
        return found

    class Meta:
        model = Article
        fields = ("key", "category", "intent", *TEXTS, "valid_from", "valid_until")


@admin.register(Article)
class ArticleAdmin(ListingMixin, StaffModelAdmin):
    form = ArticleForm
    list_display = (
        "title_cell",
        "category_cell",
        "intent_cell",
        "languages_cell",
        "state_cell",
        "helped_cell",
        "version_cell",
    )
    list_filter = (("category", catalog_filters.ChoiceFilter),)
    list_select_related = ("intent", "live")
    search_fields = (*TEXTS, "key")
    search_help_text = gettext_lazy("Words of title, text or questions")
    ordering = ("category", "key")
    number_columns = ("helped_cell", "version_cell")
    compact_columns = ("state_cell", "version_cell")
    view_keys = ("published", "draft")
    actions = ("publish_chosen", "unpublish_chosen", "export_as_csv", "export_as_xlsx")
    export_fields = ("key", "category", "intent__key", "state", "version", *TEXTS)
    panel_registry = article_panels
    autocomplete_fields = ("intent",)
    fieldsets = (
        ("", {"fields": ("key", "category", "intent", "valid_from", "valid_until")}),
        ("English", {"fields": ("title_en", "body_en", "questions_en")}),
        ("中文", {"fields": ("title_zh", "body_zh", "questions_zh")}),
    )
    empty_title = gettext_lazy("No articles yet")
    empty_text = gettext_lazy("An article answers a question that comes again and again, word for word.")
    empty_action = (gettext_lazy("Add article"), "admin:reviews_article_add")

    class Media:
        css = {"all": STYLES}

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PUBLISH))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Article]:
        return super().get_queryset(request).annotate(yes=Sum("helps__helped"), no=Sum("helps__did_not"))

    def in_view(self, rows: QuerySet[Article], key: str) -> QuerySet[Article]:
        return rows.filter(state=key) if key in self.view_keys else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {"": _("All"), "published": pgettext_lazy("articles", "Published"), "draft": _("Drafts")}
        return [ListView(key, label, self.in_view(Article.objects.all(), key)) for key, label in labels.items()]

    @admin.display(description=gettext_lazy("Article"), ordering="key")
    def title_cell(self, row: Article) -> SafeString:
        return shared.two_lines(row.title or row.key, row.key)

    @admin.display(description=gettext_lazy("Category"), ordering="category")
    def category_cell(self, row: Article) -> Any:
        return row.get_category_display()

    @admin.display(description=pgettext_lazy("what somebody wants", "Intent"), ordering="intent")
    def intent_cell(self, row: Article) -> Any:
        return row.intent.title if row.intent else shared.NOTHING

    @admin.display(description=gettext_lazy("Languages"))
    def languages_cell(self, row: Article) -> str:
        return listed(NAMES[code] for code in LANGUAGES if getattr(row, f"body_{code}"))

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: Article) -> SafeString:
        return state_pill(row)

    @admin.display(description=gettext_lazy("Helped"), ordering="yes")
    def helped_cell(self, row: Article) -> Any:
        return helped_words(getattr(row, "yes", 0) or 0, getattr(row, "no", 0) or 0) or shared.NOTHING

    @admin.display(description=gettext_lazy("Version"), ordering="version")
    def version_cell(self, row: Article) -> Any:
        return f"v{row.live.number}" if row.live else shared.NOTHING

    # --- acts -------------------------------------------------------------------------------------------------

    @admin.action(description=pgettext_lazy("article", "Publish"), permissions=["publish"])
    def publish_chosen(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        publish(request, list(queryset.order_by().values_list("pk", flat=True)[:MOST_AT_ONCE]))

    @admin.action(description=gettext_lazy("Unpublish"), permissions=["publish"])
    def unpublish_chosen(self, request: HttpRequest, queryset: QuerySet[Article]) -> None:
        unpublish(request, list(queryset.order_by().values_list("pk", flat=True)[:MOST_AT_ONCE]))

    def get_urls(self) -> list[URLPattern]:
        own = self.admin_site.admin_view
        return [
            path("undo/", own(self.undo_view), name="reviews_article_undo"),
            path("<int:pk>/publish/", own(self.publish_view), name="reviews_article_publish"),
            path("<int:pk>/back/", own(self.back_view), name="reviews_article_back"),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def publish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """`act` publish or unpublish."""
        self._check(request)
        (unpublish if request.POST.get("act") == "unpublish" else publish)(request, [pk])
        return HttpResponseRedirect(reverse(CHANGE, args=[pk]))

    @method_decorator(require_POST)
    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Put back what the toast offers."""
        self._check(request)
        try:
            count = articles.undo(request.POST.get("key", ""))
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(
                request, ngettext("%(count)d article put back", "%(count)d articles put back", count) % {"count": count}
            )
        return HttpResponseRedirect(came_from(request, reverse(LIST)))

    @method_decorator(require_POST)
    def back_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put the texts of version `number` into the draft."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        number = request.POST.get("number", "")
        try:
            articles.back_to(pk, int(number) if number.isdecimal() and len(number) < 9 else 0)
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, _("Draft is v%(number)s again") % {"number": number})
        return HttpResponseRedirect(reverse(CHANGE, args=[pk]))

    def _check(self, request: HttpRequest) -> None:
        if not self.has_publish_permission(request):
            raise PermissionDenied


def helped_words(yes: int, no: int) -> str:
    """Of how many readers it helped; empty where nobody said so."""
    if not yes + no:
        return ""
    return _("%(yes)s of %(all)s") % {"yes": figure(yes), "all": figure(yes + no)}


def state_pill(row: Article) -> SafeString:
    """Reads `live`."""
    if not row.is_published:
        return pill(Meaning.IDLE, _("draft"))
    if row.has_changes:
        return pill(Meaning.WAITING, _("published, draft is newer"))
    return pill(Meaning.GOOD, Article.State.PUBLISHED.label)


def publish(request: HttpRequest, ids: list[int]) -> None:
    """Says what was published with its way back, and why others were not."""
    done = articles.publish(ids, by=acting(request))
    for why in done.refused:
        messages.error(request, why)
    if done.ids:
        library.forget()
        count = len(done.ids)
        text = ngettext("%(count)d article published", "%(count)d articles published", count) % {"count": count}
        toast(request, text, undo=reverse("admin:reviews_article_undo"), key=done.undo)
    elif not done.refused:
        messages.info(request, _("Customers read that already"))


def unpublish(request: HttpRequest, ids: list[int]) -> None:
    done = articles.unpublish(ids)
    if not done.ids:
        messages.info(request, _("Nothing of it is published"))
        return
    library.forget()
    count = len(done.ids)
    text = ngettext("%(count)d article unpublished", "%(count)d articles unpublished", count) % {"count": count}
    toast(request, text, undo=reverse("admin:reviews_article_undo"), key=done.undo)


# --- panels -----------------------------------------------------------------------------------------------------------


def state_panel(request: HttpRequest, article: Article) -> Panel | None:
    """What customers read, and the button that changes it."""
    why = articles.hindrance(article.source, facts.current())
    return Panel(
        title=_("State"), template="admin/reviews/answers/state_panel.html", place=SIDE,
        context={
            "pill": state_pill(article), "live": article.live, "hindrance": why,
            "may_publish": request.user.has_perm(PUBLISH), "is_published": article.is_published,
            "can_publish": not why and (not article.is_published or article.has_changes),
            "facts_url": reverse("admin:reviews_facts"),
        },
    )  # fmt: skip


def preview_panel(request: HttpRequest, article: Article) -> Panel | None:
    """The draft as customers would read it, with the facts filled in."""
    texts = facts.filled(article.source, facts.current())
    shown = [
        {"language": code, "title": texts[f"title_{code}"], "html": html_of(texts[f"body_{code}"])}
        for code in LANGUAGES
        if texts[f"title_{code}"] or texts[f"body_{code}"]
    ]
    return Panel(
        title=_("As customers read it"), template="admin/reviews/answers/preview_panel.html", place=MAIN,
        context={"shown": shown}, empty="" if shown else _("Nothing was written yet."),
    )  # fmt: skip


def questions_panel(request: HttpRequest, article: Article) -> Panel | None:
    """Each of its questions asked: does it find this article, and how surely?"""
    if not article.is_published:
        return Panel(
            title=_("Do its questions find it?"),
            place=MAIN,
            empty=_("Once it is published, its questions are tried here."),
        )
    known = library.current()
    rows = []
    for code in LANGUAGES:
        for line in getattr(article, f"questions_{code}").splitlines():
            if not line.strip():
                continue
            hit = next(iter(known.index.search(line, code, most=1)), None)
            source = known.sources[hit.entry] if hit is not None else None
            rows.append({
                "question": line, "language": code, "is_own": source is not None and source.article_id == article.pk,
                "other": known.index.entries[hit.entry].title if hit is not None else "",
                "bar": confidence_bar(hit.confidence) if hit is not None else "",
            })  # fmt: skip
    return Panel(
        title=_("Do its questions find it?"), template="admin/reviews/answers/questions_panel.html", place=MAIN,
        context={"rows": rows}, empty="" if rows else _("It names no questions yet."),
    )  # fmt: skip


def versions_panel(request: HttpRequest, article: Article) -> Panel | None:
    rows = list(article.versions.select_related("published_by").order_by("-number")[:20])
    counted = article.helps.order_by().values_list("version").annotate(yes=Sum("helped"), no=Sum("did_not"))
    helped = {number: helped_words(yes, no) for number, yes, no in counted}
    for row in rows:
        row.helped = helped.get(row.number, "")  # type: ignore[attr-defined]
    return Panel(
        title=_("Versions"), template="admin/reviews/answers/versions_panel.html", place=SIDE, count=article.version,
        context={
            "rows": rows, "may_change": request.user.has_perm("reviews.change_article"), "live_id": article.live_id,
        },
        empty="" if rows else _("Each time it is published, what it says is kept here."),
    )  # fmt: skip


# --- facts ------------------------------------------------------------------------------------------------------------


def facts_page(request: HttpRequest) -> HttpResponse:
    """All facts in one form; saving gives published articles that name a changed one a new version."""
    may_change = request.user.has_perm(PUBLISH)
    error, field = "", ""
    given = {
        key: (request.POST.get(f"{key}_en", "")[:300], request.POST.get(f"{key}_zh", "")[:300]) for key in facts.FACTS
    }
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        try:
            count = articles.write_facts(given)
        except BadInput as refusal:
            error, field = str(refusal.message), str((refusal.extra or {}).get("field", ""))
        else:
            library.forget()
            renewed = ngettext("Saved, %(count)d article renewed", "Saved, %(count)d articles renewed", count)
            toast(request, renewed % {"count": count})
            return HttpResponseRedirect(request.get_full_path())
    rows = {row.key: row for row in ShopFact.objects.all()}
    uses = _uses()
    context = {
        **admin.site.each_context(request),
        "title": _("Facts of the shop"),
        "crumbs": [{"title": _("Articles"), "url": reverse(LIST)}],
        "rows": [
            {
                "key": key, "tag": f"{{{key}}}", "title": fact.title, "example": fact.example, "uses": uses.get(key, 0),
                "en": given[key][0] if error else getattr(rows.get(key), "value_en", ""),
                "zh": given[key][1] if error else getattr(rows.get(key), "value_zh", ""),
                "is_wrong": key == field,
            }
            for key, fact in facts.FACTS.items()
        ],
        "own": [(f"{{{key}}}", title) for key, title in facts.OWN.items()],
        "error": error,
        "may_change": may_change,
        "empty_count": sum(1 for key in facts.FACTS if not getattr(rows.get(key), "value_en", "")),
    }  # fmt: skip
    return render(request, "admin/reviews/answers/facts.html", context)


def _uses() -> dict[str, int]:
    """How many articles name each fact."""
    found: dict[str, int] = {}
    for texts in Article.objects.values_list(*TEXTS):
        for name in facts.names_in(texts):
            found[name] = found.get(name, 0) + 1
    return found
