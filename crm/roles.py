"""What roles may do with points and in the inbox (see core.roles)."""

from core.choices import Role
from core.roles import rights

SEEN = "crm.view_loyaltyaccount"
ADJUST = "crm.adjust_points"
PROGRAMME_SEEN = "crm.view_loyaltyprogramme"
PROGRAMME = "crm.change_loyaltyprogramme"
GRANT_PAST = "crm.grant_past"
INBOX_SEEN = "crm.view_ticket"
INBOX = "crm.change_ticket"
DESK_REPORT = "crm.view_desk_report"
CHATS_SEEN = "crm.view_conversation"
NOTES_SEEN = "crm.view_customernote"
NOTES = "crm.add_customernote"
WORKLISTS_SEEN = "crm.view_worklist"
WORKLISTS = "crm.add_worklist"
CARE_SEEN = "crm.view_careprogramme"
CARE = "crm.change_careprogramme"
CARE_LOG = "crm.view_careenrolment"
NEXT_STEP = "crm.record_next_step"
STRATEGY_SEEN = "crm.view_servicestrategy"
STRATEGY = "crm.change_servicestrategy"

_SEEN = (
    rights("crm.loyaltyaccount") | rights("crm.loyaltyprogramme") | rights("crm.loyaltytier")
    | rights("crm.earnrule") | rights("crm.reward")
)  # fmt: skip
_RULES = (
    {PROGRAMME, GRANT_PAST} | rights("crm.loyaltytier", "add change delete")
    | rights("crm.earnrule", "add change delete") | rights("crm.reward", "add change delete")
)  # fmt: skip
_DESK_RULES_SEEN = (
    rights("crm.slapolicy") | rights("crm.businesshours") | rights("crm.team") | rights("crm.cannedreply")
    | rights("crm.macro") | rights("crm.desksettings")
)  # fmt: skip
_DESK_SEEN = {INBOX_SEEN, DESK_REPORT, STRATEGY_SEEN} | rights("crm.conversation") | _DESK_RULES_SEEN
_DESK = (
    _DESK_SEEN | {INBOX} | rights("crm.cannedreply", "add change delete") | rights("crm.macro", "add change delete")
)  # fmt: skip

_CARE_SEEN = {CARE_SEEN, CARE_LOG}
_PEOPLE = {NEXT_STEP, *_CARE_SEEN, NOTES_SEEN, NOTES, WORKLISTS_SEEN, WORKLISTS} | rights(
    "crm.customfield", "view add change"
)

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MARKETER: _SEEN | _RULES | _PEOPLE | rights("crm.careprogramme", "add change delete"),
    Role.SUPPORT: _SEEN | {ADJUST} | _DESK | _PEOPLE,
    Role.ANALYST: _SEEN | {DESK_REPORT, STRATEGY_SEEN, WORKLISTS_SEEN} | _CARE_SEEN,
    Role.AUDITOR: _SEEN | _DESK_SEEN | _CARE_SEEN | {NOTES_SEEN, WORKLISTS_SEEN} | rights("crm.customfield"),
}
