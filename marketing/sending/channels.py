"""How a message leaves: one interface, a provider for each channel.

E-mail goes by the mail server of EMAIL_URL, or by a delivery service that django-anymail knows
(MARKETING_EMAIL_BACKEND); without either it stays in the local sink, which the staff page "Mail" shows. SMS, WeChat and
push have a provider that writes one line of JSON for each message to `var/messages/<channel>.jsonl`: what a real one
has to implement is `Provider`.
"""

import email.policy
import email.utils
import json
import os
from dataclasses import asdict, dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import IntegrityError, transaction

from core.mail.smtp import ADDRESS, Conversation, NotNow, Refused, Unanswered
from core.mail.writing import entry, is_kept_here, sender_address
from core.models import OutgoingMail
from core.shop import current_shop
from marketing.models import Channel, CouponCode, MarketingSettings, Recipient

__all__ = ["NoEntry", "NotNow", "Outgoing", "Provider", "Refused", "Unanswered", "provider_for"]
SINK_KIND = "campaign"
LARGEST_BYTES = 1_000_000


@dataclass(frozen=True)
class Outgoing:
    """One message, written for one person."""

    message_id: str
    to: str
    language: str
    subject: str
    text: str
    html: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = SINK_KIND
    """What the page "Mail" calls it."""


class Provider(Protocol):
    """Hands one message over. Raises `NotNow` when it was certainly not taken and later may be better (`NoEntry` where
    nothing will be until somebody mends it), `Refused` when it never will be, `Unanswered` when nobody knows."""

    name: str

    def hand_over(self, message: Outgoing) -> None: ...

    def has(self, message_id: str) -> bool | None:
        """Whether the provider has the message; None when it cannot be asked."""


class NoEntry(NotNow):
    """The provider takes nothing from this shop: a key that has run out, an account that is closed. No message is at
    fault, so none of them counts a try."""


class Sink:
    """Nothing leaves this machine: the message is a row that staff can read."""

    name = "sink"

    def hand_over(self, message: Outgoing) -> None:
        try:
            with transaction.atomic():
                OutgoingMail.objects.create(
                    kind=message.kind, to=message.to, language=message.language, subject=message.subject[:200],
                    text=message.text, html=message.html, headers=message.headers, message_id=message.message_id,
                    state=OutgoingMail.State.KEPT, history=[entry(OutgoingMail.State.KEPT)],
                )  # fmt: skip
        except IntegrityError:
            return  # it has this message already

    def has(self, message_id: str) -> bool | None:
        return OutgoingMail.objects.filter(message_id=message_id).exists()


class MailServer:
    """The server of EMAIL_URL, spoken to so that "not taken" and "nobody knows" stay apart (core.mail.smtp)."""

    name = "smtp"

    def hand_over(self, message: Outgoing) -> None:
        Conversation().deliver(compose(message), sender=sender_address(), to=message.to)

    def has(self, message_id: str) -> bool | None:
        return None


class DeliveryService:
    """A service that django-anymail speaks with. What was not handed over is certain (the connection was never made, or
    the service says so); whatever goes wrong behind that leaves open whether it has the message."""

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.name = backend.rpartition("backends.")[2].partition(".")[0][:40] or "service"

    def hand_over(self, message: Outgoing) -> None:
        from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
        from django.core.exceptions import ImproperlyConfigured
        from django.core.mail import EmailMultiAlternatives, get_connection

        from marketing.sending.wire import Watch

        try:
            connection = get_connection(self.backend, timeout=settings.MAIL_TIMEOUT_SECONDS)
        except (ImproperlyConfigured, ImportError) as error:
            raise NoEntry(type(error).__name__) from error
        mail = EmailMultiAlternatives(
            message.subject, message.text, _sender(), [message.to],
            headers={"Message-ID": message.message_id, **message.headers}, connection=connection,
        )  # fmt: skip
        if message.html:
            mail.attach_alternative(message.html, "text/html")
        mail.metadata = {"message_id": message.message_id}  # type: ignore[attr-defined]
        watch = Watch(connection)
        try:
            with watch:
                mail.send()
        except AnymailRecipientsRefused as error:
            raise Refused(type(error).__name__, is_no_mailbox=_is_no_mailbox(mail)) from error
        except AnymailAPIError as error:
            raise _meaning(error, watch.is_handed_over) from error
        except (AnymailError, ValueError) as error:
            raise Refused(type(error).__name__) from error
        except OSError as error:
            raise (Unanswered if watch.is_handed_over else NotNow)(type(error).__name__) from error

    def has(self, message_id: str) -> bool | None:
        return None


