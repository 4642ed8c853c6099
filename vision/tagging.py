"""The live model reads photos: what it tells becomes suggestions (`vision.suggesting`), vectors (`vision.embedding`).

Which version read which content stands in ImageReading, so whatever makes readings old (a new photo, a new version, a
roll-back, staff who ask for it) is found by one question, and a run that ends at any line is gone on with by the next.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import ProductImage
from core import model_registry
from core.jobs import guard, progress
from core.model_registry import LoadedModel
from core.models import ModelVersion
from vision import asking, embedding, suggesting, thresholds
from vision.choices import VISION
from vision.ml import decisions, pictures
from vision.ml.examples import CATEGORY
from vision.ml.serving import Reading, Tagger, build_tagger, prepared
from vision.models import ImageReading, Label, TagSuggestion
from vision.suggesting import Found, Written
from vision.thresholds import Limits

log = structlog.get_logger(__name__)
PRODUCTS_AT_ONCE = 50
WORTH_TELLING = 0.05
"""Chances below are left out of what is passed on: nobody suggests them."""


@dataclass(frozen=True)
class Done:
    """What one run did."""

    photos: int = 0
    unreadable: int = 0
    written: Written = field(default_factory=Written)

    def __add__(self, other: "Done") -> "Done":
        return Done(self.photos + other.photos, self.unreadable + other.unreadable, self.written + other.written)


def is_behind() -> bool:
    """Whether there is a live version that has something to read."""
    active = ModelVersion.objects.of(VISION.name).active().values_list("pk", flat=True).first()
    return active is not None and asking.unread(active).exists()


def read() -> dict[str, Any]:
    """Read what the live version has not read, product by product, because what a product shows is told by all its
    photos. Ends early when another version becomes the live one."""
    model = model_registry.active(VISION)
    if model is None:
        return {"skipped": "no model"}
    tagger, labels = model.built(build_tagger), _labels()
    waiting = list(
        asking.unread(model.version_id).order_by("product_id").values_list("product_id", flat=True).distinct()
    )
    done = Done()
    for start in range(0, len(waiting), PRODUCTS_AT_ONCE):
        done += _read(waiting[start : start + PRODUCTS_AT_ONCE], model, tagger, labels)
        progress(min(start + PRODUCTS_AT_ONCE, len(waiting)), len(waiting))
        now = model_registry.active(VISION)
        if now is None or now.version_id != model.version_id:
            break
    else:
        embedding.complete(model.version_id)
    return {
        "version": model.name, "photos": done.photos, "unreadable": done.unreadable,
        "suggested": done.written.suggested, "applied": done.written.applied, "withdrawn": done.written.withdrawn,
    }  # fmt: skip


def _labels() -> dict[str, Label]:
    """By the key by which models know them."""
    rows = Label.objects.in_use().select_related("label_set")
    return {thresholds.key_of(label): label for label in rows}


def _read(products: Sequence[int], model: LoadedModel, tagger: Tagger, labels: dict[str, Label]) -> Done:
    images = list(ProductImage.objects.filter(product_id__in=products).order_by("product_id", "position", "pk"))
    shown = [(image, pixels) for image in images if (pixels := _opened(image, tagger.size)) is not None]
    reading = tagger.read(np.stack([pixels for _image, pixels in shown])) if shown else None
    kept = [image for image, _pixels in shown]
    found = _found(kept, reading, model, tagger, labels) if reading is not None else []
    with transaction.atomic():
        guard()
        written = suggesting.write(found, read=products, source=TagSuggestion.Source.NETWORK)
        if reading is not None:
            contents = [image.content_sha256 for image in kept]
            embedding.write([image.pk for image in kept], reading.embedding, model.version_id, contents=contents)
        _note(images, kept, reading, model, tagger)
    return Done(len(images), len(images) - len(kept), written)


def _opened(image: ProductImage, size: int) -> NDArray[np.uint8] | None:
    """None for what cannot be read: it was named when it was looked at."""
    try:
        with default_storage.open(image.file.name or "", "rb") as stored:
            return prepared(pictures.opened(stored.read()), size)
    except (OSError, ValueError) as error:
        log.info("vision.unreadable", image=image.pk, error=str(error)[:200])
        return None


def _note(
    images: Sequence[ProductImage], kept: Sequence[ProductImage], reading: Reading | None, model: LoadedModel,
    tagger: Tagger,
) -> None:  # fmt: skip
    """Which version read these, as they were when they were decoded; those that are gone since are not noted."""
    place = {image.pk: at for at, image in enumerate(kept)}
    there = set(
        ProductImage.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[image.pk for image in images])
        .values_list("pk", flat=True)
    )
    rows = []
    for image in images:
        if image.pk not in there:
            continue
        row = ImageReading(
            image=image, content_sha256=image.content_sha256, model_version_id=model.version_id, read_at=timezone.now()
        )
        if image.pk in place and reading is not None and tagger.classes:
            chances = reading.category[place[image.pk]]
            best = int(chances.argmax())
            row.category, row.confidence = tagger.classes[best], round(float(chances[best]), 4)
        rows.append(row)
    ImageReading.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["image"],
        update_fields=["content_sha256", "model_version", "category", "confidence", "read_at"],
    )  # fmt: skip


# --- what a product shows -------------------------------------------------------------------------------------------


def _found(
    images: Sequence[ProductImage], reading: Reading, model: LoadedModel, tagger: Tagger, labels: dict[str, Label]
) -> list[Found]:
    """Of each product and label: the mean of the chances that its photos give, and the photo that shows it best."""
    rows: dict[int, list[int]] = defaultdict(list)
    for at, image in enumerate(images):
        rows[image.product_id].append(at)
    limits = thresholds.limits(labels.values(), TagSuggestion.Source.NETWORK)
    found = []
    for product, own in rows.items():
        for group in tagger.groups:
            for at, key in enumerate(group.labels):
                label = labels.get(f"{group.key}/{key}")
                if label is not None:
                    found.append(_one(product, images, own, reading.groups[group.key][own, at], label, model))
        if tagger.classes:
            told = _category(reading.category[own], tagger, labels, limits)
            if told is not None:
                found.append(_one(product, images, own, told[1], told[0], model))
    return [one for one in found if one.confidence >= WORTH_TELLING]


def _one(
    product: int, images: Sequence[ProductImage], own: Sequence[int], chances: NDArray[np.float32], label: Label,
    model: LoadedModel,
) -> Found:  # fmt: skip
    best = int(chances.argmax())
    return Found(
        product_id=product, image_id=images[own[best]].pk, label_id=label.pk, confidence=float(chances.mean()),
        source=TagSuggestion.Source.NETWORK, version_id=model.version_id,
        reasons=[{"kind": "photos", "photos": len(own), "best": round(float(chances[best]), 3)}],
    )  # fmt: skip


def _category(
    chances: NDArray[np.float32], tagger: Tagger, labels: dict[str, Label], limits: dict[int, Limits]
) -> tuple[Label, NDArray[np.float32]] | None:
    """The likeliest category where it is sure enough to be suggested, else the nearest above it that is, else the
    likeliest; with the chance that each photo gives it. That of a parent is the sum of what lies below it."""
    told = tagger.told
    parents, below = decisions.parents_of(told)
    best = int(chances.mean(axis=0).argmax())
    first: tuple[Label, NDArray[np.float32]] | None = None
    key = told.classes[best]
    while key:
        label = labels.get(f"{CATEGORY}/{key}")
        if label is not None:
            is_above = key in parents
            own = np.asarray(chances @ below[:, parents.index(key)], np.float32) if is_above else chances[:, best]
            mean = float(own.mean())
            if limits[label.pk].suggests(mean) or limits[label.pk].applies(mean):
                return label, own
            first = first or (label, own)
        key = told.parents.get(key, "")
    return first
