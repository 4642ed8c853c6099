"""What the shop is warned of: points that do not add up, tickets that are due."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.alerts import AlertKind
from core.choices import Role

RULE = "loyalty_differs"
DIFFERS = gettext_noop("%(count)d rows of the points differ from what their entries add up to.")
LOYALTY_DIFFERS = AlertKind(
    title=_("Points do not add up"),
    level="critical",
    roles=(Role.OWNER, Role.OPERATOR),
    help=_(
        "Somebody changed points in the database, or the program has a fault. Nothing is corrected by itself: compare "
        "the accounts that the job names with a backup."
    ),
    page="crm_liability",
    page_label=_("Open the report on points"),
    permission="crm.view_loyaltyaccount",
)

TICKETS_DUE_RULE = "tickets_due"
DUE = gettext_noop("%(count)s tickets are due soon or late; %(late)s of them are late.")
TICKETS_DUE = AlertKind(
    title=_("Tickets are due"),
    level="warning",
    roles=(Role.OWNER, Role.SUPPORT),
    help=_("Their time runs out within the minutes that the inbox settings name, or is over. Answer those first."),
    page="crm_inbox",
    page_label=_("Open the inbox"),
    permission="crm.view_ticket",
)

TITLE_OF_REPLY = _("Answer to a customer")
TITLE_OF_RATING = _("How a question was answered")
TITLE_OF_MENTION = _("Note for a colleague")
