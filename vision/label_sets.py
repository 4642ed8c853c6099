"""What becomes of labels: the mirror of the catalogue's categories, renaming, merging."""

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Category, Product, ProductTag
from catalog.signals import announce, product_changed
from vision.exceptions import CannotMerge
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion
from vision.tags import names

State = TagSuggestion.State
LONGEST_NAME = 80
_MIRRORED = ("name_en", "name_zh", "position")


def kind_names() -> dict[str, dict[str, str]]:
    """What the kinds of tags are called, by language: tags have the key of their set as kind. One query."""
    rows = LabelSet.objects.values_list("key", "name_en", "name_zh")
    return {key: {"en": english, "zh-hans": chinese} for key, english, chinese in rows}


@transaction.atomic
def mirror_categories() -> int:
    """Labels of the set of categories follow the catalogue. How many were made or changed. Safe to run twice."""
    label_set = LabelSet.objects.select_for_update(of=("self",)).filter(kind=LabelSet.Kind.CATEGORY).first()
    if label_set is None:
        return 0
    known = {label.category_id: label for label in label_set.labels.all()}
    by_path: dict[str, Label] = {}
    fresh, changed = [], []
    for position, category in enumerate(Category.objects.order_by("path")):
        wanted: dict[str, Any] = {
            "name_en": category.localised("name", "en")[:LONGEST_NAME],
            "name_zh": category.localised("name", "zh-hans")[:LONGEST_NAME],
            "position": position,
        }
        label = known.get(category.pk)
        if label is None:
            label = Label(label_set=label_set, key=category.public_id, category=category, **wanted)
            fresh.append(label)
        elif any(getattr(label, name) != wanted[name] for name in _MIRRORED):
            for name in _MIRRORED:
                setattr(label, name, wanted[name])
            changed.append(label)
        by_path[category.path] = label
    Label.objects.bulk_create(fresh)
    Label.objects.bulk_update(changed, _MIRRORED)
    moved = []
    for path, label in by_path.items():
        above = by_path.get(path[: -Category.steplen])
        if label.parent_id != (above.pk if above else None):
            label.parent = above
            moved.append(label)
    Label.objects.bulk_update(moved, ["parent"])
    return len(fresh) + len(changed)


@transaction.atomic
def rename(label: Label, *, was: str) -> int:
    """Tags of products that were called `was` (English) have the label's names now. How many."""
    return _retag(label, label.label_set.key, was)


def _retag(label: Label, kind: str, was: str) -> int:
    rows = ProductTag.objects.select_for_update(of=("self",)).filter(kind=kind, value=was)
    if was != label.name_en:  # those that have both keep one
        has_both = ProductTag.objects.filter(kind=kind, value=label.name_en).values("product_id")
        rows.filter(product_id__in=has_both).delete()
    products = list(rows.values_list("product_id", flat=True))
    rows.update(value=label.name_en, value_translations=names(label), updated_at=timezone.now())
    for pk in products:
        announce(product_changed, Product, product_id=pk)
    return len(products)


@transaction.atomic
def merge(label: Label, *, into: Label) -> int:
    """Tags, suggestions and decisions of `label` are those of `into` from now on; `label` goes out of use. How many
    products have another tag. Raises CannotMerge."""
    rows = Label.objects.select_for_update(of=("self",)).select_related("label_set").in_bulk([label.pk, into.pk])
    label, into = rows[label.pk], rows[into.pk]
    if label.pk == into.pk or label.label_set_id != into.label_set_id:
        raise CannotMerge(_("Choose another label of the same set."))
    if label.category_id is not None:
        raise CannotMerge(_("Categories are merged in the catalogue."))
    count = _retag(into, label.label_set.key, label.name_en)
    both = TagSuggestion.objects.filter(label=into, state__in=(State.PENDING, State.APPLIED)).values("product_id")
    open_rows = TagSuggestion.objects.filter(label=label, state__in=(State.PENDING, State.APPLIED))
    open_rows.filter(product_id__in=both).update(state=State.WITHDRAWN)
    TagSuggestion.objects.filter(label=label).update(label=into)
    # That it did not show the one says nothing about the other.
    ReviewDecision.objects.filter(label=label, is_right=True).update(label=into)
    Label.objects.filter(pk=label.pk).update(is_active=False, updated_at=timezone.now())
    return count


def tagged(labels: Collection[Label]) -> int:
    """How many tags of products have these labels (with their `label_set`)."""
    wanted = reduce(or_, (Q(kind=one.label_set.key, value=one.name_en) for one in labels), Q(pk=None))
    return ProductTag.objects.filter(wanted).count()
