"""How likely a review is not what it says it is, from reasons that a person can check. Pure: facts in, reasons out.

The score is a probability by adding evidence (naive Bayes in log-odds): 2 of 100 reviews are taken to be not genuine
before anything is known (`PRIOR`), each reason adds its weight, `score = 1 / (1 + e^−(PRIOR + Σ weights))`. A weight is
the logarithm of how much more often a fact stands with planted and bought reviews than with honest ones. They are
reasoned, since no shop comes with labels:

* **near duplicates**: others say nearly the same. `1.9 + 0.8·ln(others)`, one more where one of them was rejected as
  not genuine, times how much text there is to be alike (short praise is alike by chance), at most 5. One pair alone
  stays far below the threshold (0.12); from about a dozen it suffices alone.
* **copied**: the same account says nearly the same of other products. `1.2 + 0.7·ln(others)`, at most 3: people in a
  hurry do that, too, so it never suffices alone.
* **burst**: many more reviews of this product within a day before and after than its own rate of the 120 days before
  lets expect. The chance of so many is the tail of a negative binomial (a Poisson count whose rate is known as well as
  its history allows); `0.35·(−log₁₀ p − 3)`, at most 2.2: a campaign makes honest bursts, so it never suffices alone.
* **new account** without an order that was paid: 1.2 on its first day, 0.6 in its first week.
* **many at once**: six and more reviews by the account within a day without having bought: 0.8, from twelve 1.5.
* **not bought here**: `ln(0.9 / share of unverified reviews in this shop)`, from 0 to 1: where nobody's purchase is
  known it says nothing.
* **stars against words**: the reading of the words is at least 0.75 away from the stars, both from 0 to 1: 1.2. It is
  a mistake more often than a lie.
* **contact**: a link, an address or an account of a messenger: 4.2. It suffices alone.

Near duplicates are found by MinHash with bands (Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets,
chapter 3): 16 bands of 4 minima each of the text's runs of characters. Two texts that share 70 % of their runs meet in
a band with a chance of 99 %, 55 % with 78 %, 10 % with 0.2 %, so only likely pairs are compared and the cost is about
linear in the texts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from reviews.ml.grams import BATCH, GramKinds, batches, count
from reviews.ml.text import HAN_CHARACTER, normalise

VERSION = 1
"""Of the rules; a new one has every review scored again."""
SUSPICIOUS = 0.5
PRIOR = math.log(0.02 / 0.98)
ALIKE = 0.55
"""Share of common runs of characters from which two texts say nearly the same."""
BANDS, ROWS = 16, 4
FEWEST = 14
"""Runs of characters that a text needs to be compared: "good quality, fast delivery" is nobody's own."""
WHOLE = 40
"""Runs from which likeness counts in full."""
HAN_RUNS, OTHER_RUNS = GramKinds(3, 0, shortest=3), GramKinds(5, 0, shortest=5)
HISTORY_DAYS, WINDOW_DAYS = 120.0, 2.0
BURST_FROM = 5
PRIOR_REVIEWS, PRIOR_DAYS = 0.5, 7.0
"""What is taken to have been seen of each product before its own history."""

U64 = NDArray[np.uint64]
_random = np.random.default_rng(20_261_126)
_MULTIPLIERS = _random.integers(1, 1 << 63, BANDS * ROWS, np.uint64) * np.uint64(2) + np.uint64(1)
_SHIFTS = _random.integers(0, 1 << 63, BANDS * ROWS, np.uint64)
_FOLDS = _random.integers(1, 1 << 63, ROWS, np.uint64) * np.uint64(2) + np.uint64(1)


# --- near duplicates --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fingerprint:
    """`runs`: hashes of a text's runs of characters, increasing. `bands`: signed 64-bit numbers; two texts that share
    one are likely alike. Both empty for texts too short to compare."""

    runs: U64
    bands: tuple[int, ...]

    def likeness(self, other: "Fingerprint") -> float:
        """Share of common runs among all of both, 0 to 1 (Jaccard)."""
        both = len(np.intersect1d(self.runs, other.runs, assume_unique=True))
        return both / max(1, len(self.runs) + len(other.runs) - both)


