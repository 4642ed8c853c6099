"""Every night: is the chain whole? Then its head is signed; otherwise somebody hears of it."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core import alerts
from core.alerts import AlertKind
from core.choices import Role
from core.ledger import roots
from core.ledger.verifying import verify

RULE = "ledger_broken"
LEDGER_BROKEN = AlertKind(
    title=_("The ledger was changed"),
    level="critical",
    roles=(Role.OWNER, Role.OPERATOR, Role.AUDITOR),
    help=_(
        "Somebody with access to the database changed or removed entries. Keep the database as it is, compare it with "
        "a backup, and run manage.py verify_ledger."
    ),
    page="core_ledgerentry_changelist",
    page_label=_("Open the ledger"),
    permission="core.view_ledgerentry",
)


def look_after() -> dict[str, Any]:
    """Verify all of it and sign the head. A broken chain is not signed: what was signed before is the proof."""
    verdict = verify()
    if verdict.is_whole:
        alerts.resolve(RULE)
        roots.sign_head()
    else:
        alerts.raise_alert(RULE, said=verdict.reason)
    return {"entries": verdict.entries, "is_whole": verdict.is_whole, "first_broken": verdict.first_broken}
