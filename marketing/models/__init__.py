"""Consent, messages, campaigns, and what became of them."""

from marketing.models.allocation import AllocatedOffer, OfferAllocation
from marketing.models.campaigns import Audience, AudienceMember, Campaign, CampaignEvent, CampaignStep
from marketing.models.choices import Channel, Purpose, Trigger
from marketing.models.consent import (
    Consent,
    ConsentEvent,
    ConsentSource,
    ConsentState,
    LedgerName,
    Restriction,
    Suppression,
)
from marketing.models.effects import EffectLook
from marketing.models.messages import Template, TemplateVersion
from marketing.models.offers import CouponCode, Offer
from marketing.models.privacy import PrivacyBudget, PrivacyRelease
from marketing.models.sending import MessageEvent, Recipient, TrackedLink
from marketing.models.settings import MarketingSettings
from marketing.models.shifting import BatchChoice
from marketing.models.stock import StockRequest
from marketing.models.strategy import StrategyProposal, StrategyRun
from marketing.models.triggers import Occasion, TriggerMark
from marketing.models.uplift import UpliftScore

__all__ = [
    "AllocatedOffer",
    "Audience",
    "AudienceMember",
    "BatchChoice",
    "Campaign",
    "CampaignEvent",
    "CampaignStep",
    "Channel",
    "Consent",
    "ConsentEvent",
    "ConsentSource",
    "ConsentState",
    "CouponCode",
    "EffectLook",
    "LedgerName",
    "MarketingSettings",
    "MessageEvent",
    "Occasion",
    "Offer",
    "OfferAllocation",
    "PrivacyBudget",
    "PrivacyRelease",
    "Purpose",
    "Recipient",
    "Restriction",
    "StockRequest",
    "StrategyProposal",
    "StrategyRun",
    "Suppression",
    "Template",
    "TemplateVersion",
    "TrackedLink",
    "Trigger",
    "TriggerMark",
    "UpliftScore",
]
