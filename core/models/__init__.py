"""Nouns of the ground floor."""

from core.models.access import ApiKey, Scope, StaffToken
from core.models.alerts import Alert, AlertRule
from core.models.base import MoneyField, PublicIdModel, TimestampedModel
from core.models.experiments import Experiment, ExperimentArm, ExperimentLook, Exposure
from core.models.exports import Export
from core.models.history import RowChange
from core.models.idempotency import IdempotencyKey
from core.models.jobs import Heartbeat, Job
from core.models.ledger import LedgerEntry, LedgerRoot
from core.models.mail import OutgoingMail
from core.models.rights import DataRequest
from core.models.shop import ShopProfile
from core.models.staff import StaffRole, StaffUser
from core.models.versions import ModelVersion
from core.models.views import DefaultView, SavedView
from core.models.webhooks import OutboxMessage, Webhook, WebhookDelivery

__all__ = [
    "Alert",
    "AlertRule",
    "ApiKey",
    "DataRequest",
    "DefaultView",
    "Experiment",
    "ExperimentArm",
    "ExperimentLook",
    "Export",
    "Exposure",
    "Heartbeat",
    "IdempotencyKey",
    "Job",
    "LedgerEntry",
    "LedgerRoot",
    "ModelVersion",
    "MoneyField",
    "OutboxMessage",
    "OutgoingMail",
    "PublicIdModel",
    "RowChange",
    "SavedView",
    "Scope",
    "ShopProfile",
    "StaffRole",
    "StaffToken",
    "StaffUser",
    "TimestampedModel",
    "Webhook",
    "WebhookDelivery",
]
