"""Photos: the list of what was seen on each."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin import cells as shared
from catalog.admin.listing import ListingMixin, ListView
from catalog.models import Product
from catalog.thumbnails import thumbnail_address
from core.admin.base import LedgerAdmin
from core.components import ago, figure, percent, toast
from core.jobs import enqueue
from vision import asking
from vision.admin import cells, filters, product_tags
from vision.choices import ColourName, Issue
from vision.models import ImageAnalysis
from vision.roles import LEARN


@admin.register(ImageAnalysis)
class ImageAnalysisAdmin(ListingMixin, LedgerAdmin):
    """Nobody adds or edits what was seen: a photo is exchanged on the page of its product."""

    list_display = ("photo_cell", "faults_cell", "colours_cell", "ground_cell", "size_cell", "seen_cell")
    list_filter = (filters.IssueFilter, filters.ColourFilter, filters.PhotoBranchFilter)
    list_select_related = ("image__product",)
    search_fields = ("image__source_name",)
    search_help_text = gettext_lazy("Product or name of the file")
    ordering = ("-image",)
    number_columns = ("size_cell",)
    compact_columns = ("faults_cell", "colours_cell")
    view_keys = ("faults", "duplicates", "unreadable")
    export_fields = (
        "image__product__external_id", "image__product__name", "image__source_name", "image__width", "image__height",
        "faults_text", "colours_text", "ground_cell", "sharpness", "lightness", "contrast", "subject_share",
        "analysed_at",
    )  # fmt: skip
    actions = ("read_chosen_again", "export_as_csv", "export_as_xlsx")
    empty_title = gettext_lazy("No photos yet")
    empty_text = gettext_lazy("Photos appear here within a minute after they were added to a product.")

    class Media:
        css = {"all": ("catalog/catalog.css", "vision/vision.css")}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImageAnalysis]:
        found: QuerySet[ImageAnalysis] = super().get_queryset(request).defer("look")
        return found.filter(image__product__deleted_at=None)

    def in_view(self, rows: QuerySet[ImageAnalysis], key: str) -> QuerySet[ImageAnalysis]:
        if key == "faults":
            return rows.exclude(issues=[])
        if key == "duplicates":
            return rows.filter(duplicate_group__isnull=False)
        return rows.filter(issues__contains=["unreadable"]) if key == "unreadable" else rows

    def list_views(self, request: HttpRequest) -> list[ListView]:
        labels = {"": _("All"), "faults": _("With faults"), "duplicates": _("Duplicates"),
                  "unreadable": _("Cannot be read")}  # fmt: skip
        rows = self.get_queryset(request)
        return [
            ListView(key, label, self.in_view(rows, key), is_optional=key == "unreadable")
            for key, label in labels.items()
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ImageAnalysis], search_term: str
    ) -> tuple[QuerySet[ImageAnalysis], bool]:
        """In names of products as their own list finds them, or in the name of the file that was sent."""
        if not search_term.strip():
            return queryset, False
        products, _twice = self.admin_site.get_model_admin(Product).get_search_results(
            request, Product.objects.order_by(), search_term
        )
        wanted = Q(image__product__in=products.values("pk")) | Q(image__source_name__icontains=search_term.strip())
        return queryset.filter(wanted), False

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(product_tags.act)
        return [path("product/<int:pk>/tags/", act, name="vision_product_tags"), *super().get_urls()]

    def has_learn_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(LEARN)

    @admin.action(description=gettext_lazy("Read again"), permissions=["learn"])
    def read_chosen_again(self, request: HttpRequest, queryset: QuerySet[ImageAnalysis]) -> None:
        """By the live model, in the job that reads all that is not read as it is now."""
        if not asking.has_live_version():
            self.message_user(request, _("No version is live yet: train one first."), messages.WARNING)
            return
        count = asking.read_again(queryset.order_by().values("pk"))
        enqueue(asking.READ, dedupe_key=asking.READ_KEY, created_by=request.user)  # type: ignore[arg-type]
        words = ngettext("%(count)s photo will be read again", "%(count)s photos will be read again", count)
        toast(request, words % {"count": figure(count)})

    def row_address(self, row: ImageAnalysis) -> str:
        """Photos are exchanged on the page of their product."""
        return reverse("admin:catalog_product_change", args=[row.image.product_id])

    @admin.display(description=gettext_lazy("Photo"))
    def photo_cell(self, row: ImageAnalysis) -> SafeString:
        picture = shared.picture(thumbnail_address(row.image))
        return shared.two_lines(row.image.product.localised("name"), row.image.source_name, picture)

    @admin.display(description=gettext_lazy("Faults"))
    def faults_cell(self, row: ImageAnalysis) -> SafeString:
        return cells.faults(row)

    @admin.display(description=gettext_lazy("Colours"), ordering="main_colour")
    def colours_cell(self, row: ImageAnalysis) -> Any:
        return cells.colours(row)

    @admin.display(description=gettext_lazy("Ground"))
    def ground_cell(self, row: ImageAnalysis) -> Any:
        return cells.ground(row)

    @admin.display(description=gettext_lazy("Size in pixels"))
    def size_cell(self, row: ImageAnalysis) -> SafeString:
        return cells.size(row.image.width, row.image.height)

    @admin.display(description=gettext_lazy("Looked at"), ordering="analysed_at")
    def seen_cell(self, row: ImageAnalysis) -> Any:
        return ago(row.analysed_at)

    @admin.display(description=gettext_lazy("Faults"))
    def faults_text(self, row: ImageAnalysis) -> str:
        return ", ".join(str(Issue(one).label) for one in row.issues)

    @admin.display(description=gettext_lazy("Colours"))
    def colours_text(self, row: ImageAnalysis) -> str:
        return ", ".join(f"{ColourName(one['name']).label} {percent(one['share'])}" for one in row.colours)
