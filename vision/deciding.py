"""What people say about labels: in the queue, while labelling, in the sample, in the list of probable errors.

Two people at once are safe: whoever comes second hears that it is decided. Everything can be taken back for a day by
whoever decided it; what others changed meanwhile stays as they left it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Product, ProductImage, ProductTag
from catalog.signals import announce, product_changed
from core.models import StaffUser
from vision.exceptions import UndoExpired
from vision.models import Label, ReviewDecision, TagSuggestion
from vision.tags import Source, Tags, tag_of

UNDO_SALT = "vision.tags"
UNDO_SECONDS = 24 * 3600
State = TagSuggestion.State
CameFrom = ReviewDecision.CameFrom
OPEN = Q(state=State.PENDING) | Q(state=State.APPLIED, is_audit=True, decided_at=None)
"""Suggestions that a person may still decide in the queue or the sample."""
_TAG = ("kind", "value", "value_translations", "source", "confidence", "model_version_id")


@dataclass(frozen=True)
class Outcome:
    """How many suggestions (or photos) were decided, the key that takes it back, and how many were decided already."""

    count: int
    undo: str = ""
    late: int = 0


@transaction.atomic
def decide(ids: Collection[int], *, is_right: bool, by: StaffUser, came_from: str = CameFrom.QUEUE) -> Outcome:
    """Accept or reject these suggestions. Those that were decided meanwhile are left as they are and counted `late`."""
    rows = _open(ids)
    done = _say([_Said(row.product_id, row.image_id, row.label, is_right, row) for row in rows], by, came_from)
    return Outcome(len(rows), _key(by, done), len(set(ids)) - len(rows))


@transaction.atomic
def change(ids: Collection[int], *, to: Label, by: StaffUser, came_from: str = CameFrom.QUEUE) -> Outcome:
    """It is not what was suggested but `to`. Those that were decided meanwhile are left and counted `late`."""
    rows = _open(ids)
    said = []
    for row in rows:
        if to.pk != row.label_id:
            said.append(_Said(row.product_id, row.image_id, row.label, False, row))
        right = row if to.pk == row.label_id else _open_for(row.product_id, to)
        said.append(_Said(row.product_id, row.image_id, to, True, right))
    return Outcome(len(rows), _key(by, _say(said, by, came_from)), len(set(ids)) - len(rows))


@transaction.atomic
def correct(image: int, label: Label, *, to: Label, by: StaffUser) -> Outcome:
    """What was said of this photo was wrong: it does not show `label` but `to`. A tag that staff or an import gave
    goes, too: this is their word against it."""
    found = ProductImage.objects.filter(pk=image, product__deleted_at=None).values_list("product_id", flat=True).first()
    if found is None:
        return Outcome(0, late=1)
    said = [
        _Said(found, image, label, False, _open_for(found, label), is_final=True),
        _Said(found, image, to, True, _open_for(found, to)),
    ]
    return Outcome(1, _key(by, _say(said, by, CameFrom.ERRORS)))


@transaction.atomic
def say_of_product(product_id: int, label: Label, *, is_right: bool, by: StaffUser) -> Outcome:
    """The product has the label, or has it not, whatever its photos and whoever said otherwise before: on its page. In
    a set with one answer what else was given goes."""
    if not Product.objects.existing().filter(pk=product_id).exists():
        return Outcome(0, late=1)
    _hold({product_id})
    said = []
    if is_right and not label.label_set.is_multiple:
        tags = Tags.read([product_id], [label.label_set])
        others = Label.objects.filter(label_set=label.label_set).exclude(pk=label.pk).select_related("label_set")
        said = [
            _Said(product_id, None, other, False, _open_for(product_id, other), is_final=True)
            for other in others if tags.find(product_id, other) is not None
        ]  # fmt: skip
    said.append(_Said(product_id, None, label, is_right, _open_for(product_id, label), is_final=True))
    return Outcome(1, _key(by, _say(said, by, CameFrom.PRODUCT)))


@transaction.atomic
def label_photos(
    images: Collection[int], label: Label, *, is_right: bool, by: StaffUser, came_from: str = CameFrom.LABELLING
) -> Outcome:
    """These photos show the label, or do not. What was suggested of it for their products is settled with it."""
    rows = ProductImage.objects.filter(pk__in=images, product__deleted_at=None).order_by("pk")
    found = list(rows.values_list("pk", "product_id"))
    said = [
        _Said(product_id, pk, label, is_right, _open_for(product_id, label, image_id=pk)) for pk, product_id in found
    ]
    return Outcome(len(said), _key(by, _say(said, by, came_from)), len(set(images)) - len(said))


@transaction.atomic
def undo(key: str, *, by: StaffUser) -> list[int]:
    """Take back what one act did. Numbers of the suggestions that wait again. Raises UndoExpired."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here.")) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else decided this. Only they can undo it."))
    rows = list(
        ReviewDecision.objects.select_for_update(of=("self",)).filter(pk__in=found["done"], decided_by=by)
        .select_related("label__label_set").order_by("-pk")
    )  # fmt: skip
    _hold({row.product_id for row in rows})
    back = []
    for row in rows:
        back += _take_back(row)
    ReviewDecision.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for product_id in sorted({row.product_id for row in rows}):
        announce(product_changed, Product, product_id=product_id)
    return back


