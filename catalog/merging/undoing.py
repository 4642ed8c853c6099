"""Taking a merge back: each row to the record that it came from."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import facts
from catalog.exceptions import NotFound
from catalog.merging.doing import Kind, MergeRefused, columns_of, forget_recent, lock_two
from catalog.merging.tables import COUNTED, HANDLED, fingerprint, links, move_back, put_back
from catalog.models import Customer, CustomerMerge
from core.models import StaffUser


@dataclass(frozen=True)
class Undone:
    """`is_exact`: all rows of both records are as they were before the merge; else something came since, and stays
    with the record that was kept. `missing`: rows that moved and do not exist any more, or were given to others."""

    is_exact: bool
    missing: int


@transaction.atomic
def undo(merge_id: int, *, by: StaffUser | None = None) -> Undone:
    """Raises NotFound, and MergeRefused after 30 days, after a later merge of the kept record, or a second time."""
    row = CustomerMerge.objects.select_for_update().filter(pk=merge_id).first()
    if row is None:
        raise NotFound(_("This merge is not known."))
    kept, gone = lock_two(row.kept_id, row.gone_id)
    _check(row, kept, gone)
    Customer.objects.filter(pk=gone.pk).update(merged_into=None)
    _restore_columns(row)
    missing = _rows_back(row)
    row.is_exact = (fingerprint(kept.pk), fingerprint(gone.pk)) == (row.kept_fingerprint, row.gone_fingerprint)
    row.state, row.undone_at, row.undone_by = CustomerMerge.State.UNDONE, timezone.now(), by
    row.before, row.became = {}, {}
    row.save(update_fields=["is_exact", "state", "undone_at", "undone_by", "before", "became"])
    row.rows.all().delete()
    for customer in (kept, gone):
        customer.refresh_from_db()
        facts.customer_changed(customer, is_new=False)
    transaction.on_commit(lambda: forget_recent(kept.pk, gone.pk))
    return Undone(row.is_exact, missing)


def _check(row: CustomerMerge, kept: Customer, gone: Customer) -> None:
    if row.state == CustomerMerge.State.UNDONE:
        raise MergeRefused(_("This merge was taken back before."))
    if not row.can_be_undone(timezone.now()):
        raise MergeRefused(_("A merge can be taken back for 30 days. They are over."))
    if kept.erased_at or gone.erased_at:
        raise MergeRefused(_("The customer was erased since. There is nothing left to put back."))
    later = CustomerMerge.objects.filter(state=CustomerMerge.State.MERGED, kept_id=row.kept_id, pk__gt=row.pk)
    if kept.merged_into_id is not None or later.exists():
        raise MergeRefused(_("This customer was merged again later. Take that back first."))


def _restore_columns(row: CustomerMerge) -> None:
    """Those that still are what the merge made of them. An edit since then stays."""
    now = columns_of(row.kept_id)
    back: dict[str, Any] = {name: old for name, old in row.before.items() if now[name] == row.became[name]}
    if back:
        Customer.objects.filter(pk=row.kept_id).update(
            **{
                name: Customer._meta.get_field(name).to_python(value)  # type: ignore[union-attr]
                for name, value in back.items()
            }
        )


def _rows_back(row: CustomerMerge) -> int:
    saved = {(part.link, part.kind): part.content for part in row.rows.all()}
    moved: dict[str, list[list[Any]]] = {link: rows for (link, kind), rows in saved.items() if kind == Kind.MOVED}
    missing = 0
    for link in links():
        if link.label in moved:
            keys = moved[link.label]
            missing += len(keys) - move_back(link, keys, from_id=row.kept_id, into_id=row.gone_id)
        elif link.rule == COUNTED:
            put_back(link, row)
    for link in links():
        if link.rule == HANDLED and (content := saved.get((link.label, Kind.ASIDE))) is not None:
            link.handler.undo(row, content, moved)
    return missing
