"""Whose eyes a mail is for."""

from typing import Any

from django.utils.module_loading import import_string

from core.extensions import mail_kinds
from core.models import OutgoingMail

ALL = ("core.view_outgoingmail", "core.change_outgoingmail")


def sees_all(person: Any) -> bool:
    return any(person.has_perm(right) for right in ALL)


def kinds_seen(person: Any) -> set[str]:
    """Kinds whose mails somebody sees who may not see all mail."""
    return {
        entry.key for entry in mail_kinds if entry.meta.get("seen_with") and person.has_perms(entry.meta["seen_with"])
    }


def sees_mail(person: Any) -> bool:
    return sees_all(person) or bool(kinds_seen(person))


def hidden(mail: OutgoingMail) -> OutgoingMail:
    """The mail as somebody sees it who may not see all mail: never saved."""
    hide = import_string(mail_kinds.get(mail.kind).meta["hide"])
    address, mail.to = mail.to, masked(mail.to)

    def without(text: str) -> str:
        shown: str = hide(text)
        return shown.replace(address, mail.to) if address else shown

    mail.text, mail.html = without(mail.text), without(mail.html)
    mail.headers = {name: without(value) for name, value in mail.headers.items()}
    return mail


def masked(address: str) -> str:
    """Where it goes, without to whom."""
    return f"…{address[address.rfind('@') :]}" if "@" in address else "…" if address else ""
