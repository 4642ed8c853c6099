"""Questions about suggestions and labels, each with a known number of queries."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from catalog.models import Category, Product, ProductImage
from core.models import ModelVersion, StaffUser
from core.reports.periods import midnight
from vision.choices import VISION
from vision.models import Label, ReviewDecision, TagSuggestion

State = TagSuggestion.State
MOST_ERRORS = 500
CATEGORY = "category"


@dataclass(frozen=True)
class Wanted:
    """What the queue shows; empty is everything."""

    is_sample: bool = False
    label_set: str = ""
    label: int = 0
    category: int = 0
    source: str = ""

    def rows(self) -> QuerySet[TagSuggestion]:
        """Unordered."""
        open_rows = Q(state=State.APPLIED, is_audit=True, decided_at=None) if self.is_sample else Q(state=State.PENDING)
        found = TagSuggestion.objects.on_shelf().filter(open_rows)
        if self.label_set:
            found = found.filter(label__label_set__key=self.label_set)
        if self.label:
            found = found.filter(label_id=self.label)
        if self.source:
            found = found.filter(source=self.source)
        if self.category:
            branch = Category.objects.filter(pk=self.category).values("path")[:1]
            found = found.filter(product__category__path__startswith=branch)
        return found


@dataclass(frozen=True)
class Waiting:
    """A label and how many of its suggestions wait."""

    label: Label
    count: int


def waiting_by_label(wanted: Wanted) -> list[Waiting]:
    """The most urgent label first. Two queries."""
    counted = wanted.rows().values("label_id").annotate(count=Count("pk"), top=Max("priority"))
    rows = list(counted.order_by("-top", "label_id").values_list("label_id", "count"))
    labels = Label.objects.select_related("label_set").in_bulk([label_id for label_id, _count in rows])
    return [Waiting(labels[label_id], count) for label_id, count in rows if label_id in labels]


def most_urgent(wanted: Wanted, label: Label, first: int, count: int) -> list[TagSuggestion]:
    """Of one label. One query."""
    rows = wanted.rows().filter(label=label).select_related("product", "image", "model_version")
    found = list(rows.order_by("-priority", "-pk")[first : first + count])
    for row in found:
        row.label = label
    return found


def sample_count() -> int:
    return Wanted(is_sample=True).rows().count()


def done_today(person: StaffUser) -> int:
    """On how many photos this member of staff decided since the shop's midnight. To change a label is one decision,
    although it is kept as two sentences: not this label, but that one."""
    rows = ReviewDecision.objects.filter(decided_by=person, decided_at__gte=midnight(timezone.localdate()))
    return rows.order_by().values("product_id", "image_id", "decided_at").distinct().count()


# --- labelling ----------------------------------------------------------------------------------------------------


def unlabelled(label: Label, products: QuerySet[Product] | None = None) -> QuerySet[ProductImage]:
    """First photos of products about which nobody said whether they show the label; what people open comes first."""
    said = ReviewDecision.objects.filter(label=label).filter(
        Q(image=OuterRef("pk")) | ~Q(content_sha256="") & Q(content_sha256=OuterRef("content_sha256"))
    )
    earlier = ProductImage.objects.filter(product=OuterRef("product")).filter(
        Q(position__lt=OuterRef("position")) | Q(position=OuterRef("position"), pk__lt=OuterRef("pk"))
    )
    rows = ProductImage.objects.filter(~Exists(earlier), ~Exists(said), product__deleted_at=None)
    if products is not None:
        rows = rows.filter(product__in=products.order_by().values("pk"))
    return rows.select_related("product").order_by(
        F("product__search_document__popularity").desc(nulls_last=True), "pk"
    )


def labelled_counts(labels: Collection[int]) -> dict[int, tuple[int, int]]:
    """Label → how many photos people said show it, and do not. One query."""
    rows = (
        ReviewDecision.objects.filter(label_id__in=labels).values("label_id")
        .annotate(yes=Count("pk", filter=Q(is_right=True)), no=Count("pk", filter=Q(is_right=False)))
        .values_list("label_id", "yes", "no")
    )  # fmt: skip
    return {label_id: (yes, no) for label_id, yes, no in rows}


# --- probable errors ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ProbableError:
    """What stands about a photo, what the live model is sure of instead, and how sure (0 to 1)."""

    image: ProductImage
    label: Label
    probable: Label
    chance: float


def live_version() -> ModelVersion | None:
    return ModelVersion.objects.of(VISION.name).active().first()


def probable_errors(version: ModelVersion | None) -> list[ProbableError]:
    """As the report of this version lists them, without those that somebody looked at since. Three queries."""
    rows: Sequence[dict[str, Any]] = (version.report.get("label_errors") or [])[:MOST_ERRORS] if version else []
    if not rows:
        return []
    images = (
        ProductImage.objects.select_related("product").filter(product__deleted_at=None)
        .in_bulk([row["image"] for row in rows if isinstance(row.get("image"), int)])
    )  # fmt: skip
    told = [(row.get("image"), _key(row.get("label")), _key(row.get("looks_like")), row) for row in rows]
    labels = _by_key({key for _image, said, likely, _row in told for key in (said, likely)})
    seen = set(
        ReviewDecision.objects.filter(image_id__in=images, decided_at__gt=version.created_at).values_list(  # type: ignore[union-attr]
            "image_id", "label_id"
        )
    )
    found = []
    for pk, said, likely, row in told:
        image, label, probable = images.get(pk), labels.get(said), labels.get(likely)
        if image and label and probable and (image.pk, label.pk) not in seen:
            found.append(ProbableError(image, label, probable, float(row.get("confidence", 0.0))))
    return found


def _key(told: Any) -> str:
    """Models call a category by its own key alone."""
    return str(told) if "/" in str(told) else f"{CATEGORY}/{told}"


def _by_key(keys: Iterable[str]) -> dict[str, Label]:
    """Labels by what models call them: "set/label"."""
    wanted = {key.rpartition("/")[2] for key in keys}
    rows = Label.objects.in_use().filter(key__in=wanted).select_related("label_set", "category")
    return {f"{label.label_set.key}/{label.key}": label for label in rows}
