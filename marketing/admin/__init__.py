"""Staff pages about messages."""

from marketing.admin import settings

__all__ = ["settings"]
