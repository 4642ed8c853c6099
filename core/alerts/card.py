"""The card "Needs attention" of the home page."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from core.alerts.attention import attention_of
from core.components import Meaning
from core.dashboard import Card
from core.models import Alert

MOST_SHOWN = 5
MEANINGS = {
    Alert.Level.NOTICE: Meaning.IDLE,
    Alert.Level.WARNING: Meaning.WAITING,
    Alert.Level.CRITICAL: Meaning.STOPPED,
}


def card(request: HttpRequest) -> Card | None:
    """The worst and newest alerts that nobody has taken on; none when all is quiet. Asks nothing that the bell of the
    same page has not asked."""
    found = attention_of(request.user)
    if not found.count:
        return None
    return Card(
        title=_("Needs attention"),
        template="core/alerts/home.html",
        context={"alerts": [(alert, MEANINGS[Alert.Level(alert.level)]) for alert in found.alerts[:MOST_SHOWN]]},
        url=reverse("admin:core_alert_changelist"),
        url_label=_("All alerts"),
    )
