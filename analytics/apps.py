from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


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
        for name, on_erase in (("CustomerStats", ""), ("CustomerMonth", ""), ("CustomerScore", "delete")):
            personal_data.register(
                f"analytics.{name}", f"analytics.models.{name}", subject="catalog.Customer", path="customer", fields=[],
                **({"on_erase": on_erase} if on_erase else {}),
            )  # fmt: skip
