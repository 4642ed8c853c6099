"""What staff do with products and categories. Everything here can be undone or is refused while it would lose data."""

import json
import uuid
from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import facts
from catalog.models import Category, Product
from catalog.signals import announce, product_changed
from core.exceptions import DomainError
from core.models import StaffUser

UNDO_SALT = "catalog.product-change"
UNDO_SECONDS = 24 * 3600


class CategoryNotEmpty(DomainError):
    """Products or other categories are still inside."""

    code = "category_not_empty"


class CategoryInsideItself(DomainError):
    code = "category_inside_itself"


class UndoExpired(DomainError):
    """The change was made too long ago, by somebody else, or was undone already."""

    code = "undo_expired"


@dataclass(frozen=True)
class BulkChange:
    """How many products are different now, and the key that puts them back (empty when none is)."""

    count: int
    undo: str = ""


def set_product_status(*, products: QuerySet[Product], status: str, by: StaffUser) -> BulkChange:
    """Give existing products this status. The first time live is the time of publication."""
    return _change(products.existing(), "status", Product.Status(status), by)  # type: ignore[attr-defined]


def delete_products(*, products: QuerySet[Product], by: StaffUser) -> BulkChange:
    """Take products out of the shop. Orders, stock and history keep pointing at them; `restore` brings them back."""
    return _change(products.existing(), "deleted", "yes", by)  # type: ignore[attr-defined]


def restore_products(*, products: QuerySet[Product], by: StaffUser) -> BulkChange:
    return _change(products.exclude(deleted_at=None), "deleted", "no", by)


def undo_product_change(*, key: str, by: StaffUser) -> int:
    """Put back what one change did, except where a product was changed again since. Returns how many were put back.

    Raises UndoExpired when the key is older than a day or belongs to somebody else.
    """
    try:
        found = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here. Change it on the page of the product.")) from error
    if found["user"] != by.pk:
        raise UndoExpired(_("Somebody else made this change. Only they can undo it."))
    entries = LogEntry.objects.filter(
        pk__range=(found["first"], found["last"]), user_id=by.pk, change_message__contains=found["batch"]
    )
    before: dict[tuple[str, str, str], list[int]] = {}
    for object_id, message in entries.values_list("object_id", "change_message"):
        detail = json.loads(message)[0]["changed"]
        before.setdefault((detail["fields"][0], detail["from"], detail["to"]), []).append(int(object_id or 0))
    count = 0
    with transaction.atomic():
        for (field, old, new), ids in before.items():
            rows = Product.objects.filter(pk__in=ids)
            rows = rows.filter(status=new) if field == "status" else rows.filter(deleted_at__isnull=new == "no")
            count += _change(rows, field, old, by).count
    return count


@transaction.atomic
def _change(products: QuerySet[Product], field: str, value: str, by: StaffUser) -> BulkChange:
    """Only products that really change are touched and logged, so that undo puts back exactly those."""
    rows = Product.objects.filter(pk__in=products.order_by().values("pk")).select_for_update(of=("self",))
    found = [product for product in rows.order_by("pk") if _state(product, field) != value]
    if not found:
        return BulkChange(0)
    chosen = Product.objects.filter(pk__in=[product.pk for product in found])
    if field == "status":
        chosen.update(status=value, updated_at=Now())
        if value == Product.Status.LIVE:
            chosen.filter(published_at=None).update(published_at=Coalesce(F("published_at"), Now()))
    else:
        chosen.update(deleted_at=Now() if value == "yes" else None, updated_at=Now())
    batch, content_type = uuid.uuid4().hex, ContentType.objects.get_for_model(Product)
    entries = LogEntry.objects.bulk_create(
        LogEntry(
            user_id=by.pk,
            content_type=content_type,
            object_id=str(product.pk),
            object_repr=str(product)[:200],
            action_flag=CHANGE,
            change_message=json.dumps(
                [{"changed": {"fields": [field], "from": _state(product, field), "to": value, "batch": batch}}]
            ),
        )
        for product in found
    )
    for product in found:
        announce(product_changed, Product, product_id=product.pk)
    facts.products_changed([product.pk for product in found])
    ids = [entry.pk for entry in entries]
    key = signing.dumps({"batch": batch, "first": min(ids), "last": max(ids), "user": by.pk}, salt=UNDO_SALT)
    return BulkChange(len(found), key)


def _state(product: Product, field: str) -> str:
    if field == "status":
        return str(product.status)
    return "no" if product.deleted_at is None else "yes"


@transaction.atomic
def move_category(*, category: Category, parent: Category | None) -> Category:
    """Hang a category with everything below it under another one, or make it a root.

    Raises CategoryInsideItself when the new parent is the category itself or stands below it.
    """
    # The tree is written by one process at a time: paths of whole branches change.
    list(Category.objects.select_for_update().order_by("path").values_list("pk", flat=True))
    category = Category.objects.get(pk=category.pk)
    if parent is None:
        if category.depth > 1:
            last = Category.objects.filter(depth=1).order_by("path").last()
            Category.objects.move(category, last, pos="last-sibling")
    else:
        target = Category.objects.get(pk=parent.pk)
        if target.path.startswith(category.path):
            raise CategoryInsideItself(
                _("“%(category)s” cannot stand below itself. Choose another parent.") % {"category": category}
            )
        if category.path[: -Category.steplen] != target.path:
            Category.objects.move(category, target, pos="last-child")
    return Category.objects.get(pk=category.pk)


def check_category_is_empty(category: Category) -> None:
    """Raises CategoryNotEmpty with how much is inside; deleted products count too, they may come back."""
    products = Product.objects.filter(category__path__startswith=category.path).count()
    if products:
        text = ngettext(
            "“%(category)s” still holds %(count)d product. Move it first.",
            "“%(category)s” still holds %(count)d products. Move them first.",
            products,
        )
        raise CategoryNotEmpty(text % {"category": category, "count": products})
    if category.numchild:
        text = ngettext(
            "“%(category)s” still holds %(count)d category. Move or delete it first.",
            "“%(category)s” still holds %(count)d categories. Move or delete them first.",
            category.numchild,
        )
        raise CategoryNotEmpty(text % {"category": category, "count": category.numchild})


@transaction.atomic
def delete_category(*, category: Category) -> None:
    """Remove an empty category. Raises CategoryNotEmpty."""
    category = Category.objects.select_for_update().get(pk=category.pk)
    check_category_is_empty(category)
    category.delete()
