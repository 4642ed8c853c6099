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
        import_sections.register("articles", "reviews.article_importing.Articles", order=21, title=_("Articles"))
        self._register_pages()
        self._register_answers()
        self._register_personal_data()
        self._register_models()
        self._register_trends()
        self._listen()

    @staticmethod
    def _listen() -> None:
        from reviews import receivers, signals

        signals.review_submitted.connect(receivers.read_submitted)
        signals.review_read.connect(receivers.count_trends)
        signals.review_judged_negative.connect(receivers.follow_up)
        signals.review_submitted.connect(receivers.score_submitted)
        signals.review_read.connect(receivers.summaries_changed)

    @staticmethod
    def _register_models() -> None:
        from core.extensions import first_models, model_kinds
        from reviews.choices import ASPECT_METRICS, METRICS

        model_kinds.register(
            "sentiment", "reviews.choices.SENTIMENT", title=_("Sentiment of reviews"), metrics=METRICS, order=300,
            train="reviews.tasks.train",
            judged=_("Measured on a tenth of the reviews that never teaches. Higher is better, except for errors."),
        )  # fmt: skip
        model_kinds.register(
            "review_aspects", "reviews.choices.ASPECTS", title=_("What reviews say of aspects"), order=305,
            metrics=ASPECT_METRICS, train="reviews.tasks.train_aspects",
            judged=_("Measured on reviews that never teach: as staff said, and as the stars say. Higher is better."),
        )  # fmt: skip
        first_models.register("voices of the demo shop", "reviews.demo.first", order=204)
        first_models.register("sentiment", "reviews.first.ask", order=205)

    @staticmethod
    def _register_trends() -> None:
        """Topics, trends, their alerts, and the follow-up of unhappy customers."""
        from core.extensions import alert_rules, experiment_kinds, impact_measures, model_kinds

        alert_rules.register("complaints_surge", "reviews.trends.alerts.COMPLAINTS_SURGE")
        model_kinds.register(
            "review_topics", "reviews.trends.choices.TOPICS", title=_("Topics of reviews"), order=310,
            train="reviews.tasks.find_topics",
            judged=_("Measured by finding the topics again in reviews that were drawn anew. Higher is better."),
            metrics={
                "stability": _("Agreement when reviews are redrawn"),
                "coherence": _("How much the words of topics belong together"),
                "topics": _("Topics"),
            },
        )  # fmt: skip
        experiment_kinds.register("follow_up", "reviews.trends.trials.FOLLOW_UP", order=30)
        impact_measures.register("follow_up", "reviews.trends.trials.IMPACT", order=30)

    @staticmethod
    def _register_pages() -> None:
        from catalog.extensions import customer_panels, customer_timeline, product_panels
        from core.extensions import dashboard_cards, palette_sources, staff_pages
        from reviews.roles import CORRECT, MODERATE, READINGS_SEEN, SEEN

        staff_pages.register(
            "reviews_queue", "reviews.admin.queue.page", path="reviews/queue/", permission=MODERATE,
            title=_("Reviews to check"), icon="rate_review", group="reviews", order=10,
        )  # fmt: skip
        staff_pages.register(
            "reviews_aspects", "reviews.admin.aspect_page.page", path="reviews/aspects/", permission=SEEN,
            title=_("What customers say"), icon="forum", group="reviews", order=20,
            table="reviews.admin.aspect_page.table",
        )  # fmt: skip
        staff_pages.register(
            "reviews_terms", "reviews.admin.terms.page", path="reviews/terms/", permission="reviews.change_aspectterm",
            title=_("Suggested terms"), icon="new_label", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "reviews_aspect_reviews", "reviews.admin.aspect_reviews.page", path="reviews/aspects/reviews/",
            permission=SEEN, title=_("Reviews behind a number"), icon="reviews", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "reviews_quality", "reviews.quality.views.page", path="reviews/quality/", permission=READINGS_SEEN,
            title=_("Quality of readings"), icon="fact_check", group="reviews", order=60,
        )  # fmt: skip
        staff_pages.register(
            "reviews_sample", "reviews.quality.answering.page", path="reviews/quality/sample/", permission=CORRECT,
            title=_("Weekly sample"), icon="quiz", group="reviews", order=61, in_menu=False,
        )  # fmt: skip
        palette_sources.register("reviews", "reviews.palette.reviews", order=40)
        staff_pages.register(
            "reviews_trends", "reviews.trends.views.page", path="reviews/trends/", permission=SEEN,
            title=_("Topics and trends"), icon="trending_up", group="reviews", order=30,
            table="reviews.trends.views.table",
        )  # fmt: skip
        styles = ("catalog/catalog.css", "reviews/reviews.css")
        product_panels.register(
            "reviews.product", "reviews.panels.reviews_of_product", order=12, is_lazy=True, title=_("Reviews"),
            permission=SEEN, styles=styles,
        )  # fmt: skip
        product_panels.register(
            "reviews.aspects", "reviews.panels.aspects_of_product", order=13, is_lazy=True,
            title=_("What customers say"), permission=SEEN, styles=styles,
        )  # fmt: skip
        customer_panels.register(
            "reviews.customer", "reviews.panels.reviews_of_customer", order=3, is_lazy=True, title=_("Reviews"),
            place="main", permission=SEEN, styles=styles,
        )  # fmt: skip
        customer_timeline.register(
            "reviews", "reviews.timeline.reviews", title=_("Reviews"), permission=SEEN, order=110
        )  # fmt: skip
        dashboard_cards.register("reviews", "reviews.dashboard.card", order=15)

    @staticmethod
    def _register_answers() -> None:
        """Intents and articles (reviews.answers)."""
        from core.extensions import first_models, model_kinds, personal_traces, staff_pages
        from reviews.answers.choices import METRICS
        from reviews.roles import ANSWERS

        staff_pages.register(
            "reviews_answers", "reviews.admin.answers.page", path="reviews/answers/", permission=ANSWERS,
            title=_("Questions and answers"), icon="contact_support", group="reviews", order=60,
        )  # fmt: skip
        staff_pages.register(
            "reviews_facts", "reviews.admin.articles.facts_page", path="reviews/facts/",
            permission="reviews.view_article", title=_("Facts of the shop"), icon="fact_check", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "reviews_examples_add", "reviews.admin.intents.add_page", path="reviews/examples/add/",
            permission="reviews.add_intentexample", title=_("Add examples"), icon="playlist_add", in_menu=False,
        )  # fmt: skip

        first_models.register("intents", "reviews.answers.starter.first", order=210)
        model_kinds.register(
            "intents", "reviews.answers.choices.INTENTS", title=_("What people want"),
            train="reviews.tasks.train_intents", metrics=METRICS, order=320,
            judged=_("Measured on each example by a model that did not see it. Higher is better."),
        )  # fmt: skip
        personal_traces.register("reviews.answers", "reviews.rights.example_traces")

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
        holds("FollowUp", "review__customer", "note since state", on_erase="delete")
        holds("ReviewTopic", "review__customer", "near", on_erase="delete")
        holds("ReviewAspect", "review__customer", "term quote", on_erase="delete")
        holds("AspectCorrection", "review__customer", "said", on_erase="delete")
        holds("ReviewPhoto", "review__customer", "file content_sha256", on_erase="delete")
        holds("ReviewReply", "review__customer", "text", on_erase="delete")
        holds("ReviewLabel", "review__customer", "sentiment source", on_erase="delete")
        holds("ReviewReading", "review__customer", "sentiment confidence language text_md5", on_erase="delete")
        holds("SampledReview", "review__customer", "predicted answer language", on_erase="delete")
        holds("ReviewReport", "customer", "note browser", on_erase="delete")
        holds("ReviewVote", "customer", "browser", on_erase="delete")
        holds("SuspicionScore", "review__customer", "reasons", on_erase="delete")
        holds("HiddenQuote", "review__customer", "digest", on_erase="delete")
        holds("Review", "customer", "title text author reason_note language public_id external_id", on_erase="delete")
