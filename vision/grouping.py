"""Groups of pictures that look the same, kept on their rows: what open pairs join, directly or through others."""

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Q

from vision.models import DuplicatePair, ImageAnalysis


def regroup(ids: Collection[int]) -> None:
    """Count the groups of these pictures anew, and of all that stand or stood in a group with them."""
    touched = set(ids)
    before = ImageAnalysis.objects.filter(pk__in=touched, duplicate_group__isnull=False)
    groups = set(before.values_list("duplicate_group", flat=True))
    touched.update(ImageAnalysis.objects.filter(duplicate_group__in=groups).values_list("pk", flat=True))
    joined: dict[int, set[int]] = defaultdict(set)
    edge = touched
    while edge:  # as many rounds as the longest chain of what was not in a group before: one or two
        pairs = DuplicatePair.objects.filter(Q(one_id__in=edge) | Q(other_id__in=edge), kept_at=None)
        for one, other in pairs.values_list("one_id", "other_id"):
            joined[one].add(other)
            joined[other].add(one)
        edge = set(joined) - touched
        touched |= edge
    owner = _smallest_of_each(joined)
    changed = []
    for row in ImageAnalysis.objects.filter(pk__in=touched).only("pk", "duplicate_group"):
        if row.duplicate_group != owner.get(row.pk):
            row.duplicate_group = owner.get(row.pk)
            changed.append(row)
    ImageAnalysis.objects.bulk_update(changed, ["duplicate_group"], batch_size=1000)


def _smallest_of_each(joined: dict[int, set[int]]) -> dict[int, int]:
    """For each that is joined to any: the smallest that can be reached from it."""
    owner: dict[int, int] = {}
    for start in sorted(joined):
        if start in owner:
            continue
        ahead = [start]
        while ahead:
            at = ahead.pop()
            if at not in owner:
                owner[at] = start
                ahead.extend(joined[at])
    return owner
