"""Filters of the list of photos."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from catalog.admin.filters import BranchFilter
from catalog.models import Product
from vision.choices import ColourName, Issue
from vision.models import ImageAnalysis


class IssueFilter(DropdownFilter):
    title = _("fault")
    parameter_name = "fault"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(issue.value, issue.label) for issue in Issue]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ImageAnalysis]) -> QuerySet[ImageAnalysis]:
        value = self.value()
        return queryset.filter(issues__contains=[value]) if value in Issue.values else queryset


class ColourFilter(DropdownFilter):
    """By the colour that most of what is shown has."""

    title = _("colour")
    parameter_name = "colour"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(colour.value, colour.label) for colour in ColourName]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ImageAnalysis]) -> QuerySet[ImageAnalysis]:
        value = self.value()
        return queryset.filter(main_colour=value) if value in ColourName.values else queryset


class PhotoBranchFilter(BranchFilter):
    """Photos of products of a category or of any below it."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[ImageAnalysis]) -> QuerySet[ImageAnalysis]:
        if not self.value():
            return queryset
        products = super().queryset(request, Product.objects.all())
        return queryset.filter(image__product__in=products.order_by().values("pk"))
