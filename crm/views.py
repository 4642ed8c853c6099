"""The door for mail that another program hands in."""

import hmac
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.api.errors import problem_response
from core.exceptions import DomainError
from core.webhooks.signing import sign
from crm.services.desk_mail import receive

LATEST_SECONDS = 300


@csrf_exempt
@require_POST
def inbound_mail(request: HttpRequest) -> HttpResponse:
    """A mail as it came (`message/rfc822`), signed as the Standard Webhooks specification says with INBOX_MAIL_SECRET,
    at most five minutes ago. 204 for what was taken or is left alone, twice for the same mail; without a secret there
    is no such address."""
    if not settings.INBOX_MAIL_SECRET:
        raise Http404
    if not _is_signed(request):
        return problem_response(401, "bad_signature", _("The signature does not fit, or is older than five minutes."))
    try:
        receive(request.body)
    except DomainError as error:
        return problem_response(422, error.code, str(error.message))
    return HttpResponse(status=204)


def _is_signed(request: HttpRequest) -> bool:
    ident, at = request.headers.get("Webhook-Id", "")[:200], request.headers.get("Webhook-Timestamp", "")
    if not (at.isascii() and at.isdecimal() and len(at) <= 12) or abs(time.time() - int(at)) > LATEST_SECONDS:
        return False
    wanted = sign(settings.INBOX_MAIL_SECRET, ident, int(at), request.body)
    given = request.headers.get("Webhook-Signature", "")[:1000].split()
    return any(hmac.compare_digest(one.encode("utf-8", "replace"), wanted.encode()) for one in given)
