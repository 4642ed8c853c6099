"""The ten RFM segments by name, as `analytics.ml.rfm` gives them, and what each means in words."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

RFM: dict[str, tuple[Any, Any]] = {
    "champions": (_("Champions"), _("Bought very lately and buy most often.")),
    "loyal": (_("Loyal customers"), _("Buy often, and lately or not long ago.")),
    "potential_loyal": (_("Potential loyal customers"), _("Bought lately and more than the rarest buyers do.")),
    "new": (pgettext_lazy("customers", "New customers"), _("Bought very lately and hardly ever before.")),
    "promising": (pgettext_lazy("customers", "Promising"), _("Bought quite lately and hardly ever before.")),
    "needs_attention": (
        _("Need attention"),
        _("In the middle: neither lately nor long ago, neither often nor rarely."),
    ),
    "about_to_sleep": (_("About to sleep"), _("Bought some time ago and rarely.")),
    "cannot_lose": (_("Cannot lose them"), _("Bought most often and have stayed away for long.")),
    "at_risk": (_("At risk"), _("Bought often and have stayed away for long.")),
    "hibernating": (_("Hibernating"), _("Bought rarely and long ago.")),
}
"""Key to title and description."""
