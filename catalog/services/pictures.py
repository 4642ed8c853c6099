"""Pictures of products come, get their place and words, and go: for the staff pages, the API and the jobs.

Every picture is drawn anew before it is stored (`catalog.importing.pictures`). What lies at an address, or is too large
to be decoded while somebody waits, becomes an ArrivingPicture that a job turns into a picture (`catalog.arrivals`).
"""

import hashlib
import os
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core import signing
from django.core.checks import Error
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import facts, picture_files
from catalog.exceptions import BadInput, DomainError
from catalog.importing.pictures import KEPT_PIXELS, CleanPicture, PictureRefused, clean_picture, pixels_of
from catalog.models import ArrivingPicture, Product, ProductImage, RemovedPicture
from catalog.models.products import LONGEST_ADDRESS
from catalog.signals import announce, pictures_leaving, product_changed
from core import jobs
from core.models import StaffUser
from core.safe_fetch import FetchError, Policy, check

JOB = "catalog.tasks.bring_pictures"
JOB_KEY = "catalog.pictures"
UNDO_SALT = "catalog.pictures"
UNDO_SECONDS = 24 * 3600
KEPT_DAYS = 30
"""For so long the file of a removed picture is kept."""
MOST_STAGED = 200
"""Pictures that were sent and wait to be decoded, of one product: 2 GB at most."""
MOMENTS = ("created_at", "updated_at")
LONGEST_NAME = 300


class UndoExpired(DomainError):
    """What was removed cannot come back by this key."""

    code = "undo_expired"


class TooManyWaiting(DomainError):
    """So many pictures of this product are not read yet that no more are taken."""

    code = "too_many_waiting"


@dataclass(frozen=True)
class Removed:
    """How many pictures went, and the key that brings them back; empty when none did."""

    count: int
    undo: str = ""
    rows: tuple[int, ...] = ()


# --- coming ---------------------------------------------------------------------------------------------------------


def add(
    product: Product, data: bytes, *, name: str = "", alt: str = "", position: int | None = None,
    by: StaffUser | None = None,
) -> ProductImage | ArrivingPicture:  # fmt: skip
    """Store a picture that was sent, at `position` among the others (0 first) or last. The same file again is the
    picture that is there.

    One of more than 8 megapixels is only kept as it came, and a job decodes it: then what is returned still arrives.
    Raises BadInput for what is no safe picture, TooManyWaiting, OSError when the disk is full; nothing is stored then.
    """
    digest = hashlib.sha256(data).hexdigest()
    try:
        is_large = pixels_of(data) > KEPT_PIXELS
        known = product.images.filter(content_sha256=digest).first()
        if known is not None:
            return known
        if is_large:
            return _stage(product, data, name=name, alt=alt, position=position, by=by)
        picture = clean_picture(data, in_request=True)
    except PictureRefused as refusal:
        raise BadInput(
            _("The picture %(reason)s.") % {"reason": refusal}, code="picture_refused", extra={"field": "image"}
        ) from refusal
    image, is_new = keep(product, picture, digest=digest, alt=alt)
    if is_new:
        if position is not None:
            move(image, position)
        tell_history([image], "added", by)
    return image


def keep(
    product: Product, picture: CleanPicture, *, digest: str, source_name: str = "", alt: str = "",
    position: int | None = None, name: str = "",
) -> tuple[ProductImage, bool]:  # fmt: skip
    """Store a picture that was drawn anew and give it to the product; True: it is a new one of this product.

    `digest` is of what was sent, `name` the random part of the file's name where a repeated try must find it again.
    Without `position` it stands last. The file goes again when the transaction does not come about.
    """
    name = name or uuid.uuid4().hex
    target = f"products/{name[:2]}/{name}.{picture.extension}"
    if default_storage.exists(target):  # of a try that was cut off between file and row
        default_storage.delete(target)
    file = default_storage.save(target, ContentFile(picture.content))
    try:
        with transaction.atomic():
            Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product.pk)
            same = {"source_name": source_name} if source_name else {"content_sha256": digest}
            known = product.images.filter(**same).first()
            if known is not None:
                default_storage.delete(file)
                return known, False
            if position is None:
                last = product.images.aggregate(last=Max("position"))["last"]
                position = 0 if last is None else last + 1
            image = ProductImage(
                product=product, source_name=source_name, content_sha256=digest, alt=alt, position=position,
                width=picture.width, height=picture.height,
            )  # fmt: skip
            image.__dict__["file"] = file  # beside the descriptor, which would open the file to measure it
            image.save()
            changed([product.pk])
    except BaseException:
        default_storage.delete(file)
        raise
    image.refresh_from_db(fields=["public_id", "file"])
    return image, True


