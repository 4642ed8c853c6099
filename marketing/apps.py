from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        from catalog.extensions import demo_sections, import_sections
        from core.extensions import (
            alert_rules,
            evaluators,
            experiment_kinds,
            first_models,
            impact_measures,
            mail_kinds,
            message_doors,
            personal_files,
            role_permissions,
            shipped_names,
        )

        import_sections.register("consents", "marketing.importing.Consents", order=30, title=_("Consents"))
        demo_sections.register("consents", "marketing.demo.files", order=40)
        first_models.register("campaigns", "marketing.demo.first", order=240)
        shipped_names.register("marketing", "marketing.demo.names")
        evaluators.register("privacy", "marketing.privacy_evaluators.PrivacyEvaluator")
        evaluators.register("uplift", "marketing.uplift_evaluators.UpliftEvaluator")
        alert_rules.register("campaign_paused", "marketing.sending.breakers.CAMPAIGN_PAUSED")
        alert_rules.register("provider_closed", "marketing.sending.doors.PROVIDER_CLOSED")
        alert_rules.register("version_stopped", "marketing.shifting.alerts.VERSION_STOPPED")
        mail_kinds.register("consent_confirmation", "marketing.mails.CONFIRMATION")
        for kind, title in (("campaign", "CAMPAIGN"), ("back_in_stock", "BACK_IN_STOCK")):
            mail_kinds.register(
                kind, f"marketing.mails.{title}", hide="marketing.mails.without_ways",
                seen_with=("marketing.run_campaign",),
            )  # fmt: skip
        mail_kinds.register("stock_confirmation", "marketing.mails.STOCK_CONFIRMATION")
        message_doors.register("send_once", "marketing.sending.single.send_once")
        message_doors.register("messages", "marketing.sending.choosing.messages")
        message_doors.register("preview", "marketing.sending.choosing.preview")
        personal_files.register("marketing.messages", "marketing.sending.channels.personal_files")
        role_permissions.register("marketing", "marketing.roles.ROLE_PERMISSIONS")
        experiment_kinds.register("campaign", "marketing.campaigns.trials.CAMPAIGN", order=50)
        impact_measures.register("campaign", "marketing.campaigns.trials.IMPACT", order=35)
        self._register_pages()
        self._register_story()
        self._register_personal_data()
        self._register_uplift()
        self._register_offers()
        self._register_strategy()
        self._register_effects()
        self._register_privacy()
        self._register_allocation()

    @staticmethod
    def _register_allocation() -> None:
        from core.extensions import model_kinds
        from marketing.allocation import kinds

        model_kinds.register(
            "offer_effects", "marketing.allocation.kinds.OFFER_EFFECTS", title=_("What offers bring"),
            metrics=kinds.METRICS,
        )  # fmt: skip

    @staticmethod
    def _register_privacy() -> None:
        from core.extensions import staff_pages
        from marketing.roles import PRIVACY, PRIVACY_SEEN

        staff_pages.register(
            "marketing_privacy", "marketing.privacy.views.page", path="marketing/privacy/", permission=PRIVACY_SEEN,
            title=_("Private learning"), icon="shield_lock", group="intelligence", order=65,
        )  # fmt: skip
        staff_pages.register(
            "marketing_privacy_act", "marketing.privacy.views.act", path="marketing/privacy/act/", permission=PRIVACY,
            title=_("Private learning"), icon="shield_lock", in_menu=False,
        )  # fmt: skip

    @staticmethod
    def _register_effects() -> None:
        from core.extensions import staff_pages
        from marketing.roles import CAMPAIGNS

        staff_pages.register(
            "marketing_effects", "marketing.effects.views.page", path="marketing/effects/",
            permission="marketing.view_campaign", title=_("What marketing brought"), icon="savings",
            group="marketing", order=90, table="marketing.effects.files.table",
        )  # fmt: skip
        staff_pages.register(
            "marketing_effects_act", "marketing.effects.views.act", path="marketing/effects/act/",
            permission=CAMPAIGNS, title=_("What marketing brought"), in_menu=False,
        )  # fmt: skip

    @staticmethod
    def _register_uplift() -> None:
        from core.extensions import model_kinds, staff_pages
        from marketing.roles import CAMPAIGNS
        from marketing.uplift import kinds

        model_kinds.register("uplift", "marketing.uplift.kinds.UPLIFT", title=_("Uplift"), metrics=kinds.METRICS)
        staff_pages.register(
            "marketing_uplift", "marketing.uplift.views.page", path="marketing/uplift/",
            permission="marketing.view_campaign", title=_("Whom messages move"), icon="target", group="intelligence",
            order=60,
        )  # fmt: skip
        staff_pages.register(
            "marketing_uplift_act", "marketing.uplift.views.act", path="marketing/uplift/act/", permission=CAMPAIGNS,
            title=_("Whom messages move"), in_menu=False,
        )  # fmt: skip

    @staticmethod
    def _register_strategy() -> None:
        from core.extensions import evaluators, staff_pages
        from marketing.roles import CAMPAIGNS, CAMPAIGNS_SEEN

        evaluators.register("offer-strategy", "marketing.strategy_evaluators.OfferStrategyEvaluator")
        staff_pages.register(
            "marketing_strategy", "marketing.strategy.views.page", path="marketing/strategy/",
            permission=CAMPAIGNS_SEEN, title=_("Offers per group"), icon="diversity_3", group="intelligence", order=61,
        )  # fmt: skip
        staff_pages.register(
            "marketing_strategy_act", "marketing.strategy.views.act", path="marketing/strategy/act/",
            permission=CAMPAIGNS, title=_("Offers per group"), in_menu=False,
        )  # fmt: skip

    @staticmethod
    def _register_offers() -> None:
        from catalog.extensions import customer_panels, order_coupons
        from catalog.signals import order_cancelled
        from marketing import receivers
        from marketing.roles import CODES_SEEN

        order_coupons.register("marketing.offers", "marketing.offers.using.CODES")
        order_cancelled.connect(receivers.order_cancelled, dispatch_uid="marketing.coupons")
        customer_panels.register(
            "marketing.offers", "marketing.panels.offers_of_customer", order=6, is_lazy=True, place="main",
            title=_("Offers and codes"), permission=CODES_SEEN, styles=("catalog/catalog.css",),
        )  # fmt: skip

    @staticmethod
    def _register_pages() -> None:
        from catalog.extensions import customer_links, customer_panels, product_panels
        from core.extensions import dashboard_cards, ledger_subjects, staff_pages
        from marketing.roles import CONSENT, CONSENT_SEEN, RESTRICT

        dashboard_cards.register("marketing", "marketing.dashboard.card", order=13)
        customer_links.register("marketing.LedgerName.customer", "marketing.models.LedgerName", rule="stays")
        for about in ("consent", "restriction"):
            ledger_subjects.register(
                f"marketing.{about}", "marketing.ledger_names.people", search="marketing.ledger_names.find_people"
            )
        product_panels.register("marketing.waiting", "marketing.panels.waiting_for_product", order=4)
        customer_panels.register(
            "marketing.consent", "marketing.panels.consent_of_customer", order=5, is_lazy=True, place="main",
            title=_("Consent and messages"), permission=CONSENT_SEEN, styles=("catalog/catalog.css",),
        )  # fmt: skip
        staff_pages.register(
            "marketing_consent_withdraw", "marketing.admin.consents.withdraw", path="marketing/consent/withdraw/",
            permission=CONSENT, title=_("Consent and messages"), in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "marketing_restrict", "marketing.admin.consents.restrict", path="marketing/restrict/",
            permission=RESTRICT, title=_("Consent and messages"), in_menu=False,
        )  # fmt: skip

    @staticmethod
    def _register_story() -> None:
        """What is told of a customer: the timeline, and the portrait for programs."""
        from catalog.extensions import customer_timeline, portrait_parts
        from marketing.roles import CODES_SEEN, CONSENT_SEEN, MESSAGES_SEEN

        for order, (name, title, permission) in enumerate(
            (
                ("messages", _("Messages"), MESSAGES_SEEN), ("consents", _("Consent to messages"), CONSENT_SEEN),
                ("coupons", _("Offers and codes"), CODES_SEEN),
            ),
            140,
        ):  # fmt: skip
            customer_timeline.register(
                name, f"marketing.timeline.{name}", title=title, permission=permission, order=order
            )
        shapes = "marketing.api.portrait"
        portrait_parts.register(
            "consents", "marketing.timeline.consents_of", permission=CONSENT_SEEN, many=True,
            serializer=f"{shapes}.ConsentToMessagesSerializer", order=10,
        )  # fmt: skip
        portrait_parts.register(
            "sent", "marketing.timeline.sent_to", permission=MESSAGES_SEEN, many=True,
            serializer=f"{shapes}.SentMessageSerializer", order=20,
        )  # fmt: skip

    @staticmethod
    def _register_personal_data() -> None:
        from core.extensions import personal_data, personal_traces

        # Before the tables: addresses are suppressed while the customer's row still has them.
        personal_traces.register("marketing.suppress", "marketing.rights.marketing_traces", order=15)

        def holds(name: str, path: str, fields: str, **meta: object) -> None:
            personal_data.register(
                f"marketing.{name}", f"marketing.models.{name}", subject="catalog.Customer", path=path,
                fields=fields.split(), **meta,
            )  # fmt: skip

        proof = "It proves what was agreed; without the customer it names nobody."
        chain = "The row goes; the hash chain proves what was agreed, and names nobody without the customer."
        figures = "Figures of campaigns need it; without the customer it names nobody."
        holds("MessageEvent", "recipient__customer", "kind at raw", keeps=dict.fromkeys(("kind", "at"), figures))
        holds(
            "Recipient", "customer", "purpose channel state skip_reason sent_at timing timing_hour timing_events split",
            keeps=dict.fromkeys(("purpose", "channel", "state", "skip_reason", "sent_at", "timing", "split"), figures),
        )  # fmt: skip
        holds(
            "Occasion", "customer", "key at facts is_enrolled",
            keeps=dict.fromkeys(("key", "at", "is_enrolled"), figures),
        )  # fmt: skip
        holds(
            "ConsentEvent", "customer", "purpose channel state at source wording_version proof",
            keeps=dict.fromkeys(("purpose", "channel", "state", "at", "source", "wording_version"), proof),
        )  # fmt: skip
        holds(
            "Consent", "customer", "purpose channel state at source wording_version", on_erase="delete",
            keeps=dict.fromkeys(("purpose", "channel", "state", "at", "source", "wording_version"), chain),
        )  # fmt: skip
        holds(
            "CouponCode", "customer", "code expires_at used_at",
            keeps=dict.fromkeys(("code", "expires_at", "used_at"), figures),
        )  # fmt: skip
        holds("AudienceMember", "customer", "", on_erase="delete")
        holds("StockRequest", "customer", "variant asked_at", on_erase="delete")
        holds("AllocatedOffer", "customer", "gain cost", on_erase="delete")
        holds("UpliftScore", "customer", "arm value as_of", on_erase="delete")
        holds("Restriction", "customer", "since", on_erase="delete")
        # After the tables whose last entries stand under it.
        holds("LedgerName", "customer", "", on_erase="delete", order=200)
