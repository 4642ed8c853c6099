"""From stored pictures to what is known about them: read, looked at, compared with all others, written."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from catalog.models import ProductImage
from core.jobs import progress
from vision.choices import Issue
from vision.grouping import regroup
from vision.ml import duplicates, pictures
from vision.ml.colours import colours
from vision.ml.duplicates import Pair
from vision.ml.quality import quality
from vision.models import DuplicatePair, ImageAnalysis, NotDuplicates
from vision.models.analyses import METHOD

log = structlog.get_logger(__name__)
AT_ONCE = 200
NEIGHBOURS = 3
"""Pairs that are kept of one new picture: the nearest. A hundred copies need no 4,950 pairs to be one group."""
_KEPT = {"image", "duplicate_group"}
_WRITTEN = [field.name for field in ImageAnalysis._meta.concrete_fields if field.name not in _KEPT]


@dataclass(frozen=True)
class Looked:
    """What one run did."""

    pictures: int
    unreadable: int
    pairs: int


def unlooked() -> QuerySet[ProductImage]:
    """Pictures that nobody has looked at, or that are others since, or that were looked at in an older way."""
    return ProductImage.objects.filter(
        Q(analysis__isnull=True) | ~Q(analysis__content_sha256=F("content_sha256")) | Q(analysis__method__lt=METHOD)
    )


def look(*, ids: Sequence[int] | None = None, limit: int | None = None) -> Looked:
    """Look at what is new (or at `ids` anew) and find what looks the same. Safe to run twice and to end at any line:
    what was written stays, the next run goes on."""
    waiting = unlooked() if ids is None else ProductImage.objects.filter(pk__in=ids)
    todo = list(waiting.order_by("pk").values_list("pk", flat=True)[:limit])
    unreadable, fresh = 0, []
    for start in range(0, len(todo), AT_ONCE):
        images = list(ProductImage.objects.filter(pk__in=todo[start : start + AT_ONCE]).order_by("pk"))
        rows = [seen(image) for image in images]
        unreadable += sum(row.fingerprint is None for row in rows)
        fresh += _write(rows)
        progress(start + len(images), len(todo))
    return Looked(len(todo), unreadable, compare(fresh) if fresh else 0)


def seen(image: ProductImage) -> ImageAnalysis:
    """One picture, looked at; not saved. What cannot be read has that as its one fault."""
    row = ImageAnalysis(
        image=image, content_sha256=image.content_sha256, method=METHOD, analysed_at=timezone.now(),
        issues=[Issue.UNREADABLE.value],
    )  # fmt: skip
    try:
        with default_storage.open(image.file.name or "", "rb") as stored:
            opened = pictures.opened(stored.read())
    except (OSError, ValueError) as error:
        log.info("vision.unreadable", image=image.pk, error=str(error)[:200])
        return row
    judged, print_ = quality(opened), duplicates.fingerprint(opened)
    found = colours(opened)
    row.short_side, row.sharpness, row.lightness = judged.short_side, judged.sharpness, judged.lightness
    row.contrast, row.evenness, row.subject_share = judged.contrast, judged.evenness, judged.subject
    row.has_white_ground, row.issues = judged.white_ground, list(judged.issues)
    row.colours = [{"name": one.name, "share": round(one.share, 4), "code": one.code} for one in found]
    row.main_colour = found[0].name
    row.fingerprint, row.look, row.is_flat = _signed(print_.hash), print_.look.tobytes(), print_.is_flat
    return row


def _signed(number: int) -> int:
    """As PostgreSQL keeps 64 bits."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _write(rows: list[ImageAnalysis]) -> list[int]:
    """Those that are still there; which of them can be compared."""
    with transaction.atomic():
        there = set(
            ProductImage.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=[row.image_id for row in rows])
            .values_list("pk", flat=True)
        )
        kept = [row for row in rows if row.image_id in there]
        ImageAnalysis.objects.bulk_create(kept, update_conflicts=True, unique_fields=["image"], update_fields=_WRITTEN)
    return [row.image_id for row in kept if row.fingerprint is not None and not row.is_flat]


def compare(fresh: Sequence[int]) -> int:
    """Pairs of these pictures with all others that look the same, written with their groups. How many."""
    known = _Known.read(set(fresh))
    nearest: dict[int, list[Pair]] = defaultdict(list)
    for pair in duplicates.pairs(known.hashes, known.looks, since=known.since):
        nearest[pair.other].append(pair)
    kept_apart = _kept_apart(known.sha)
    found = []
    for pairs in nearest.values():
        for pair in sorted(pairs, key=lambda one: (one.look, one.bits, one.one))[:NEIGHBOURS]:
            contents = sorted((known.sha[pair.one], known.sha[pair.other]))
            if tuple(contents) in kept_apart:
                continue
            one, other = sorted((known.ids[pair.one], known.ids[pair.other]))
            is_exact = bool(contents[0]) and contents[0] == contents[1]
            found.append(
                DuplicatePair(
                    one_id=one,
                    other_id=other,
                    bits=pair.bits,
                    apart=round(pair.look, 2),
                    is_exact=is_exact,
                    is_mirrored=pair.is_mirrored,
                    found_at=timezone.now(),
                )
            )
    with transaction.atomic():
        touched = set(fresh)
        stale = DuplicatePair.objects.filter(Q(one_id__in=fresh) | Q(other_id__in=fresh), kept_at=None)
        touched |= {pk for pair in stale.values_list("one_id", "other_id") for pk in pair}
        stale.delete()
        there = set(ProductImage.objects.filter(pk__in={pk for pair in found for pk in (pair.one_id, pair.other_id)})
                    .values_list("pk", flat=True))  # fmt: skip
        kept = [pair for pair in found if {pair.one_id, pair.other_id} <= there]
        DuplicatePair.objects.bulk_create(kept, ignore_conflicts=True)
        regroup(touched | {pk for pair in kept for pk in (pair.one_id, pair.other_id)})
    return len(kept)


@dataclass(frozen=True)
class _Known:
    """All fingerprints, the fresh ones last, from `since` on."""

    ids: list[int]
    sha: list[str]
    hashes: NDArray[np.uint64]
    looks: NDArray[np.uint8]
    since: int

    @classmethod
    def read(cls, fresh: set[int]) -> "_Known":
        rows: list[tuple[Any, ...]] = list(
            ImageAnalysis.objects.filter(fingerprint__isnull=False, is_flat=False)
            .order_by("pk")
            .values_list("pk", "content_sha256", "fingerprint", "look")
            .iterator(10_000)
        )
        rows.sort(key=lambda row: row[0] in fresh)
        side = duplicates.LOOK_SIDE
        looks = np.frombuffer(b"".join(bytes(row[3]) for row in rows), np.uint8).reshape(-1, side, side, 3)
        hashes = np.array([row[2] for row in rows], np.int64).view(np.uint64)
        return cls([row[0] for row in rows], [row[1] for row in rows], hashes, looks,
                   sum(row[0] not in fresh for row in rows))  # fmt: skip


def _kept_apart(contents: Iterable[str]) -> set[tuple[str, ...]]:
    """Pairs of contents that staff decided to keep beside each other."""
    known = set(filter(None, contents))
    rows = NotDuplicates.objects.values_list("one_sha256", "other_sha256").iterator(10_000)
    return {pair for pair in rows if known.issuperset(pair)}
