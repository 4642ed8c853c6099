"""A provider that lets nothing of the shop in: somebody hears of it, and hears no more once it does."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.alerts import AlertKind
from core.choices import Role
from core.said import Said

RULE = "provider_closed"
PROVIDER_CLOSED = AlertKind(
    title=_("A delivery service takes no messages"),
    level="critical",
    roles=(Role.OWNER, Role.MARKETER),
    help=_("Its key has run out or the account is closed. Messages wait and none is lost: mend the key."),
    permission="marketing.view_campaign",
)
CLOSED = gettext_noop("“%(provider)s” takes no messages of the shop (%(reason)s). They wait until its key is mended.")


def closed(provider: str, reason: str) -> None:
    from core.alerts import raise_alert

    raise_alert(RULE, key=provider, said=Said(CLOSED, {"provider": provider, "reason": reason[:100]}))


def opened(provider: str) -> None:
    from core.alerts import resolve

    resolve(RULE, key=provider)
