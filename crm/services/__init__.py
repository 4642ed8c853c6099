"""One function for each thing that can be done with points."""

from crm.services.earning import earn_orders, give_bonus, give_care, give_offer, mature_lot, settle_order
from crm.services.merging import merge_accounts
from crm.services.past import ask_for_past, count_past, grant_past, run_past
from crm.services.people import forfeit
from crm.services.posting import account_of
from crm.services.rules import switch
from crm.services.spending import (
    expire_account,
    plain_code,
    redeem,
    use_code,
    void_code,
    void_codes_of_order,
    void_codes_over,
)
from crm.services.staff import adjust, undo_adjustment
from crm.services.tiers import look_at_all
from crm.services.upkeep import move_due, recount, start_day

__all__ = [
    "account_of",
    "adjust",
    "ask_for_past",
    "count_past",
    "earn_orders",
    "expire_account",
    "forfeit",
    "give_bonus",
    "give_care",
    "give_offer",
    "grant_past",
    "look_at_all",
    "mature_lot",
    "merge_accounts",
    "move_due",
    "plain_code",
    "recount",
    "redeem",
    "run_past",
    "settle_order",
    "start_day",
    "switch",
    "undo_adjustment",
    "use_code",
    "void_code",
    "void_codes_of_order",
    "void_codes_over",
]
