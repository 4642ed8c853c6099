from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    name = "reviews"
    verbose_name = _("Reviews")

    def ready(self) -> None:
        from catalog.extensions import import_sections
        from core.extensions import evaluators, role_permissions

        evaluators.register("aspects", "reviews.aspect_evaluators.AspectEvaluator")
        evaluators.register("intents", "reviews.intent_evaluators.IntentEvaluator")
        evaluators.register("sentiment", "reviews.sentiment_evaluators.SentimentEvaluator")
        role_permissions.register("reviews", "reviews.roles.ROLE_PERMISSIONS")
        import_sections.register("reviews", "reviews.importing.Reviews", order=20, title=_("Reviews"))
        self._register_personal_data()

    @staticmethod
    def _register_personal_data() -> None:
        from core.extensions import personal_data, personal_traces

        def holds(name: str, path: str, fields: str, **meta: object) -> None:
            personal_data.register(
                f"reviews.{name}", f"reviews.models.{name}", subject="catalog.Customer", path=path,
                fields=fields.split(), **meta,
            )  # fmt: skip

        # Files go with their rows, so they go first (reviews.rights).
        personal_traces.register("reviews", "reviews.rights.review_traces", order=10)
        holds("ReviewPhoto", "review__customer", "file content_sha256", on_erase="delete")
        holds("ReviewReply", "review__customer", "text", on_erase="delete")
        holds("ReviewReport", "customer", "note browser", on_erase="delete")
        holds("ReviewVote", "customer", "browser", on_erase="delete")
        holds("Review", "customer", "title text author reason_note language public_id external_id", on_erase="delete")
