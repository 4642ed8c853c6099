"""The alert about points that do not add up."""

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
