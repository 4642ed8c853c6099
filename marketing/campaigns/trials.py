"""Campaigns as experiments: the message against no message, for each person decided by chance before anything is sent.

A plan makes an experiment with an arm for those who get nothing and one for each version of the message, and writes
down at once who is in which (intention to treat: whoever was to get it counts, arrived or not). Ranges that hold at any
look, the check of the split and the line on the impact page are then those of every experiment.
"""

from django.utils.translation import gettext_lazy as _

from core.experiments import ArmChoice, ExperimentKind
from core.impact import Capability, Elsewhere

KIND = "campaign"
MESSAGE, NOTHING = "message", "nothing"
OUTCOME_DAYS = 7
"""Days after the planned moment in which orders count."""
PLANNED_PEOPLE = 5_000

CAMPAIGN = ExperimentKind(
    title=_("Campaign"),
    targets={},
    open_targets=True,
    choices=[
        ArmChoice(MESSAGE, _("The message"), {"message": True}),
        ArmChoice(NOTHING, _("No message"), {"message": False}),
    ],
    control=NOTHING,
    metrics=["conversion", "revenue", "orders", "returns", "service_rating"],
    available=lambda: False,  # a plan makes it, nobody starts it by hand
)

IMPACT = Capability(
    title=_("Campaigns"),
    control=_("customers who were drawn to get no message"),
    kind=KIND,
    ways=frozenset({MESSAGE}),
    measures=("conversion", "revenue", "service_rating"),
    guardrails=("returns",),
    page="marketing_effects",
    elsewhere=Elsewhere(
        _("A campaign that leaves some people out measures it."),
        _("New campaign"),
        "marketing_campaign_add",
        "marketing.add_campaign",
    ),
)
