"""What was seen on photos, and what staff decided about them."""

import factory
import numpy as np
from django.utils import timezone
from factory.django import DjangoModelFactory

from tests.factories.catalog import ProductImageFactory
from tests.factories.core import ModelVersionFactory
from vision import models


class ImageAnalysisFactory(DjangoModelFactory):
    class Meta:
        model = models.ImageAnalysis

    image = factory.SubFactory(ProductImageFactory)
    analysed_at = factory.LazyFunction(timezone.now)
    short_side = 600
    sharpness = 1.0
    lightness = 0.6
    contrast = 0.5
    evenness = 1.0
    has_white_ground = True
    subject_share = 0.4
    colours = factory.LazyFunction(lambda: [{"name": "teal", "share": 1.0, "code": "#0f766e"}])
    main_colour = "teal"


class DuplicatePairFactory(DjangoModelFactory):
    class Meta:
        model = models.DuplicatePair

    one = factory.SubFactory(ProductImageFactory)
    other = factory.SubFactory(ProductImageFactory)
    bits = 2
    apart = 1.5
    found_at = factory.LazyFunction(timezone.now)


class NotDuplicatesFactory(DjangoModelFactory):
    class Meta:
        model = models.NotDuplicates

    one_sha256 = factory.Sequence(lambda n: f"{n:064x}")
    other_sha256 = "f" * 64
    decided_at = factory.LazyFunction(timezone.now)


class ImageVectorFactory(DjangoModelFactory):
    class Meta:
        model = models.ImageVector

    image = factory.SubFactory(ProductImageFactory)
    version = factory.SubFactory(ModelVersionFactory, kind="vision")
    vector = factory.LazyFunction(lambda: np.array([1.0, 0.0], "<f2").tobytes())
    computed_at = factory.LazyFunction(timezone.now)


class LabelSetFactory(DjangoModelFactory):
    class Meta:
        model = models.LabelSet

    key = factory.Sequence(lambda n: f"set-{n}")
    name_en = factory.Sequence(lambda n: f"Set {n}")
    name_zh = factory.Sequence(lambda n: f"标签组 {n}")


class LabelFactory(DjangoModelFactory):
    class Meta:
        model = models.Label

    label_set = factory.SubFactory(LabelSetFactory)
    key = factory.Sequence(lambda n: f"label-{n}")
    name_en = factory.Sequence(lambda n: f"Label {n}")
    name_zh = factory.Sequence(lambda n: f"标签 {n}")


class TagSuggestionFactory(DjangoModelFactory):
    class Meta:
        model = models.TagSuggestion

    image = factory.SubFactory(ProductImageFactory)
    product = factory.SelfAttribute("image.product")
    label = factory.SubFactory(LabelFactory)
    source = models.TagSuggestion.Source.NETWORK
    confidence = 0.8
    made_at = factory.LazyFunction(timezone.now)


class ReviewDecisionFactory(DjangoModelFactory):
    class Meta:
        model = models.ReviewDecision

    image = factory.SubFactory(ProductImageFactory)
    product = factory.SelfAttribute("image.product")
    content_sha256 = factory.SelfAttribute("image.content_sha256")
    label = factory.SubFactory(LabelFactory)
    is_right = True
    came_from = models.ReviewDecision.CameFrom.QUEUE
    decided_at = factory.LazyFunction(timezone.now)


class ImageReadingFactory(DjangoModelFactory):
    class Meta:
        model = models.ImageReading

    image = factory.SubFactory(ProductImageFactory)
    model_version = factory.SubFactory(ModelVersionFactory, kind="vision")
    confidence = 0.9
    read_at = factory.LazyFunction(timezone.now)


class VisionSettingsFactory(DjangoModelFactory):
    class Meta:
        model = models.VisionSettings
