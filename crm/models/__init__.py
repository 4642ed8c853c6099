"""What the shop knows about caring for its customers."""

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
from crm.models.programme import EarnRule, LoyaltyProgramme, LoyaltyTier, Reward

__all__ = [
    "EarnRule",
    "LoyaltyAccount",
    "LoyaltyCheck",
    "LoyaltyEntry",
    "LoyaltyLot",
    "LoyaltyProgramme",
    "LoyaltyRedemption",
    "LoyaltyTier",
    "LoyaltyTierChange",
    "LoyaltyTransaction",
    "PastGrant",
    "Reward",
]
