"""What machines read on photos becomes suggestions and, where they are sure enough, tags.

Never touched: what staff or an import said, and what staff rejected for the same content of a photo. What an earlier
reading applied and this one does not find any more goes away with its tag.
"""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog.models import Category, Product, ProductImage, ProductTag, SearchDocument
from catalog.signals import announce, product_changed
from vision import thresholds
from vision.models import Label, ReviewDecision, TagSuggestion
from vision.tags import Tags, tag_of
from vision.thresholds import Limits

AT_ONCE = 200
AUDIT_SHARE = 0.02
"""Of what is applied without a person, so much is looked at afterwards."""
UNSEEN = 0.05
"""Weight of a product that nobody opens, beside one that everybody opens (1)."""
State = TagSuggestion.State
Open = dict[tuple[int, int], TagSuggestion]


@dataclass(frozen=True)
class Found:
    """One label read on one product; `image_id` is the photo that shows it best. `confidence` is a chance, 0 to 1."""

    product_id: int
    image_id: int | None
    label_id: int
    confidence: float
    source: str
    reasons: list[Any] = field(default_factory=list)
    version_id: int | None = None


@dataclass(frozen=True)
class Written:
    """What became of it."""

    suggested: int = 0
    applied: int = 0
    withdrawn: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.suggested + other.suggested, self.applied + other.applied, self.withdrawn + other.withdrawn)


def write(found: Iterable[Found], *, read: Collection[int] = (), source: str = "") -> Written:
    """Replace what `source` suggested for these products. Safe to run twice and to end at any line.

    Pass everything that was read on all photos of a product, sure or not. `read` are products that were read, also
    those on which nothing was found (then say `source`); all of `found` has one source."""
    by_product: dict[int, list[Found]] = defaultdict(list, {pk: [] for pk in read})
    for one in found:
        by_product[one.product_id].append(one)
        source = source or one.source
    if by_product and not source:
        raise ValueError("Who read these products?")
    ids, total = sorted(by_product), Written()
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        total += _write({pk: by_product[pk] for pk in part}, source)
    return total


@transaction.atomic
def _write(found: dict[int, list[Found]], source: str) -> Written:
    products = Product.objects.existing().select_for_update(of=("self",), no_key=True).filter(pk__in=found)
    there = {product.pk: product for product in products.order_by("pk").select_related("category")}
    known = _Known.read(there, [one for pk in there for one in found[pk]])
    suggested: list[TagSuggestion] = []
    applied: list[TagSuggestion] = []
    was_applied = {row.pk for row in known.open.values() if row.state == State.APPLIED}
    for pk, product in there.items():
        for one, is_sure in known.chosen(product, found[pk]):
            (applied if is_sure else suggested).append(known.row(one, is_sure=is_sure))
    _note_taken_away(known)
    kept = {row.pk for row in [*suggested, *applied] if row.pk} | known.taken_away
    gone = [row for row in known.open.values() if row.source == source and row.pk not in kept]
    # What was applied before and is not found, or is less sure now, loses its tag.
    undone = [row for row in [*gone, *suggested] if row.pk in was_applied]
    _take_tags(undone, known.labels)
    TagSuggestion.objects.filter(pk__in=[row.pk for row in gone]).update(state=State.WITHDRAWN)
    _save([*suggested, *applied])
    _give_tags(applied, there, known)
    for pk in sorted({row.product_id for row in [*undone, *applied]}):
        announce(product_changed, Product, product_id=pk)
    return Written(len(suggested), len(applied), len(gone))


