"""Figures and scores of analytics."""

from datetime import date
from decimal import Decimal
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from analytics import models
from analytics.segments import compiling, rules
from tests.factories.catalog import CustomerFactory, ProductFactory
from tests.factories.core import StaffUserFactory


class CustomerStatsFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomerStats

    customer = factory.SubFactory(CustomerFactory)
    orders = 1
    purchase_days = 1
    items = 1
    gross = Decimal("20")
    revenue = Decimal("20")
    first_day = date(2026, 1, 5)
    last_day = date(2026, 1, 5)


class DailySalesFactory(DjangoModelFactory):
    class Meta:
        model = models.DailySales

    day = factory.Sequence(lambda n: date.fromordinal(date(2026, 1, 1).toordinal() + n))
    orders = 1
    buyers = 1
    items = 1
    gross = Decimal("20")
    revenue = Decimal("20")


class SalesPartFactory(DjangoModelFactory):
    class Meta:
        model = models.SalesPart

    day = date(2026, 1, 5)
    kind = models.SalesPart.Kind.HOUR
    part = factory.Sequence(lambda n: f"{n % 24:02d}")
    orders = 1
    gross = Decimal("20")


class ProductDayFactory(DjangoModelFactory):
    class Meta:
        model = models.ProductDay

    day = date(2026, 1, 5)
    product = factory.SubFactory(ProductFactory)
    orders = 1
    items = 1
    gross = Decimal("20")


class CustomerMonthFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomerMonth

    customer = factory.SubFactory(CustomerFactory)
    month = date(2026, 1, 1)
    orders = 1
    gross = Decimal("20")
    revenue = Decimal("20")


class CohortCellFactory(DjangoModelFactory):
    class Meta:
        model = models.CohortCell

    grain = models.CohortCell.Grain.MONTH
    cohort = date(2026, 1, 1)
    offset = factory.Sequence(lambda n: n)
    customers = 1
    orders = 1
    revenue = Decimal("20")


class CustomerScoreFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomerScore

    customer = factory.SubFactory(CustomerFactory)


class SegmentFactory(DjangoModelFactory):
    """A rule segment with its first version; `rule` is the rule's JSON."""

    class Meta:
        model = models.Segment
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Segment {n}")

    @factory.post_generation
    def rule(self, create, extracted, **kwargs):
        tree = rules.parse(extracted or {"all": [{"field": "orders", "op": "gte", "value": 1}]})
        refers_to = compiling.compiled(tree).refers_to
        self.current = SegmentVersionFactory.create(
            segment=self, rule=rules.dump(tree), fingerprint=rules.fingerprint(tree), refers_to=refers_to
        )
        self.save()


class SegmentVersionFactory(DjangoModelFactory):
    class Meta:
        model = models.SegmentVersion

    segment = factory.SubFactory("tests.factories.analytics.SegmentFactory")
    number = factory.LazyAttribute(lambda version: version.segment.versions.count() + 1)


class SegmentMembershipFactory(DjangoModelFactory):
    class Meta:
        model = models.SegmentMembership

    customer = factory.SubFactory(CustomerFactory)
    segment = factory.SubFactory(SegmentFactory)
    since = factory.LazyFunction(timezone.now)


class SegmentSizeFactory(DjangoModelFactory):
    class Meta:
        model = models.SegmentSize

    segment = factory.SubFactory(SegmentFactory)
    day = factory.Sequence(lambda n: date.fromordinal(date(2026, 1, 1).toordinal() + n))
    size = 1


class SegmentSnapshotFactory(DjangoModelFactory):
    class Meta:
        model = models.SegmentSnapshot

    segment = factory.SubFactory(SegmentFactory)
    version = factory.SelfAttribute("segment.current")
    purpose = "Letter"
    size = 1
    as_of = factory.LazyFunction(timezone.now)


