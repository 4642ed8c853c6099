"""Staff pages about points."""

from crm.admin import accounts, programme

__all__ = ["accounts", "programme"]
