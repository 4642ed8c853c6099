"""What kinds of mail are called on the page that shows them, and what of them only whoever gets them may have."""

import re

from django.utils.translation import gettext_lazy as _

CONFIRMATION = _("Confirmation of consent")
CAMPAIGN = _("Message of a campaign")
BACK_IN_STOCK = _("Back in stock, as asked for")
STOCK_CONFIRMATION = _("Confirmation of a request to be told of stock")

WAYS = re.compile(r"/(t|unsubscribe|preferences|consent|told-of-stock)/[\w:.=-]+")
"""Signed addresses (marketing.links): whoever has one acts for the customer."""


def without_ways(text: str) -> str:
    return WAYS.sub(r"/\1/…", text)
