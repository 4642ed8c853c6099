"""Events that the table refused: stored after all, or discarded by staff."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DataError, IntegrityError
from django.db.models import F

from catalog.buffer import writing
from catalog.buffer.rows import decode
from catalog.models import DeadEvent


@dataclass(frozen=True)
class Retried:
    """How many are settled, stored now or known to be stored, and how many the table refused again."""

    settled: int
    refused: int


def retry_dead_events(ids: Iterable[int]) -> Retried:
    """Try to store each of them once more, one by one. Safe to repeat: an event is stored once."""
    settled = refused = 0
    for one in DeadEvent.objects.filter(pk__in=ids).order_by("pk"):
        try:
            writing.store([decode(one.payload)])
        except (DataError, IntegrityError, ValueError, TypeError, OverflowError) as error:
            text = (str(error).splitlines() or [type(error).__name__])[0].replace("\x00", "")[:500]
            DeadEvent.objects.filter(pk=one.pk).update(error=text, attempts=F("attempts") + 1)
            refused += 1
        else:
            one.delete()
            settled += 1
    return Retried(settled, refused)


def discard_dead_events(ids: Iterable[int]) -> int:
    """Forget them for good. How many they were."""
    return DeadEvent.objects.filter(pk__in=ids).delete()[0]
