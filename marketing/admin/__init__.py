"""Staff pages of marketing."""

from marketing.admin import campaigns, settings

__all__ = ["campaigns", "settings"]
