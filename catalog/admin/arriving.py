"""Pictures that are not there yet: what waits, what failed and why, and another try."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin import cells
from catalog.admin.listing import ListingMixin, ListView
from catalog.admin.notices import acting
from catalog.models import ArrivingPicture
from catalog.services import pictures
from core.admin.base import LedgerAdmin
from core.components import Meaning, ago, pill, toast, when

MOST_AT_ONCE = 5_000
SETTLE = "catalog.change_productimage"
State = ArrivingPicture.State


class ImportFilter(admin.SimpleListFilter):
    """Imports of which a picture still arrives."""

    title = gettext_lazy("Import")
    parameter_name = "batch"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        numbers = ArrivingPicture.objects.exclude(batch=None).order_by("-batch_id").values_list("batch_id", flat=True)
        return [(str(number), _("Import #%(number)d") % {"number": number}) for number in numbers.distinct()[:50]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ArrivingPicture]) -> QuerySet[ArrivingPicture]:
        value = self.value() or ""
        return queryset.filter(batch_id=int(value)) if value.isdecimal() and len(value) < 10 else queryset


@admin.register(ArrivingPicture)
class ArrivingPictureAdmin(ListingMixin, LedgerAdmin):
    """The job takes the rows away one by one; nobody adds or edits them here."""

    list_display = ("picture_cell", "state_cell", "why_cell", "from_cell", "next_cell", "asked_cell")
    list_filter = (ImportFilter,)
    list_select_related = ("product",)
    search_fields = ("address", "name", "product__name")
    search_help_text = gettext_lazy("Address, file or product")
    ordering = ("id",)
    compact_columns = ("state_cell", "why_cell")
    view_keys = ("waiting", "failed")
    actions = ("try_again", "discard")
    export_fields = ("product__external_id", "address", "name", "state_cell", "why_cell", "file", "line", "attempts")
    empty_title = gettext_lazy("No picture is on its way")
    empty_text = gettext_lazy(
        "Pictures that imports, the API or staff name by their address wait here until they came."
    )

    class Media:
        css = {"all": ("catalog/catalog.css",)}

    def in_view(self, rows: QuerySet[ArrivingPicture], key: str) -> QuerySet[ArrivingPicture]:
        return rows.filter(state=key) if key else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        rows = ArrivingPicture.objects.all()
        return [
            ListView("", _("All"), rows),
            ListView("waiting", _("Waiting"), rows.waiting()),
            ListView("failed", _("Failed"), rows.failed()),
        ]

    def row_address(self, row: ArrivingPicture) -> str:
        return reverse("admin:catalog_product_change", args=[row.product_id])

    # --- acts ---------------------------------------------------------------------------------------------------

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(SETTLE))

    @admin.action(description=gettext_lazy("Try again"), permissions=["settle"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[ArrivingPicture]) -> None:
        count = pictures.try_again(_chosen(queryset), by=acting(request))
        text = ngettext("%(count)d picture is tried again", "%(count)d pictures are tried again", count)
        toast(request, text % {"count": count})

    @admin.action(description=gettext_lazy("Discard"), permissions=["settle"])
    def discard(self, request: HttpRequest, queryset: QuerySet[ArrivingPicture]) -> None:
        count = pictures.forget_arriving(_chosen(queryset))
        toast(
            request, ngettext("%(count)d picture discarded", "%(count)d pictures discarded", count) % {"count": count}
        )

    # --- cells --------------------------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("Picture"))
    def picture_cell(self, row: ArrivingPicture) -> SafeString:
        return cells.two_lines(row.product.localised("name"), str(row))

    @admin.display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, row: ArrivingPicture) -> SafeString:
        return arriving_state(row)

    @admin.display(description=gettext_lazy("Reason"))
    def why_cell(self, row: ArrivingPicture) -> Any:
        return row.why or cells.NOTHING

    @admin.display(description=gettext_lazy("Came from"), ordering="batch")
    def from_cell(self, row: ArrivingPicture) -> Any:
        if row.batch_id is None:
            return _("one by one")
        line = _("%(file)s, line %(line)d") % {"file": row.file, "line": row.line or 0}
        return cells.two_lines(_("Import #%(number)d") % {"number": row.batch_id}, line)

    @admin.display(description=gettext_lazy("Next try"), ordering="next_attempt_at")
    def next_cell(self, row: ArrivingPicture) -> Any:
        return when(row.next_attempt_at) if row.state == State.WAITING else cells.NOTHING

    @admin.display(description=gettext_lazy("Asked for"), ordering="id")
    def asked_cell(self, row: ArrivingPicture) -> Any:
        return ago(row.created_at)


def arriving_state(row: ArrivingPicture) -> SafeString:
    """Waiting, or failed."""
    return pill(Meaning.STOPPED if row.state == State.FAILED else Meaning.MOVING, row.get_state_display())


def _chosen(rows: QuerySet[ArrivingPicture]) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
