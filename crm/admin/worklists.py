"""Staff pages "Worklists": make one from a score, work through it, see what it brought."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.customers import reasons
from catalog.admin.customers import may_see_people
from catalog.admin.notices import acting
from core.components import Meaning, Range, figure, money, percent, pill, range_chart, toast
from core.components.words import day_text
from core.exceptions import DomainError
from crm.care import words
from crm.models import CareEnrolment, Worklist, WorklistItem
from crm.people import worklists
from crm.roles import WORKLISTS

SHOWN = 30
LISTED = 100
LONGEST_PK = 19
Outcome = WorklistItem.Outcome


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < LONGEST_PK else 0


def page(request: HttpRequest) -> HttpResponse:
    """All lists, and the form of a new one (POST)."""
    may_write = request.user.has_perm(WORKLISTS)
    error = ""
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied
        try:
            made = worklists.make(
                name=request.POST.get("name", ""), source=request.POST.get("source", ""),
                size=_number(request.POST.get("size", "")),
                compared_percent=_number(request.POST.get("compared", "") or "0"),
                follow_days=_number(request.POST.get("days", "")), by=acting(request),
            )  # fmt: skip
        except DomainError as refusal:
            error = str(refusal.message)
        else:
            toast(request, _("Worklist made"))
            return HttpResponseRedirect(f"{reverse('admin:crm_worklist')}?list={made.pk}")
    shown = Count("items", filter=Q(items__is_compared=False))
    done = Count("items", filter=Q(items__is_compared=False) & ~Q(items__outcome=""))
    rows = Worklist.objects.select_related("created_by", "programme").annotate(people=shown, done=done)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Worklists"),
        "lists": [
            (row, f"{reverse('admin:crm_worklist')}?list={row.pk}", _state(row))
            for row in rows.order_by("closed_at", "-pk")[:LISTED]
        ],
        "sources": [one for one in Worklist.Source.choices if one[0] != Worklist.Source.CARE],
        "may_write": may_write,
        "error": error,
        "sent": request.POST,
        "most": worklists.MOST,
    }
    return TemplateResponse(request, "admin/crm/worklists.html", context)


def _state(row: Any) -> Any:
    if row.closed_at is not None:
        return pill(Meaning.IDLE, _("Closed"))
    return pill(Meaning.GOOD, _("All done")) if row.done == row.people else pill(Meaning.WAITING, _("To do"))


def one(request: HttpRequest) -> HttpResponse:
    """`?list=`, `?done=1` for those that were done. A POST has `item`, `outcome`, `note`, or `act` = close, reopen."""
    worklist = get_object_or_404(Worklist.objects.select_related("programme"), pk=_number(request.GET.get("list", "")))
    may_write = request.user.has_perm(WORKLISTS)
    if request.method == "POST":
        if not may_write:
            raise PermissionDenied
        try:
            _act(request, worklist)
        except DomainError as error:
            from catalog.models import Customer

            admin.site.get_model_admin(Customer).refuse(request, error)  # type: ignore[attr-defined]
        return HttpResponseRedirect(request.get_full_path())
    is_done = request.GET.get("done") == "1"
    people = worklist.items.filter(is_compared=False)
    rows = people.exclude(outcome="") if is_done else people.filter(outcome="")
    rows = rows.select_related("customer", "done_by").order_by("-done_at" if is_done else "position", "pk")
    shown = list(rows[:SHOWN])
    care = _care(worklist, shown)
    counts = people.aggregate(done=Count("pk", filter=~Q(outcome="")), all=Count("pk"))
    result = worklists.result(worklist)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": worklist.title,
        "crumbs": [{"title": _("Worklists"), "url": reverse("admin:crm_worklists")}],
        "worklist": worklist,
        "lead": _("%(done)s of %(all)s done · taken from: %(source)s")
        % {
            "done": figure(counts["done"]), "all": figure(counts["all"]), "source": worklist.get_source_display(),
        },
        "rows": [
            {
                "item": row, "customer": row.customer, "score": _score(worklist, row),
                "why": care.get(row.customer_id) or reasons.line(row.reasons),
                "url": reverse("admin:catalog_customer_change", args=[row.customer_id]),
            }
            for row in shown
        ],
        "instructions": worklist.programme.task if worklist.programme is not None else "",
        "programme": worklist.programme,
        "is_done": is_done,
        "outcomes": [(key, label) for key, label in Outcome.choices if key],
        "may_write": may_write and worklist.closed_at is None,
        "may_close": may_write,
        "may_see_people": may_see_people(request),
        "result": _told(worklist, result),
    }  # fmt: skip
    return TemplateResponse(request, "admin/crm/worklist.html", context)


def _care(worklist: Worklist, rows: list[WorklistItem]) -> dict[int, str]:
    """Customer → why a care programme put them on the list: the newest occasion of its month. One query."""
    if worklist.programme_id is None:
        return {}
    found = CareEnrolment.objects.filter(
        programme=worklist.programme_id, customer__in=[row.customer_id for row in rows], result__worklist=worklist.pk
    )
    return {row.customer_id: words.sentence(row.why) for row in found.order_by("pk")}


def _act(request: HttpRequest, worklist: Worklist) -> None:
    act = request.POST.get("act", "")
    here = request.get_full_path()
    if act in ("close", "reopen"):
        worklists.close(worklist.pk, back=act == "reopen")
        if act == "close":
            toast(request, _("Worklist closed"), undo=here, act="reopen")
        return
    number = _number(request.POST.get("item", ""))
    known = worklist.items.filter(pk=number).values_list("pk", flat=True).first() or 0
    done = worklists.decide(
        known, request.POST.get("outcome", ""), note=request.POST.get("note", ""), by=acting(request)
    )
    if done.outcome:
        toast(request, _("Outcome noted"), undo=here, item=done.pk, outcome="")
    else:
        toast(request, _("Put back"))


def _score(worklist: Worklist, row: WorklistItem) -> str:
    if row.score is None:
        return ""
    return percent(row.score) if worklist.source == Worklist.Source.ORDER else money(row.score, is_whole=True)


def _told(worklist: Worklist, result: worklists.Result) -> dict[str, Any]:
    """Both groups in one sentence each, and the difference with its range."""
    sides = [
        (label, figure(side.customers), f"{figure(side.ordered)} ({percent(side.rate, side.customers)})",
         money(side.revenue))
        for label, side in ((_("In the list"), result.worked), (_("Left alone"), result.compared))
    ]  # fmt: skip
    chart: Any = ""
    if result.difference is not None:
        value, low, high = result.difference
        sentence = _sentence(low, high)
        chart = range_chart([Range(_("Share who ordered"), value, low, high, sentence)], _("Difference in points"))
    return {
        "sides": sides,
        "chart": chart,
        "foot": (
            _("Orders paid from %(start)s to %(end)s.") if result.is_over
            else _("Orders paid from %(start)s; counted until %(end)s.")
        ) % {"start": day_text(worklist.created_at), "end": day_text(result.until)},
        "missing": _missing(worklist, result),
    }  # fmt: skip


def _missing(worklist: Worklist, result: worklists.Result) -> str:
    if result.difference is not None:
        return ""
    if worklist.programme_id is not None:
        return _("What the programme brings is compared with its own control group, on its page.")
    return _("Nobody was left alone, so nothing can be compared.")


def _sentence(low: float, high: float) -> str:
    points = {"low": figure(100 * low, 1), "high": figure(100 * high, 1)}
    if low > 0:
        return _("Works: likely %(low)s to %(high)s points more customers ordered") % points
    if high < 0:
        return _("Hurts: likely %(low)s to %(high)s points fewer") % {
            "low": figure(-100 * high, 1), "high": figure(-100 * low, 1)
        }  # fmt: skip
    return _("Too early to tell: anywhere from %(low)s to %(high)s points") % points
