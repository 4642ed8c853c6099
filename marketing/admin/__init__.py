"""Staff pages of marketing."""

from marketing.admin import audiences, campaigns, offers, sending, settings, suppressions

__all__ = ["audiences", "campaigns", "offers", "sending", "settings", "suppressions"]
