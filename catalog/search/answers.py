"""Answering a search: words to groups, groups to products, products in the best order.

The usual path is one query for the words, one for everything that matches with its counts, and those that show a page.
Corrections and fewer words are tried only when nothing was found; an answer of a few products is followed by others
that lack a word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from catalog.extensions import personal_rankers
from catalog.models import Customer, Visitor
from catalog.search import facets, highlights, parsing, questions, strategy, vocabulary
from catalog.search.documents import FIELDS
from catalog.search.parsing import Group
from catalog.search.questions import RANKED, WINDOW, Filters, Found
from catalog.search.ranking import Candidate, Ranked, Ranker, rarity
from catalog.search.rows import product_rows

log = structlog.get_logger(__name__)
TAGS = FIELDS.index("tags")


@dataclass(frozen=True)
class Taste:
    """What a personal ranker says: 0…1 for products it knows, and why, for people."""

    scores: Mapping[int, float]
    reasons: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    """(code, sentence) by product."""


@dataclass(frozen=True)
class Question:
    """`text` empty: everything the filters leave, the most popular first."""

    text: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: str = "relevance"
    offset: int = 0
    limit: int = 20
    with_facets: bool = True
    customer: Customer | None = None
    visitor: Visitor | None = None
    in_personal_order: bool = True
    in_descriptions: bool = True
    """Whether a word that only a description holds finds the product."""
    counts_tags: bool = True
    """Whether tags have a part in the order; they find products either way."""


@dataclass
class Answer:
    """`matched` says how: all words, some of them, or none. `corrected_to` is what was looked for instead."""

    total: int
    results: list[dict[str, Any]]
    matched: str = "all"
    corrected_to: str | None = None
    is_personal: bool = False
    has_more: bool = False
    facets: dict[str, Any] | None = None
    groups: Sequence[Group] = ()
    also: list[dict[str, Any]] = field(default_factory=list)
    """Behind a short answer: rows of products that lack one of the words. Neither counted nor paged through."""
    has_tags: bool = False
    """Whether something that was ranked by its texts has tags: only then it matters if they count."""


def answer(question: Question) -> Answer:
    """At most `limit` products from `offset` on. Only live ones, whatever the index says."""
    synonyms = vocabulary.synonyms.get() if question.text else None
    groups = parsing.parse(question.text, synonyms) if question.text else []
    if not question.in_descriptions:
        groups = [group.outside_descriptions() for group in groups]
    if question.text.strip() and not groups:
        return Answer(0, [], matched="none", facets=facets.as_rows(Found()) if question.with_facets else None)
    known, everything = vocabulary.counts(groups) if groups else ({}, 1)
    corrected_to = None
    used = strategy.held(groups, known)
    if groups and len(used) < len(groups) and synonyms is not None:
        better = vocabulary.corrected(groups, known, synonyms)
        if better is not None:
            groups = better
            known, everything = vocabulary.counts(groups)
            used = strategy.held(groups, known)
            corrected_to = strategy.spelled(groups)
    found, missing = _find(groups, used, question)
    lacking = _lacking(groups, used, missing, found, question)
    has_tags = question.sort == "relevance" and any(one.fields[TAGS] for one in found.candidates[:RANKED])
    if not question.counts_tags:
        found.candidates, lacking = [*map(_untagged, found.candidates)], [*map(_untagged, lacking)]
    taste = _taste(question, [one.product_id for one in (*found.candidates, *lacking)])
    weights = [rarity(strategy.products_of(group, known), everything) for group in used]
    ranker = Ranker(used, weights, taste.scores if taste else {})
    order = _ordered(question, found.candidates, ranker)
    page = order[question.offset : question.offset + question.limit]
    behind = ranker.rank(lacking)[: strategy.FILLED - found.total] if lacking else []
    rows = _rows([*page, *behind], groups, taste)
    return Answer(
        total=found.total,
        results=[rows[one.product_id] for one in page if one.product_id in rows],
        also=[rows[one.product_id] for one in behind if one.product_id in rows],
        matched="none" if missing is None else "all" if not missing and len(used) == len(groups) else "some",
        corrected_to=corrected_to,
        is_personal=taste is not None and any(one.personal for one in page),
        has_more=question.offset + question.limit < min(found.total, WINDOW),
        facets=facets.as_rows(found) if question.with_facets else None,
        groups=groups,
        has_tags=has_tags,
    )


def _find(groups: Sequence[Group], used: Sequence[Group], question: Question) -> tuple[Found, int | None]:
    """With all words; else with all but one, but two, as long as half of what was asked for is there; and how many
    words these products lack, None where there are none."""
    if not groups:
        return _asked(question, ()), 0
    for missing in strategy.missing_allowed(groups, used):
        found = _asked(question, used, missing)
        if found.total or found.stock:
            return found, missing
    return Found(), None


def _lacking(
    groups: Sequence[Group], used: Sequence[Group], missing: int | None, found: Found, question: Question
) -> list[Candidate]:
    """What follows a short answer on its first page: products of the same kind that lack one word more. One query."""
    if question.sort != "relevance" or question.offset or missing is None:
        return []
    if not strategy.lacks_one_more(groups, used, missing, found.total):
        return []
    needed = strategy.kinds(used, [one.fields for one in found.candidates])
    more = questions.find(used, question.filters, missing=missing + 1, needed=needed, with_facets=False)
    known = {one.product_id for one in found.candidates}
    return [one for one in more.candidates[:RANKED] if one.product_id not in known]


def _asked(question: Question, groups: Sequence[Group], missing: int = 0) -> Found:
    return questions.find(
        groups, question.filters, missing=missing, sort=question.sort, with_facets=question.with_facets
    )


def _ordered(question: Question, candidates: Sequence[Candidate], ranker: Ranker) -> list[Ranked]:
    """By relevance the likeliest are ranked and the others follow; in another order they come in it."""
    ranked = RANKED if question.sort == "relevance" else 0
    rest = [Ranked(one.product_id, 0.0, 0.0) for one in candidates[ranked:]]
    return ranker.rank(candidates[:ranked]) + rest


def _untagged(one: Candidate) -> Candidate:
    return replace(one, fields=[*one.fields[:TAGS], "", *one.fields[TAGS + 1 :]])


def _taste(question: Question, product_ids: Sequence[int]) -> Taste | None:
    """What this person may like, from the first ranker that has something to say. Never costs anybody an answer."""
    allows = (question.customer is not None and question.customer.is_personalised) or (
        question.customer is None and question.visitor is not None and question.visitor.may_track
    )
    if not allows or not product_ids or not question.in_personal_order or question.sort != "relevance":
        return None
    for entry in personal_rankers.entries():
        try:
            taste: Taste | None = entry.resolve()(
                customer=question.customer, visitor=question.visitor, product_ids=product_ids
            )
        except Exception:  # a ranker that fails must not cost the customer an answer
            log.exception("search.ranker_failed", ranker=entry.key)
            continue
        if taste is not None and taste.scores:
            return taste
    return None


def _rows(page: Sequence[Ranked], groups: Sequence[Group], taste: Taste | None) -> dict[int, dict[str, Any]]:
    """Rows as in the product list, with what matched, by product. One query."""
    products = product_rows([one.product_id for one in page])
    named = highlights.matched_tokens(groups)
    told = highlights.matched_tokens(groups, with_synonyms=False)
    rows = {}
    for one in page:
        if one.product_id not in products:
            continue
        row, description = products[one.product_id]
        reason = taste.reasons.get(one.product_id) if taste is not None and one.personal else None
        marked = {
            "name": highlights.segments(row["name"], named),
            "description": highlights.snippet(description, told) if told else [],
        }
        why = {"code": reason[0], "text": reason[1]} if reason else None
        rows[one.product_id] = {**row, "highlights": marked, "reason": why}
    return rows
