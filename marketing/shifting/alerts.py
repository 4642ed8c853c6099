"""What is told when a version is stopped."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.alerts import AlertKind
from core.choices import Role

RULE = "version_stopped"
VERSION_STOPPED = AlertKind(
    title=_("A version was stopped"),
    level="warning",
    roles=(Role.OWNER, Role.MARKETER),
    help=_("Clearly more people complained or unsubscribed after it than after version A. Nobody else gets it."),
    permission="marketing.view_campaign",
)
STOPPED = gettext_noop("“%(name)s”: version %(version)s was stopped, %(count)s of %(sent)s complained or unsubscribed.")