class SnapshotMemberFactory(DjangoModelFactory):
    class Meta:
        model = models.SnapshotMember

    snapshot = factory.SubFactory(SegmentSnapshotFactory)
    customer = factory.SubFactory(CustomerFactory)


class LiveSnapshotFactory(DjangoModelFactory):
    """Counted just now: a quiet hour but for what is given. `minutes`: place from the end to counts by kind."""

    class Meta:
        model = models.LiveSnapshot

    class Params:
        minutes: Any = {}
        active_soon = active = carted = bought = bots = waiting = 0
        waiting_seconds = 0.0
        products: Any = []
        searches: Any = []
        empty_searches: Any = []

    pk = 1
    made_at = factory.LazyFunction(timezone.now)
    seconds = 0.01
    figures = factory.LazyAttribute(
        lambda made: {
            "until": made.made_at.isoformat(),
            "minutes": [made.minutes.get(place - 60, {}) for place in range(60)],
            **{
                name: getattr(made, name)
                for name in (
                    "active_soon", "active", "carted", "bought", "products", "searches", "bots", "waiting",
                    "waiting_seconds", "empty_searches",
                )
            },
        }
    )  # fmt: skip


class FunnelDayFactory(DjangoModelFactory):
    class Meta:
        model = models.FunnelDay

    day = factory.Sequence(lambda n: date.fromordinal(date(2026, 1, 1).toordinal() + n))
    viewed = 1


class FunnelCustomerFactory(DjangoModelFactory):
    class Meta:
        model = models.FunnelCustomer

    day = date(2026, 1, 5)
    customer = factory.SubFactory(CustomerFactory)
    step = models.FunnelCustomer.Step.VIEWED


class ReportSubscriptionFactory(DjangoModelFactory):
    class Meta:
        model = models.ReportSubscription

    person = factory.SubFactory(StaffUserFactory)
    every = models.ReportSubscription.Every.DAY
    done_until = date(2026, 1, 5)


class DataQualityReportFactory(DjangoModelFactory):
    class Meta:
        model = models.DataQualityReport

    as_of = factory.LazyFunction(timezone.now)
    seconds = 1.0
    rows = 100


class QualityFindingFactory(DjangoModelFactory):
    class Meta:
        model = models.QualityFinding

    report = factory.SubFactory(DataQualityReportFactory)
    check_name = "order_no_country"
    rows = 3
    of = 100


class ScoreRunFactory(DjangoModelFactory):
    class Meta:
        model = models.ScoreRun

    kind = models.ScoreKind.CHURN
    as_of = date(2026, 1, 5)
    customers = 1
    finished_at = factory.LazyFunction(timezone.now)


class ScoreCheckFactory(DjangoModelFactory):
    class Meta:
        model = models.ScoreCheck

    kind = models.ScoreKind.CHURN
    horizon = 90
    day = factory.Sequence(lambda n: date.fromordinal(date(2026, 1, 1).toordinal() + n))
    customers = 100
    foretold = 0.5
    actual = 0.45


class ForecastFactory(DjangoModelFactory):
    class Meta:
        model = models.Forecast

    scope = models.Forecast.Scope.SHOP
    measure = models.Measure.REVENUE
    as_of = date(2026, 1, 5)
    method = "combination"
    values = factory.LazyFunction(lambda: [10.0] * 28)
    low = factory.LazyFunction(lambda: [8.0] * 28)
    high = factory.LazyFunction(lambda: [12.0] * 28)
    week = factory.LazyFunction(lambda: {"value": 70.0, "low": 63.0, "high": 77.0})
    days_known = 200
    made_at = factory.LazyFunction(timezone.now)


class AnomalyFactory(DjangoModelFactory):
    class Meta:
        model = models.Anomaly

    day = factory.Sequence(lambda n: date.fromordinal(date(2026, 1, 1).toordinal() + n))
    measure = models.Measure.REVENUE
    value = 300.0
    expected = 100.0
    score = 8.0
