"""What the shop knows about caring for its customers."""

from crm.models.assistant import AnswerProposal, LookupTry
from crm.models.desk import Channel, Conversation, Message, Priority, SatisfactionScore, Ticket, TicketEvent
from crm.models.desk_rules import (
    BusinessHours,
    BusinessPeriod,
    CannedReply,
    DeskSettings,
    Holiday,
    Macro,
    SlaPolicy,
    SlaTarget,
    Team,
    TeamMember,
)
from crm.models.loyalty import (
    LoyaltyAccount,
    LoyaltyCheck,
    LoyaltyEntry,
    LoyaltyLot,
    LoyaltyRedemption,
    LoyaltyTierChange,
    LoyaltyTransaction,
    PastGrant,
)
from crm.models.people import DuplicateCustomers
from crm.models.programme import EarnRule, LoyaltyProgramme, LoyaltyTier, Reward

__all__ = [
    "AnswerProposal",
    "BusinessHours",
    "BusinessPeriod",
    "CannedReply",
    "Channel",
    "Conversation",
    "DeskSettings",
    "DuplicateCustomers",
    "EarnRule",
    "Holiday",
    "LookupTry",
    "LoyaltyAccount",
    "LoyaltyCheck",
    "LoyaltyEntry",
    "LoyaltyLot",
    "LoyaltyProgramme",
    "LoyaltyRedemption",
    "LoyaltyTier",
    "LoyaltyTierChange",
    "LoyaltyTransaction",
    "Macro",
    "Message",
    "PastGrant",
    "Priority",
    "Reward",
    "SatisfactionScore",
    "SlaPolicy",
    "SlaTarget",
    "Team",
    "TeamMember",
    "Ticket",
    "TicketEvent",
]
