"""What roles may do with points (see core.roles)."""

from core.choices import Role
from core.roles import rights

SEEN = "crm.view_loyaltyaccount"
ADJUST = "crm.adjust_points"
PROGRAMME_SEEN = "crm.view_loyaltyprogramme"
PROGRAMME = "crm.change_loyaltyprogramme"
GRANT_PAST = "crm.grant_past"

_SEEN = (
    rights("crm.loyaltyaccount") | rights("crm.loyaltyprogramme") | rights("crm.loyaltytier")
    | rights("crm.earnrule") | rights("crm.reward")
)  # fmt: skip
_RULES = (
    {PROGRAMME, GRANT_PAST} | rights("crm.loyaltytier", "add change delete")
    | rights("crm.earnrule", "add change delete") | rights("crm.reward", "add change delete")
)  # fmt: skip

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MARKETER: _SEEN | _RULES,
    Role.SUPPORT: _SEEN | {ADJUST},
    Role.ANALYST: set(_SEEN),
    Role.AUDITOR: set(_SEEN),
}
