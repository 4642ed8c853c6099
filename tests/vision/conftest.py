"""Photos as shops have them: stored files whose truth is known."""

import hashlib
from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from PIL import Image

from catalog.models import ProductImage
from tests.factories import ProductFactory, ProductImageFactory, StaffUserFactory
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