def _stage(
    product: Product, data: bytes, *, name: str, alt: str, position: int | None, by: StaffUser | None
) -> ArrivingPicture:
    if product.arriving_pictures.exclude(staged="").count() >= MOST_STAGED:
        raise TooManyWaiting(_("So many pictures of this product wait to be read. Send more when they are there."))
    staged = uuid.uuid4().hex
    path = staged_path(staged)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with transaction.atomic():
            row = ArrivingPicture.objects.create(
                product=product, staged=staged, name=name[-LONGEST_NAME:], alt=alt, position=position, created_by=by
            )
            _ask_for_the_job(by)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    row.refresh_from_db(fields=["public_id"])
    return row


def staged_path(name: str) -> Path:
    """Where the bytes of a picture that waits to be decoded lie: never where anybody is served from."""
    return Path(settings.VAR_DIR) / "pictures" / name


def policy() -> Policy:
    """Which hosts pictures may be fetched from: the internet, and what the operator named."""
    return Policy.of(settings.PICTURE_ALLOWED_HOSTS, settings.PICTURE_ALLOWED_NETWORKS)


def check_settings(app_configs: Any, **kwargs: Any) -> list[Error]:
    """A slip in PICTURE_ALLOWED_NETWORKS is said at the start, not at the first picture."""
    try:
        policy()
    except ValueError as error:
        return [Error(f"PICTURE_ALLOWED_NETWORKS: {error}", id="catalog.E001")]
    return []


def host_of(address: str, allowed: Policy | None = None) -> str:
    """The host that an address leads to, with its port. Raises FetchError for one that may not be asked."""
    target = check(address, policy() if allowed is None else allowed)
    return f"{target.host}:{target.port}"[:260]


def add_address(
    product: Product, address: str, *, alt: str = "", position: int | None = None, by: StaffUser | None = None
) -> ProductImage | ArrivingPicture:
    """Fetch a picture from a web address, by a job. The same address again is the picture that is there, or still
    arrives; one that failed is tried anew. Raises BadInput for an address that may not be asked."""
    address = address.strip()
    if len(address) > LONGEST_ADDRESS or not address.isascii():
        message = _("At most %(most)d characters, all of them letters, digits and signs of ASCII.")
        raise BadInput(message % {"most": LONGEST_ADDRESS}, code="address_refused", extra={"field": "url"})
    try:
        host = host_of(address)
    except FetchError as error:
        raise BadInput(error.reason, code="address_refused", extra={"field": "url"}) from error
    known = product.images.filter(source_name=address).first()
    if known is not None:
        return known
    with transaction.atomic():
        row, is_new = ArrivingPicture.objects.get_or_create(
            product=product, address=address,
            defaults={"host": host, "alt": alt, "position": position, "created_by": by},
        )  # fmt: skip
        if is_new:
            row.refresh_from_db(fields=["public_id"])
            _ask_for_the_job(by)
        elif row.state == ArrivingPicture.State.FAILED:
            try_again([row.pk], by=by)
            row.refresh_from_db()
    return row


@transaction.atomic
def try_again(ids: Collection[int], *, by: StaffUser | None = None) -> int:
    """Pictures that failed are fetched or read once more, from the first try on. How many."""
    count = ArrivingPicture.objects.failed().filter(pk__in=ids).update(
        state=ArrivingPicture.State.WAITING, attempts=0, next_attempt_at=timezone.now(), reason={}
    )  # fmt: skip
    if count:
        _ask_for_the_job(by)
    return count


@transaction.atomic
def forget_arriving(ids: Collection[int]) -> int:
    """These pictures are no longer wanted; the files that were sent go. How many."""
    rows = list(ArrivingPicture.objects.select_for_update(of=("self",)).filter(pk__in=ids).values_list("pk", "staged"))
    ArrivingPicture.objects.filter(pk__in=[pk for pk, _staged in rows]).delete()
    drop_staged(staged for _pk, staged in rows)
    return len(rows)


def drop_staged(names: Iterable[str]) -> None:
    """Delete files that were sent, once this transaction is done."""
    kept = [name for name in names if name]

    def delete() -> None:
        for name in kept:
            staged_path(name).unlink(missing_ok=True)

    if kept:
        transaction.on_commit(delete, robust=True)


def _ask_for_the_job(by: StaffUser | None) -> None:
    jobs.enqueue(JOB, dedupe_key=JOB_KEY, created_by=by)


# --- place and words ------------------------------------------------------------------------------------------------


@transaction.atomic
def describe(image: ProductImage, alt: str, *, by: StaffUser | None = None) -> bool:
    """What the picture shows, for people who cannot see it. False: it said so already."""
    if image.alt == alt:
        return False
    image.alt = alt
    image.save(update_fields=["alt", "updated_at"])
    changed([image.product_id])
    tell_history([image], "changed", by)
    return True


@transaction.atomic
def put_in_order(product: Product, wanted: Sequence[int], *, by: StaffUser | None = None) -> bool:
    """Pictures of the product in this order (primary keys); those that are not named follow as they stood. False:
    they stood like that already."""
    Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product.pk)
    there = {image.pk: image for image in product.images.order_by("position", "id")}
    named = [there.pop(pk) for pk in dict.fromkeys(wanted) if pk in there]
    moved = []
    for place, image in enumerate([*named, *there.values()]):
        if image.position != place:
            image.position, image.updated_at = place, timezone.now()
            moved.append(image)
    if not moved:
        return False
    ProductImage.objects.bulk_update(moved, ["position", "updated_at"])
    changed([product.pk])
    if by is not None:
        _log(product.pk, {"changed": {"fields": [str(_("order of the pictures"))]}}, by)
    return True


