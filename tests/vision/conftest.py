"""Photos as shops have them: stored files whose truth is known."""

import hashlib
from collections.abc import Callable

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from catalog.models import ProductImage
from core.model_registry import forget_loaded
from tests.factories import ImageAnalysisFactory, ProductFactory, ProductImageFactory, StaffUserFactory
from tests.vision.learner import ColourLearning, ColourTagger, colour_tagger
from tests.vision.ml.pictures import stored


@pytest.fixture
def photo(settings, tmp_path) -> Callable[..., ProductImage]:
    """`photo(image, product=…)`: stored as an upload stores it."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def make(image: Image.Image | bytes, *, product=None, source_name: str = "", **how) -> ProductImage:
        content = image if isinstance(image, bytes) else stored(image, **how)
        digest = hashlib.sha256(content).hexdigest()
        made = ProductImageFactory.create(product=product or ProductFactory.create())
        name = made.file.storage.save(f"products/{digest[:12]}.jpg", ContentFile(content))
        ProductImage.objects.filter(pk=made.pk).update(
            file=name, content_sha256=digest, source_name=source_name, width=600, height=600
        )
        return ProductImage.objects.get(pk=made.pk)

    return make


@pytest.fixture
def boss(db):
    return StaffUserFactory.create(is_superuser=True)


@pytest.fixture
def learning(monkeypatch, settings, tmp_path) -> ColourLearning:
    """Learns and reads by mean colour (tests.vision.learner); models lie in a folder of their own."""
    settings.MODEL_ROOT = tmp_path / "models"
    forget_loaded()
    planted = ColourLearning()
    monkeypatch.setattr("vision.ml.deep.training", planted, raising=False)
    monkeypatch.setattr("vision.ml.serving.build_tagger", colour_tagger)
    monkeypatch.setattr("vision.training.build_tagger", colour_tagger)
    monkeypatch.setattr("vision.tagging.build_tagger", colour_tagger)
    monkeypatch.setattr("vision.training.Tagger", ColourTagger)
    return planted


@pytest.fixture
def photos(photo) -> Callable[..., list[ProductImage]]:
    """`photos(category, colour, count)`: products with one photo each of about that colour, looked at."""
    rng = np.random.default_rng(5)

    def make(category, colour: tuple[int, int, int], count: int) -> list[ProductImage]:
        made = []
        for _product in range(count):
            pixels = rng.integers(0, 40, (24, 24, 3)) + np.array(colour)
            image = photo(
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8)), kind="PNG",
                product=ProductFactory.create(category=category),
            )  # fmt: skip
            ImageAnalysisFactory.create(image=image, content_sha256=image.content_sha256)
            made.append(image)
        return made

    return make
