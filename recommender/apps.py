from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecommenderConfig(AppConfig):
    name = "recommender"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        from catalog.extensions import customer_panels, product_panels
        from core.extensions import evaluators, first_models, staff_pages

        evaluators.register("recommender", "recommender.evaluators.RecommenderEvaluator")
        first_models.register("recommender", "recommender.services.train_first")
        staff_pages.register(
            "recommender_preview",
            "recommender.views.preview",
            path="recommender/preview/",
            permission="catalog.view_product",
            title=_("Preview recommendations"),
            icon="visibility",
        )
        product_panels.register("recommender", "recommender.panels.similar_products", order=20)
        customer_panels.register("recommender", "recommender.panels.recommended_to_customer", order=20)
