from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecommenderConfig(AppConfig):
    name = "recommender"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        from catalog.extensions import customer_panels, product_panels
        from core.extensions import evaluators, first_models

        evaluators.register("recommender", "recommender.evaluators.RecommenderEvaluator")
        first_models.register("recommender", "recommender.services.train_first")
        product_panels.register("recommender", "recommender.panels.similar_products", order=20)
        customer_panels.register("recommender", "recommender.panels.recommended_to_customer", order=20)
