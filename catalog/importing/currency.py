"""Which currency a shop that was empty takes from the files of its past."""

from django.utils.translation import gettext_noop

from catalog.importing import changes
from catalog.importing.sections import Load
from catalog.models import Order
from core.models import ShopProfile


def settle_in(load: Load, currency: str, zone: str) -> None:
    """A shop without orders takes the currency and the time zone of the file."""
    profile = ShopProfile.current()
    if Order.objects.exists() or (profile.base_currency, profile.time_zone) == (currency, zone):
        return
    changes.note_before("core_shopprofile", [profile.pk])
    profile.base_currency, profile.time_zone = currency, zone
    profile.save(update_fields=["base_currency", "time_zone", "updated_at"])
    text = gettext_noop("The shop's base currency is now %(currency)s, its time zone %(zone)s.")
    load.report.note(text, currency=currency, zone=zone)
