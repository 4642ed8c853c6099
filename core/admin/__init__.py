"""Staff pages of the ground floor."""

from core.admin import access, alert_rules, alerts, jobs, models, rights, shop, staff, webhook_deliveries, webhooks  # noqa: F401
