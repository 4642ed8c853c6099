"""Labels as tags of products, which search, its facets and recommendations read: one way to find, give and take them.

A tag that staff or an import wrote in words stands for a label when it has the label's key or one of its names.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.db.models.functions import Lower

from catalog.models import ProductTag
from vision.models import Label, LabelSet

Source = ProductTag.Source


def words_of(label: Label | LabelSet) -> set[str]:
    """By which a tag may call it."""
    return {word.casefold() for word in (label.key, label.name_en, label.name_zh)}


def names(label: Label) -> dict[str, str]:
    """Of a tag, by language."""
    return {"en": label.name_en, "zh-hans": label.name_zh}


def tag_of(
    label: Label, product_id: int, *, source: str, confidence: float | None = None, version_id: int | None = None
) -> ProductTag:
    """Not saved. Its value is English, as filters of search have it; both names stand beside it."""
    return ProductTag(
        product_id=product_id, kind=label.label_set.key, value=label.name_en, source=source, confidence=confidence,
        value_translations=names(label), model_version_id=version_id,
    )  # fmt: skip


def tagged(label: Label) -> QuerySet[ProductTag, int]:
    """Primary keys of the products that have the tag, by whatever word it was given."""
    label_set = label.label_set
    kinds = words_of(label_set) | {label_set.key, label_set.name_en, label_set.name_zh}
    rows = ProductTag.objects.filter(kind__in=kinds).annotate(word=Lower("value"))
    return rows.filter(word__in=words_of(label)).values_list("product_id", flat=True)


@dataclass
class Tags:
    """Tags of some products in some label sets: by product, then by set. One query."""

    by_set: dict[tuple[int, int], list[ProductTag]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, products: Collection[int], sets: Iterable[LabelSet]) -> "Tags":
        kinds = {word: label_set.pk for label_set in sets for word in words_of(label_set)}
        found = cls()
        for tag in ProductTag.objects.filter(product_id__in=products).order_by("pk"):
            if (set_id := kinds.get(tag.kind.casefold())) is not None:
                found.by_set[tag.product_id, set_id].append(tag)
        return found

    def of(self, product_id: int, label_set: LabelSet) -> list[ProductTag]:
        return self.by_set.get((product_id, label_set.pk), [])

    def given(self, product_id: int, label_set: LabelSet) -> list[ProductTag]:
        """By staff or an import: what no machine touches."""
        return [tag for tag in self.of(product_id, label_set) if tag.source != Source.MODEL]

    def find(self, product_id: int, label: Label) -> ProductTag | None:
        words = words_of(label)
        return next((tag for tag in self.of(product_id, label.label_set) if tag.value.casefold() in words), None)
