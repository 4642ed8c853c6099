"""New words by which customers may name an aspect: candidates of reviews, scored by how much they are talked about.

A candidate is worth showing when many reviews use it, more often than everyday language does, and with a word of
opinion in the same clause: `score = opinionated · ln((opinionated + 1) / (expected + 1)) · purity`, where `opinionated`
counts reviews that use it beside an opinion, `expected` is how many of the reviews would use it if they were everyday
language, and `purity` is the share of its uses beside an opinion. Words are cut by whoever calls: with parts of speech
in Chinese, as runs between stop words in English.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from reviews.ml.lexicon import Lexicon
from reviews.ml.text import clauses
from reviews.ml.words import listed

LEAST_REVIEWS = 5
EXAMPLES = 3
WORD = re.compile(r"[a-z]+(?:['’-][a-z]+)*|[^\sa-z]")
BEFORE = frozenset(
    ["the", "a", "an", "my", "your", "our", "their", "his", "her", "its", "this", "that", "these", "those", "of"]
    + ["and", "with", "no", "any", "some", "both", "each", "very"]
)
AFTER = frozenset(
    ["is", "are", "was", "were", "looks", "feels", "seems", "smells", "works", "worked", "looked", "felt", "and", "of"]
    + ["has"]
)
"""English words after and before which a noun is likely."""
NO_NOUNS = frozenset(
    ["such", "still", "even", "just", "new", "old", "first", "second", "one", "ones", "way", "time", "times", "day"]
    + ["days", "week", "weeks", "month", "months", "year", "years", "thing", "things", "lot", "bit", "said", "bought"]
    + ["use", "used", "nobody", "everything", "nothing", "something", "every", "whole", "got", "came", "made", "told"]
    + ["but", "most", "super", "overall", "little", "small", "medium", "large", "perfect", "unique", "pair", "side"]
)
"""Words that stand there, too, and name nothing that could be praised."""
NO_CHINESE_NOUNS = frozenset(
    [
        "总体",
        "整体",
        "感觉",
        "评价",
        "有点",
        "五星",
        "差距",
        "购物",
        "网购",
        "骗人",
        "信赖",
        "东西",
        "问题",
        "时候",
        "时间",
    ]
)
"""Words that jieba calls nouns and that name nothing either."""
DEGREES = frozenset("太很最超更挺")
"""A Chinese word that begins so is a judgement: 太坑, 很漂亮."""
NOUNS = ("n", "vn", "an", "nz", "nt", "ng")
"""Parts of speech of jieba that may name an aspect."""
NAMES = ("nr", "ns", "nrt", "nrfg")
"""People and places are never offered."""


@dataclass(frozen=True)
class Text:
    """A normalised review: `key` as the caller knows it, `language` "zh" or "en"."""

    key: int
    text: str
    language: str


@dataclass
class _Found:
    reviews: set[int] = field(default_factory=set)
    opinionated: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Candidate:
    """A term to offer. `reviews` use it, `opinionated` of them beside an opinion; `examples` are keys of some."""

    term: str
    language: str
    reviews: int
    opinionated: int
    score: float
    examples: tuple[int, ...]


def candidates(
    texts: Iterable[Text],
    *,
    taken: Iterable[str],
    words: Lexicon,
    cut: Callable[[str], Sequence[tuple[str, str]]],
    everyday: Callable[[str, str], float],
    most: int = 50,
) -> list[Candidate]:
    """The best candidates of each language together, the best first.

    `taken`: terms that are in the dictionary or were decided about. `cut`: Chinese text → (word, part of
    speech). `everyday(term, language)`: chance that a text of everyday language of this length uses it, 0 to 1.
    """
    found: dict[tuple[str, str], _Found] = {}
    spare = {*taken, *words.values, *listed("stop")}
    count: Counter[str] = Counter()
    for one in texts:
        count[one.language] += 1
        for span in clauses(one.text):
            clause = one.text[span.start : span.end]
            terms = {term for term in _terms(clause, one.language, cut, spare) if term not in spare}
            if not terms:
                continue
            is_opinion = any(opinion.value for opinion in words.opinions(clause))
            for term in terms:
                entry = found.setdefault((term, one.language), _Found())
                entry.reviews.add(one.key)
                if is_opinion:
                    entry.opinionated.add(one.key)
    scored = [
        _scored(term, language, entry, count[language], everyday)
        for (term, language), entry in found.items()
        if len(entry.opinionated) >= LEAST_REVIEWS
    ]
    best = sorted((one for one in scored if one.score > 0), key=lambda one: (-one.score, -len(one.term), one.term))
    return _apart(best)[:most]


def _scored(term: str, language: str, entry: _Found, total: int, everyday: Callable[[str, str], float]) -> Candidate:
    opinionated, reviews = len(entry.opinionated), len(entry.reviews)
    expected = everyday(term, language) * total
    score = opinionated * math.log((opinionated + 1) / (expected + 1)) * opinionated / reviews
    return Candidate(
        term, language, reviews, opinionated, round(score, 4),
        tuple(sorted(entry.opinionated, reverse=True)[:EXAMPLES]),
    )  # fmt: skip


def _apart(best: Sequence[Candidate]) -> list[Candidate]:
    """Without those that are nearly always part of a longer one, and longer ones that add nothing to a better one."""
    kept: list[Candidate] = []
    for one in best:
        overlaps = [other for other in kept if _holds(one.term, other.term) or _holds(other.term, one.term)]
        if all(one.reviews < 0.5 * other.reviews or one.reviews > 2 * other.reviews for other in overlaps):
            kept.append(one)
    return kept


def _holds(long: str, short: str) -> bool:
    return f" {short} " in f" {long} " if short.isascii() else short in long


# --- terms of a clause --------------------------------------------------------------------------------------------


def _terms(
    clause: str, language: str, cut: Callable[[str], Sequence[tuple[str, str]]], spare: Container[str]
) -> set[str]:
    """Words that may name something, and two of them together where neither is known: "good colour" is nothing new."""
    return _chinese(cut(clause), spare) if language == "zh" else _english(clause, spare)


def _chinese(words: Sequence[tuple[str, str]], spare: Container[str]) -> set[str]:
    """Nouns of two to six characters, alone and two together."""
    found, before = set[str](), ""
    for word, part in words:
        is_noun = part in NOUNS and not part.startswith(NAMES) and _may_name(word)
        if is_noun and 2 <= len(word) <= 6:
            found.add(word)
        if is_noun and before and word not in spare and 3 <= len(before + word) <= 6:
            found.add(before + word)
        before = word if is_noun and word not in spare else ""
    return found


def _may_name(word: str) -> bool:
    """No judgement such as 太坑, no doubled character such as 棒棒, no word that names nothing."""
    is_chinese = word.isalpha() and not word.isascii()
    return is_chinese and word not in NO_CHINESE_NOUNS and word[0] not in DEGREES and len(set(word)) > 1


def _english(clause: str, spare: Container[str]) -> set[str]:
    """Words that stand where nouns do: after an article or the like, or before a verb of being; and two together. What
    stands before another such word only describes it: "the cosy sweater" names a sweater."""
    words = WORD.findall(clause)
    stop = _stop_words()
    found = set[str]()
    for at, word in enumerate(words):
        if not _may_be_noun(word, stop, spare):
            continue
        before = words[at - 1] if at else ""
        after = words[at + 1] if at + 1 < len(words) else ""
        if before in BEFORE or after in AFTER or not before:
            if _may_be_noun(after, stop, spare):
                found |= {after, f"{word} {after}"}
            elif before or after in AFTER:
                found.add(word)
        elif _may_be_noun(before, stop, spare) and (after in AFTER or not after):
            found.add(f"{before} {word}")
    return found


def _may_be_noun(word: str, stop: frozenset[str], spare: Container[str]) -> bool:
    is_new = word not in stop and word not in spare
    return len(word) > 2 and word.isalpha() and is_new and not word.endswith(("ly", "ed"))


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    return frozenset(listed("stop")) | BEFORE | AFTER | NO_NOUNS


def chance_per_text(frequency: float, words: float) -> float:
    """Chance that a text of so many words holds a word of this frequency (0 to 1) at least once."""
    return 1.0 - (1.0 - min(max(frequency, 0.0), 1.0)) ** max(words, 0.0)
