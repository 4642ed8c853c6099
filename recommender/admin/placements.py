"""Placements: where recommendations stand, and what staff want there."""

from datetime import timedelta
from itertools import pairwise, zip_longest
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from unfold.decorators import display

from catalog.admin.fields import field_suffix, languages_for
from catalog.admin.notices import acting
from catalog.admin.product_forms import with_languages
from core.admin.base import StackedInline, StaffModelAdmin
from core.components import Meaning, pill, toast
from core.components.words import listed
from core.exceptions import DomainError
from core.models import Experiment
from core.shop import current_shop
from recommender import selectors, services, trials, wishes
from recommender.admin.forms import FromDay, LoadedAutocomplete, PlacementForm, RuleForm, RuleFormSet, UntilDay
from recommender.alone import told_missing
from recommender.models import Placement, PlacementRule, PlacementVersion
from recommender.online import reports
from recommender.online import views as online
from recommender.views import asked_for

VERSIONS = 10


class RuleInline(StackedInline):
    model = PlacementRule
    form = RuleForm
    formset = RuleFormSet
    extra = 0
    autocomplete_fields = ("product", "brand")
    fields = (("kind", "slot", "strength"), ("product", "category", "brand"), ("starts_at", "ends_at"), "note")
    verbose_name = gettext_lazy("rule")
    verbose_name_plural = gettext_lazy("Rules")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlacementRule]:
        return super().get_queryset(request).select_related("product", "category", "brand")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("starts_at", "ends_at"):
            kwargs["form_class"] = FromDay if db_field.name == "starts_at" else UntilDay
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = LoadedAutocomplete(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Placement)
class PlacementAdmin(StaffModelAdmin):
    """One page to steer a placement: wishes and rules on the left, what they do on the right."""

    list_display = ("title", "surface_label", "strategy_label", "slots", "rule_count", "version_cell", "state")
    list_filter = ("surface", "is_on")
    search_fields = ("name", "key")
    search_help_text = gettext_lazy("Name or key")
    number_columns = ("slots", "rule_count", "version_cell")
    compact_columns = ("strategy_label", "rule_count", "state")
    export_fields = ("key", "name", "surface", "strategy", "slots", "diversity", "exploration", "is_on")
    change_form_template = "admin/recommender/placement.html"
    inlines = (RuleInline,)
    autocomplete_fields = ("brand",)
    compressed_fields = False
    empty_title = gettext_lazy("No placements yet")
    empty_text = gettext_lazy("A placement is a place of your storefront that shows recommendations.")

    class Media:
        css = {"all": ("recommender/recommender.css",)}

    # --- list -------------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Placement]:
        return super().get_queryset(request).annotate(rules_in_all=Count("rules"))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What every storefront asks for can be switched off, and keeps its versions."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_built_in)

    @display(description=gettext_lazy("Placement"), ordering="key")
    def title(self, placement: Placement) -> SafeString:
        return format_html(
            '<span class="zg-two"><span>{}</span><span class="zg-hint" translate="no">{}</span></span>',
            placement, placement.key,
        )  # fmt: skip

    @display(description=gettext_lazy("Where"), ordering="surface")
    def surface_label(self, placement: Placement) -> str:
        return capfirst(placement.get_surface_display())

    @display(description=gettext_lazy("Strategy"), ordering="strategy")
    def strategy_label(self, placement: Placement) -> str:
        return capfirst(placement.get_strategy_display())

    @display(description=gettext_lazy("Rules"), ordering="rules_in_all")
    def rule_count(self, placement: Any) -> int:
        return int(placement.rules_in_all)

    @display(description=gettext_lazy("Version"), ordering="version")
    def version_cell(self, placement: Placement) -> int:
        return placement.version

    @display(description=gettext_lazy("State"))
    def state(self, placement: Placement) -> SafeString:
        return pill(Meaning.GOOD, _("on")) if placement.is_on else pill(Meaning.IDLE, _("off"))

    # --- page -------------------------------------------------------------------------------------------------------

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs.setdefault("form", with_languages(PlacementForm, languages_for(obj, PlacementForm.translated)))
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        names = tuple(f"name_{field_suffix(code)}" for code in languages_for(obj, PlacementForm.translated))
        may = obj is None or self.has_change_permission(request, obj)
        return (
            (
                gettext_lazy("Placement"),
                {
                    "fields": (
                        "name", *(names if may else ()), ("key", "surface"), "strategy", "fallback",
                        ("slots", "category_cap"), ("diversity", "exploration"), ("repeats_allowed", "is_on"),
                        *(("opened_version",) if may else ()),
                    )
                },
            ),
            (gettext_lazy("Filter"), {"fields": (("category", "brand"), ("price_min", "price_max"))}),
        )  # fmt: skip

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The placement and its rules choose from one tree of categories, which is read once. What a placement brought,
        and its versions, stand beside a form that could not be saved, too: as the placement is saved."""
        category = context["adminform"].form.fields.get("category")
        for inline in context["inline_admin_formsets"] if category is not None else ():
            if "category" in inline.formset.form.base_fields:
                category.choices = inline.formset.categories
        placement = kwargs.get("obj")
        if placement is not None and request.method == "POST":  # the form wrote into this one
            placement = self.get_object(request, str(placement.pk))
        if placement is not None:
            context |= {"history": self._history(placement), **self._online(request, placement)}
            context["may_restore"] = self.has_change_permission(request, placement)
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def _history(placement: Placement) -> list[PlacementVersion]:
        """The newest versions, each with what it changed of the one before. One query."""
        found: list[Any] = list(placement.versions.select_related("saved_by")[: VERSIONS + 1])
        for version, before in pairwise([*found, None]):
            told = services.changed_between(before.settings, version.settings) if before is not None else []
            version.changed = capfirst(listed(told))
        return found[:VERSIONS]

    @staticmethod
    def _online(request: HttpRequest, placement: Placement) -> dict[str, Any]:
        """What the placement brought in the last 28 days, beside its control."""
        today = timezone.localdate()
        found = reports.report(
            today - timedelta(days=27), today, hours=current_shop().credit_hours, placement=placement.key,
            known=[placement],
        )  # fmt: skip
        own = next(iter(found.placements), None) or reports.PlacementFigures(
            placement.key, str(placement), placement.pk, placement.strategy
        )
        return {
            "online": online.against(request, own, found),
            "online_lists": own.counts.lists,
            "online_cells": zip(
                online.titles(), online.Row(own.counts, found.coverage_of(own.shown)).cells, strict=True
            ),
            "online_heads": online.titles(),
            "online_url": f"{reverse('admin:recommender_online')}?{urlencode({'placement': placement.key})}",
            "counted_at": found.counted_at,
        }

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        """What was changed stands on the page itself, version by version, each with its way back."""
        placement = self._placement(
            request, int(object_id) if object_id.isdecimal() and len(object_id) < 10 else 0, "view"
        )
        return HttpResponseRedirect(
            reverse("admin:recommender_placement_change", args=[placement.pk]) + "#rec-versions"
        )

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, tuple[str, ...]]:
        """A key follows the name while somebody types it; of a placement that is there it never changes."""
        return {"key": ("name",)} if obj is None and self.has_add_permission(request) else {}

    def response_add(self, request: HttpRequest, obj: Placement, post_url_continue: str | None = None) -> HttpResponse:
        """On to its own page, where rules can be tried; unless somebody asked for another empty form."""
        if "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        toast(request, _("Placement added. Try what it shows before customers see it"))
        return HttpResponseRedirect(reverse("admin:recommender_placement_change", args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: Placement) -> HttpResponse:
        """Saying that it can be taken back: the version before is there as it was."""
        if "_continue" in request.POST or "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_change(request, obj)
        undo = reverse("admin:recommender_placement_restore", args=[obj.pk, obj.version - 1]) if obj.version > 1 else ""
        toast(request, _("Placement saved"), undo=undo)
        return self.response_post_save_change(request, obj)

    def save_model(self, request: HttpRequest, obj: Placement, form: Any, change: bool) -> None:
        """Saved with its rules, in `save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: list[Any], change: bool) -> None:
        for formset in formsets:
            formset.save(commit=False)
        placement: Placement = form.instance
        placement.version = form.cleaned_data.get("opened_version") or 0
        services.save_placement(placement, formsets[0].rules(), by=acting(request))
        wishes.forget()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.refuse(request, error)
            return HttpResponseRedirect(request.get_full_path())

    # --- other addresses --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/try/", wrap(require_POST(self.try_view)), name="recommender_placement_try"
            ),
            path(
                "<int:pk>/restore/<int:number>/", wrap(require_POST(self.restore_view)),
                name="recommender_placement_restore",
            ),
            *super().get_urls(),
        ]  # fmt: skip

    def try_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """What customers see now, and what they would see after saving the form. Nothing is written."""
        placement = self._placement(request, pk, "view")
        form_class = self.get_form(request, placement, change=True)
        form = form_class(request.POST, instance=Placement.objects.get(pk=pk))
        is_valid = form.is_valid()
        formsets, _inlines = self._create_formsets(request, form.instance, change=True)
        if not (is_valid and all(formset.is_valid() for formset in formsets)):
            return render(request, "admin/recommender/tried.html", {"cannot": True})
        person = asked_for(request.POST, with_customers=request.user.has_perm("catalog.view_customer"))
        saved = wishes.resolved(placement, list(placement.rules.all()))
        changed = wishes.resolved(form.instance, formsets[0].rules())
        before, after = (
            selectors.recommend(
                placement=placement.key, customer=person.customer, basket=[p.pk for p in person.basket],
                page_product_id=person.page.pk if person.page else None, limit=wish.slots or 10, wish=wish,
            )
            for wish in (saved, changed)
        )  # fmt: skip
        moved = sum(one != other for one, other in zip_longest(_ids(before), _ids(after)))
        context = {
            "before": before, "after": after, "differs": bool(moved), "moved": moved, "unknown": person.unknown,
            "nobody": person.nobody, "candidates": person.candidates, "placement": placement, "person": person.customer,
            "chosen": person.customer if "try_chosen" in request.POST else None,
            "missing": told_missing(after.strategy) if after.is_missing else "",
            "experiment": self._running(request, placement),
        }  # fmt: skip
        return render(request, "admin/recommender/tried.html", context)

    @staticmethod
    def _running(request: HttpRequest, placement: Placement) -> Experiment | None:
        """The experiment that decides the strategy of whoever takes part, for those who may see experiments."""
        if not request.user.has_perm("core.view_experiment"):
            return None
        return Experiment.objects.filter(kind=trials.KIND, target=placement.key, state=Experiment.State.RUNNING).first()

    def restore_view(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        placement = self._placement(request, pk, "change")
        version = get_object_or_404(PlacementVersion, placement=placement, number=number)
        try:
            _version, lost = services.restore_placement(version, by=acting(request))
        except DomainError as error:
            toast(request, str(error.message))
        else:
            wishes.forget()
            toast(request, _("Version %(number)d is back") % {"number": number})
            if lost:
                text = ngettext(
                    "%(count)d rule was left out: what it speaks of is gone.",
                    "%(count)d rules were left out: what they speak of is gone.",
                    lost,
                )
                self.message_user(request, text % {"count": lost})
        return HttpResponseRedirect(reverse("admin:recommender_placement_change", args=[pk]))

    def _placement(self, request: HttpRequest, pk: int, action: str) -> Placement:
        placement = get_object_or_404(Placement, pk=pk)
        may = self.has_change_permission if action == "change" else self.has_view_or_change_permission
        if not may(request, placement):
            raise PermissionDenied
        return placement


def _ids(answer: selectors.Answer) -> list[int]:
    return [item.product_id for item in answer.items]
