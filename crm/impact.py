"""What the impact page says of customer care. Nothing leaves people out of the programme by chance, so that nobody can
say what points bring: the page says so instead of leaving the line out."""

from django.utils.translation import gettext_lazy as _

from core.impact import Capability

LOYALTY = Capability(
    title=_("Loyalty programme"),
    control=_("customers without the programme"),
    kind="loyalty",
    ways=frozenset(),
    measures=("bought_again", "revenue"),
    guardrails=("returns",),
)
