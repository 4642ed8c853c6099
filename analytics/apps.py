from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        from core.extensions import evaluators

        evaluators.register("churn", "analytics.churn_evaluators.ChurnEvaluator")
        evaluators.register("clv", "analytics.lifetime_evaluators.LifetimeEvaluator")
        evaluators.register("forecast", "analytics.forecast_evaluators.ForecastEvaluator")
        evaluators.register("segments", "analytics.segment_evaluators.SegmentEvaluator")
