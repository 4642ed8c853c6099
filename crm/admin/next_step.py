"""The next step on the page of a customer, and what staff say of it."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from catalog.models import Customer
from core.components import toast
from core.exceptions import DomainError
from core.panels import Panel
from crm.care import next_step
from crm.models import NextStepOutcome
from crm.models.care import OCCASION_LENGTH
from crm.roles import NEXT_STEP

LONGEST_PK = 19


def panel(request: HttpRequest, customer: Customer) -> Panel:
    """The step that cannot wait, why, and what could come after it."""
    found = next_step.steps(customer, request.user.has_perm)
    return Panel(
        title=_("Next step"),
        template="admin/crm/panels/next_step.html",
        empty="" if found else _("Nothing to do: nothing waits, went wrong or is about to end."),
        context={
            "steps": found,
            "may_say": request.user.has_perm(NEXT_STEP),
            "act_url": reverse("admin:crm_next_step"),
        },
    )


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """`customer`, `step`, `occasion` and `outcome`: done, dismissed, or empty to take it back."""
    if not request.user.has_perm(NEXT_STEP) or not request.user.has_perm("catalog.view_customer"):
        raise PermissionDenied
    number = request.POST.get("customer", "")
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < LONGEST_PK else 0
    customer = get_object_or_404(Customer.objects.existing(), pk=known)
    step, occasion = request.POST.get("step", "")[:20], request.POST.get("occasion", "")[:OCCASION_LENGTH]
    outcome = request.POST.get("outcome", "")
    try:
        next_step.record(
            customer, step.replace("\x00", ""), occasion.replace("\x00", ""), outcome, may=request.user.has_perm,
            by=acting(request),
        )  # fmt: skip
    except DomainError as error:
        admin.site.get_model_admin(Customer).refuse(request, error)  # type: ignore[attr-defined]
    else:
        if outcome:
            told = _("Step done") if outcome == NextStepOutcome.Outcome.DONE else _("Step not wanted")
            toast(
                request, told, undo=request.path, customer=customer.pk, step=step, occasion=occasion, outcome=""
            )  # fmt: skip
        else:
            toast(request, _("Put back"))
    return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[customer.pk]))