@dataclass(frozen=True)
class _Said:
    """One sentence of a person."""

    product_id: int
    image_id: int | None
    label: Label
    is_right: bool
    suggestion: TagSuggestion | None
    is_final: bool = False
    """Also against what staff or an import said before."""


def _open(ids: Collection[int]) -> list[TagSuggestion]:
    """Those that wait, held until this transaction ends; products first, as whoever writes readings holds them."""
    wanted = TagSuggestion.objects.filter(OPEN, pk__in=ids)
    _hold(set(wanted.values_list("product_id", flat=True)))
    rows = wanted.select_for_update(of=("self",)).select_related("label__label_set", "label__category")
    return list(rows.order_by("pk"))


def _open_for(product_id: int, label: Label, *, image_id: int | None = None) -> TagSuggestion | None:
    _hold({product_id})
    rows = TagSuggestion.objects.select_for_update(of=("self",)).filter(product_id=product_id, label=label)
    found = rows.filter(state__in=(State.PENDING, State.APPLIED)).first()
    return found if found is None or image_id in (None, found.image_id) else None


def _hold(products: Collection[int]) -> None:
    list(
        Product.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=products).order_by("pk")
        .values_list("pk", flat=True)
    )  # fmt: skip


def _say(said: Sequence[_Said], by: StaffUser, came_from: str) -> list[int]:
    """Write decisions, settle suggestions, give and take tags. Numbers of the decisions."""
    now = timezone.now()
    contents = dict(
        ProductImage.objects.filter(pk__in={one.image_id for one in said if one.image_id}).values_list(
            "pk", "content_sha256"
        )
    )
    tags = Tags.read({one.product_id for one in said}, {one.label.label_set for one in said})
    decisions = []
    for one in said:
        undo = _give(one, tags) if one.is_right else _take(one, tags)
        if one.suggestion is not None:
            undo["state"] = one.suggestion.state
            one.suggestion.state = State.ACCEPTED if one.is_right else State.REJECTED
            one.suggestion.decided_at, one.suggestion.decided_by = now, by
        decisions.append(
            ReviewDecision(
                product_id=one.product_id, image_id=one.image_id, content_sha256=contents.get(one.image_id or 0, ""),
                label=one.label, is_right=one.is_right, came_from=came_from, suggestion=one.suggestion, undo=undo,
                decided_at=now, decided_by=by,
            )
        )  # fmt: skip
    settled = [one.suggestion for one in said if one.suggestion is not None]
    TagSuggestion.objects.bulk_update(settled, ["state", "decided_at", "decided_by"], batch_size=500)
    ReviewDecision.objects.bulk_create(decisions)
    for product_id in sorted({one.product_id for one in said}):
        announce(product_changed, Product, product_id=product_id)
    return [row.pk for row in decisions]


