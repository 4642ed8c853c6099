"""Bodies that are refused before anybody reads them."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from core.api.errors import is_api, problem_response
from core.middleware import Handler

API = "/api/v1/"
PICTURE_BYTES = 10 * 1024 * 1024
ENVELOPE_BYTES = 64 * 1024
IN_A_FORM = PICTURE_BYTES + ENVELOPE_BYTES
PICTURES = {"/photos": PICTURE_BYTES, "/images": IN_A_FORM, "/search/image": IN_A_FORM}
"""What addresses that take a picture may be sent, alone or in a form; they read it by themselves and check again."""
SHOP_PHOTO = "/shop/search/photo"
"""The page of the shop that takes a photo of anybody."""


class BodyLimitMiddleware:
    """Looks at the headers only: a body must say how long it is, be uncompressed and small enough.

    10 MB for addresses that take a picture, `MAX_BODY_BYTES` for the rest of the API and for who has no session,
    `MAX_UPLOAD_BYTES` for pages of staff.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return _refusal(request) or self.get_response(request)


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    announced = request.META.get("CONTENT_LENGTH") or ""
    if request.META.get("HTTP_TRANSFER_ENCODING") and not announced:
        return problem_response(411, "length_required", _("A body needs a Content-Length; pieces are not taken."))
    if not announced or announced == "0":
        return None
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity"):
        return problem_response(415, "encoding_not_taken", _("A body may not be compressed."))
    if not (announced.isascii() and announced.isdigit()):
        return problem_response(400, "bad_request")
    limit = _limit(request)
    if len(announced) > 15 or int(announced) > limit:
        return problem_response(413, "body_too_large", _("A body may have at most %(limit)d bytes.") % {"limit": limit})
    return None


def _limit(request: HttpRequest) -> int:
    if request.path_info.startswith(API):
        for ending, most in PICTURES.items():
            if request.path_info.endswith(ending):
                return most
    if request.path_info == SHOP_PHOTO:
        return IN_A_FORM
    is_staff = not is_api(request) and settings.SESSION_COOKIE_NAME in request.COOKIES
    return int(settings.MAX_UPLOAD_BYTES if is_staff else settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
