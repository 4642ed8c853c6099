from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = _("Shop")

    def ready(self) -> None:
        from django.core.checks import register

        from catalog.extensions import customer_panels, import_panels, import_sections, product_panels
        from catalog.services.pictures import check_settings
        from core.extensions import (
            dashboard_cards,
            data_ends,
            evaluators,
            palette_sources,
            role_permissions,
            staff_pages,
        )

        register(check_settings)
        sections = "categories brands products variants images customers orders order_lines payments interactions"
        for order, name in enumerate(sections.split()):
            section = "".join(part.title() for part in name.split("_"))
            import_sections.register(name, f"catalog.importing.native.{section}", order=order)
        role_permissions.register("catalog", "catalog.roles.ROLE_PERMISSIONS")
        data_ends.register("catalog", "catalog.figures.data_end")
        product_panels.register("catalog.product_state", "catalog.panels.product_state", order=1)
        product_panels.register(
            "catalog.pictures", "catalog.admin.product_pictures.card", order=1, permission="catalog.view_productimage"
        )
        product_panels.register(
            "catalog.product_sold", "catalog.panels.product_sold", order=2, is_lazy=True, title=_("Sold in 28 days")
        )
        product_panels.register(
            "catalog.product_stock_history", "catalog.panels.product_stock_history", order=3, is_lazy=True,
            title=_("Stock history"), permission="catalog.view_stockmovement",
        )  # fmt: skip
        customer_panels.register("catalog.facts", "catalog.panels.customer_facts", order=1)
        customer_panels.register("catalog.traits", "catalog.panels.customer_traits", order=2)
        customer_panels.register(
            "catalog.orders", "catalog.panels.customer_orders", order=3, is_lazy=True, title=_("Orders"), place="main",
            permission="catalog.view_order",
        )  # fmt: skip
        customer_panels.register(
            "catalog.interactions", "catalog.panels.customer_interactions", order=4, is_lazy=True,
            title=_("Last seen in the shop"), place="main",
        )  # fmt: skip
        customer_panels.register(
            "catalog.merges", "catalog.admin.merges.merged_records", order=90, is_lazy=True, title=_("Merged records"),
            permission="catalog.view_customermerge", styles=("catalog/catalog.css",),
        )  # fmt: skip
        customer_panels.register("catalog.rights", "catalog.panels.customer_rights", order=95)
        staff_pages.register(
            "catalog_search_quality",
            "catalog.admin.search_quality.quality",
            path="catalog/searches/",
            permission="catalog.view_searchquery",
            title=_("Search quality"),
            icon="manage_search",
            table="catalog.admin.search_quality.table",
        )
        import_panels.register(
            "catalog.arriving", "catalog.panels.arriving_of_import", order=1, permission="catalog.view_arrivingpicture"
        )
        evaluators.register("search", "catalog.search.evaluation.SearchEvaluator")
        dashboard_cards.register("catalog", "catalog.dashboard.cards", order=10)
        for order, name in enumerate(("products", "orders", "customers"), 10):
            palette_sources.register(name, f"catalog.palette.{name}", order=order)
        self._register_personal_data()
        self._register_merging()
        self._register_timeline()
        self._register_webhook_events()
        self._register_experiment_metrics()
        self._register_events()

    @staticmethod
    def _register_timeline() -> None:
        from catalog.extensions import customer_panels, customer_timeline

        customer_panels.register(
            "catalog.timeline", "catalog.admin.timeline.timeline_of_customer", order=1, is_lazy=True,
            title=_("Timeline"), place="main",
        )  # fmt: skip
        seen = "catalog.view_customer"
        for name, title, permission in (
            ("orders", _("Orders"), "catalog.view_order"), ("visits", _("Visits"), seen),
            ("consent", _("Consent"), seen), ("record", _("Record"), seen),
        ):  # fmt: skip
            customer_timeline.register(name, f"catalog.timeline.{name}", title=title, permission=permission)

    @staticmethod
    def _register_merging() -> None:
        from catalog.extensions import customer_links

        for field in ("kept", "gone"):
            customer_links.register(f"catalog.CustomerMerge.{field}", "catalog.models.CustomerMerge", rule="stays")
        customer_links.register("catalog.CustomerTrait.customer", "catalog.models.CustomerTrait", rule="counted")

    @staticmethod
    def _register_experiment_metrics() -> None:
        from core.extensions import experiment_kinds, experiment_metrics, impact_measures

        experiment_kinds.register("search", "catalog.search.trials.SEARCH", order=20)
        experiment_kinds.register("search_tags", "catalog.search.trials.TAGS", order=25)
        impact_measures.register("search", "catalog.search.trials.IMPACT", order=20)
        impact_measures.register("search_tags", "catalog.search.trials.TAGS_IMPACT", order=25)
        names = "orders conversion revenue clicks revenue_per_view bought_again returns search_success"
        for order, name in enumerate(names.split(), 1):
            experiment_metrics.register(name, f"catalog.experiment_metrics.{name.upper()}", order=order)

    @staticmethod
    def _register_events() -> None:
        from core.extensions import alert_checks, alert_rules, gauges, health_parts, loops

        watching = "catalog.buffer.watching"
        loops.register("events", "catalog.buffer.consumer.run")
        health_parts.register(
            "events", f"{watching}.part", asks="redis", rule="events_late", say=f"{watching}.sentence"
        )  # fmt: skip
        gauges.register("catalog.events", f"{watching}.in_redis", asks="redis")
        gauges.register("catalog.dead_events", f"{watching}.in_database", asks="database")
        for name in ("events_late", "events_set_aside"):
            alert_rules.register(name, f"{watching}.{name.upper()}")
        alert_checks.register("catalog.events", f"{watching}.check")

    @staticmethod
    def _register_webhook_events() -> None:
        from core.extensions import webhook_events

        names = (
            "order.placed order.paid order.shipped order.delivered order.cancelled order.refunded"
            " product.changed stock.changed customer.changed import.finished"
        )
        for order, name in enumerate(names.split(), 1):
            webhook_events.register(name, f"catalog.facts.{name.replace('.', '_').upper()}", order=order)

    @staticmethod
    def _register_personal_data() -> None:
        from core.extensions import data_subjects, ledger_subjects, personal_data, personal_files, personal_traces

        names = "catalog.ledger_names"
        ledger_subjects.register("catalog.product", f"{names}.products", search=f"{names}.find_products")
        ledger_subjects.register("catalog.variant", f"{names}.variants", search=f"{names}.find_variants")
        data_subjects.register("catalog.Customer", "catalog.rights.CustomerSubject")
        personal_traces.register("catalog", "catalog.rights.catalog_traces")
        personal_files.register("catalog.imports", "catalog.rights.import_folders")

        def holds(name: str, path: str, fields: str, **meta: object) -> None:
            personal_data.register(
                f"catalog.{name}", f"catalog.models.{name}", subject="catalog.Customer", path=path,
                fields=fields.split(), **meta,
            )  # fmt: skip

        books = "The books need it; without the customer it names nobody."
        holds(
            "Customer", "pk",
            "name email phone city birthday external_id public_id joined_at is_personalised profile_since erased_at",
            replace={
                "public_id": "catalog.rights.new_public_id", "joined_at": "catalog.rights.first_of_month",
                "is_personalised": "catalog.rights.no", "erased_at": "django.utils.timezone.now",
            },
        )  # fmt: skip
        # Before the browsers go, because their keys lead to it.
        personal_data.register(
            "core.Exposure", "core.models.Exposure", subject="catalog.Customer", fields=["subject"],
            find="catalog.rights.exposures_of", on_erase="delete", order=50,
        )  # fmt: skip
        personal_data.register(
            "catalog.SearchQuery", "catalog.models.SearchQuery", subject="catalog.Customer",
            fields=["text", "normalised", "language", "filters"], find="catalog.rights.searches_of",
            on_erase="delete", order=55,
        )  # fmt: skip
        personal_data.register(
            "catalog.KeptHistory", "catalog.models.KeptHistory", subject="catalog.Customer", fields=["acts"],
            find="catalog.rights.kept_histories_of", on_erase="delete", order=55,
        )  # fmt: skip
        holds("CustomerTrait", "customer", "value reasons", on_erase="delete")
        holds("CustomerMergeRows", "merge__kept", "content", on_erase="delete")
        holds("CustomerMerge", "kept", "before became")
        holds("Interaction", "", "context", find="catalog.rights.theirs")
        of_orders = {"find": "catalog.rights.parts_of_orders"}
        holds("OrderLine", "", "", **of_orders)
        holds("OrderEvent", "", "note details", **of_orders)
        holds("Payment", "", "external_id", keeps={"external_id": books}, **of_orders)
        holds("Refund", "", "external_id reason", keeps={"external_id": books}, find="catalog.rights.refunds_of")
        holds("StockMovement", "", "note", **of_orders)
        # After their parts, which are found by the order, and before the browsers, by which those of guests are found.
        holds(
            "Order", "", "number external_id channel visitor", keeps={"number": books, "external_id": books},
            find="catalog.rights.theirs", order=110,
        )  # fmt: skip
        holds("Visitor", "customer", "key", on_erase="delete", order=120)
        holds("ImportChange", "person", "before", on_erase="delete")
