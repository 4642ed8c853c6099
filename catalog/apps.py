from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Shop")

    def ready(self) -> None:
        from catalog.extensions import customer_panels, import_sections, product_panels
        from core.extensions import dashboard_cards, personal_data, role_permissions

        sections = "categories products variants images customers orders order_lines payments interactions"
        for order, name in enumerate(sections.split()):
            section = "".join(part.title() for part in name.split("_"))
            import_sections.register(name, f"catalog.importing.native.{section}", order=order)
        role_permissions.register("catalog", "catalog.roles.ROLE_PERMISSIONS")
        for order, name in enumerate(("product_state", "product_sold", "product_stock_history"), 1):
            product_panels.register(f"catalog.{name}", f"catalog.panels.{name}", order=order)
        for order, name in enumerate(("facts", "traits", "orders", "interactions"), 1):
            customer_panels.register(f"catalog.{name}", f"catalog.panels.customer_{name}", order=order)
        dashboard_cards.register("catalog", "catalog.dashboard.cards", order=10)
        personal_data.register(
            "catalog.Customer",
            "catalog.models.Customer",
            fields=["name", "email", "phone", "city", "birthday", "external_id"],
        )
        personal_data.register("catalog.Visitor", "catalog.models.Visitor", fields=["key"])
        personal_data.register("catalog.Order", "catalog.models.Order", fields=["number"])
        personal_data.register("catalog.Interaction", "catalog.models.Interaction", fields=["context"])
