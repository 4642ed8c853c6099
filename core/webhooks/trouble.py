"""Words and alerts for what goes wrong with receivers."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.checks import Error
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core import alerts
from core.alerts import AlertKind
from core.choices import Role
from core.models import Webhook
from core.safe_fetch import REASONS, Policy
from core.said import Said

RULE = "webhook_failing"
WEBHOOK_FAILING = AlertKind(
    title=_("A webhook cannot be delivered"),
    level="warning",
    roles=(Role.DEVELOPER, Role.OPERATOR),
    help=_("Look at the answers of its receiver and send a test event. What was given up can be sent again there."),
)
MODEL_ACTIVATED = _("Model activated")

ERRORS: Mapping[str, Any] = {
    **{code: _(text) for code, text in REASONS.items()},
    "status": _("The receiver answered with an error."),
    "redirect": _("The receiver sends to another address; that is not followed."),
    "gone": _("The receiver wants no more (410). The webhook was switched off."),
    "expired": _("It waited for three days."),
}
"""What each code of WebhookDelivery.error says to a person."""


def words(code: str) -> str:
    """An error code for people; an unknown one stays as it is."""
    return str(ERRORS[code]) if code in ERRORS else code


def policy() -> Policy:
    """Which receivers may be asked: the internet, and what the operator named."""
    return Policy.of(settings.WEBHOOK_ALLOWED_HOSTS, settings.WEBHOOK_ALLOWED_NETWORKS)


def check_settings(app_configs: Any, **kwargs: Any) -> list[Error]:
    """A slip in WEBHOOK_ALLOWED_NETWORKS is said at the start, not at the first delivery."""
    try:
        policy()
    except ValueError as error:
        return [Error(f"WEBHOOK_ALLOWED_NETWORKS: {error}", id="core.E020")]
    return []


def raise_failing(webhook: Webhook, code: str) -> None:
    """Tell those who look after it; while the alert is open it only counts."""
    text = gettext_noop("Webhook “%(name)s” cannot be delivered; what fails can be sent again")
    if code == "gone":
        text = gettext_noop("Webhook “%(name)s” was switched off: its receiver wants no more")
    link = reverse("admin:core_webhook_change", args=[webhook.pk])
    alerts.raise_alert(RULE, key=str(webhook.pk), said=Said(text, {"name": webhook.name}), link=link)


def resolve_failing(webhook_id: int) -> None:
    alerts.resolve(RULE, key=str(webhook_id))
