"""What the impact page says of points. Points for orders go to everybody, so nobody can say what they bring; what care
programmes give on an occasion leaves a control group out, and says what points bring there."""

from django.utils.translation import gettext_lazy as _

from core.impact import Capability, Elsewhere
from crm.care.trials import KIND, POINTS

LOYALTY = Capability(
    title=_("Loyalty points"),
    control=_("customers who are given none on the same occasion"),
    kind=KIND,
    ways=frozenset({POINTS}),
    measures=("bought_again", "revenue"),
    guardrails=("returns",),
    elsewhere=Elsewhere(
        _("A care programme that gives points, with a control group, measures it. Points for orders go to everybody."),
        _("Add care programme"),
        "crm_careprogramme_add",
        "crm.add_careprogramme",
    ),
)
