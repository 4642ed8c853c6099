"""Files of stored pictures: several rows may show one file, so it goes only with the last that needs it."""

from collections.abc import Iterable

from django.core.files.storage import default_storage

from catalog.models import ImportChange, ProductImage, RemovedPicture


def in_use(names: Iterable[str]) -> set[str]:
    """Those of these files that a product shows, a removed picture may bring back, or the undo of an import needs."""
    wanted = [name for name in names if name]
    used = set(ProductImage.objects.filter(file__in=wanted).values_list("file", flat=True))
    used |= set(RemovedPicture.objects.filter(file__in=wanted).values_list("file", flat=True))
    kept = ImportChange.objects.filter(table_name=ProductImage._meta.db_table, before__file__in=wanted)
    return used | set(kept.values_list("before__file", flat=True))


def delete_unused(names: Iterable[str]) -> int:
    """Delete those that nothing needs. How many."""
    wanted = {name for name in names if name}
    gone = wanted - in_use(wanted)
    for name in gone:
        default_storage.delete(name)
    return len(gone)
