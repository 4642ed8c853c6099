"""What kinds of mail are called on the page that shows them."""

from django.utils.translation import gettext_lazy as _

CONFIRMATION = _("Confirmation of consent")
CAMPAIGN = _("Message of a campaign")
BACK_IN_STOCK = _("Back in stock, as asked for")
STOCK_CONFIRMATION = _("Confirmation of a request to be told of stock")
