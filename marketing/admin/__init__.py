"""Staff pages of marketing."""

from marketing.admin import audiences, campaigns, settings

__all__ = ["audiences", "campaigns", "settings"]
