"""What tags are worth: how many were right where somebody looked, and what they did for search."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.db.models import Count, Q

from catalog.models import ProductTag
from catalog.search import reports, tokens
from catalog.search.reports import QueryRow
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion

Z95 = 1.959964
MOST_QUERIES = 1_000


def wilson(right: int, of: int, z: float = Z95) -> tuple[float, float]:
    """Likely range of a share (Wilson 1927); (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    share, square = right / of, z * z
    middle, spread = share + square / (2 * of), z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + square / of)), min(1.0, (middle + spread) / (1 + square / of))


@dataclass(frozen=True)
class Checked:
    """Of the tags of a label (or of a source) given without a person by what serves now: how many stand, how many were
    looked at in the sample, how many of those were right."""

    label: Label
    source: str
    applied: int
    looked_at: int
    right: int

    @property
    def range(self) -> tuple[float, float]:
        return wilson(self.right, self.looked_at)


def checked(live: int | None) -> list[Checked]:
    """By source and label, in the order of sets and labels, of colours and of the version `live` (its key); those that
    gave no tag are left out. Three queries.

    Only the sampled tags themselves are counted: whoever changes one says of another label that it is right, which no
    machine gave."""
    served = Q(source=TagSuggestion.Source.COLOURS) | Q(source=TagSuggestion.Source.NETWORK, model_version=live)
    rows = TagSuggestion.objects.filter(served).order_by()
    applied = {
        (source, label): count
        for source, label, count in rows.filter(state=TagSuggestion.State.APPLIED)
        .values_list("source", "label_id").annotate(count=Count("pk"))
    }  # fmt: skip
    decided = ReviewDecision.objects.filter(came_from=ReviewDecision.CameFrom.AUDIT, suggestion__is_audit=True)
    looked = {
        (source, label): (of, right)
        for source, label, of, right in decided.filter(suggestion__in=rows.values("pk"))
        .order_by().values_list("suggestion__source", "label_id")
        .annotate(of=Count("pk"), right=Count("pk", filter=Q(is_right=True)))
    }  # fmt: skip
    found = {*applied, *looked}
    labels = Label.objects.select_related("label_set").filter(pk__in={label for _source, label in found})
    return [
        Checked(label, source, applied.get((source, label.pk), 0), *looked.get((source, label.pk), (0, 0)))
        for label in labels for source in TagSuggestion.Source.values if (source, label.pk) in found
    ]  # fmt: skip


def together(rows: Sequence[Checked]) -> list[Checked]:
    """Of each source as a whole."""
    found = []
    for source in TagSuggestion.Source.values:
        if own := [row for row in rows if row.source == source]:
            sums = (sum(getattr(row, name) for row in own) for name in ("applied", "looked_at", "right"))
            found.append(Checked(own[0].label, source, *sums))
    return found


@dataclass(frozen=True)
class Served:
    """A query that names a label, how many products have its tag, and how often the query found nothing before."""

    query: QueryRow
    label: Label
    products: int

    @property
    def is_new(self) -> bool:
        """It found nothing before and finds something now."""
        return self.query.without_result > 0 and self.query.results > 0


@dataclass(frozen=True)
class SearchEffect:
    searches: int
    served: int
    queries: list[Served]

    @property
    def new(self) -> list[Served]:
        return [one for one in self.queries if one.is_new]


def on_search(since: datetime, until: datetime) -> SearchEffect:
    """Searches that name a label of which products have tags from photos. Four queries."""
    rows = reports.top(since, until, most=MOST_QUERIES)
    known = _tagged_labels()
    found = []
    for row in rows:
        said = set(tokens.of_text(row.text))
        for label, products, wordings in known:
            if any(wording <= said for wording in wordings):
                found.append(Served(row, label, products))
                break
    return SearchEffect(
        searches=sum(row.searches for row in rows), served=sum(one.query.searches for one in found), queries=found
    )


def _tagged_labels() -> list[tuple[Label, int, Sequence[set[str]]]]:
    """Labels that products have from photos (given by machines, or by people who accepted), the longest name first."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    states = (TagSuggestion.State.APPLIED, TagSuggestion.State.ACCEPTED)
    labels = list(
        Label.objects.filter(suggestions__state__in=states)
        .exclude(label_set__kind=LabelSet.Kind.CATEGORY)
        .distinct()
        .select_related("label_set")
    )
    rows = ProductTag.objects.filter(value__in=[label.name_en for label in labels]).order_by()
    for kind, value, count in rows.values_list("kind", "value").annotate(count=Count("pk")):
        counts[kind, value] = count
    found = []
    for label in labels:
        wordings = [set(tokens.of_text(name)) for name in (label.name_en, label.name_zh)]
        found.append((label, counts[label.label_set.key, label.name_en], [one for one in wordings if one]))
    return sorted(found, key=lambda one: (-max(map(len, one[2]), default=0), one[0].pk))
