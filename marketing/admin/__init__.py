"""Staff pages of marketing."""

from marketing.admin import audiences, campaigns, offers, settings

__all__ = ["audiences", "campaigns", "offers", "settings"]
