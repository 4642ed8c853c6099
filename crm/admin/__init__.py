"""Staff pages about points and the inbox."""

from crm.admin import accounts, desk_rules, people, programme, tickets

__all__ = ["accounts", "desk_rules", "people", "programme", "tickets"]
