"""Staff edit the dictionary of aspects. What they do to many terms at once can be taken back for a day; afterwards a
job reads the reviews that name something else now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.jobs import Job, enqueue
from core.models import StaffUser
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import Aspect, AspectTerm

State = AspectTerm.State
TASK, JOB_KEY = "reviews.tasks.read_aspects", "reviews.aspects"
UNDO_SALT, UNDO_SECONDS = "reviews.dictionary", 24 * 3600


@dataclass(frozen=True)
class Change:
    """How many terms are different now, and the key that takes it back ("" when nothing changed)."""

    count: int
    undo: str = ""


def refresh(by: StaffUser | None) -> Job:
    """Ask for the job that follows the dictionary. While one waits or runs no second is made: it looks at the
    dictionary once more when it is done."""
    return enqueue(TASK, dedupe_key=JOB_KEY, created_by=by)


@transaction.atomic
def move(ids: Collection[int], to: Aspect, *, by: StaffUser) -> Change:
    """Put terms into an aspect and into use; suggestions are accepted this way."""
    return _change(ids, to.pk, State.IN_USE, by=by)


@transaction.atomic
def dismiss(ids: Collection[int], *, by: StaffUser) -> Change:
    """Reviews are no longer read with them; suggestions are not made again."""
    return _change(ids, None, State.DISMISSED, by=by, keeps_aspect=True)


@transaction.atomic
def use(ids: Collection[int], *, by: StaffUser) -> Change:
    """Reviews are read with them again. Those without an aspect stay as they are."""
    known = AspectTerm.objects.filter(pk__in=ids, aspect__isnull=False).values_list("pk", flat=True)
    return _change(list(known), None, State.IN_USE, by=by, keeps_aspect=True)


@transaction.atomic
def merge(aspects: Sequence[Aspect], into: Aspect, *, by: StaffUser) -> Change:
    """Their terms go to `into`, and they are switched off. Raises BadInput without anything to merge."""
    others = [one for one in aspects if one.pk != into.pk]
    if not others:
        raise BadInput(_("Choose another aspect than the one to merge into."), extra={"field": "aspect"})
    terms = list(AspectTerm.objects.filter(aspect__in=others).values_list("pk", flat=True))
    off = list(Aspect.objects.filter(pk__in=[one.pk for one in others], is_active=True).values_list("pk", flat=True))
    Aspect.objects.filter(pk__in=off).update(is_active=False, updated_at=timezone.now())
    return _change(terms, into.pk, None, by=by, switched_off=off)


@transaction.atomic
def undo_change(key: str, *, by: StaffUser) -> int:
    """Put terms and aspects back to where they stood before one change, except those that were changed again since.
    Returns how many terms. Raises UndoExpired for a key that is older than a day or somebody else's."""
    try:
        found: dict[str, Any] = signing.loads(key, salt=UNDO_SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise UndoExpired(_("This can no longer be undone from here. Change the terms by hand.")) from error
    if found["by"] != by.pk:
        raise UndoExpired(_("Somebody else changed this. Only they can undo it."))
    count = 0
    for pk, was, now in found["terms"]:
        same = AspectTerm.objects.filter(pk=pk, aspect_id=now[0], state=now[1])
        there = was[0] is None or Aspect.objects.filter(pk=was[0]).exists()
        count += same.update(aspect_id=was[0], state=was[1], updated_at=timezone.now()) if there else 0
    Aspect.objects.filter(pk__in=found["off"]).update(is_active=True, updated_at=timezone.now())
    refresh(by)
    return count


def _change(
    ids: Collection[int],
    aspect_id: int | None,
    state: str | None,
    *,
    by: StaffUser,
    keeps_aspect: bool = False,
    switched_off: Sequence[int] = (),
) -> Change:
    rows = list(AspectTerm.objects.select_for_update(of=("self",)).filter(pk__in=ids).order_by("pk"))
    told = []
    for row in rows:
        was = (row.aspect_id, row.state)
        now = (row.aspect_id if keeps_aspect else aspect_id, state or row.state)
        if was != now:
            row.aspect_id, row.state, row.updated_at = now[0], now[1], timezone.now()
            told.append((row.pk, was, now))
    changed = {pk for pk, _was, _now in told}
    AspectTerm.objects.bulk_update([row for row in rows if row.pk in changed], ["aspect", "state", "updated_at"])
    if not told and not switched_off:
        return Change(0)
    refresh(by)
    key = {"by": by.pk, "terms": told, "off": list(switched_off)}
    return Change(len(told), signing.dumps(key, salt=UNDO_SALT, compress=True))