def _give(one: _Said, tags: Tags) -> dict[str, Any]:
    """The product has the label in the name of staff; in sets with one answer other readings give way."""
    label, label_set = one.label, one.label.label_set
    if label.is_category and label.category_id is None:
        return {}  # its category is deleted
    if label.category_id is not None:
        product = Product.objects.get(pk=one.product_id)
        was, product.category_id = product.category_id, label.category_id
        product.save(update_fields=["category", "updated_at"])
        return {"category": was} | _others_give_way(one)
    found: dict[str, Any] = {}
    tag = tags.find(one.product_id, label)
    if tag is None:
        tag = tag_of(label, one.product_id, source=Source.STAFF)
        tag.save()
        tags.by_set[one.product_id, label_set.pk].append(tag)
        found["made"] = tag.pk
    elif tag.source == Source.MODEL:
        found["changed"] = {"pk": tag.pk, **_columns(tag)}
        tag.source, tag.confidence, tag.model_version_id = Source.STAFF, None, None
        tag.save()
    if not label_set.is_multiple:
        others = [row for row in tags.of(one.product_id, label_set) if row.source == Source.MODEL]
        found["removed"] = [_columns(row) for row in others]
        ProductTag.objects.filter(pk__in=[row.pk for row in others]).delete()
        found |= _others_give_way(one)
    return found


def _others_give_way(one: _Said) -> dict[str, Any]:
    """Other readings of a set with one answer are settled by the answer."""
    others = TagSuggestion.objects.filter(
        product_id=one.product_id, label__label_set=one.label.label_set, state__in=(State.PENDING, State.APPLIED)
    )
    if one.suggestion is not None:
        others = others.exclude(pk=one.suggestion.pk)
    found = {str(pk): state for pk, state in others.values_list("pk", "state")}
    TagSuggestion.objects.filter(pk__in=map(int, found)).update(state=State.WITHDRAWN)
    return {"gave_way": found} if found else {}


def _take(one: _Said, tags: Tags) -> dict[str, Any]:
    """A tag that a machine gave goes; what staff or an import gave is theirs to take, on the page of the product."""
    if one.label.is_category:
        return {}
    tag = tags.find(one.product_id, one.label)
    if tag is None or (tag.source != Source.MODEL and not one.is_final):
        return {}
    if one.suggestion is None and _open_for(one.product_id, one.label) is not None:
        return {}  # another photo speaks for it
    ProductTag.objects.filter(pk=tag.pk).delete()
    tags.by_set[one.product_id, one.label.label_set_id].remove(tag)
    return {"removed": [_columns(tag)]}


def _columns(tag: ProductTag) -> dict[str, Any]:
    return {name: getattr(tag, name) for name in _TAG}


def _take_back(row: ReviewDecision) -> list[int]:
    """Put back what stood there, where nobody changed it since. The suggestion that waits again, if any."""
    told: dict[str, Any] = row.undo
    if "made" in told:
        ProductTag.objects.filter(pk=told["made"], source=Source.STAFF).delete()
    if "changed" in told:
        was = dict(told["changed"])
        ProductTag.objects.filter(pk=was.pop("pk"), source=Source.STAFF).update(**was)
    ProductTag.objects.bulk_create(
        [ProductTag(product_id=row.product_id, **was) for was in told.get("removed", [])], ignore_conflicts=True
    )
    if "category" in told and row.label.category_id is not None:
        Product.objects.filter(pk=row.product_id, category_id=row.label.category_id).update(
            category_id=told["category"], updated_at=timezone.now()
        )
    back = {int(pk): state for pk, state in told.get("gave_way", {}).items()}
    if row.suggestion_id and "state" in told:
        back[row.suggestion_id] = told["state"]
    return [pk for pk, state in back.items() if _open_again(pk, state) and state == State.PENDING]


def _open_again(pk: int, state: str) -> bool:
    """Unless a newer reading of the same stands open meanwhile."""
    row = TagSuggestion.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None or row.state in (State.PENDING, State.APPLIED):
        return False
    newer = TagSuggestion.objects.filter(
        product_id=row.product_id, label_id=row.label_id, state__in=(State.PENDING, State.APPLIED)
    )
    if newer.exists():
        return False
    row.state, row.decided_at, row.decided_by = state, None, None
    row.save(update_fields=["state", "decided_at", "decided_by"])
    return True


def _key(by: StaffUser, done: Iterable[int]) -> str:
    ids = list(done)
    return signing.dumps({"by": by.pk, "done": ids}, salt=UNDO_SALT, compress=True) if ids else ""


def joined(keys: Iterable[str], *, by: StaffUser) -> str:
    """One key that takes back what several acts of this moment did."""
    return _key(by, [pk for key in filter(None, keys) for pk in signing.loads(key, salt=UNDO_SALT)["done"]])


def decided_since(moment: datetime | None) -> int:
    """Decisions that the model which learned until `moment` does not know."""
    rows = ReviewDecision.objects.all()
    return rows.filter(decided_at__gt=moment).count() if moment else rows.count()
