"""Staff page "Possible duplicates": groups of records that may be one person, the clearest first."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import merging
from catalog import selectors_admin as reads
from catalog.admin.customers import may_see_people
from catalog.admin.merges import MERGE
from catalog.admin.notices import acting
from catalog.models import Customer
from catalog.selectors_admin import Purchases
from core.components import Meaning, figure, pill, toast
from core.exceptions import DomainError
from core.jobs import enqueue
from core.models import Job
from core.shop import current_shop
from crm.people import duplicates
from crm.people.duplicates import CLEAR, SIGNS, Group

PER_PAGE = 12
LONGEST_PK = 19
KIND = "crm.duplicates"


def page(request: HttpRequest) -> HttpResponse:
    """A POST has `act`: "merge" (`keep`, `ids`), "undo_merge" (`merges`), "different" (`ids`), "undo" (`pairs`) or
    "look"."""
    error = ""
    if request.method == "POST":
        try:
            _act(request)
        except DomainError as refusal:
            error = str(refusal.message)
        else:
            return HttpResponseRedirect(request.get_full_path())
    found = duplicates.groups()
    chosen = Paginator(found, PER_PAGE).get_page(request.GET.get("p"))
    last = Job.objects.filter(kind=KIND).order_by("-pk").first()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Possible duplicates"),
        "crumbs": [{"title": _("Customers"), "url": reverse("admin:catalog_customer_changelist")}],
        "groups": _shown(request, list(chosen.object_list)),
        "page": chosen,
        "sentence": ngettext(
            "%(count)s group of records may be one person", "%(count)s groups of records may be one person each",
            len(found),
        ) % {"count": figure(len(found))},
        "last": last,
        "is_looking": last is not None and last.is_active,
        "may_see_people": may_see_people(request),
        "error": error,
    }  # fmt: skip
    return TemplateResponse(request, "admin/crm/duplicates.html", context)


def list_link(request: HttpRequest) -> tuple[Any, str, str] | None:
    """On the list of customers."""
    if not request.user.has_perm(MERGE):
        return None
    return _("Possible duplicates"), reverse("admin:crm_duplicates"), "people_alt"


def _act(request: HttpRequest) -> None:
    act, by = request.POST.get("act", ""), acting(request)
    if act == "look":
        enqueue("crm.tasks.find_duplicates", dedupe_key=KIND)
        toast(request, _("Looking through all customers"))
    elif act == "undo":
        duplicates.reopen(_numbers(request.POST.get("pairs", "").split(",")))
        toast(request, _("Put back"))
    elif act == "different":
        pairs = duplicates.decide_different(_numbers(request.POST.getlist("ids")), by=by)
        toast(
            request, _("Noted as different people"), undo=request.get_full_path(), act="undo",
            pairs=",".join(map(str, pairs)),
        )  # fmt: skip
    elif act == "merge":
        kept = _numbers([request.POST.get("keep", "")])
        if not kept:
            raise DomainError(_("Choose the record that is kept."))
        merges = duplicates.merge_group(kept[0], _numbers(request.POST.getlist("ids")), by=by)
        text = ngettext("%(count)d record merged", "%(count)d records merged", len(merges)) % {"count": len(merges)}
        told = ",".join(map(str, merges))
        toast(request, text, undo=request.get_full_path(), act="undo_merge", merges=told)
    elif act == "undo_merge":
        with transaction.atomic():
            undone = [merging.undo(one, by=by) for one in reversed(_numbers(request.POST.get("merges", "").split(",")))]
        is_exact = all(one.is_exact for one in undone)
        toast(request, _("All are as they were") if is_exact else _("Taken back; newer rows stayed"))


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < LONGEST_PK]


def _shown(request: HttpRequest, found: list[Group]) -> list[dict[str, Any]]:
    """Two queries for all groups of the page."""
    people = Customer.objects.in_bulk({pk for group in found for pk in group.ids})
    bought = reads.customer_purchases(list(people), current_shop().base_currency)
    orders = {pk: one.orders for pk, one in bought.items()}
    return [
        {
            "key": group.ids[0],
            "keep": duplicates.best_to_keep([people[pk] for pk in group.ids], orders),
            "people": [(people[pk], bought.get(pk, Purchases())) for pk in group.ids],
            "signs": [SIGNS[name][1] for name in group.signs],
            "pill": pill(Meaning.WAITING, _("Clear")) if group.strength >= CLEAR else pill(Meaning.IDLE, _("Weak")),
        }
        for group in found
    ]
