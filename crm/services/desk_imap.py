"""Mail from a mailbox: unread messages are read, taken and marked as read. Twice is as good as once."""

import imaplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings

from core.exceptions import DomainError
from crm.services.desk_mail import MOST_BYTES, receive

log = structlog.get_logger(__name__)
SECONDS, MOST = 20, 200


@dataclass(frozen=True)
class Mailbox:
    """Where mail is fetched from; from an address such as imaps://user:password@host:993/INBOX."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    is_encrypted: bool

    @classmethod
    def of(cls, url: str) -> "Mailbox":
        """Raises ValueError for what is no such address."""
        parts = urlsplit(url)
        if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username:
            raise ValueError("INBOX_IMAP_URL has the form imaps://user:password@host:993/INBOX")
        is_encrypted = parts.scheme == "imaps"
        return cls(
            parts.hostname, parts.port or (993 if is_encrypted else 143), unquote(parts.username),
            unquote(parts.password or ""), unquote(parts.path.strip("/")) or "INBOX", is_encrypted,
        )  # fmt: skip


def fetch(*, progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """At most 200 unread mails. One that cannot be read is marked as read and left in the mailbox; a server that is
    away raises OSError or imaplib.IMAP4.error, and the next run goes on."""
    if not settings.INBOX_IMAP_URL:
        return {"taken": 0, "left": 0}
    box = Mailbox.of(settings.INBOX_IMAP_URL)
    taken = left = 0
    with _connect(box) as line:
        line.login(box.user, box.password)
        _expect(line.select(_quoted(box.folder)))
        numbers = _expect(line.uid("SEARCH", "UNSEEN"))[0].split()[:MOST]
        for done, number in enumerate(numbers):
            if progress is not None:
                progress(done, len(numbers))
            raw = _mail(line, number.decode())
            try:
                message = receive(raw) if raw is not None else None
            except DomainError as error:
                log.info("desk.mail_left", reason=str(error.message))
                message = None
            taken, left = taken + (message is not None), left + (message is None)
            _expect(line.uid("STORE", number.decode(), "+FLAGS", r"(\Seen)"))
    return {"taken": taken, "left": left}


def _connect(box: Mailbox) -> imaplib.IMAP4:
    if box.is_encrypted:
        return imaplib.IMAP4_SSL(box.host, box.port, ssl_context=ssl.create_default_context(), timeout=SECONDS)
    return imaplib.IMAP4(box.host, box.port, timeout=SECONDS)


def _mail(line: imaplib.IMAP4, number: str) -> bytes | None:
    """The mail as it is, without marking it; None for one that is too large or gone."""
    sizes = _expect(line.uid("FETCH", number, "(RFC822.SIZE)"))
    digits = "".join(
        sign for sign in (sizes[0] or b"").decode("ascii", "ignore").partition("RFC822.SIZE")[2] if sign.isdigit()
    )
    if digits and int(digits) > MOST_BYTES:
        return None
    found = _expect(line.uid("FETCH", number, "(BODY.PEEK[])"))
    return next((part[1] for part in found if isinstance(part, tuple)), None)


def _expect(answer: tuple[str, list[Any]]) -> list[Any]:
    state, data = answer
    if state != "OK":
        raise imaplib.IMAP4.error(f"The mail server said {state}.")
    return data


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
