"""People that a report shows and no rule can say, kept as a list: who stopped in the funnel; buyers of days that are
over, of one hour of a weekday, of one cell of a cohort, of a product, of a category, of a price band, of a channel, of
a country, of baskets of one size, of two products in one order.

A page says which people with a `source` of plain values; a job finds them with the statement that the page counts with
and writes them down in one statement of their own, however many they are.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import SegmentSnapshot
from analytics.reports import baskets, cohorts, funnel, products, sales
from analytics.reports.people import may_save
from analytics.segments import compiling, counting, rules, services
from catalog.admin.notices import acting
from core.components import toast
from core.jobs import guard
from core.reports import Period

Statement = tuple[str, Mapping[str, Any]]
INSERT = """
INSERT INTO analytics_snapshotmember (snapshot_id, customer_id)
SELECT {snapshot}, c.id FROM catalog_customer c
WHERE c.erased_at IS NULL AND c.merged_into_id IS NULL AND c.id IN ({people}) ON CONFLICT DO NOTHING
"""
OF_PART = """
SELECT o.customer_id FROM catalog_order o
WHERE o.paid_at >= %(since)s AND o.paid_at < %(until)s AND o.{column} = %(part)s AND o.customer_id IS NOT NULL
"""
OF_DAYS = """
SELECT o.customer_id FROM catalog_order o
WHERE o.paid_at >= %(since)s AND o.paid_at < %(until)s AND o.customer_id IS NOT NULL
"""
PARTS = ("channel", "country")


# --- what a page says ---------------------------------------------------------------------------------------------


def days_of(period: Period) -> dict[str, Any]:
    return {"first": period.first.isoformat(), "last": period.last.isoformat()}


def keep(request: HttpRequest, source: dict[str, Any], name: str) -> HttpResponse:
    """The answer to the button: a segment of these people, which a job fills. For those who may make segments."""
    segment = services.keep_list(source, name=name, by=acting(request))
    archive = reverse("admin:analytics_segment_archive", args=[segment.pk])
    toast(request, _("These people are being kept as a segment"), undo=archive)
    return HttpResponseRedirect(reverse("admin:analytics_segment_change", args=[segment.pk]))


def is_asked(request: HttpRequest) -> bool:
    """Whether somebody who may do so pressed the button."""
    return request.method == "POST" and "keep" in request.POST and may_save(request)


# --- who they are -------------------------------------------------------------------------------------------------


def _funnel(source: Mapping[str, Any]) -> Statement:
    return funnel.STOPPED.format(more=""), {**_days(source), "step": source["step"]}


def _cohort(source: Mapping[str, Any]) -> Statement:
    return cohorts.BOUGHT_THEN, cohorts.cell_values(
        source["grain"], date.fromisoformat(source["start"]), source["offset"]
    )


def _part(source: Mapping[str, Any]) -> Statement:
    if source["kind"] not in PARTS:
        raise ValueError(source["kind"])
    since, until = _period(source).moments
    return OF_PART.format(column=source["kind"]), {"since": since, "until": until, "part": source["part"]}


def _paid(source: Mapping[str, Any]) -> Statement:
    since, until = _period(source).moments
    return OF_DAYS, {"since": since, "until": until}


def _hour(source: Mapping[str, Any]) -> Statement:
    return sales.BOUGHT_AT, sales.hour_values(_period(source), source["weekday"], source["hour"])


def _product(source: Mapping[str, Any]) -> Statement:
    return products.buyers_of_product(_period(source), source["product"])


def _category(source: Mapping[str, Any]) -> Statement:
    return products.buyers_of_category(_period(source), source["category"], is_alone=source["is_alone"])


def _pair(source: Mapping[str, Any]) -> Statement:
    return baskets.buyers_of_pair(_period(source), *source["products"])


def _price(source: Mapping[str, Any]) -> Statement:
    return products.buyers_of_band(_period(source), Decimal(source["start"]))


def _basket(source: Mapping[str, Any]) -> Statement:
    return baskets.buyers_of_size(_period(source), source["products"])


SOURCES: dict[str, Callable[[Mapping[str, Any]], Statement]] = {
    "funnel": _funnel, "cohort": _cohort, "channel": _part, "country": _part, "paid": _paid, "hour": _hour,
    "product": _product, "category": _category, "price": _price, "basket": _basket, "pair": _pair,
}  # fmt: skip


def _days(source: Mapping[str, Any]) -> dict[str, Any]:
    return {"first": date.fromisoformat(source["first"]), "last": date.fromisoformat(source["last"])}


def _period(source: Mapping[str, Any]) -> Period:
    return Period("between", **_days(source))


# --- the job ------------------------------------------------------------------------------------------------------


def fill(snapshot_id: int) -> dict[str, Any]:
    """Write down who is on a list, in one statement, and count its segment. A list that is there is left as it is."""
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        rows = SegmentSnapshot.objects.select_for_update(of=("self",)).select_related("segment", "version")
        snapshot = rows.filter(pk=snapshot_id, is_ready=False).first()
        if snapshot is None:
            return {"customers": 0}
        # A job has as long as it is alive: a million people take more than a minute on a small machine.
        cursor.execute("SET LOCAL statement_timeout = 0")
        people, values = _people(snapshot)
        cursor.execute(INSERT.format(snapshot=int(snapshot.pk), people=people), values)
        snapshot.size, snapshot.as_of, snapshot.is_ready = cursor.rowcount, timezone.now(), True
        snapshot.save(update_fields=["size", "as_of", "is_ready"])
    if snapshot.source:
        counting.write_size(snapshot.segment)
    return {"customers": snapshot.size}


def _people(snapshot: SegmentSnapshot) -> tuple[str, Any]:
    if snapshot.source:
        return SOURCES[snapshot.source["kind"]](snapshot.source)
    segment = snapshot.segment
    found = compiling.of_segment(segment)
    if segment.is_rule:  # the version that was asked for, whatever the segment became since
        found = compiling.compiled(rules.parse(snapshot.version.rule), within=segment)
    people: tuple[str, Any] = found.customers().order_by().values("pk").query.sql_with_params()
    return people
