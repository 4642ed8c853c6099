"""Merging: rows follow, the record that is kept gains what it lacked, the other one stays aside for the way back.

The merged record is not deleted: it keeps its ids, which stand for the kept one from now on, and rows that find no
place there. It is nobody's page, in no list and in no count (`CustomerQuerySet.existing`).
"""

import json
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import facts, recent
from catalog.exceptions import NotFound
from catalog.merging.tables import COUNTED, FOLLOWS, HANDLED, fingerprint, links, move, set_aside
from catalog.models import Customer, CustomerMerge, CustomerMergeRows, Visitor
from core.exceptions import DomainError
from core.models import DataRequest, StaffUser

UNDO_DAYS = 30
FILLED = ("name", "email", "phone", "language", "country", "city", "birthday")
"""What the kept record takes over where it says nothing itself."""
CHANGED = (*FILLED, "joined_at", "is_personalised", "profile_since", "updated_at")
Kind = CustomerMergeRows.Kind


class MergeRefused(DomainError):
    code = "merge_refused"


@transaction.atomic
def merge(*, kept_id: int, gone_id: int, by: StaffUser | None = None) -> CustomerMerge:
    """Everything of `gone` becomes `kept`'s. Can be taken back for 30 days (`undo`).

    Consent: a "no" of either counts, and what either had forgotten stays forgotten. Raises NotFound when one of them
    does not exist (any more), MergeRefused for one and the same and while an erasure of one is asked for.
    """
    kept, gone = lock_two(kept_id, gone_id)
    if kept.erased_at or gone.erased_at or kept.merged_into_id or gone.merged_into_id:
        raise NotFound(_("One of these customers does not exist any more."))
    if _is_to_be_erased(kept_id, gone_id):
        raise MergeRefused(_("One of them asked to be erased. Answer that first."))
    now = timezone.now()
    row = CustomerMerge.objects.create(
        kept=kept, gone=gone, merged_by=by, merged_at=now, undo_until=now + timedelta(days=UNDO_DAYS),
        kept_fingerprint=fingerprint(kept_id), gone_fingerprint=fingerprint(gone_id),
    )  # fmt: skip
    _move_rows(row)
    row.before, row.became = fill(kept, gone)
    row.save(update_fields=["before", "became"])
    Customer.objects.filter(pk=gone_id).update(merged_into=kept)
    kept.refresh_from_db()
    facts.customer_changed(kept, is_new=False)
    transaction.on_commit(lambda: forget_recent(kept_id, gone_id))
    return row


def lock_two(one_id: int, other_id: int) -> tuple[Customer, Customer]:
    """Both rows, to ourselves: whoever writes something for either of them waits. Raises NotFound, MergeRefused."""
    if one_id == other_id:
        raise MergeRefused(_("Choose two different customers."))
    rows = {
        row.pk: row for row in Customer.objects.select_for_update().filter(pk__in=[one_id, other_id]).order_by("pk")
    }
    if len(rows) < len((one_id, other_id)):
        raise NotFound(_("One of these customers does not exist any more."))
    return rows[one_id], rows[other_id]


def _is_to_be_erased(*ids: int) -> bool:
    states = [DataRequest.State.OPEN, DataRequest.State.RUNNING, DataRequest.State.FAILED]
    return DataRequest.objects.filter(
        kind=DataRequest.Kind.ERASE, subject_model="catalog.Customer", subject_id__in=ids, state__in=states
    ).exists()


def _move_rows(row: CustomerMerge) -> None:
    handled = []
    for link in links():
        if link.rule == FOLLOWS:
            keys = move(link, from_id=row.gone_id, into_id=row.kept_id)
            if keys:
                row.rows.create(link=link.label, kind=Kind.MOVED, content=keys)
        elif link.rule == COUNTED:
            set_aside(link, row)
        elif link.rule == HANDLED:
            handled.append(link)
    for link in handled:
        saved = link.handler.merge(row)
        if saved is not None:
            row.rows.create(link=link.label, kind=Kind.ASIDE, content=saved)


def fill(kept: Customer, gone: Customer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the kept record what it lacks. The columns that changed, before and after, as PostgreSQL writes them."""
    values: dict[str, Any] = {
        name: getattr(gone, name) for name in FILLED if not getattr(kept, name) and getattr(gone, name)
    }
    values["joined_at"] = min(kept.joined_at, gone.joined_at)
    values["is_personalised"] = kept.is_personalised and gone.is_personalised
    values["profile_since"] = max(filter(None, [kept.profile_since, gone.profile_since]), default=None)
    values["updated_at"] = timezone.now()
    before = columns_of(kept.pk)
    Customer.objects.filter(pk=kept.pk).update(**values)
    after = columns_of(kept.pk)
    changed = [name for name in CHANGED if before[name] != after[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


def columns_of(customer_id: int) -> dict[str, Any]:
    """The columns that a merge may change."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(r)::text FROM catalog_customer r WHERE id = %s", [customer_id])
        found = json.loads(cursor.fetchone()[0])
    return {name: found[name] for name in CHANGED}


def forget_recent(*customer_ids: int) -> None:
    """Lists of the last acts of both are read anew."""
    for pk in customer_ids:
        recent.forget(*Visitor.objects.filter(customer_id=pk).values_list("key", flat=True), customer_id=pk)
