"""What staff write down about a customer's consent: that it was taken back, and that their data is only to be kept.

Nobody gives a consent for somebody else: it comes from the customer, or from the shop's back end with its proof.
"""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog.admin.notices import acting
from catalog.models import Customer
from core.components import toast
from marketing import services
from marketing.models import Channel, Purpose
from marketing.models.consent import ConsentSource
from marketing.roles import CONSENT, RESTRICT, UNRESTRICT

LONGEST_PK = 19
SEEN = "catalog.view_customer"


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """`customer`, and `consent` ("offers.email"), or `channel` for everything by that channel."""
    if not request.user.has_perm(CONSENT):
        raise PermissionDenied
    customer = _customer(request)
    details = {"page": "customer", "staff": acting(request).pk}
    proof = services.Proof(ConsentSource.STAFF, wording_version="", details=details)
    purpose, _dot, channel = request.POST.get("consent", "").partition(".")
    everything = request.POST.get("channel", "")
    if everything in Channel.values:
        services.withdraw_all(customer.pk, everything, proof)
        toast(request, _("Nothing goes to this customer by this channel any more"))
    elif purpose in Purpose.values and channel in Channel.values:
        services.tell(customer.pk, [services.Word(purpose, channel, given=False)], proof)
        toast(request, _("Consent taken back"))
    return _back(customer)


@require_POST
def restrict(request: HttpRequest) -> HttpResponse:
    """`customer`, and `wanted` ("1": their data is only kept from now on; else it is used again)."""
    wanted = request.POST.get("wanted") == "1"
    if not request.user.has_perm(RESTRICT if wanted else UNRESTRICT):
        raise PermissionDenied
    customer = _customer(request)
    if services.restrict(customer.pk, wanted=wanted, by_id=acting(request).pk):
        toast(request, _("Processing restricted") if wanted else _("Restriction lifted"))
    return _back(customer)


def _customer(request: HttpRequest) -> Customer:
    if not request.user.has_perm(SEEN):
        raise PermissionDenied
    number = request.POST.get("customer", "")
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < LONGEST_PK else 0
    return get_object_or_404(Customer.objects.existing(), pk=known)


def _back(customer: Customer) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[customer.pk]))
