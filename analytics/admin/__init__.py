"""Staff pages of analytics about tables."""

from analytics.admin import segments

__all__ = ["segments"]
