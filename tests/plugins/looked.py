"""A shop whose photos were read by a network that sees colours alone, so that what looks alike is known."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catalog.models import Product
from tests.factories import ModelVersionFactory, ProductFactory, ProductImageFactory
from vision import embedding, laying, memory, seeing
from vision.ml.serving import Reading


class ColourTagger:
    """A network whose truth is known: it sees how red, green and blue a picture is, and knows two categories."""

    size, dimensions, classes, groups = 8, 3, ("reds", "others"), ()

    def read(self, pixels: np.ndarray) -> Reading:
        means = pixels.reshape(len(pixels), -1, 3).mean(axis=1, dtype=np.float32)
        length = np.linalg.norm(means, axis=1, keepdims=True)
        embedding = np.divide(means, length, out=np.zeros_like(means), where=length > 0)
        return Reading(np.stack([embedding[:, 0], 1 - embedding[:, 0]], axis=1), {}, embedding)


@dataclass
class LookedShop:
    """Four products by what their photos look like; `orange` is between `red` and `green`."""

    version: int
    red: Product
    orange: Product
    green: Product
    blue: Product
    tagger: ColourTagger = field(default_factory=ColourTagger)


@pytest.fixture
def vectors_on_disk(settings: Any, tmp_path: Any, monkeypatch: Any) -> Iterator[Path]:
    """Where the matrix lies; looked at with every question."""
    settings.MODEL_ROOT = tmp_path / "models"
    monkeypatch.setattr(memory, "LOOK_SECONDS", 0.0)
    memory.forget()
    seeing.forget()
    yield memory.folder()
    memory.forget()
    seeing.forget()


@pytest.fixture
def looked(db: None, vectors_on_disk: Path, monkeypatch: Any) -> LookedShop:
    """A shop whose photos were read by a network that sees colours alone."""
    version = ModelVersionFactory.create(kind="vision", number=3).pk
    shades = {"red": [1.0, 0, 0], "orange": [0.8, 0.6, 0], "green": [0, 1.0, 0], "blue": [0, 0, 1.0]}
    products = {name: ProductFactory.create(name=name, external_id=name) for name in shades}
    images = [ProductImageFactory.create(product=product) for product in products.values()]
    embedding.write([image.pk for image in images], np.array(list(shades.values())), version)
    laying.lay_out()
    shop = LookedShop(version=version, **products)
    monkeypatch.setattr(seeing, "tagger", lambda version_id: shop.tagger if version_id == version else None)
    return shop
