from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = _("Customer care")

    def ready(self) -> None:
        from core.extensions import (
            alert_rules,
            evaluators,
            experiment_kinds,
            experiment_metrics,
            first_models,
            impact_measures,
            ledger_subjects,
            role_permissions,
            shipped_names,
        )

        shipped_names.register("crm", "crm.demo_names.names")
        role_permissions.register("crm", "crm.roles.ROLE_PERMISSIONS")
        alert_rules.register("loyalty_differs", "crm.alerts.LOYALTY_DIFFERS")
        ledger_subjects.register("crm.loyaltyaccount", "crm.ledger_names.accounts")
        first_models.register("loyalty", "crm.demo.first", order=220)
        first_models.register("care", "crm.demo.first_care", order=230)
        first_models.register("texts of the inbox", "crm.demo.first_texts", order=235)
        evaluators.register("assistant", "crm.assistant_evaluators.AssistantEvaluator")
        evaluators.register("service-strategy", "crm.service_evaluators.ServiceStrategyEvaluator")
        impact_measures.register("loyalty", "crm.impact.LOYALTY", order=40)
        experiment_kinds.register("assistant", "crm.assistant.trials.ASSISTANT", order=40)
        impact_measures.register("assistant", "crm.assistant.trials.IMPACT", order=35)
        experiment_metrics.register("first_answer", "crm.assistant.trials.FIRST_ANSWER", order=20)
        experiment_metrics.register("satisfaction", "crm.assistant.trials.SATISFACTION", order=21)
        self._register_pages()
        self._register_care()
        self._register_desk()
        self._register_import()
        self._register_personal_data()
        self._listen()

    @staticmethod
    def _register_pages() -> None:
        from catalog.extensions import (
            customer_columns,
            customer_filters,
            customer_links,
            customer_list_links,
            customer_panels,
            customer_timeline,
            order_coupons,
        )
        from core.extensions import staff_pages
        from crm.roles import CHATS_SEEN, DESK_REPORT, NOTES, NOTES_SEEN, PROGRAMME_SEEN, SEEN, WORKLISTS_SEEN

        staff_pages.register(
            "crm_liability", "crm.admin.liability.page", path="crm/liability/", permission=SEEN,
            title=_("Points outstanding"), icon="account_balance", group="loyalty", order=20,
            table="crm.admin.liability.table",
        )  # fmt: skip
        staff_pages.register(
            "crm_customer_acts", "crm.admin.people.act", path="crm/customer-acts/", permission=NOTES,
            title=_("Notes, tags and fields"), icon="sticky_note_2", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_worklists", "crm.admin.worklists.page", path="crm/worklists/", permission=WORKLISTS_SEEN,
            title=_("Worklists"), icon="checklist", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_worklist", "crm.admin.worklists.one", path="crm/worklists/one/", permission=WORKLISTS_SEEN,
            title=_("Worklist"), icon="checklist", in_menu=False,
        )  # fmt: skip
        customer_panels.register(
            "crm.notes", "crm.admin.people.notes_of_customer", order=1, is_lazy=True, title=_("Notes, tags and fields"),
            permission=NOTES_SEEN, styles=("catalog/catalog.css",),
        )  # fmt: skip
        customer_filters.register("tag", "crm.admin.people.TagFilter", permission=NOTES_SEEN)
        customer_filters.register("field", "crm.admin.field_list.filters", permission=NOTES_SEEN, are_many=True)
        customer_columns.register("crm.fields", "crm.admin.field_list.columns", permission=NOTES_SEEN)
        timeline = "crm.people.timeline"
        for order, (name, title, permission) in enumerate(
            (
                ("conversations", _("Conversations"), CHATS_SEEN),
                ("points", pgettext_lazy("loyalty", "Points"), SEEN), ("notes", _("Notes"), NOTES_SEEN),
                ("contacts", _("Contacts"), WORKLISTS_SEEN),
            ),
            130,
        ):  # fmt: skip
            customer_timeline.register(name, f"{timeline}.{name}", title=title, permission=permission, order=order)
        staff_pages.register(
            "crm_duplicates", "crm.admin.duplicates.page", path="crm/duplicates/", permission="catalog.merge_customers",
            title=_("Possible duplicates"), icon="people_alt", in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_past", "crm.admin.past.page", path="crm/past/", permission=PROGRAMME_SEEN,
            title=_("Points for past orders"), icon="history", in_menu=False,
        )  # fmt: skip
        for field in ("one", "other"):
            customer_links.register(f"crm.DuplicateCustomers.{field}", "crm.models.DuplicateCustomers", rule="stays")
        customer_list_links.register("crm.duplicates", "crm.admin.duplicates.list_link")
        order_coupons.register("crm.points", "crm.services.paying.CODES")
        customer_links.register("crm.LoyaltyAccount.customer", "crm.services.merging.AccountHandler", rule="handled")
        staff_pages.register(
            "crm_assistant", "crm.admin.assistant.page", path="crm/assistant/", permission=DESK_REPORT,
            title=pgettext_lazy("page", "Assistant"), icon="smart_toy", group="service", order=60,
            table="crm.admin.assistant.table",
        )  # fmt: skip
        staff_pages.register(
            "crm_chat", "crm.admin.chat.page", path="crm/chat/", permission=CHATS_SEEN, title=_("Chat"), icon="forum",
            in_menu=False,
        )  # fmt: skip
        customer_panels.register(
            "crm.loyalty", "crm.panels.loyalty_of_customer", order=2, is_lazy=True, title=_("Loyalty"), place="main",
            permission=SEEN, styles=("catalog/catalog.css",),
        )  # fmt: skip

    @staticmethod
    def _register_care() -> None:
        """Care programmes and the next step for a customer."""
        from catalog.extensions import customer_panels, customer_timeline
        from core.extensions import experiment_kinds, impact_measures, staff_pages
        from crm.roles import CARE, CARE_LOG, NEXT_STEP

        experiment_kinds.register("care", "crm.care.trials.PROGRAMMES", order=40)
        impact_measures.register("care", "crm.care.trials.IMPACT", order=35)
        staff_pages.register(
            "crm_care_switch", "crm.admin.care.switch", path="crm/care-switch/", permission=CARE,
            title=_("Care programmes"), in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_next_step", "crm.admin.next_step.act", path="crm/next-step/", permission=NEXT_STEP,
            title=_("Next step"), in_menu=False,
        )  # fmt: skip
        customer_panels.register(
            "crm.next_step", "crm.admin.next_step.panel", order=0, is_lazy=True, title=_("Next step"),
            permission="catalog.view_customer", styles=("catalog/catalog.css",),
        )  # fmt: skip
        customer_timeline.register(
            "care", "crm.people.timeline.care", title=pgettext_lazy("timeline", "Care"), permission=CARE_LOG, order=135
        )

    @staticmethod
    def _register_desk() -> None:
        """The inbox: conversations and tickets."""
        from catalog.extensions import customer_panels
        from core.extensions import (
            alert_checks,
            alert_rules,
            dashboard_cards,
            experiment_kinds,
            experiment_metrics,
            impact_measures,
            mail_kinds,
            staff_pages,
        )
        from crm.roles import DESK_REPORT, INBOX_SEEN, STRATEGY_SEEN

        staff_pages.register(
            "crm_inbox", "crm.admin.inbox.page", path="crm/inbox/", permission=INBOX_SEEN, title=_("Inbox"),
            icon="inbox", group="service", order=10,
        )  # fmt: skip
        staff_pages.register(
            "crm_inbox_changes", "crm.admin.inbox.changes", path="crm/inbox/changes/", permission=INBOX_SEEN,
            title=_("Inbox"), in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_inbox_side", "crm.admin.inbox_side.page", path="crm/inbox/side/", permission=INBOX_SEEN,
            title=_("Inbox"), in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_inbox_texts", "crm.admin.inbox_side.texts", path="crm/inbox/texts/", permission=INBOX_SEEN,
            title=_("Inbox"), in_menu=False,
        )  # fmt: skip
        staff_pages.register(
            "crm_desk_report", "crm.admin.desk_report.page", path="crm/service-report/", permission=DESK_REPORT,
            title=_("Service report"), icon="monitoring", group="service", order=20,
            table="crm.admin.desk_report.table",
        )  # fmt: skip
        staff_pages.register(
            "crm_service_strategy", "crm.admin.service_strategy.page", path="crm/service-strategy/",
            permission=STRATEGY_SEEN, title=_("Service strategy"), icon="support_agent", group="service", order=30,
            table="crm.admin.service_strategy.table",
        )  # fmt: skip
        experiment_kinds.register("service", "crm.strategy.trials.STRATEGIES", order=41)
        impact_measures.register("service", "crm.strategy.trials.IMPACT", order=36)
        experiment_metrics.register("service_response", "crm.strategy.trials.RESPONSE", order=22)
        experiment_metrics.register("service_rating", "crm.strategy.trials.RATING", order=23)
        experiment_metrics.register("complaints", "crm.strategy.trials.COMPLAINTS", order=24)
        dashboard_cards.register("crm", "crm.dashboard.card", order=12)
        alert_rules.register("tickets_due", "crm.alerts.TICKETS_DUE")
        alert_checks.register("crm.desk", "crm.services.desk_upkeep.watch_clocks")
        mail_kinds.register("ticket_reply", "crm.alerts.TITLE_OF_REPLY")
        mail_kinds.register("ticket_rating", "crm.alerts.TITLE_OF_RATING")
        mail_kinds.register("ticket_mention", "crm.alerts.TITLE_OF_MENTION")
        customer_panels.register(
            "crm.tickets", "crm.panels_desk.tickets_of_customer", order=4, is_lazy=True, title=_("Tickets"),
            place="main", permission=INBOX_SEEN, styles=("catalog/catalog.css",),
        )  # fmt: skip

    @staticmethod
    def _register_personal_data() -> None:
        from core.extensions import personal_data, personal_traces

        # Before the tables: points are forfeited in the books, whose rows stay without a name.
        personal_traces.register("crm.loyalty", "crm.rights.loyalty_traces", order=20)

        def holds(name: str, path: str, fields: str, **meta: object) -> None:
            personal_data.register(
                f"crm.{name}", f"crm.models.{name}", subject="catalog.Customer", path=path, fields=fields.split(),
                **meta,
            )  # fmt: skip

        books = "The books of points need it; without the customer it names nobody."
        holds("CustomerNote", "customer", "text", on_erase="delete")
        holds("CareEnrolment", "customer", "occasion occurred_at why result", on_erase="delete")
        holds("ServiceMember", "customer", "", on_erase="delete")
        holds("NextStepOutcome", "customer", "step occasion outcome", on_erase="delete")
        holds("CustomerTagging", "customer", "", on_erase="delete")
        holds("CustomFieldValue", "customer", "value", on_erase="delete")
        holds("WorklistItem", "customer", "reasons note score", on_erase="delete")
        holds("DuplicateCustomers", "", "reasons", find="crm.rights.pairs_of", on_erase="delete")
        holds(
            "LoyaltyAccount", "customer", "public_id balance pending owed",
            keeps=dict.fromkeys(("balance", "pending", "owed"), books),
            replace={"public_id": "catalog.rights.new_public_id"},
        )  # fmt: skip
        holds(
            "LoyaltyTransaction", "account__customer", "kind points reason created_at",
            keeps=dict.fromkeys(("kind", "points", "created_at"), books),
        )  # fmt: skip
        holds(
            "LoyaltyRedemption", "account__customer", "public_id code points state",
            keeps=dict.fromkeys(("code", "points", "state"), books),
            replace={"public_id": "catalog.rights.new_public_id"},
        )  # fmt: skip

        personal_traces.register("crm.desk", "crm.rights.desk_traces", order=20)
        holds("SatisfactionScore", "conversation__customer", "score comment", keeps={"score": "It names nobody."})
        holds("Message", "conversation__customer", "text client_key mail_id answer")
        holds(
            "Conversation", "customer",
            "public_id external_id visitor subject contact_name contact_email contact_phone last_text started_at",
            keeps={"started_at": "Reports count conversations by day."},
            replace={"public_id": "crm.rights.new_public_id_each"},
        )  # fmt: skip

    @staticmethod
    def _register_import() -> None:
        from catalog.extensions import customer_import_columns, demo_sections, import_sections

        customer_import_columns.register("crm.fields", "crm.people.field_import.CustomerFields", told="custom_fields")
        import_sections.register("tickets", "crm.importing.Tickets", order=30, title=_("Tickets"))
        import_sections.register(
            "ticket_messages", "crm.importing.TicketMessages", order=31, title=_("Messages of tickets")
        )
        demo_sections.register("tickets", "crm.demo_tickets.files", order=30)

    @staticmethod
    def _listen() -> None:
        from catalog import signals
        from crm import receivers
        from reviews.signals import follow_up_wanted, review_published

        told = (signals.order_paid, signals.order_delivered, signals.order_cancelled, signals.order_refunded)
        for signal in told:
            signal.connect(receivers.order_changed, dispatch_uid="crm.order")
        signals.customer_joined.connect(receivers.customer_joined, dispatch_uid="crm.joined")
        review_published.connect(receivers.review_published, dispatch_uid="crm.review")
        follow_up_wanted.connect(receivers.follow_up_wanted, dispatch_uid="crm.unhappy")
