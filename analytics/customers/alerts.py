"""Alerts about scores: foretold and actual differ, or the customers changed."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from analytics.models import ScoreKind
from core.alerts.checks import keep
from core.alerts.kinds import AlertKind
from core.alerts.rules import threshold_of
from core.choices import Role
from core.models import Alert
from core.said import Said

RULE_LEVEL, RULE_CHANGED = "scores_off", "scores_changed"
_PAGE: dict[str, Any] = {
    "page": "analytics_customers",
    "page_label": _("Open customer value and churn"),
    "permission": "analytics.view_customerstats",
}
SCORES_OFF = AlertKind(
    title=_("Foretold and actual churn differ"),
    level=Alert.Level.WARNING,
    roles=(Role.ANALYST,),
    threshold=10,
    unit=_("points between the share foretold and the share that happened"),
    help=_(
        "The order of the customers may still be right. Look whether a season, a campaign or an import explains the "
        "days, and train again once they are over."
    ),
    **_PAGE,
)
SCORES_CHANGED = AlertKind(
    title=_("Customers differ from those the model learned from"),
    level=Alert.Level.WARNING,
    roles=(Role.ANALYST,),
    threshold=0.25,
    unit=_("stability index"),
    help=_(
        "Scores of today are spread differently from those of the day the model learned. Look at the data quality of "
        "the last import first, then train again."
    ),
    **_PAGE,
)


def tell(kind: ScoreKind, worst: float, stability: float | None) -> None:
    """Raise while there is something to say, else close. `worst`: the largest distance of shares, 0 to 1."""
    link = reverse("admin:analytics_customers")
    said = None
    if worst * 100 > threshold_of(RULE_LEVEL):
        text = gettext_noop("Foretold and actual shares differ by %(points).0f points (%(score)s).")
        said = Said(text, {"points": worst * 100, "score": _named(kind)})
    keep(RULE_LEVEL, key=kind.value, said=said, link=link)
    said = None
    if stability is not None and stability > threshold_of(RULE_CHANGED):
        text = gettext_noop("Scores of today are spread differently (%(score)s, stability index %(index).2f).")
        said = Said(text, {"score": _named(kind), "index": stability})
    keep(RULE_CHANGED, key=kind.value, said=said, link=link)


def _named(kind: ScoreKind) -> dict[str, str]:
    """What the score is called in each language of the staff."""
    found = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            found[code] = str(kind.label)
    return found
