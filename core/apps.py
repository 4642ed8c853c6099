from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("System")

    def ready(self) -> None:
        from core.extensions import dashboard_cards, personal_data

        dashboard_cards.register("core", "core.dashboard.cards", order=90)
        personal_data.register(
            "core.StaffUser", "core.models.StaffUser", fields=["username", "first_name", "last_name", "email"]
        )
