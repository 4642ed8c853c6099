"""Placements with their rules, lists written ahead, and days of what they brought."""

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from recommender.models import (
    Placement,
    PlacementRule,
    PlacementVersion,
    RecommendationDay,
    RecommendationList,
    TrainingSettings,
)
from tests.factories.catalog import CustomerFactory, ProductFactory
from tests.factories.core import ModelVersionFactory


class PlacementFactory(DjangoModelFactory):
    """A place of the home page; those that every shop has are there already, by the keys of their surfaces."""

    class Meta:
        model = Placement

    name = factory.Sequence(lambda n: f"Placement {n}")
    key = factory.Sequence(lambda n: f"placement-{n}")
    surface = Placement.Surface.HOME


class PlacementRuleFactory(DjangoModelFactory):
    """A product that is boosted."""

    class Meta:
        model = PlacementRule

    placement = factory.SubFactory(PlacementFactory)
    kind = PlacementRule.Kind.BOOST
    product = factory.SubFactory(ProductFactory)


class PlacementVersionFactory(DjangoModelFactory):
    class Meta:
        model = PlacementVersion

    placement = factory.SubFactory(PlacementFactory)
    number = factory.Sequence(lambda n: n + 1)
    settings = factory.LazyFunction(dict)


class RecommendationListFactory(DjangoModelFactory):
    """One product, for which nothing speaks; give `products`, and `speakers` for those that something speaks for."""

    class Meta:
        model = RecommendationList

    customer = factory.SubFactory(CustomerFactory)
    model_version = factory.SubFactory(ModelVersionFactory)
    as_of = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class: type[RecommendationList], *args: Any, **kwargs: Any) -> RecommendationList:
        products = kwargs.pop("products", None) or [ProductFactory.create()]
        speakers = [one.pk for one in kwargs.pop("speakers", ())]
        kwargs.setdefault("product_ids", [one.pk for one in products])
        kwargs.setdefault("speaker_ids", [*speakers, *[0] * (len(products) - len(speakers))])
        return super()._create(model_class, *args, **kwargs)


class RecommendationDayFactory(DjangoModelFactory):
    """Ten people saw a list each of the home page today, and two clicked."""

    class Meta:
        model = RecommendationDay

    day = factory.LazyFunction(timezone.localdate)
    placement = "home"
    source = "personal"
    version_id = factory.Sequence(lambda n: n + 1)
    people = 10
    lists = 10
    slots = 80
    clicked = 2
    lists_lists = 10.0
    clicked_clicked = 2.0
    lists_clicked = 2.0


class TrainingSettingsFactory(DjangoModelFactory):
    """Staff want a network among the sources."""

    class Meta:
        model = TrainingSettings
        django_get_or_create = ("id",)

    id = 1
    with_network = True
