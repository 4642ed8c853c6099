"""What staff are told after acting, with the way back."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from catalog.services.staff import BulkChange
from core.components.toasts import toast
from core.models import StaffUser


def acting(request: HttpRequest) -> StaffUser:
    """Who does it. The staff site lets nobody in who is not signed in."""
    return cast(StaffUser, request.user)


def tell(request: HttpRequest, change: BulkChange, text: str) -> None:
    """How many products are different now, and a button that puts them back."""
    if not change.count:
        messages.info(request, _("Nothing to change: the products are like that already"))
        return
    toast(request, text % {"count": change.count}, undo=reverse("admin:catalog_product_undo"), key=change.undo)


def came_from(request: HttpRequest, otherwise: str) -> str:
    """The page that sent the form, when it is one of ours."""
    referer = request.headers.get("Referer", "")
    hosts = {request.get_host()}
    return referer if url_has_allowed_host_and_scheme(referer, hosts, request.is_secure()) else otherwise
