"""Photos as shops have them: stored files whose truth is known."""

import hashlib
from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from catalog.models import ProductImage
from tests.factories import ProductFactory, StaffUserFactory
from tests.vision.ml.pictures import stored


@pytest.fixture
def photo(settings, tmp_path) -> Callable[..., ProductImage]:
    """`photo(image, product=…)`: stored as an upload stores it."""
    settings.MEDIA_ROOT = tmp_path / "media"

    def make(image: Image.Image | bytes, *, product=None, source_name: str = "", **how) -> ProductImage:
        content = image if isinstance(image, bytes) else stored(image, **how)
        digest = hashlib.sha256(content).hexdigest()
        return ProductImage.objects.create(
            product=product or ProductFactory.create(), content_sha256=digest, source_name=source_name,
            file=ContentFile(content, name=f"{digest[:12]}.jpg"),
        )  # fmt: skip

    return make


@pytest.fixture
def boss(db):
    return StaffUserFactory.create(role="owner")
