"""Asking customers whose question went by mail how they were helped: once for each, some time after it was solved."""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from core import mail
from core.shop import current_shop
from crm.models import Conversation, DeskSettings, Ticket
from crm.services import desk
from crm.services.desk_mail import BY_MAIL

KIND = "ticket_rating"
AFTER = timedelta(hours=1)
"""Whoever is not content writes back within it, and is not asked then."""
LATEST = timedelta(days=3)
VALID = timedelta(days=60)
_SIGNER = TimestampSigner(salt="crm.rating")


def token_of(conversation: Conversation) -> str:
    """What lets its holder rate this conversation for sixty days."""
    return _SIGNER.sign(conversation.public_id)


def conversation_of(token: str) -> Conversation | None:
    """None for what we did not sign, what is too old, and conversations that are gone."""
    try:
        public_id = _SIGNER.unsign(token, max_age=VALID)
    except BadSignature:
        return None
    return Conversation.objects.filter(public_id=public_id).first()


def language_of(conversation: Conversation) -> str:
    return "zh-hans" if conversation.language.startswith("zh") else "en"


def ask_for_ratings(*, progress: Callable[[int, int], None] | None = None) -> int:
    """Mail those whose ticket was solved an hour to three days ago and who did not rate it. Returns how many.

    In the chat the widget asks. Nobody is asked twice, nor without PUBLIC_URL: the link would lead nowhere.
    """
    if not settings.PUBLIC_URL or not DeskSettings.current().asks_by_mail:
        return 0
    now = timezone.now()
    solved = Ticket.objects.listed().filter(
        state__in=(Ticket.State.RESOLVED, Ticket.State.CLOSED), resolved_at__range=(now - LATEST, now - AFTER),
        rating_asked_at=None, conversation__channel__in=BY_MAIL, conversation__satisfaction=None,
        first_responded_at__isnull=False,
    )  # fmt: skip
    numbers = list(solved.order_by("resolved_at").values_list("pk", flat=True))
    asked = 0
    for done, pk in enumerate(numbers):
        if progress is not None and done % 100 == 0:
            progress(done, len(numbers))
        asked += _ask(pk)
    return asked


@transaction.atomic
def _ask(pk: int) -> bool:
    ticket = desk.hold(Ticket(pk=pk))
    if ticket.rating_asked_at is not None or ticket.resolved_at is None:
        return False
    conversation = ticket.conversation
    ticket.rating_asked_at = timezone.now()
    ticket.save(update_fields=["rating_asked_at"])
    if not conversation.reply_email:
        return False
    language = language_of(conversation)
    with override(language):
        subject = conversation.subject or _("Your question")
    path = reverse("rate_conversation", args=[token_of(conversation)])
    mail.send(
        KIND, to=conversation.reply_email, language=language,
        context={
            "subject": subject, "number": ticket.number, "shop": current_shop().name,
            "address": f"{str(settings.PUBLIC_URL).rstrip('/')}{path}",
        },
    )  # fmt: skip
    return True
