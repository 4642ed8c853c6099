"""Questions about pictures, each with a known number of queries."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Prefetch

from catalog.models import Product, ProductImage
from vision.ml.nearest import Nearest
from vision.models import DuplicatePair, ImageAnalysis


@dataclass(frozen=True)
class Group:
    """Pictures that look the same, in the order in which they came, with what joins them."""

    number: int
    images: list[ProductImage]
    pairs: list[DuplicatePair]

    @property
    def is_exact(self) -> bool:
        return bool(self.pairs) and all(pair.is_exact for pair in self.pairs)

    @property
    def is_mirrored(self) -> bool:
        return any(pair.is_mirrored for pair in self.pairs)

    @property
    def products(self) -> int:
        return len({image.product_id for image in self.images})


def group_count() -> int:
    return ImageAnalysis.objects.doubled().aggregate(count=Count("duplicate_group", distinct=True))["count"] or 0


def groups(first: int, count: int) -> list[Group]:
    """Groups with the newest picture first. Four queries."""
    numbers = list(
        ImageAnalysis.objects.doubled()
        .values("duplicate_group")
        .annotate(newest=Max("image_id"))
        .order_by("-newest")
        .values_list("duplicate_group", flat=True)[first : first + count]
    )
    images: dict[int | None, list[ProductImage]] = defaultdict(list)
    owner: dict[int, int | None] = {}
    rows = (
        ProductImage.objects.filter(analysis__duplicate_group__in=numbers)
        .select_related("product", "analysis")
        .order_by("pk")
    )
    for image in rows:
        images[image.analysis.duplicate_group].append(image)
        owner[image.pk] = image.analysis.duplicate_group
    pairs: dict[int | None, list[DuplicatePair]] = defaultdict(list)
    for pair in DuplicatePair.objects.filter(one_id__in=owner, other_id__in=owner, kept_at=None):
        pairs[owner[pair.one_id]].append(pair)
    return [Group(number, images[number], pairs[number]) for number in numbers if number and images[number]]


def photos_of(product: Product) -> list[ProductImage]:
    """Its pictures in order, with what was seen on them (None: nobody looked yet). Two queries."""
    analyses = Prefetch("analysis", ImageAnalysis.objects.defer("look"))
    return list(product.images.order_by("position", "id").prefetch_related(analyses))


def doubles_of(images: Iterable[ProductImage]) -> dict[int | None, list[ProductImage]]:
    """Other pictures that look the same, by the number of their group. One query."""
    found: dict[int | None, list[ProductImage]] = defaultdict(list)
    numbers = {
        image.analysis.duplicate_group
        for image in images
        if hasattr(image, "analysis") and image.analysis.duplicate_group is not None
    }
    if numbers:
        rows = ProductImage.objects.filter(analysis__duplicate_group__in=numbers)
        for image in rows.select_related("product", "analysis").order_by("pk"):
            found[image.analysis.duplicate_group].append(image)
    return found


@dataclass(frozen=True)
class Alike:
    """A product that looks like something, the picture that does, and the cosine between them."""

    product: Product
    image: ProductImage | None
    likeness: float


def alike(found: Nearest) -> list[Alike]:
    """For staff: whatever its status, but not what was deleted. Two queries."""
    products = Product.objects.existing().prefetch_related("images").in_bulk(found.products.tolist())
    rows = []
    for pk, likeness, picture in zip(
        found.products.tolist(), found.likeness.tolist(), found.images.tolist(), strict=True
    ):
        if (product := products.get(pk)) is not None:
            images = list(product.images.all())
            image = next((one for one in images if one.pk == picture), images[0] if images else None)
            rows.append(Alike(product, image, likeness))
    return rows
