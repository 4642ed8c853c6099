"""Staff pages about points and the inbox."""

from crm.admin import accounts, care, desk_rules, people, programme, tickets

__all__ = ["accounts", "care", "desk_rules", "people", "programme", "tickets"]
