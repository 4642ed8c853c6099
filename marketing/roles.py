"""What roles may do with consent, campaigns and messages (see core.roles)."""

from core.choices import Role
from core.roles import rights

CONSENT_SEEN = "marketing.view_consent"
CONSENT = "marketing.change_consent"
CAMPAIGNS_SEEN = "marketing.view_campaign"
CAMPAIGNS = "marketing.change_campaign"
APPROVE = "marketing.approve_campaign"
RUN = "marketing.run_campaign"
MESSAGES_SEEN = "marketing.view_recipient"
SETTLE = "marketing.settle_recipient"
SUPPRESSION_SEEN = "marketing.view_suppression"
SUPPRESS = "marketing.add_suppression"
LIFT = "marketing.delete_suppression"
SETTINGS_SEEN = "marketing.view_marketingsettings"
SETTINGS = "marketing.change_marketingsettings"
PRIVACY_SEEN = "marketing.view_privacybudget"
PRIVACY = "marketing.change_privacybudget"
PRIVACY_RESET = "marketing.reset_privacybudget"
RESTRICT = "marketing.add_restriction"
UNRESTRICT = "marketing.delete_restriction"
OFFERS_SEEN = "marketing.view_offer"
OFFERS = "marketing.change_offer"
CODES_SEEN = "marketing.view_couponcode"

_PEOPLE_SEEN = {CONSENT_SEEN, SUPPRESSION_SEEN, MESSAGES_SEEN, "marketing.view_restriction"}
_WORK_SEEN = (
    {CAMPAIGNS_SEEN, SETTINGS_SEEN} | rights("marketing.audience") | rights("marketing.template")
    | rights("marketing.offer") | rights("marketing.couponcode")
)  # fmt: skip
_WORK = (
    rights("marketing.campaign", "add change delete") | rights("marketing.audience", "add change delete")
    | rights("marketing.template", "add change delete") | rights("marketing.offer", "add change delete")
    | {APPROVE, RUN, SETTLE, SUPPRESS, LIFT, SETTINGS, "marketing.add_couponcode"}
)  # fmt: skip

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MARKETER: _PEOPLE_SEEN | _WORK_SEEN | _WORK | {PRIVACY_SEEN},
    Role.SUPPORT: _PEOPLE_SEEN | {CONSENT, SUPPRESS, RESTRICT, UNRESTRICT},
    Role.ANALYST: _WORK_SEEN | {PRIVACY_SEEN, PRIVACY},
    Role.AUDITOR: _PEOPLE_SEEN | _WORK_SEEN | {PRIVACY_SEEN},
}
