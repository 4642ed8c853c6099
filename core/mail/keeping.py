"""Mails hold links and addresses, so they are not kept for ever."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from core.mail.writing import State
from core.models import OutgoingMail


def forget_old() -> int:
    """Remove text, link and address of mails that are older than MAIL_KEEP_DAYS. Returns how many."""
    before = timezone.now() - timedelta(days=settings.MAIL_KEEP_DAYS)
    old = OutgoingMail.objects.filter(created_at__lt=before).exclude(to="", text="")
    return old.exclude(state__in=[State.WAITING, State.SENDING]).update(to="", text="", html="", headers={}, secret="")
