"""Writing a mail down and queueing it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.jobs import enqueue
from core.models import OutgoingMail, StaffUser
from core.shop import current_shop

State = OutgoingMail.State
TASK = "core.tasks.send_mail"


def is_kept_here() -> bool:
    """True while no mail server is named: mails are shown in the staff site and go nowhere."""
    return not settings.EMAIL_HOST


def send(
    kind: str,
    *,
    to: str,
    language: str,
    context: Mapping[str, Any],
    secret: str = "",
    account: StaffUser | None = None,
) -> OutgoingMail:
    """Write the mail `core/mail/<kind>.{subject,body}.txt` in this language and queue it.

    Sent after the caller's transaction commits; at most one mail per row (see core.mail.delivery). `secret` is the part
    of the text that opens `account`: pages show it only to those who may manage that account, and it is removed from
    the row once the mail is sent.
    """
    subject, text = words(kind, language=language, context=context)
    mail = OutgoingMail(
        kind=kind, to=to, language=language, subject=subject, text=text, secret=secret, account=account,
        message_id=f"<{uuid.uuid4().hex}@{sender_address().rpartition('@')[2] or 'localhost'}>",
    )  # fmt: skip
    if is_kept_here():
        mail.state = State.KEPT
        mail.history = [entry(State.KEPT)]
        mail.save()
        return mail
    mail.history = [entry(State.WAITING)]
    with transaction.atomic():
        mail.save()
        _queue(mail)
    return mail


def words(kind: str, *, language: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text of a mail as `send` would write it; nothing is written."""
    with translation.override(language):
        subject = " ".join(render_to_string(f"core/mail/{kind}.subject.txt", dict(context)).split())
        text = render_to_string(f"core/mail/{kind}.body.txt", dict(context)).strip() + "\n"
    return subject[:200], text


@transaction.atomic
def send_again(mail: OutgoingMail) -> bool:
    """Queue a mail that was kept, failed or perhaps sent. False when it is none of these, or its text is gone.

    Who asks for it when it was perhaps sent accepts that it may arrive twice.
    """
    row = OutgoingMail.objects.select_for_update().filter(pk=mail.pk, state__in=OutgoingMail.RESENDABLE).first()
    if row is None or not row.text or is_kept_here():
        return False
    row.state, row.attempts, row.error = State.WAITING, 0, ""
    row.history = [*row.history, entry(State.WAITING)]
    row.save()
    _queue(row)
    return True


def _queue(mail: OutgoingMail) -> None:
    mail.job = enqueue(TASK, mail_id=mail.pk)
    mail.save(update_fields=["job"])


def sender_address() -> str:
    """The shop's sender address, else DEFAULT_FROM_EMAIL."""
    return current_shop().sender_email or str(settings.DEFAULT_FROM_EMAIL)


def entry(state: str, reason: str = "") -> dict[str, str]:
    """One line of a mail's history."""
    return {"state": state, "at": timezone.now().isoformat(), "reason": reason}
