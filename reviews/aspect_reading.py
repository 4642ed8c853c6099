"""Which aspects reviews name and what they say of them: terms of the shop's dictionary, polarity of their clause."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from catalog.models import Category, Product
from core.models import ModelVersion
from reviews import reader
from reviews.ml.aspects import AspectTerms, Mention, clause_of
from reviews.ml.placing import Placed
from reviews.ml.sentiment import Judged, Scorer
from reviews.models import AspectTerm, Polarity, Review, ReviewAspect
from reviews.models.aspects import QUOTE_LENGTH
from reviews.models.readings import text_read
from reviews.services.aspects import said_of, settle

MOST_MENTIONS = 100
"""Of one review."""
WRITTEN_AT_ONCE = 2_000


class Dictionary:
    """The terms in use. A term of a category counts there and below; it overrules the same term from further up."""

    def __init__(self, terms: Iterable[tuple[str, str, str]], ids: Mapping[str, int] | None = None) -> None:
        """`terms`: (term, key of its aspect, path of its category or ""). `ids`: key of an aspect → its row."""
        self.ids = ids or {}
        self._terms = sorted(terms, key=lambda one: len(one[2]))
        self._paths = {path for _term, _key, path in self._terms if path}
        self._made: dict[frozenset[str], AspectTerms] = {}

    @classmethod
    def of_the_shop(cls) -> "Dictionary":
        """One query."""
        terms = AspectTerm.objects.in_use().order_by("aspect__position", "pk")
        rows = list(terms.values_list("term", "aspect__key", "category__path", "aspect_id"))
        return cls(((term, key, path or "") for term, key, path, _id in rows), {row[1]: row[3] for row in rows})

    def for_path(self, path: str) -> AspectTerms:
        """Terms for products of the category with this path; "" for products without one."""
        step = Category.steplen
        above = frozenset(path[:end] for end in range(step, len(path) + 1, step)) & self._paths
        if above not in self._made:
            owner = {term: key for term, key, own in self._terms if not own or own in above}
            aspects: dict[str, list[str]] = {}
            for term, key in owner.items():
                aspects.setdefault(key, []).append(term)
            self._made[above] = AspectTerms(aspects)
        return self._made[above]

    def find(self, path: str, text: str) -> list[Mention]:
        """Mentions in a normalised text about a product of the category with this path."""
        return self.for_path(path).mentions(text)[:MOST_MENTIONS]


@dataclass(frozen=True)
class _Found:
    review: Review
    judged: Judged
    mention: Mention


def write(reviews: Sequence[Review], judged: Sequence[Judged], scorer: Scorer, version: ModelVersion | None) -> int:
    """Replace the aspects of these reviews by what the dictionary finds in them now. Returns mentions written.

    `judged` are the reviews' readings (`reviews.ml.sentiment.judge` of `text_read`) in the same order. Doing it twice
    leaves the same; what staff said of an aspect stands.
    """
    dictionary = Dictionary.of_the_shop()
    found = _mentions(dictionary, reviews, judged)
    judge, version = reader.aspect_judge(scorer, version)
    chances = judge.positive([one.judged.text for one in found], [one.mention.span for one in found])
    rows = [
        _row(one, dictionary.ids[one.mention.aspect], float(chance), version)
        for one, chance in zip(found, chances, strict=True)
    ]
    _place(found, rows)
    with transaction.atomic():
        # One writer for a review: the row of the review is what two runs wait for.
        ids = sorted(review.pk for review in reviews)
        known = set(Review.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
        ReviewAspect.objects.filter(review__in=known).delete()
        kept = [row for row in rows if row.review_id in known]
        _settle(kept, said_of(known))
        ReviewAspect.objects.bulk_create(kept, batch_size=WRITTEN_AT_ONCE)
    return len(kept)


def _mentions(dictionary: Dictionary, reviews: Sequence[Review], judged: Sequence[Judged]) -> list[_Found]:
    paths = paths_of(reviews)
    return [
        _Found(review, reading, mention)
        for review, reading in zip(reviews, judged, strict=True)
        for mention in dictionary.find(paths[review.product_id], reading.text)
    ]


def paths_of(reviews: Sequence[Review]) -> Mapping[int, str]:
    """Product → path of its category, "" without one. One query."""
    ids = {review.product_id for review in reviews}
    rows = Product.objects.filter(pk__in=ids).order_by().values_list("pk", "category__path")
    return {pk: path or "" for pk, path in rows}


def _row(found: _Found, aspect_id: int, chance: float, version: ModelVersion | None) -> ReviewAspect:
    return ReviewAspect(
        review=found.review, aspect_id=aspect_id, term=found.mention.term, polarity=Polarity.of(chance), score=chance,
        is_clearest=False, model_version=version,
    )  # fmt: skip


def _place(found: Sequence[_Found], rows: Sequence[ReviewAspect]) -> None:
    """Give rows their place and quote in the review as it was written; those that are not found stay without."""
    laid: dict[int, Placed] = {}
    for one, row in zip(found, rows, strict=True):
        if one.review.pk not in laid:
            laid[one.review.pk] = Placed(text_read(one.review), one.judged.text)
        placed = laid[one.review.pk]
        term = placed.exact(one.mention.span)
        if term is None:
            continue
        quote = placed.around(clause_of(one.judged.text, one.mention.span), term, QUOTE_LENGTH)
        row.start, row.end = term.start, term.end
        row.quote = placed.written[quote.start : quote.end]


def _settle(rows: Iterable[ReviewAspect], said: Mapping[tuple[int, int], str]) -> None:
    """What counts of each aspect in each review."""
    together: dict[tuple[int, int], list[ReviewAspect]] = defaultdict(list)
    for row in rows:
        together[row.review_id, row.aspect_id].append(row)
    for key, some in together.items():
        settle(some, said.get(key, ""))
