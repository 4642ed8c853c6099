"""What photos follow from what happens in the shop."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from vision.grouping import regroup
from vision.models import DuplicatePair


def group_anew(sender: Any, ids: Collection[int], **kwargs: Any) -> None:
    """Pictures that looked like those that leave stand in another group without them, or in none."""
    pairs = DuplicatePair.objects.filter(Q(one_id__in=ids) | Q(other_id__in=ids))
    touched = {pk for pair in pairs.values_list("one_id", "other_id") for pk in pair}
    if touched:
        pairs.delete()
        regroup(touched)
