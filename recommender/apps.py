from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecommenderConfig(AppConfig):
    name = "recommender"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        from catalog.extensions import customer_links, customer_panels, personal_rankers, product_panels
        from core.extensions import (
            alert_rules,
            dashboard_cards,
            evaluators,
            experiment_kinds,
            first_models,
            impact_measures,
            model_kinds,
            personal_data,
            role_permissions,
            shipped_names,
            staff_pages,
        )
        from recommender.choices import DEEP_TRAINING, TRAINING

        evaluators.register("recommender", "recommender.evaluators.RecommenderEvaluator")
        experiment_kinds.register("recommendations", "recommender.trials.RECOMMENDATIONS", order=10)
        impact_measures.register("recommendations", "recommender.trials.IMPACT", order=10)
        evaluators.register("sessions", "recommender.session_evaluators.SessionEvaluator")
        role_permissions.register("recommender", "recommender.roles.ROLE_PERMISSIONS")
        shipped_names.register("recommender", "recommender.demo.names")
        first_models.register("recommender", "recommender.services.train_first")
        # Before care programmes, whose controls are experiments, too: it is made only where there is none yet.
        first_models.register("experiment of the demo shop", "recommender.demo.first", order=215)
        first_models.register("recommender, in full", "recommender.services.ask_for_full_training", order=300)
        model_kinds.register(
            "recommender",
            "recommender.choices.RECOMMENDER",
            title=_("Recommender"),
            order=10,  # stands first on the models page
            train=TRAINING,
            hands_over_to=DEEP_TRAINING,
            metrics={
                "ndcg@10": _("Ranking of the first 10"),
                "recall@10": _("Found among the first 10"),
                "hit_rate@10": _("Customers with a hit among the first 10"),
                "coverage": _("Share of products ever shown"),
            },
            strategy_name="recommender.reasons.strategy_name",
            pages={"recommender_trials": _("Trials and weights")},
            groups={
                "new": _("New customers"),
                "few": _("Customers with 1 to 4 products"),
                "many": _("Customers with 5 products and more"),
            },
        )
        staff_pages.register(
            "recommender_online",
            "recommender.online.views.online",
            path="recommender/online/",
            permission="recommender.view_placement",
            title=_("What recommendations bring"),
            icon="trending_up",
            table="recommender.online.views.table",
        )
        watching = "recommender.online.watching"
        alert_rules.register("recommendations_less_clicked", f"{watching}.CLICKS_FELL")
        alert_rules.register("recommender_data_changed", f"{watching}.DATA_CHANGED")
        dashboard_cards.register("recommender", "recommender.online.card.card", order=60)
        staff_pages.register(
            "recommender_preview",
            "recommender.views.preview",
            path="recommender/preview/",
            permission="catalog.view_product",
            title=_("Preview recommendations"),
            icon="visibility",
        )
        staff_pages.register(
            "recommender_trials",
            "recommender.trial_views.trials",
            path="recommender/trials/",
            permission="core.view_modelversion",
            title=_("Trials"),
            in_menu=False,
        )
        personal_data.register(
            "recommender.RecommendationList", "recommender.models.RecommendationList", subject="catalog.Customer",
            path="customer", fields=["product_ids", "speaker_ids", "as_of"], on_erase="delete",
        )  # fmt: skip
        customer_links.register(
            "recommender.RecommendationList.customer", "recommender.models.RecommendationList", rule="counted"
        )
        personal_rankers.register("recommender", "recommender.taste.taste_for")
        product_panels.register(
            "recommender", "recommender.panels.similar_products", order=20, is_lazy=True,
            title=_("Chosen by the same customers"), styles=("recommender/recommender.css",),
        )  # fmt: skip
        customer_panels.register(
            "recommender.interests", "recommender.panels.interests_of_customer", order=4, is_lazy=True,
            title=_("Interests"),
        )  # fmt: skip
        customer_panels.register(
            "recommender", "recommender.panels.recommended_to_customer", order=20, is_lazy=True,
            title=_("Recommended right now"), styles=("recommender/recommender.css",),
        )  # fmt: skip
