"""The page of the people behind a figure: of an hour of the page "Sales", of a cell of "Cohorts", of a step of
"Funnel"."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import admin
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from analytics.models import CustomerStats
from analytics.reports.people import may_save
from catalog.models import Customer


@dataclass(frozen=True)
class Listed:
    """People in the order of their list, with what they bought if they did; `everybody` counts those beyond it, too."""

    people: list[tuple[Customer, CustomerStats | None]]
    everybody: int
    is_cut: bool
    is_too_long: bool


def look_for(find: Callable[[], tuple[list[int], int]]) -> Listed:
    """`find` says keys of customers and how many there are; nobody where that takes too long (OperationalError)."""
    try:
        with transaction.atomic():
            keys, everybody = find()
    except OperationalError:
        return Listed([], 0, is_cut=False, is_too_long=True)
    known = Customer.objects.select_related("stats").in_bulk(keys)
    people = [(known[key], getattr(known[key], "stats", None)) for key in keys if key in known]
    return Listed(people, everybody, is_cut=everybody > len(keys), is_too_long=False)


def show(
    request: HttpRequest, listed: Listed, *, title: str, answer: str, crumb: tuple[str, str], cut_note: str,
    days_note: str = "", keeps: bool = True, save_url: str = "", save_label: str = "",
) -> HttpResponse:  # fmt: skip
    """`answer` is the title where it could be counted, `crumb` title and address of the page with the figure,
    `cut_note` what is said when there are more. `keeps` offers to keep these people, `save_url` a rule instead."""
    context = {
        **admin.site.each_context(request),
        "title": title, "page_title": title if listed.is_too_long else answer,
        "crumbs": [{"title": crumb[0], "url": crumb[1]}],
        "people": listed.people, "is_too_long": listed.is_too_long,
        "days_note": days_note, "cut_note": cut_note if listed.is_cut else "",
        "keeps": keeps and may_save(request) and bool(listed.everybody),
        "save_url": save_url, "save_label": save_label,
        "links_customers": request.user.has_perm("catalog.view_customer"),
    }  # fmt: skip
    return render(request, "admin/analytics/people.html", context)
