"""Nouns of analytics."""

from analytics.models.facts import (
    CohortCell,
    CustomerMonth,
    CustomerStats,
    DailySales,
    FactsCheck,
    FactsState,
    ProductDay,
    TouchedSale,
)
from analytics.models.forecasts import Anomaly, Forecast, Measure
from analytics.models.live import LiveSnapshot
from analytics.models.parts import SalesPart
from analytics.models.quality import DataQualityReport, QualityFinding
from analytics.models.runs import ScoreCheck, ScoreKind, ScoreRun
from analytics.models.scores import CustomerScore
from analytics.models.segments import (
    Segment,
    SegmentMembership,
    SegmentSize,
    SegmentSnapshot,
    SegmentVersion,
    SnapshotMember,
)
from analytics.models.subscriptions import ReportSubscription
from analytics.models.visits import FunnelCustomer, FunnelDay, LateEvents, TouchedVisit

__all__ = [
    "Anomaly",
    "CohortCell",
    "CustomerMonth",
    "CustomerScore",
    "CustomerStats",
    "DailySales",
    "DataQualityReport",
    "FactsCheck",
    "FactsState",
    "Forecast",
    "FunnelCustomer",
    "FunnelDay",
    "LateEvents",
    "LiveSnapshot",
    "Measure",
    "ProductDay",
    "QualityFinding",
    "ReportSubscription",
    "SalesPart",
    "ScoreCheck",
    "ScoreKind",
    "ScoreRun",
    "Segment",
    "SegmentMembership",
    "SegmentSize",
    "SegmentSnapshot",
    "SegmentVersion",
    "SnapshotMember",
    "TouchedSale",
    "TouchedVisit",
]