def move(image: ProductImage, position: int, *, by: StaffUser | None = None) -> bool:
    """To this place among the pictures of its product, 0 first; the others close up."""
    others = list(image.product.images.exclude(pk=image.pk).order_by("position", "id").values_list("pk", flat=True))
    others.insert(min(position, len(others)), image.pk)
    return put_in_order(image.product, others, by=by)


# --- going ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def remove(ids: Collection[int], *, by: StaffUser | None = None) -> Removed:
    """Take these pictures off their products. Their files stay for KEPT_DAYS, so that they can come back."""
    images = list(
        ProductImage.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk").select_related("product")
    )
    if not images:
        return Removed(0)
    now = timezone.now()
    rows = RemovedPicture.objects.bulk_create(
        [
            RemovedPicture(
                product_id=image.product_id, kept=_columns(image), file=image.file.name or "", removed_at=now,
                removed_by=by,
            )
            for image in images
        ]
    )  # fmt: skip
    pictures_leaving.send(sender=ProductImage, ids=[image.pk for image in images])
    ProductImage.objects.filter(pk__in=[image.pk for image in images]).delete()
    changed({image.product_id for image in images})
    tell_history(images, "deleted", by)
    pks = tuple(row.pk for row in rows)
    return Removed(len(images), signing.dumps({"by": by.pk if by else None, "rows": pks}, salt=UNDO_SALT), pks)


def undo_removal(key: str, *, by: StaffUser) -> int:
    """Bring back what one removal took away. How many pictures. Raises UndoExpired."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here.")) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else decided this. Only they can undo it."))
    return bring_back(found["rows"], by=by)


@transaction.atomic
def bring_back(removed: Sequence[int], *, by: StaffUser) -> int:
    """Removed pictures stand where they stood. How many; those that an import brought again meanwhile do not count."""
    rows = list(RemovedPicture.objects.select_for_update(of=("self",)).filter(pk__in=removed).order_by("pk"))
    back = []
    for row in rows:
        kept: dict[str, Any] = row.kept | {name: datetime.fromisoformat(row.kept[name]) for name in MOMENTS}
        twin = ProductImage.objects.filter(product_id=row.product_id, source_name=kept["source_name"])
        if kept["source_name"] and twin.exists():  # an import brought it again meanwhile
            continue
        image = ProductImage(**{name: value for name, value in kept.items() if name != "file"})
        image.__dict__["file"] = kept["file"]
        back.append(image)
    moments = {image.pk: {name: getattr(image, name) for name in MOMENTS} for image in back}
    ProductImage.objects.bulk_create(back)
    for pk, told in moments.items():  # the fields write the present moment of themselves
        ProductImage.objects.filter(pk=pk).update(**told)
    RemovedPicture.objects.filter(pk__in=[row.pk for row in rows]).delete()
    changed({image.product_id for image in back})
    tell_history(back, "added", by)
    return len(back)


def _columns(image: ProductImage) -> dict[str, Any]:
    """The row as JSON keeps it."""
    kept = {field.attname: getattr(image, field.attname) for field in image._meta.concrete_fields}
    kept["file"] = image.file.name
    return kept | {name: kept[name].isoformat() for name in MOMENTS}


def forget_removed() -> int:
    """Files of pictures that were removed KEPT_DAYS ago go, unless something else needs them. How many pictures."""
    old = RemovedPicture.objects.filter(removed_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    files = dict(old.values_list("pk", "file"))
    with transaction.atomic():
        RemovedPicture.objects.filter(pk__in=files).delete()
        transaction.on_commit(lambda: picture_files.delete_unused(files.values()), robust=True)
    return len(files)


# --- who is told ----------------------------------------------------------------------------------------------------


def changed(product_ids: Iterable[int]) -> None:
    """Whoever waits for changed products: other parts of this program after the commit, and other programs."""
    ids = sorted(set(product_ids))
    for product_id in ids:
        announce(product_changed, Product, product_id=product_id)
    if ids:
        facts.products_changed(ids)


def tell_history(images: Iterable[ProductImage], what: str, by: StaffUser | None) -> None:
    """In the history of their products, when a person did it. `what`: added, changed or deleted."""
    if by is None:
        return
    for image in images:
        named = {"name": str(_("product image")), "object": image.alt or image.source_name}
        said = named if what != "changed" else {**named, "fields": [str(_("description"))]}
        _log(image.product_id, {what: said}, by)


def _log(product_id: int, said: dict[str, Any], by: StaffUser) -> None:
    product = Product.objects.get(pk=product_id)
    LogEntry.objects.log_actions(by.pk, [product], CHANGE, change_message=[said])  # type: ignore[arg-type]