@dataclass
class _Known:
    """What stands about some products before a reading is written. Seven queries."""

    labels: dict[int, Label]
    limits: dict[int, Limits]
    tags: Tags
    open: dict[tuple[int, int], TagSuggestion]
    rejected: set[tuple[int, str | int]]
    contents: dict[int, str]
    popularity: dict[int, float]
    taken_away: set[int] = field(default_factory=set)
    """Applied suggestions whose tag somebody took off the product since."""

    @classmethod
    def read(cls, products: Collection[int], found: Sequence[Found]) -> "_Known":
        rows = TagSuggestion.objects.select_for_update(of=("self",)).filter(
            product_id__in=products, state__in=(State.PENDING, State.APPLIED)
        )
        open_rows = {(row.product_id, row.label_id): row for row in rows.order_by("pk")}
        wanted = {one.label_id for one in found} | {label_id for _product, label_id in open_rows}
        labels = Label.objects.select_related("label_set", "category").in_bulk(wanted)
        contents = dict(
            ProductImage.objects.filter(pk__in={one.image_id for one in found if one.image_id}).values_list(
                "pk", "content_sha256"
            )
        )
        shown = SearchDocument.objects.filter(pk__in=products, is_shown=True)
        known = cls(
            labels=labels,
            limits=thresholds.limits(labels.values(), found[0].source) if found else {},
            tags=Tags.read(products, {label.label_set for label in labels.values()}),
            open=open_rows,
            rejected=_rejected(products, set(filter(None, contents.values())), {one.label_id for one in found}),
            contents=contents,
            popularity=dict(shown.values_list("pk", "popularity")),
        )
        known.taken_away = {
            row.pk
            for row in open_rows.values()
            if row.state == State.APPLIED
            and labels[row.label_id].category_id is None
            and known.tags.find(row.product_id, labels[row.label_id]) is None
        }
        return known

    def chosen(self, product: Product, found: Iterable[Found]) -> list[tuple[Found, bool]]:
        """What is worth writing, and whether it is sure; of sets with one answer only the likeliest."""
        best: dict[int, Found] = {}
        for one in sorted(found, key=lambda one: (-one.confidence, one.label_id)):
            if self._may(product, one):
                best.setdefault(one.label_id, one)
        taken: set[int] = set()
        kept = []
        for one in best.values():
            label_set = self.labels[one.label_id].label_set
            if not label_set.is_multiple and label_set.pk in taken:
                continue
            taken.add(label_set.pk)
            limits = self.limits[one.label_id]
            is_decided = bool(self.tags.given(product.pk, label_set)) or self._is_sorted(product, one)
            is_sure = limits.applies(one.confidence) and not is_decided
            if is_sure or limits.suggests(one.confidence) or limits.applies(one.confidence):
                kept.append((one, is_sure))
        return kept

    def _may(self, product: Product, one: Found) -> bool:
        label = self.labels.get(one.label_id)
        if label is None or not (label.is_active and label.label_set.is_active):
            return False
        content = self.contents.get(one.image_id or 0, "")
        if (label.pk, content or product.pk) in self.rejected or (label.pk, product.pk) in self.rejected:
            return False
        stands = self.open.get((product.pk, label.pk))
        if stands is not None and stands.source != one.source and stands.confidence >= one.confidence:
            return False  # somebody else read it, and surer
        if stands is not None and stands.pk in self.taken_away:
            return False
        if label.category is not None:
            is_ours = stands is not None and stands.state == State.APPLIED
            return is_ours or not _lies_in(product.category, label.category)
        given = self.tags.given(product.pk, label.label_set)
        if given and not label.label_set.is_multiple:
            return False
        tag = self.tags.find(product.pk, label)
        return tag is None or tag.source == ProductTag.Source.MODEL

    def _is_sorted(self, product: Product, one: Found) -> bool:
        """It has another category: only a person moves it."""
        category_id = self.labels[one.label_id].category_id
        return category_id is not None and product.category_id not in (None, category_id)

    def row(self, one: Found, *, is_sure: bool) -> TagSuggestion:
        """The open row of this product and label, or a new one, as this reading has it."""
        row = self.open.get((one.product_id, one.label_id)) or TagSuggestion(
            product_id=one.product_id, label_id=one.label_id
        )
        if is_sure and row.state != State.APPLIED:
            row.is_audit = _is_audited(one)
        elif not is_sure:
            row.is_audit = False
        row.state = State.APPLIED if is_sure else State.PENDING
        row.image_id, row.source, row.model_version_id = one.image_id, one.source, one.version_id
        row.confidence, row.reasons, row.made_at = min(max(one.confidence, 0.0), 1.0), one.reasons, timezone.now()
        seen = UNSEEN + (1 - UNSEEN) * self.popularity.get(one.product_id, 0.0)
        row.priority = round(4 * row.confidence * (1 - row.confidence) * seen, 6)
        return row


