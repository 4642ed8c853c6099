"""Doors without a sign-in: mail that another program hands in, and the rating that a mail asked for."""

import hmac
import time

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from core.api.errors import problem_response
from core.exceptions import DomainError
from core.shop import current_shop
from core.webhooks.signing import sign
from crm.models import SatisfactionScore
from crm.services import asking, desk
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


@csrf_exempt
@require_http_methods(["GET", "POST"])
def rate(request: HttpRequest, token: str) -> HttpResponse:
    """What the link of a mail opens: 1 to 5 and a few words. Only a POST keeps something; the token is what allows it,
    so no cookie is needed. Said again, the newer counts."""
    conversation = asking.conversation_of(token)
    if conversation is None:
        return render(request, "crm/rate.html", {"is_unknown": True}, status=404)
    with override(asking.language_of(conversation)):
        known = SatisfactionScore.objects.filter(conversation=conversation).first()
        context = {
            "score": str(known.score if known else ""), "comment": known.comment if known else "",
            "subject": conversation.subject, "shop": current_shop().name, "choices": _choices(),
        }  # fmt: skip
        if request.method == "GET":
            return render(request, "crm/rate.html", context)
        score, comment = request.POST.get("score", ""), request.POST.get("comment", "")
        try:
            desk.rate(conversation, score=int(score) if score in "12345" and score else 0, comment=comment)
        except DomainError as error:
            return render(request, "crm/rate.html", context | {"comment": comment, "error": error.message}, status=422)
        return render(request, "crm/rate.html", context | {"is_thanked": True})


def _choices() -> list[tuple[str, str]]:
    return [
        ("5", pgettext("rating", "Very well")), ("4", pgettext("rating", "Well")), ("3", pgettext("rating", "So-so")),
        ("2", pgettext("rating", "Badly")), ("1", pgettext("rating", "Very badly")),
    ]  # fmt: skip


def _is_signed(request: HttpRequest) -> bool:
    ident, at = request.headers.get("Webhook-Id", "")[:200], request.headers.get("Webhook-Timestamp", "")
    if not (at.isascii() and at.isdecimal() and len(at) <= 12) or abs(time.time() - int(at)) > LATEST_SECONDS:
        return False
    wanted = sign(settings.INBOX_MAIL_SECRET, ident, int(at), request.body)
    given = request.headers.get("Webhook-Signature", "")[:1000].split()
    return any(hmac.compare_digest(one.encode("utf-8", "replace"), wanted.encode()) for one in given)
