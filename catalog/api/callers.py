"""For whom an answer is made, and what they hold in their hands."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from catalog.devices import device_of
from catalog.models import Customer
from core.api import ids
from core.api.principals import CustomerAuth, KeyAuth


def customer_asked_for(request: Request, wanted: str | None) -> Customer | None:
    """The customer whom a personal answer is for. A browser may ask only for the one its token names."""
    if isinstance(request.auth, CustomerAuth):
        own = Customer.objects.known_as(request.auth.customer)
        if wanted is not None and (own is None or not _is_called(own, wanted)):
            raise PermissionDenied(_("This token is for another customer."), code="other_customer")
        return own
    if wanted is None:
        return None
    if not (isinstance(request.auth, KeyAuth) and request.auth.is_server):
        raise PermissionDenied(_("An answer for a customer needs a server key or that customer's token."))
    return Customer.objects.known_as(wanted)


def _is_called(own: Customer, wanted: str) -> bool:
    """By its ids, or by one of a record that was merged into it."""
    return wanted in (own.public_id, f"{ids.EXTERNAL}{own.external_id}") or Customer.objects.known_as(wanted) == own


def device_of_call(request: HttpRequest | Request, caller: Any) -> str:
    """The device of the browser that calls (see catalog.devices); empty for servers, which speak for other people's."""
    if isinstance(caller, KeyAuth) and caller.is_server:
        return ""
    return device_of(request.META.get("HTTP_USER_AGENT", ""))
