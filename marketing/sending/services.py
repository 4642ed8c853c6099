"""Reports of the delivery service that django-anymail speaks with, in the form of `events.report`.

Only the service that messages are handed to has an address here, and only once a secret is set: django-anymail then
asks for it in the header (`ANYMAIL["WEBHOOK_SECRET"]`, "user:password"), and for the service's own signature where it
has one.
"""

import hashlib
import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from marketing.models import MessageEvent
from marketing.sending.channels import DeliveryService

Kind = MessageEvent.Kind
KINDS = {
    "delivered": Kind.DELIVERED, "opened": Kind.OPENED, "clicked": Kind.CLICKED, "bounced": Kind.BOUNCED,
    "rejected": Kind.BOUNCED, "failed": Kind.BOUNCED, "deferred": Kind.DEFERRED, "complained": Kind.COMPLAINED,
    "unsubscribed": Kind.UNSUBSCRIBED,
}  # fmt: skip


class NoSuchService(Exception):
    """Messages do not go there, no secret is set, or it has nothing to report."""


class NotTheirs(Exception):
    """Without the secret, or with a signature that does not fit."""


class Unreadable(Exception):
    """No reports, or not in the service's form."""


def reports(service: str, request: HttpRequest) -> Iterator[dict[str, Any]]:
    """What a call of the service says, as arguments of `events.report`. Raises NoSuchService, NotTheirs, Unreadable."""
    from anymail.exceptions import AnymailWebhookValidationFailure

    view = view_of(service)
    try:
        view.run_validators(request)
        told = view.parse_events(request)
    except AnymailWebhookValidationFailure as error:
        raise NotTheirs from error
    except Exception as error:
        # Each service has a reader of its own, which raises whatever a form that it does not know leads to.
        raise Unreadable(type(error).__name__) from error
    for one in told:
        if (found := _report(service, one)) is not None:
            yield found


def view_of(service: str) -> Any:
    """What django-anymail reads this service's reports with. Raises NoSuchService."""
    backend = settings.MARKETING_EMAIL_BACKEND
    if not backend or not settings.ANYMAIL.get("WEBHOOK_SECRET") or DeliveryService(backend).name != service:
        raise NoSuchService(service)
    from anymail.exceptions import AnymailError
    from django.core.exceptions import ImproperlyConfigured

    try:
        module = import_module(f"anymail.webhooks.{service}")
        found = next(
            one for name, one in inspect.getmembers(module, inspect.isclass)
            if one.__module__ == module.__name__ and name.endswith(("TrackingWebhookView", "CombinedWebhookView"))
        )  # fmt: skip
        return found()
    except (ImportError, StopIteration, AnymailError, ImproperlyConfigured) as error:
        raise NoSuchService(service) from error


def _report(service: str, told: Any) -> dict[str, Any] | None:
    """One report; None for what is no news about a message of ours."""
    kind = KINDS.get(str(told.event_type))
    if kind is None or not hasattr(told, "metadata"):
        return None
    said = (told.metadata or {}).get("message_id") or told.message_id
    message = _bracketed(str(said or "").replace("\x00", ""))
    if not message:
        return None
    number = told.event_id or _hash(message, told.event_type, told.timestamp, told.click_url)
    raw: dict[str, Any] = {"code": str(told.reject_reason or told.event_type)[:60]}
    if kind == Kind.BOUNCED:
        raw["is_final"] = _is_final(told.event_type, told.reject_reason)
    # What the service did not even try, because it knows this of the person.
    kind = {"unsubscribed": Kind.UNSUBSCRIBED, "spam": Kind.COMPLAINED}.get(str(told.reject_reason), kind)
    return {
        "provider": service, "number": str(number).replace("\x00", ""), "kind": str(kind), "message_id": message,
        "at": told.timestamp or timezone.now(), "raw": raw,
    }  # fmt: skip


def _is_final(event_type: str, reason: str | None) -> bool:
    """Whether the address is no good. That the service could not write a message, or did not want it, says nothing."""
    if event_type == "bounced":
        return reason != "timed_out"
    return event_type == "rejected" and reason in ("invalid", "bounced")


def _bracketed(message: str) -> str:
    return message if not message or message.startswith("<") else f"<{message}>"


def _hash(*parts: Any) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
