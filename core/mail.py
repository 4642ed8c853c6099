"""Mail of the product itself. A row in the caller's transaction, a job that sends it, a page that shows it."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation

from core.jobs import enqueue
from core.models import OutgoingMail


def send(kind: str, *, to: str, language: str, context: Mapping[str, Any]) -> OutgoingMail:
    """Write the mail `core/mail/<kind>.{subject,body}.txt` in this language and queue it.

    Sent after the caller's transaction commits; at most one mail per row (see core.tasks.send_mail).
    """
    with translation.override(language):
        subject = " ".join(render_to_string(f"core/mail/{kind}.subject.txt", dict(context)).split())
        text = render_to_string(f"core/mail/{kind}.body.txt", dict(context))
    mail = OutgoingMail.objects.create(
        kind=kind,
        to=to,
        language=language,
        subject=subject[:200],
        text=text,
        message_id=f"<{uuid.uuid4().hex}@zhanggui>",
    )
    mail.job = enqueue("core.tasks.send_mail", mail_id=mail.pk)
    mail.save(update_fields=["job"])
    return mail
