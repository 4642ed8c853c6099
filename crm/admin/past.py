"""Staff page "Points for past orders": count first, then grant."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin.notices import acting
from core.components import Meaning, figure, money, pill, toast
from core.exceptions import DomainError
from core.models import Job
from crm import services
from crm.models import LoyaltyProgramme, PastGrant
from crm.roles import GRANT_PAST
from crm.selectors import worth_of

LONGEST_PK = 18
State = PastGrant.State
MEANINGS = {
    State.COUNTING: Meaning.MOVING, State.COUNTED: Meaning.WAITING, State.RUNNING: Meaning.MOVING,
    State.DONE: Meaning.GOOD,
}  # fmt: skip


def page(request: HttpRequest) -> HttpResponse:
    """A POST counts (`since`), or grants what was counted (`grant`)."""
    may_grant = request.user.has_perm(GRANT_PAST)
    error = ""
    if request.method == "POST":
        if not may_grant:
            raise PermissionDenied
        try:
            _act(request)
        except DomainError as refusal:
            error = str(refusal.message)
        else:
            return HttpResponseRedirect(request.path)
    programme = LoyaltyProgramme.current()
    newest = PastGrant.objects.order_by("-pk").first()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Points for past orders"),
        "crumbs": [{"title": _("Points outstanding"), "url": reverse("admin:crm_liability")}],
        "programme": programme,
        "grant": newest,
        "grant_pill": _pill(newest),
        "counted": _counted(newest, programme),
        "job": _job(newest),
        "is_busy": newest is not None and newest.state in (State.COUNTING, State.RUNNING),
        "may_grant": may_grant,
        "since": request.POST.get("since", ""),
        "error": error,
        "programme_url": reverse("admin:crm_loyaltyprogramme_changelist"),
    }
    return render(request, "admin/crm/past.html", context)


def _act(request: HttpRequest) -> None:
    grant = request.POST.get("grant", "")
    if (
        grant.isascii()
        and grant.isdecimal()
        and len(grant) <= LONGEST_PK
        and PastGrant.objects.filter(pk=grant).exists()
    ):
        services.grant_past(int(grant), by=acting(request))
        toast(request, _("Points are being granted"))
        return
    try:
        since = date.fromisoformat(request.POST.get("since", ""))
    except ValueError:
        raise DomainError(_("Choose a day.")) from None
    services.ask_for_past(since=since, by=acting(request))
    toast(request, _("Orders are being counted"))


def _pill(grant: PastGrant | None) -> Any:
    return pill(MEANINGS[State(grant.state)], grant.get_state_display().capitalize()) if grant is not None else ""


def _counted(grant: PastGrant | None, programme: LoyaltyProgramme) -> str:
    """What granting does, in one sentence."""
    if grant is None or grant.state == State.COUNTING:
        return ""
    return _("%(orders)s orders of %(customers)s customers: %(points)s points, worth %(money)s") % {
        "orders": figure(grant.orders), "customers": figure(grant.customers), "points": figure(grant.points),
        "money": money(worth_of(grant.points, programme)),
    }  # fmt: skip


def _job(grant: PastGrant | None) -> str:
    """The page of the job at work."""
    if grant is None:
        return ""
    keys = [f"crm.past.{act}.{grant.pk}" for act in ("count", "grant")]
    found = Job.objects.active().filter(dedupe_key__in=keys).values_list("pk", flat=True).last()
    return reverse("admin:core_job_change", args=[found]) if found is not None else ""
