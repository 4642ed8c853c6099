"""From a waiting row to a mail that is sent once, or not at all.

The row says "sending" before the conversation with the server begins. Whoever finds it so after a crash cannot know
whether the mail went out, and does not send it a second time: it becomes "perhaps sent", and a person decides.
"""

from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from core.jobs import TryAgain, current_job_id
from core.mail.smtp import Conversation, NotNow, Refused, Unanswered, compose
from core.mail.writing import State, entry, is_kept_here, sender_address
from core.models import Job, OutgoingMail
from core.said import Said
from core.shop import current_shop

log = structlog.get_logger(__name__)
MOST_ATTEMPTS = 20
"""With pauses that double up to an hour, some sixteen hours."""
ALERT_AFTER = 3
INTERRUPTED = gettext_noop("The worker ended while it spoke with the mail server.")
TOO_SLOW = gettext_noop("The mail server answered too slowly.")
JOB_ENDED = gettext_noop("The job that was to send it has ended.")
AT_ONCE = 200
ALERT = "mail_failing"
SERVER = "server"


def deliver(mail_id: int) -> dict[str, Any]:
    """Send one waiting mail. Raises TryAgain while the server does not take it."""
    mail = _claim(mail_id)
    if mail is None:
        return {"state": OutgoingMail.objects.filter(pk=mail_id).values_list("state", flat=True).first()}
    conversation = Conversation()
    try:
        message = compose(
            sender=sender_address(), name=current_shop().name, to=mail.to, subject=mail.subject, text=mail.text,
            message_id=mail.message_id, language=mail.language,
        )  # fmt: skip
        conversation.deliver(message, sender=sender_address(), to=mail.to)
    except Refused as error:
        _note(mail, State.FAILED, str(error))
        return {"state": State.FAILED}
    except Unanswered as error:
        _note(mail, State.UNCERTAIN, str(error))
        return {"state": State.UNCERTAIN}
    except NotNow as error:
        return _later(mail, str(error))
    except SoftTimeLimitExceeded:
        # A server that answers, but word by word, outlives every single timeout.
        if not conversation.is_handed_over:
            return _later(mail, TOO_SLOW)
        _note(mail, State.UNCERTAIN, TOO_SLOW)
        return {"state": State.UNCERTAIN}
    except BaseException:
        # This process is asked to end.
        _note(mail, State.UNCERTAIN if conversation.is_handed_over else State.WAITING, INTERRUPTED)
        raise
    _note(mail, State.SENT, "", sent_at=timezone.now(), text=_without_secret(mail), secret="")
    _tell_success()
    return {"state": State.SENT}


def _claim(mail_id: int) -> OutgoingMail | None:
    """Take the mail if it waits. One that an earlier start of this job left in the middle becomes "perhaps sent"."""
    with transaction.atomic():
        mail = OutgoingMail.objects.select_for_update(of=("self",)).select_related("job").filter(pk=mail_id).first()
        if mail is None:
            return None
        if mail.state == State.SENDING and _is_abandoned(mail):
            _note(mail, State.UNCERTAIN, INTERRUPTED)
        if mail.state != State.WAITING:
            return None
        if is_kept_here() or not mail.text:
            _note(mail, State.KEPT, "")
            return None
        mail.job_id = current_job_id() or mail.job_id
        mail.attempts += 1
        _note(mail, State.SENDING, "", job_id=mail.job_id, attempts=mail.attempts)
        return mail


def _is_abandoned(mail: OutgoingMail) -> bool:
    """A job runs once at a time: if it is this very job, its earlier start is dead."""
    return mail.job is None or mail.job_id == current_job_id() or not mail.job.is_active


def _later(mail: OutgoingMail, reason: str) -> dict[str, Any]:
    if mail.attempts >= MOST_ATTEMPTS:
        _note(mail, State.FAILED, reason)
        return {"state": State.FAILED}
    _note(mail, State.WAITING, reason)
    if mail.attempts >= ALERT_AFTER:
        _tell_failure(reason)
    raise TryAgain("The mail server does not take mail.")


def _note(mail: OutgoingMail, state: str, reason: str, **changes: Any) -> None:
    """Write down where the mail stands; only while it is where this process last saw it."""
    mail.history = [*mail.history, entry(state, reason)]
    before, mail.state, mail.error = mail.state, state, reason[:300]
    known = OutgoingMail.objects.filter(pk=mail.pk, state=before)
    known.update(state=state, error=mail.error, history=mail.history, **changes)
    log.info("mail.state", mail_id=mail.pk, state=state, attempts=mail.attempts)


def _without_secret(mail: OutgoingMail) -> str:
    return mail.text.replace(mail.secret, "…") if mail.secret else mail.text


def settle() -> int:
    """Every minute: what became of mails whose job is over. Returns how many.

    One that was left in the middle is "perhaps sent"; one that was never tried to its end has failed.
    """
    ends = {State.SENDING: (State.UNCERTAIN, INTERRUPTED), State.WAITING: (State.FAILED, JOB_ENDED)}
    left = list(OutgoingMail.objects.filter(state__in=ends).exclude(job__state__in=Job.ACTIVE)[:AT_ONCE])
    for mail in left:
        _note(mail, *ends[State(mail.state)])
    return len(left)


# Imported late: alerts are told by mail.


def _tell_failure(reason: str) -> None:
    from core.alerts import raise_alert

    text = gettext_noop("The mail server does not take mail. Mails wait and are tried again: %(reason)s")
    raise_alert(ALERT, key=SERVER, said=Said(text, {"reason": reason[:200]}))


def _tell_success() -> None:
    from core.alerts import resolve

    resolve(ALERT, key=SERVER)
