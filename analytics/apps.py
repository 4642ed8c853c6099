from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        from core.extensions import evaluators, personal_data, role_permissions

        evaluators.register("churn", "analytics.churn_evaluators.ChurnEvaluator")
        evaluators.register("clv", "analytics.lifetime_evaluators.LifetimeEvaluator")
        evaluators.register("forecast", "analytics.forecast_evaluators.ForecastEvaluator")
        evaluators.register("segments", "analytics.segment_evaluators.SegmentEvaluator")
        role_permissions.register("analytics", "analytics.roles.ROLE_PERMISSIONS")
        for name, on_erase in (
            ("CustomerStats", ""), ("CustomerMonth", ""), ("CustomerScore", "delete"), ("FunnelCustomer", "delete"),
        ):  # fmt: skip
            personal_data.register(
                f"analytics.{name}", f"analytics.models.{name}", subject="catalog.Customer", path="customer", fields=[],
                **({"on_erase": on_erase} if on_erase else {}),
            )  # fmt: skip
        self._register_facts()
        self._register_quality()
        self._register_reports()
        self._register_segments()
        self._register_impact()
        self._register_live()
        self._register_models()
        self._register_merging()

    @staticmethod
    def _register_merging() -> None:
        from catalog.extensions import customer_links

        for name in ("CustomerStats", "CustomerMonth", "CustomerScore", "FunnelCustomer", "SegmentMembership"):
            customer_links.register(f"analytics.{name}.customer", f"analytics.models.{name}", rule="counted")

    @staticmethod
    def _register_facts() -> None:
        from core.extensions import alert_checks, alert_rules, first_models, gauges, health_parts

        watching = "analytics.facts.watching"
        # Before models that learn from the figures.
        first_models.register("facts", "analytics.facts.counting.first_count", order=1)
        first_models.register("rfm", "analytics.facts.rfm.first_score", order=2)
        alert_rules.register("figures_late", f"{watching}.FIGURES_LATE")
        alert_rules.register("figures_drifted", f"{watching}.FIGURES_DRIFTED")
        alert_checks.register("analytics.facts", f"{watching}.look")
        gauges.register("analytics.facts", f"{watching}.in_database", asks="database")
        health_parts.register(
            "figures", f"{watching}.part", asks="database", rule="figures_late", say=f"{watching}.sentence"
        )

    @staticmethod
    def _register_quality() -> None:
        from catalog.extensions import import_panels
        from core.extensions import alert_checks, alert_rules, first_models, staff_pages

        staff_pages.register(
            "analytics_quality", "analytics.quality.views.page", path="analytics/quality/",
            permission="analytics.view_dataqualityreport", title=_("Data quality"), icon="rule", group="analytics",
            order=90,
        )  # fmt: skip
        first_models.register("data quality", "analytics.quality.watching.first_look", order=3)
        alert_rules.register("data_worse", "analytics.quality.watching.DATA_WORSE")
        alert_checks.register("analytics.quality", "analytics.quality.watching.follow_imports")
        import_panels.register("analytics.quality", "analytics.quality.panels.import_quality", title=_("Data quality"))

    @staticmethod
    def _register_reports() -> None:
        from analytics.roles import FIGURES, PEOPLE
        from catalog.extensions import product_panels
        from core.extensions import dashboard_cards, mail_kinds, staff_pages

        for key, title, icon, order, table in (
            ("sales", _("Sales"), "monitoring", 10, "sales"),
            ("products", _("Products sold"), "leaderboard", 25, "product_files"),
            ("cohorts", _("Cohorts"), "grid_on", 30, "cohorts"),
            ("funnel", _("Funnel"), "filter_alt", 40, "funnel"),
        ):
            staff_pages.register(
                f"analytics_{key}", f"analytics.reports.pages.{key}.page", path=f"analytics/{key}/",
                permission=FIGURES, title=title, icon=icon, group="analytics", order=order,
                table=f"analytics.reports.pages.{table}.table",
            )  # fmt: skip
        staff_pages.register(
            "analytics_sales_people", "analytics.reports.pages.sales_people.people", path="analytics/sales/people/",
            permission=PEOPLE, title=_("Who bought then"), icon="group", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "analytics_cohort_people", "analytics.reports.pages.cohorts.people", path="analytics/cohorts/people/",
            permission=PEOPLE, title=_("People of a cohort"), icon="group", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "analytics_funnel_people", "analytics.reports.pages.funnel.people", path="analytics/funnel/people/",
            permission=PEOPLE, title=_("Who stopped"), icon="group", in_menu=False,
        )  # fmt: skip
        product_panels.register("analytics.sales", "analytics.reports.panels.product_sales", order=35)
        dashboard_cards.register("analytics", "analytics.reports.home.card", order=30)
        mail_kinds.register("sales_report", "analytics.reports.TITLE_OF_MAIL")

    @staticmethod
    def _register_segments() -> None:
        from catalog.extensions import (
            customer_filters,
            customer_list_links,
            customer_panels,
            customer_timeline,
            trait_words,
        )
        from core.extensions import first_models, model_kinds, personal_data

        first_models.register("segments", "analytics.segments.keeping.first", order=90)
        model_kinds.register(
            "customer_clusters",
            "analytics.segments.clustering.CLUSTERS",
            title=_("Clusters of customers"),
            train="analytics.tasks.train_clusters",
            metrics={
                "stability": _("Agreement when customers are redrawn"),
                "silhouette": _("Silhouette"),
                "clusters": _("Clusters"),
                "smallest_share": _("Share of the smallest cluster"),
            },
        )
        for kind, words in (("rfm", _("RFM segment")), ("cluster", pgettext_lazy("group of customers", "Cluster"))):
            trait_words.register(kind, f"analytics.segments.traits.{kind}", title=words, order=30)
        customer_panels.register(
            "analytics.segments", "analytics.segments.panels.segments_of_customer", order=15, is_lazy=True,
            title=_("Segments"), permission="analytics.view_segment",
        )  # fmt: skip
        customer_timeline.register(
            "segments", "analytics.segments.timeline.memberships", title=_("Segments"),
            permission="analytics.view_segment", order=120,
        )  # fmt: skip
        for name, title in (("segment", "SegmentFilter"), ("kept_list", "KeptListFilter")):
            customer_filters.register(
                name, f"analytics.segments.filters.{title}", permission="analytics.view_segment"
            )  # fmt: skip
        customer_list_links.register("analytics.segments", "analytics.segments.from_list.save_link")
        for name, fields in (("SegmentMembership", ["since", "until"]), ("SnapshotMember", [])):
            personal_data.register(
                f"analytics.{name}", f"analytics.models.{name}", subject="catalog.Customer", path="customer",
                fields=fields, on_erase="delete",
            )  # fmt: skip

    @staticmethod
    def _register_impact() -> None:
        from core.extensions import dashboard_cards, staff_pages

        staff_pages.register(
            "analytics_impact", "analytics.impact.views.page", path="analytics/impact/",
            permission="core.view_experiment", title=_("Impact"), icon="verified", group="analytics", order=80,
            table="analytics.impact.files.table",
        )  # fmt: skip
        dashboard_cards.register("analytics.impact", "analytics.impact.card.card", order=50)

    @staticmethod
    def _register_live() -> None:
        from core.extensions import gauges, loops, staff_pages

        staff_pages.register(
            "analytics_live", "analytics.live.views.page", path="analytics/live/",
            permission="analytics.view_dailysales", title=pgettext_lazy("what happens now", "Live"), icon="sensors",
            group="analytics", order=20,
        )  # fmt: skip
        loops.register("live", "analytics.live.loop.run")
        gauges.register("analytics.live", "analytics.live.gauges.families", asks="database")

    @staticmethod
    def _register_models() -> None:
        """Models of customers and forecasts: their kinds, pages, panels and alerts."""
        from analytics.customers.choices import CHURN_METRICS, PROPENSITY_METRICS, VALUE_METRICS
        from catalog.extensions import product_panels, trait_words
        from core.extensions import alert_rules, first_models, model_kinds, staff_pages

        first_models.register("customers", "analytics.customers.first.ask", order=200)
        for name, title, metrics in (
            ("value", _("Lifetime value"), VALUE_METRICS),
            ("churn", _("Churn risk"), CHURN_METRICS),
            ("propensity", _("Chance of an order"), PROPENSITY_METRICS),
        ):
            model_kinds.register(
                f"customer_{name}", f"analytics.customers.choices.{name.upper()}", title=title,
                train=f"analytics.tasks.train_{name}", metrics=metrics, order=200,
            )  # fmt: skip
        for kind, name, title in (
            ("value", "value", _("Lifetime value")),
            ("churn", "churn", _("Churn risk")),
            ("propensity", "order", _("Chance of an order")),
        ):
            trait_words.register(kind, f"analytics.customers.panels.{name}", title=title, order=40)
        alerts = "analytics.customers.alerts"
        alert_rules.register("scores_off", f"{alerts}.SCORES_OFF")
        alert_rules.register("scores_changed", f"{alerts}.SCORES_CHANGED")
        alert_rules.register("sales_unusual", "analytics.forecasts.alerts.SALES_UNUSUAL")
        product_panels.register(
            "analytics_forecast", "analytics.forecasts.panels.product_forecast", order=15, is_lazy=True,
            title=_("Expected sales"), permission="analytics.view_dailysales",
        )  # fmt: skip
        staff_pages.register(
            "analytics_customers",
            "analytics.customers.views.customers",
            path="analytics/customers/",
            permission="analytics.view_customerstats",
            title=_("Customer value and churn"),
            icon="person_alert",
            group="analytics",
            order=40,
            table="analytics.customers.views.table",
        )
        staff_pages.register(
            "analytics_forecast",
            "analytics.forecasts.views.forecast",
            path="analytics/forecast/",
            permission="analytics.view_dailysales",
            title=_("Forecast"),
            icon="trending_up",
            group="analytics",
            order=50,
            table="analytics.forecasts.views.table",
        )
        staff_pages.register(
            "analytics_anomalies",
            "analytics.forecasts.anomaly_views.anomalies",
            path="analytics/anomalies/",
            permission="analytics.view_dailysales",
            title=_("Unusual days"),
            icon="crisis_alert",
            group="analytics",
            order=55,
            table="analytics.forecasts.anomaly_views.table",
        )
