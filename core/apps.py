from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("System")

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from core.extensions import dashboard_cards, palette_sources, personal_data
        from core.jobs import limits  # noqa: F401 (registers its check)
        from core.roles import sync_after_migrate

        post_migrate.connect(sync_after_migrate, dispatch_uid="core.sync_roles")

        dashboard_cards.register("core", "core.dashboard.cards", order=90)
        palette_sources.register("pages", "core.palette.pages", order=1)
        personal_data.register(
            "core.StaffUser", "core.models.StaffUser", fields=["username", "first_name", "last_name", "email"]
        )
        personal_data.register(
            "core.OutgoingMail",
            "core.models.OutgoingMail",
            fields=["to", "subject", "text", "html", "headers", "secret"],
        )
        self._register_jobs_and_ledger()
        self._register_experiments()
        self._register_rights()
        self._register_webhooks()
        self._register_alerts()
        self._register_sign_in()

    @staticmethod
    def _register_experiments() -> None:
        from core.extensions import evaluators, experiment_kinds, impact_measures, ledger_subjects, shipped_names

        impact_measures.register("everything", "core.experiments.holdout.IMPACT", order=90)
        experiment_kinds.register("everything", "core.experiments.holdout.EVERYTHING", order=90)
        evaluators.register("experiment", "core.experiments.evaluator.ExperimentEvaluator")
        ledger_subjects.register("core.experiment", "core.ledger.words.name_experiment")
        shipped_names.register("holdout", "core.experiments.holdout.names")

    @staticmethod
    def _register_sign_in() -> None:
        from axes.signals import user_locked_out
        from django.contrib.auth.signals import user_logged_in

        from core.accounts import lockout
        from core.extensions import alert_checks, alert_rules

        alert_rules.register("sign_in_locked", "core.accounts.lockout.SIGN_IN_LOCKED")
        alert_checks.register("core.mail_left_behind", "core.mail.settle")
        user_locked_out.connect(lockout.tell_locked, dispatch_uid="core.tell_locked")
        user_logged_in.connect(lockout.tell_signed_in, dispatch_uid="core.tell_signed_in")

    @staticmethod
    def _register_alerts() -> None:
        from django.db.models.signals import post_migrate

        from core.alerts import own, rules
        from core.extensions import dashboard_cards

        own.register()
        post_migrate.connect(rules.sync_after_migrate, dispatch_uid="core.sync_alert_rules")
        dashboard_cards.register("alerts", "core.alerts.card.card", order=1)

    @staticmethod
    def _register_webhooks() -> None:
        from django.core.checks import register

        from core.extensions import alert_rules, webhook_events
        from core.webhooks.trouble import check_settings

        register(check_settings)
        alert_rules.register("webhook_failing", "core.webhooks.trouble.WEBHOOK_FAILING")
        webhook_events.register("model.activated", "core.webhooks.trouble.MODEL_ACTIVATED", order=60)

    @staticmethod
    def _register_rights() -> None:
        from core.extensions import alert_checks, alert_rules, personal_files, personal_traces

        personal_traces.register("core", "core.rights.erasing.core_traces")
        personal_files.register("core.exports", "core.rights.erasing.export_folders")
        alert_rules.register("data_request_due", "core.rights.services.DATA_REQUEST_DUE")
        alert_checks.register("data_requests", "core.rights.services.watch_clock")

    @staticmethod
    def _register_jobs_and_ledger() -> None:
        from core.extensions import alert_rules, ledger_subjects

        alert_rules.register("job_quarantined", "core.jobs.alerts.quarantined")
        alert_rules.register("job_failed", "core.jobs.alerts.failed")
        alert_rules.register("ledger_broken", "core.ledger.keeping.LEDGER_BROKEN")
        for label in ("staffuser", "staffrole", "stafftoken", "apikey", "modelversion", "job"):
            ledger_subjects.register(f"core.{label}", f"core.ledger.words.name_{label}")
