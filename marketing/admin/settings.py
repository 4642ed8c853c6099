"""What holds for all messages, with the switch that stops them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy, pgettext_lazy

from core.admin.base import SettingsAdmin
from marketing.models import MarketingSettings


@admin.register(MarketingSettings)
class MarketingSettingsAdmin(SettingsAdmin):
    settings_title = gettext_lazy("Message settings")
    fieldsets = (
        (pgettext_lazy("section of settings", "Sending"), {"fields": ("is_sending", "per_second")}),
        (gettext_lazy("How often and when"), {"fields": ("cap_messages", "cap_days", "quiet_from", "quiet_until")}),
        (
            gettext_lazy("Safeguards"),
            {"fields": ("double_opt_in", "second_person_above", "most_bounces", "most_complaints")},
        ),
        (gettext_lazy("Sender"), {"fields": ("sender_name", "postal_address")}),
    )
