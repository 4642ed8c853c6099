"""What photos follow from what happens in the shop."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from catalog.models import Category
from vision.grouping import regroup
from vision.models import DuplicatePair, Label, TagSuggestion

State = TagSuggestion.State


def group_anew(sender: Any, ids: Collection[int], **kwargs: Any) -> None:
    """Pictures that looked like those that leave stand in another group without them, or in none."""
    pairs = DuplicatePair.objects.filter(Q(one_id__in=ids) | Q(other_id__in=ids))
    touched = {pk for pair in pairs.values_list("one_id", "other_id") for pk in pair}
    if touched:
        pairs.delete()
        regroup(touched)


def keep_decisions(sender: Any, instance: Category, **kwargs: Any) -> None:
    """Where a category leaves, a label that people spoke about stays, out of use, with what they said; nobody is asked
    about it any more. Other labels go."""
    labels = Label.objects.filter(category=instance)
    labels.filter(decisions=None).delete()
    TagSuggestion.objects.filter(label__in=labels, state__in=(State.PENDING, State.APPLIED)).update(
        state=State.WITHDRAWN
    )
    labels.update(is_active=False)
