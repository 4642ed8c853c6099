"""Pages that belong to no app."""

import sys

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.translation import check_for_language
from django.views import defaults, i18n

from core.api.errors import fault_response, is_api, problem_response, server_error
from core.faults import Fault, fault_of


def set_language(request: HttpRequest) -> HttpResponseBase:
    """Django's language switch, remembered for members of staff: their own setting is stronger than the cookie."""
    response = i18n.set_language(request)
    code = request.POST.get("language", "")
    user = request.user
    if (
        request.method == "POST"
        and user.is_authenticated
        and code
        and check_for_language(code)
        and user.language != code
    ):
        user.language = code
        user.save(update_fields=["language"])
    return response


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(404, "not_found")
    return defaults.page_not_found(request, exception)


def page_failed(request: HttpRequest) -> HttpResponse:
    """handler500, called while the exception is at hand: faults of servers and disks have pages of their own."""
    if fault := fault_of(sys.exc_info()[1]):
        return fault_response(fault) if is_api(request) else _fault_page(fault)
    if is_api(request):
        return server_error(request)
    return defaults.server_error(request)


def _fault_page(fault: Fault) -> HttpResponse:
    """Made without the database."""
    content = render_to_string("fault.html", {"fault": fault})
    return HttpResponse(content, status=fault.status, headers=fault.headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(400, "bad_request")
    return defaults.bad_request(request, exception)