def _rejected(
    products: Collection[int], contents: Collection[str], labels: Collection[int]
) -> set[tuple[int, str | int]]:
    """Pairs of a label and a content (or a product, where no photo was named) of which the last word was no."""
    rows = ReviewDecision.objects.filter(
        Q(product_id__in=products, content_sha256="") | Q(content_sha256__in=contents), label_id__in=labels
    )
    last: dict[tuple[int, str | int], bool] = {}
    for label_id, content, product_id, is_right in rows.order_by("decided_at", "pk").values_list(
        "label_id", "content_sha256", "product_id", "is_right"
    ):
        last[label_id, content or product_id] = is_right
    return {key for key, is_right in last.items() if not is_right}


def _lies_in(category: Category | None, branch: Category) -> bool:
    return category is not None and category.path.startswith(branch.path)


def _is_audited(one: Found) -> bool:
    """The same product and label under the same version always give the same answer."""
    drawn = zlib.crc32(f"{one.product_id}/{one.label_id}/{one.version_id}".encode()) / 2**32
    return drawn < AUDIT_SHARE


def _save(rows: list[TagSuggestion]) -> None:
    fresh, known = [row for row in rows if row.pk is None], [row for row in rows if row.pk is not None]
    images = ProductImage.objects.filter(pk__in={row.image_id for row in rows if row.image_id})
    there = set(images.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    for row in rows:
        if row.image_id not in there:
            row.image_id = None
    TagSuggestion.objects.bulk_create(fresh)
    TagSuggestion.objects.bulk_update(known, _WRITTEN, batch_size=500)


_WRITTEN = [
    "image", "source", "model_version", "confidence", "reasons", "made_at", "state", "is_audit", "priority",
]  # fmt: skip


def _note_taken_away(known: _Known) -> None:
    """A tag that somebody took off its product was wrong: models learn that, and it is not given again."""
    rows = [row for row in known.open.values() if row.pk in known.taken_away]
    contents = dict(
        ProductImage.objects.filter(pk__in={row.image_id for row in rows if row.image_id}).values_list(
            "pk", "content_sha256"
        )
    )
    now = timezone.now()
    TagSuggestion.objects.filter(pk__in=known.taken_away).update(state=State.REJECTED, decided_at=now)
    ReviewDecision.objects.bulk_create(
        [
            ReviewDecision(
                product_id=row.product_id, image_id=row.image_id, content_sha256=contents.get(row.image_id or 0, ""),
                label_id=row.label_id, is_right=False, came_from=ReviewDecision.CameFrom.PRODUCT, suggestion=row,
                decided_at=now,
            )
            for row in rows
        ]
    )  # fmt: skip


def _take_tags(rows: Iterable[TagSuggestion], labels: dict[int, Label]) -> None:
    products: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        products[row.label_id].append(row.product_id)
    for label_id, ids in products.items():
        label = labels[label_id]
        ProductTag.objects.filter(
            product_id__in=ids, kind=label.label_set.key, value=label.name_en, source=ProductTag.Source.MODEL
        ).delete()


def _give_tags(rows: Iterable[TagSuggestion], products: dict[int, Product], known: _Known) -> None:
    fresh, stand = [], []
    for row in rows:
        label = known.labels[row.label_id]
        if label.category_id is not None:
            product = products[row.product_id]
            if product.category_id != label.category_id:
                product.category_id = label.category_id
                product.save(update_fields=["category", "updated_at"])
            continue
        tag = known.tags.find(row.product_id, label)
        if tag is None:
            tag = tag_of(label, row.product_id, source=ProductTag.Source.MODEL)
            fresh.append(tag)
        else:
            stand.append(tag)
        tag.confidence, tag.model_version_id = row.confidence, row.model_version_id
    # Somebody may have given the same one this moment: theirs stays.
    ProductTag.objects.bulk_create(fresh, ignore_conflicts=True)
    ProductTag.objects.bulk_update(stand, ["confidence", "model_version"])
