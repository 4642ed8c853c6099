"""Pages that belong to no app."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import check_for_language
from django.views import defaults, i18n

from core.api.errors import is_api, problem_response, server_error


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
    if is_api(request):
        return server_error(request)
    return defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_api(request):
        return problem_response(400, "bad_request")
    return defaults.bad_request(request, exception)
