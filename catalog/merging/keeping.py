"""What follows a merge in the days after: rows that came late, and the end of the time for an undo."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from catalog.merging.doing import Kind, lock_two
from catalog.merging.tables import FOLLOWS, links, move
from catalog.models import CustomerMerge

LATE = timedelta(days=2)
State = CustomerMerge.State


def gather_late_rows() -> int:
    """Rows written for the merged record by requests that had read it just before. How many. Safe to run twice."""
    moved = 0
    for pk in CustomerMerge.objects.filter(state=State.MERGED, merged_at__gte=timezone.now() - LATE).values_list(
        "pk", flat=True
    ):
        with transaction.atomic():
            row = CustomerMerge.objects.select_for_update().get(pk=pk)
            kept, gone = lock_two(row.kept_id, row.gone_id)
            if row.state != State.MERGED or gone.merged_into_id != kept.pk or kept.erased_at:
                continue
            for link in (link for link in links() if link.rule == FOLLOWS):
                keys = move(link, from_id=gone.pk, into_id=kept.pk)
                if keys:
                    part, _new = row.rows.get_or_create(link=link.label, kind=Kind.MOVED, defaults={"content": []})
                    part.content = [*part.content, *keys]
                    part.save(update_fields=["content"])
                    moved += len(keys)
    return moved


def end_old_merges() -> int:
    """After 30 days nothing is kept for an undo. How many ended."""
    with transaction.atomic():
        ids = list(
            CustomerMerge.objects.select_for_update()
            .filter(state=State.MERGED, undo_until__lt=timezone.now())
            .values_list("pk", flat=True)
        )
        for row in CustomerMerge.objects.filter(pk__in=ids):
            row.rows.all().delete()
        return CustomerMerge.objects.filter(pk__in=ids).update(
            state=State.FINAL, before={}, became={}, kept_fingerprint="", gone_fingerprint=""
        )
