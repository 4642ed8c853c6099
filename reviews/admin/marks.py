"""Words of a review with the stretches marked in which it praises or blames something."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core.components.words import listed
from reviews.models import Polarity, Review, ReviewAspect
from reviews.models.readings import text_read

MIXED = "mixed"


@dataclass(frozen=True)
class Mark:
    """Characters of what is shown, what is said there ("Price: complaint") and the polarity, or MIXED."""

    start: int
    end: int
    said: str
    polarity: str


@dataclass(frozen=True)
class Words:
    """Title and text with their marks, safe to show."""

    title: SafeString
    text: SafeString


def marked(review: Review, mentions: Iterable[ReviewAspect]) -> Words:
    """`mentions` with `aspect` fetched. Those without a place are left out."""
    whole = text_read(review)
    marks = marks_of(whole, mentions)
    cut = len(review.title) + 1 if review.title and review.text else len(review.title)
    return Words(_drawn(whole, marks, 0, len(review.title)), _drawn(whole, marks, cut, len(whole)))


def marks_of(whole: str, mentions: Iterable[ReviewAspect]) -> list[Mark]:
    """In order and apart from each other; mentions of one clause share a mark. An aspect that staff found not meant has
    no mention that counts, and no mark."""
    mentions = list(mentions)
    meant = {(one.review_id, one.aspect_id) for one in mentions if one.is_clearest}
    clauses: dict[tuple[int, int], list[ReviewAspect]] = {}
    placed = (one for one in mentions if one.start is not None and (one.review_id, one.aspect_id) in meant)
    for one in sorted(placed, key=lambda one: (one.start or 0, one.pk)):
        clauses.setdefault(_clause(whole, one), []).append(one)
    marks: list[Mark] = []
    for (start, end), some in sorted(clauses.items()):
        if end <= start or (marks and start < marks[-1].end):
            continue
        said = dict.fromkeys(f"{one.aspect.title}: {one.get_polarity_display()}" for one in some)
        polarities = {one.polarity for one in some}
        marks.append(Mark(start, end, listed(said), polarities.pop() if len(polarities) == 1 else MIXED))
    return marks


def _clause(whole: str, mention: ReviewAspect) -> tuple[int, int]:
    """Where the quote stands; the term alone where the review has changed since."""
    start, end = mention.start or 0, mention.end or 0
    length = len(mention.quote)
    at = whole.find(mention.quote, max(0, end - length), start + length) if length else -1
    return (at, at + length) if at >= 0 else (start, min(end, len(whole)))


def _drawn(whole: str, marks: Sequence[Mark], start: int, end: int) -> SafeString:
    pieces, at = [], start
    for mark in marks:
        if start <= mark.start and mark.end <= end:
            pieces += [escape(whole[at : mark.start]), _mark(whole[mark.start : mark.end], mark)]
            at = mark.end
    pieces.append(escape(whole[at:end]))
    return mark_safe("".join(pieces))  # noqa: S308  # nosec B308 B703: every piece is escaped


def _mark(text: str, mark: Mark) -> SafeString:
    return format_html(
        '<mark class="rev-said rev-said-{}" title="{}">{}<span class="zg-sr"> ({})</span></mark>',
        mark.polarity if mark.polarity in (*Polarity.values, MIXED) else Polarity.NEUTRAL, mark.said, text, mark.said,
    )  # fmt: skip