def fingerprints(texts: Sequence[str]) -> list[Fingerprint]:
    """One for each text as customers wrote it. Spaces, signs, case and variants of characters make no difference."""
    bare = ["".join(filter(str.isalnum, normalise(text))) for text in texts]
    found = [Fingerprint(np.empty(0, np.uint64), ())] * len(bare)
    is_han = [3 * len(HAN_CHARACTER.findall(text)) >= len(text) for text in bare]
    for kinds, wanted in ((HAN_RUNS, True), (OTHER_RUNS, False)):
        places = [place for place, han in enumerate(is_han) if han == wanted and bare[place]]
        for start, some in batches([bare[place] for place in places], BATCH):
            counted = count(some, kinds)
            order = np.lexsort((counted.hashes, counted.texts))
            hashes = counted.hashes[order]
            ends = np.cumsum(np.bincount(counted.texts, minlength=len(some)))
            for place, runs in zip(places[start:], np.split(hashes, ends[:-1]), strict=False):
                if len(runs) >= FEWEST:
                    found[place] = Fingerprint(runs, _bands(runs))
    return found


def _bands(runs: U64) -> tuple[int, ...]:
    # Hashes of neighbouring runs look alike; a multiplication and a shift spread them (the finish of SplitMix64).
    mixed = (runs ^ (runs >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    lowest = (mixed[:, None] * _MULTIPLIERS + _SHIFTS).min(axis=0).reshape(BANDS, ROWS)
    keys = (lowest * _FOLDS).sum(axis=1, dtype=np.uint64) + np.arange(BANDS, dtype=np.uint64)
    return tuple(int(key) for key in keys.view(np.int64))


def alike(prints: Sequence[Fingerprint]) -> list[tuple[int, int]]:
    """Pairs (i < j) of texts that say nearly the same, each once."""
    buckets: dict[int, list[int]] = {}
    for place, one in enumerate(prints):
        for band in one.bands:
            buckets.setdefault(band, []).append(place)
    likely = {(i, j) for places in buckets.values() for at, j in enumerate(places) for i in places[:at]}
    return sorted((i, j) for i, j in likely if prints[i].likeness(prints[j]) >= ALIKE)


# --- reasons ----------------------------------------------------------------------------------------------------------


class Code(StrEnum):
    NEAR_DUPLICATES = "near_duplicates"
    COPIED = "copied"
    BURST = "burst"
    NEW_ACCOUNT = "new_account"
    MANY_AT_ONCE = "many_at_once"
    UNVERIFIED = "unverified"
    CONTRADICTION = "contradiction"
    CONTACT = "contact"


class Reason(TypedDict):
    """As it is stored. `weight`: what it adds in log-odds. `facts`: numbers for the sentence, by name."""

    code: str
    weight: float
    facts: dict[str, float]


@dataclass(frozen=True)
class Facts:
    """What is known of one review; what nobody knows has the value that says nothing.

    `runs`: of its fingerprint. `others`: accounts that say nearly the same, of which `rejected` were not genuine.
    `copies`: nearly the same by the same account, of other products. `near`: reviews of the product within a day,
    itself included; `before` of the `history_days` days before. `account_days`: from joining to writing, None without
    an account or with a paid order. `at_once`: unbought reviews by the account within a day. `unverified_share`: of
    the shop. `positive`: of the words, 0 to 1.
    """

    rating: int
    runs: int = 0
    others: int = 0
    rejected: int = 0
    copies: int = 0
    near: int = 1
    before: int = 0
    history_days: float = HISTORY_DAYS
    account_days: float | None = None
    at_once: int = 1
    is_verified: bool = True
    unverified_share: float = 1.0
    positive: float | None = None
    has_contact: bool = False


@dataclass(frozen=True)
class Suspicion:
    """`score` 0 to 1 and why, the heaviest reason first."""

    score: float
    reasons: list[Reason] = field(default_factory=list)

    @property
    def is_high(self) -> bool:
        return self.score >= SUSPICIOUS


def judge(facts: Facts) -> Suspicion:
    """Weigh what is known. The same facts give the same score; without any reason it is that of the prior, 0.02."""
    found = filter(None, (rule(facts) for rule in _RULES))
    reasons = sorted((one for one in found if one["weight"] > 0), key=lambda one: -one["weight"])
    odds = PRIOR + sum(one["weight"] for one in reasons)
    return Suspicion(round(1.0 / (1.0 + math.exp(-odds)), 4), reasons)


def burst_chance(near: int, before: int, history_days: float = HISTORY_DAYS) -> float:
    """Chance that a product has at least so many other reviews within the window, by its own rate before."""
    others, shape = near - 1, PRIOR_REVIEWS + before
    if others <= 0:
        return 1.0
    days = PRIOR_DAYS + max(history_days, 0.0)
    return float(betainc(others, shape, WINDOW_DAYS / (WINDOW_DAYS + days)))


def _reason(code: Code, weight: float, **facts: float) -> Reason:
    return {"code": code.value, "weight": round(weight, 3), "facts": facts}


def _near_duplicates(facts: Facts) -> Reason | None:
    if not facts.others:
        return None
    weight = 1.9 + 0.8 * math.log(facts.others) + (1.0 if facts.rejected else 0.0)
    weight = min(5.0, weight * _substance(facts.runs))
    return _reason(Code.NEAR_DUPLICATES, weight, others=facts.others, rejected=facts.rejected)


def _copied(facts: Facts) -> Reason | None:
    if not facts.copies:
        return None
    weight = min(3.0, (1.2 + 0.7 * math.log(facts.copies)) * _substance(facts.runs))
    return _reason(Code.COPIED, weight, copies=facts.copies)


def _substance(runs: int) -> float:
    return min(1.0, runs / WHOLE)


def _burst(facts: Facts) -> Reason | None:
    if facts.near < BURST_FROM:
        return None
    chance = burst_chance(facts.near, facts.before, facts.history_days)
    weight = min(2.2, max(0.0, 0.35 * (-math.log10(max(chance, 1e-300)) - 3.0)))
    usual = WINDOW_DAYS * (PRIOR_REVIEWS + facts.before) / (PRIOR_DAYS + facts.history_days)
    return _reason(Code.BURST, weight, near=facts.near, usual=round(usual, 2))


def _new_account(facts: Facts) -> Reason | None:
    days = facts.account_days
    if days is None or days >= 7:
        return None
    return _reason(Code.NEW_ACCOUNT, 1.2 if days < 1 else 0.6, days=round(max(days, 0.0), 2))


def _many_at_once(facts: Facts) -> Reason | None:
    if facts.at_once < 6:
        return None
    return _reason(Code.MANY_AT_ONCE, 1.5 if facts.at_once >= 12 else 0.8, reviews=facts.at_once)


def _unverified(facts: Facts) -> Reason | None:
    if facts.is_verified:
        return None
    weight = math.log(0.9 / max(facts.unverified_share, 0.01))
    return _reason(Code.UNVERIFIED, min(1.0, max(0.0, weight)), share=round(facts.unverified_share, 3))


def _contradiction(facts: Facts) -> Reason | None:
    if facts.positive is None or abs((facts.rating - 1) / 4 - facts.positive) < 0.75:
        return None
    return _reason(Code.CONTRADICTION, 1.2, rating=facts.rating, positive=round(facts.positive, 2))


def _contact(facts: Facts) -> Reason | None:
    return _reason(Code.CONTACT, 4.2) if facts.has_contact else None


_RULES = (
    _near_duplicates, _copied, _burst, _new_account, _many_at_once, _unverified, _contradiction, _contact,
)  # fmt: skip
