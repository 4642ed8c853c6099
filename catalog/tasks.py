"""Jobs of the shop's facts."""

import contextlib
from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core.jobs import enqueue, job


@job(kind="catalog.import", queue="bulk", title=_("Import"))
def import_files(*, batch_id: int) -> dict[str, Any]:
    """Read the files of an ImportBatch, or the rest of them. Safe to run twice: a finished import is not done again."""
    from catalog.importing import runner

    sections = runner.run(batch_id)["sections"].values()
    counts = {name: sum(section[name] for section in sections) for name in ("new", "changed", "refused")}
    return {"batch_id": batch_id, **counts}


@job(kind="catalog.import.undo", queue="bulk", title=_("Undo an import"))
def undo_import(*, batch_id: int, by_id: int | None = None) -> dict[str, Any]:
    """Take an import back. Safe to run twice: an undone import is not undone again."""
    from catalog.importing import undo

    tables = undo.perform(batch_id, by_id)["tables"].values()
    counts = {name: sum(table.get(name, 0) for table in tables) for name in ("removed", "restored", "archived", "kept")}
    return {"batch_id": batch_id, **counts}


@job(kind="catalog.bulk", queue="bulk", title=_("Change many products"))
def bulk_change(*, change_id: int) -> dict[str, Any]:
    """Change the products that are left to do. Safe to run twice: a product that is done is not touched again."""
    from catalog import bulk

    return bulk.apply(change_id)


@job(kind="catalog.bulk.undo", queue="bulk", title=_("Undo a change of many products"))
def undo_bulk_change(*, change_id: int) -> dict[str, Any]:
    """Put back what nobody changed since. Safe to run twice."""
    from catalog import bulk

    return bulk.put_back(change_id)


@job(kind="catalog.bulk.tidy", queue="light", title=_("Forget old bulk changes"))
def tidy_bulk_changes() -> dict[str, Any]:
    """What stood before a change goes after 90 days. Safe to run at any time."""
    from catalog import bulk

    return {"forgotten": bulk.tidy()}


@job(kind="catalog.partitions", queue="light", title=_("Prepare months of events"))
def prepare_partitions() -> dict[str, Any]:
    """Make the months of events that come next, drop those kept long enough, and forget browsers that nobody saw for as
    long and notes of products that changed. Safe to run at any time."""
    from catalog import partitions, services, showcase

    showcase.tidy()
    return {**partitions.prepare(), "forgotten_visitors": services.forget_expired_visitors()}


@job(kind="catalog.orders.close", queue="light", title=_("Close settled orders"))
def close_orders() -> dict[str, Any]:
    """Close orders whose return window is over. Safe to run at any time: closed ones are not touched again."""
    from catalog import services

    return {"closed": services.close_settled_orders()}


@job(kind="catalog.uploads", queue="light", title=_("Forget uploaded files"))
def tidy_uploads() -> dict[str, Any]:
    """Remove files that staff looked at and left, and those whose import is done."""
    from catalog.services import uploads

    return {"removed": uploads.tidy()}


@job(kind="catalog.pictures", queue="bulk", title=_("Fetch pictures"))
def bring_pictures() -> dict[str, Any]:
    """Fetch and draw anew the pictures that are due. Safe to run twice and to end at any line: each row that is done is
    gone, the others are still there."""
    from catalog import arrivals

    return arrivals.bring().__dict__


@shared_task(name="catalog.tasks.keep_bringing_pictures")
def keep_bringing_pictures() -> None:
    """Ask for the job while a picture is due: a later try, or one that a lost worker left. Safe to run at any time."""
    from catalog.models import ArrivingPicture
    from catalog.services import pictures

    if ArrivingPicture.objects.due().exists():
        enqueue(pictures.JOB, dedupe_key=pictures.JOB_KEY)


@job(kind="catalog.pictures.removed", queue="light", title=_("Forget removed photos"))
def forget_removed_pictures() -> dict[str, Any]:
    """Delete files of pictures that were removed 30 days ago. Safe to run twice."""
    from catalog.services import pictures

    return {"forgotten": pictures.forget_removed()}


@shared_task(name="catalog.tasks.keep_histories")
def keep_histories() -> None:
    """Write down what people did last, each in one row. Safe to run at any time, also twice at once."""
    from catalog import kept

    kept.refresh()


@shared_task(name="catalog.tasks.keep_search_fresh")
def keep_search_fresh() -> None:
    """Take up products that changed and write down searches. Safe to run at any time, also twice at once."""
    from catalog.search import index, log

    index.refresh()
    with contextlib.suppress(*log.AWAY):
        log.write()


@job(kind="catalog.search.tidy", queue="light", title=_("Count words, popularity and clicks for search"))
def tidy_search() -> dict[str, Any]:
    """How common words are, what people look at, which searches led to a product. Safe to run at any time."""
    from catalog.search import index, log

    return {**index.tidy(), "credited": log.credit(), "forgotten": log.forget_old()}


@job(kind="catalog.search.rebuild", queue="bulk", title=_("Rebuild the search index"))
def rebuild_search() -> dict[str, Any]:
    """Read every product again. Safe to run at any time; searches go on meanwhile."""
    from catalog.search import index

    return {"products": index.rebuild()}


@job(kind="catalog.merges", queue="light", title=_("Follow up merges of customers"))
def follow_merges() -> dict[str, Any]:
    """Rows that came late for a merged record, and merges that can be taken back no longer. Safe to run twice."""
    from catalog import merging

    return {"late": merging.gather_late_rows(), "ended": merging.end_old_merges()}
