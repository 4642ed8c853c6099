"""Figures and scores of analytics."""

from datetime import date
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from analytics import models
from tests.factories.catalog import CustomerFactory, ProductFactory


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
