"""Nouns of the ground floor."""

from core.models.access import ApiKey, Scope
from core.models.base import MoneyField, PublicIdModel, TimestampedModel
from core.models.jobs import Job
from core.models.shop import ShopProfile
from core.models.staff import StaffRole, StaffUser
from core.models.versions import ModelVersion

__all__ = [
    "ApiKey",
    "Job",
    "ModelVersion",
    "MoneyField",
    "PublicIdModel",
    "Scope",
    "ShopProfile",
    "StaffRole",
    "StaffUser",
    "TimestampedModel",
]