SLOW_DOWN = (425, 429)
NO_ENTRY = (401, 402, 403)


def _meaning(error: Exception, is_handed_over: bool) -> Exception:
    """What the answer of a service means. A service that breaks (5xx), or answers what nobody understands, may have the
    message."""
    code = getattr(error, "status_code", None)
    if code is None:
        return (Unanswered if is_handed_over else NotNow)(type(error.__cause__ or error).__name__)
    if code in NO_ENTRY:
        return NoEntry(f"HTTP {code}")
    if code in SLOW_DOWN:
        return NotNow(f"HTTP {code}")
    return (Refused if 400 <= code < 500 and code != 408 else Unanswered)(f"HTTP {code}")


def _is_no_mailbox(mail: Any) -> bool:
    """The service knows that there is no such address; "rejected" may have other reasons."""
    status = getattr(mail, "anymail_status", None)
    return bool(status is not None and status.status == {"invalid"})


class FileProvider:
    """For tests and for trying out: one line for each message, on the disk before it counts as taken."""

    def __init__(self, channel: str, folder: Path | None = None) -> None:
        self.name = f"file-{channel}"
        self.path = (folder or messages_folder()) / f"{channel}.jsonl"

    def hand_over(self, message: Outgoing) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(message), ensure_ascii=False).encode() + b"\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    def has(self, message_id: str) -> bool | None:
        if not self.path.exists():
            return False
        with self.path.open(encoding="utf-8", errors="replace") as lines:
            return any(message_id in line for line in lines)


class InShop:
    """Nothing is handed to anybody: with the code of the offer, which is given when the message is written, the shop's
    own pages show it (marketing.offers.showing)."""

    name = "shop"

    def hand_over(self, message: Outgoing) -> None:
        return

    def has(self, message_id: str) -> bool | None:
        """Whether the code was given before the worker died."""
        row = Recipient.objects.filter(message_id=message_id).first()
        if row is None:
            return False
        return CouponCode.objects.filter(customer=row.customer_id, campaign=row.campaign_id).exists()


def messages_folder() -> Path:
    """Where the file provider writes."""
    return Path(settings.VAR_DIR) / "messages"


def personal_files() -> list[Path]:
    """Folders that an erasure looks through."""
    return [messages_folder()]


def provider_for(channel: str) -> Provider:
    """The provider that this installation uses for a channel."""
    if channel == Channel.IN_SITE:
        return InShop()
    if channel != Channel.EMAIL:
        return FileProvider(channel)
    if settings.MARKETING_EMAIL_BACKEND:
        return DeliveryService(settings.MARKETING_EMAIL_BACKEND)
    return Sink() if is_kept_here() else MailServer()


def _sender() -> str:
    name = MarketingSettings.current().sender_name or current_shop().name
    return email.utils.formataddr((name, sender_address()))


def compose(message: Outgoing) -> EmailMessage:
    """A mail with a plain text part and, where there is one, an HTML part. Raises Refused for what cannot be a mail."""
    made = EmailMessage(policy=email.policy.SMTP)
    if not ADDRESS.fullmatch(message.to):
        raise Refused("This is no e-mail address.")
    try:
        made["From"], made["To"], made["Subject"] = _sender(), message.to, message.subject
        made["Date"] = email.utils.localtime()
        made["Message-ID"], made["Content-Language"] = message.message_id, message.language
        for name, value in message.headers.items():
            made[name] = value
        made.set_content(message.text, cte="base64" if not message.text.isascii() else None)
        if message.html:
            made.add_alternative(message.html, subtype="html")
    except (ValueError, IndexError) as error:
        raise Refused("This cannot be written as a mail.") from error
    if len(message.text) + len(message.html) > LARGEST_BYTES:
        raise Refused("The message is larger than a million characters.")
    return made
