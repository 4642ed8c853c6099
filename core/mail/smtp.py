"""One conversation with the mail server, and what it means for the mail.

Standard helpers raise the same error before and after the server has taken the mail. Here the difference is kept:
before it, the mail was certainly not sent; after it, nobody knows.
"""

import contextlib
import email.policy
import email.utils
import re
import smtplib
import ssl
from email.message import EmailMessage

from django.conf import settings

ADDRESS = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")
LEADING_PERIOD = re.compile(rb"(?m)^\.")

NO_MAILBOX = re.compile(r"^5\d\d[ -]5\.1\.(?:1|2|3|6|10)\b")
"""Answers to the receiver (RFC 3463) that say so. Others of 5.1 are about the sender, or vague."""
PATIENCE = 5
"""Servers look at a mail before they answer. Not waiting costs more than waiting: nobody would know what came of it."""


class NotNow(Exception):
    """The mail was not taken; later may be better."""


class Refused(Exception):
    """The server does not want this mail, now or later. `is_no_mailbox`: because it knows that nobody reads mails at
    this address."""

    def __init__(self, reason: str = "", *, is_no_mailbox: bool = False) -> None:
        super().__init__(reason)
        self.is_no_mailbox = is_no_mailbox


class Unanswered(Exception):
    """The mail was handed over and the answer never came: perhaps it is on its way."""


class Conversation:
    """Hands over one mail. `is_handed_over` tells, whatever interrupted it, whether the server may have the mail."""

    def __init__(self) -> None:
        self.is_handed_over = False

    def deliver(self, message: EmailMessage, *, sender: str, to: str) -> None:
        """Returns when the server has said that it has the mail. Raises NotNow, Refused or Unanswered."""
        try:
            with _Server() as server:
                self._hand_over(server, message, sender=sender, to=to)
        except (smtplib.SMTPException, OSError) as error:
            if self.is_handed_over:
                raise Unanswered(_reason(error)) from error
            raise NotNow(_reason(error)) from error

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage, *, sender: str, to: str) -> None:
        try:
            content = message.as_bytes(policy=email.policy.SMTP)
            sender.encode("ascii"), to.encode("ascii")
        except UnicodeEncodeError as error:
            raise Refused("The address has letters that this mail server does not understand.") from error
        _expect(server.mail(sender), 250)
        try:
            _expect(server.rcpt(to), 250, 251)
        except Refused as error:
            raise Refused(str(error), is_no_mailbox=NO_MAILBOX.search(str(error)) is not None) from error
        _expect(server.docmd("DATA"), 354)
        server.send(LEADING_PERIOD.sub(b"..", content))
        self.is_handed_over = True
        if server.sock:
            server.sock.settimeout(settings.MAIL_TIMEOUT_SECONDS * PATIENCE)
        server.send(b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")
        answer = server.getreply()
        self.is_handed_over = False  # it has answered: from here on the answer decides
        _expect(answer, 250)


class _Server:
    """Opens and closes the connection; closing never changes what came of the mail."""

    def __enter__(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        host, port, seconds = settings.EMAIL_HOST, settings.EMAIL_PORT, settings.MAIL_TIMEOUT_SECONDS
        if settings.EMAIL_USE_SSL:
            self._server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=seconds, context=context)
        else:
            self._server = smtplib.SMTP(host, port or 25, timeout=seconds)
        try:
            self._server.ehlo_or_helo_if_needed()
            if settings.EMAIL_USE_TLS:
                self._server.starttls(context=context)
                self._server.ehlo_or_helo_if_needed()
            if settings.EMAIL_HOST_USER:
                self._server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        except BaseException:
            self._server.close()
            raise
        return self._server

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._server.putcmd("quit")  # nobody waits for the answer
        self._server.close()


def _expect(answer: tuple[int, bytes], *good: int) -> None:
    code, words = answer
    if code in good:
        return
    said = f"{code} {words.decode('utf-8', 'replace')}"
    if 500 <= code < 600:
        raise Refused(without_addresses(said))
    raise NotNow(without_addresses(said))


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        words = error.smtp_error
        return without_addresses(
            f"{error.smtp_code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
        )
    return without_addresses(f"{type(error).__name__}: {error}")


def without_addresses(text: str) -> str:
    """Servers quote the receiver; reasons are kept longer than addresses."""
    return " ".join(ADDRESS.sub("…", text).replace("\x00", "").split())[:300]


def compose(
    *, sender: str, name: str, to: str, subject: str, text: str, message_id: str, language: str
) -> EmailMessage:
    """Plain text that programs do not answer. Raises Refused for an address that is none."""
    message = EmailMessage(policy=email.policy.SMTP)
    try:
        message["From"] = email.utils.formataddr((name, sender))
        message["To"] = to
        message["Subject"] = subject
        message["Date"] = email.utils.localtime()
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = language
        message.set_content(text, cte="base64" if not text.isascii() else None)
    except (ValueError, IndexError) as error:
        raise Refused("This is no e-mail address.") from error
    if not ADDRESS.fullmatch(to):
        raise Refused("This is no e-mail address.")
    return message
