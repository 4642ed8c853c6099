"""Words that several tables share."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Purpose(models.TextChoices):
    """What somebody agrees to hear about."""

    OFFERS = "offers", pgettext_lazy("purpose of messages", "offers")
    NEWS = "news", pgettext_lazy("purpose of messages", "news")
    CARE = "care", pgettext_lazy("purpose of messages", "care after a purchase")
    SURVEYS = "surveys", pgettext_lazy("purpose of messages", "surveys")
    STOCK = "stock", pgettext_lazy("purpose of messages", "what you asked to be told of")
    """Once, when something can be bought again (marketing.triggers.requests). By e-mail alone, never by a campaign."""

    @classmethod
    def of_campaigns(cls) -> list[tuple[str, Any]]:
        """Those that staff may write about, with their words."""
        return [one for one in cls.choices if one[0] != cls.STOCK]


class Channel(models.TextChoices):
    """By which way a message goes."""

    EMAIL = "email", pgettext_lazy("way of a message", "e-mail")
    SMS = "sms", _("SMS")
    WECHAT = "wechat", _("WeChat")
    PUSH = "push", _("push message")
    IN_SITE = "in_site", _("in the shop")
    """Shown on the shop's own pages to who is signed in: nothing is sent, so nobody has to agree first. Who takes it
    back, or does not want to be followed, is shown nothing."""


class Trigger(models.TextChoices):
    """What makes a campaign write to somebody. None: once, to an audience."""

    NONE = "", _("none")
    ABANDONED_CART = "abandoned_cart", _("abandoned cart")
    PRICE_DROP = "price_drop", _("price drop")
    BACK_IN_STOCK = "back_in_stock", _("back in stock")
    FIRST_ORDER = "first_order", _("first order")
    WIN_BACK = "win_back", _("win back")
