"""Staff pages of the ground floor."""

from core.admin import (  # noqa: F401
    access,
    alert_rules,
    alerts,
    experiments,
    exports,
    jobs,
    ledger,
    mail,
    models,
    rights,
    shop,
    staff,
    webhook_deliveries,
    webhooks,
)
