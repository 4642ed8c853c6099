"""Learning intents from examples, and from which confidence on the shop may answer by itself."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from reviews.ml import linear
from reviews.ml.grams import GramKinds
from reviews.ml.intents import SCRIPTS, Floats, IntentModel, Thresholds, script_of
from reviews.ml.network_serving import Layer
from reviews.ml.ngram import TooFewTexts
from reviews.ml.transformer import Encoder, TransformerScorer
from reviews.ml.transformer_engine import COST as HEAD_COST
from reviews.ml.transformer_engine import evened
from reviews.ml.vocabulary import CountedTexts

FOLDS = 5
RIGHT = 0.9
"""Of what is answered, so much must be right."""
GAPS = (0.0, 0.05, 0.1, 0.2)
FEWEST_KNOWN = 100
"""Examples of one script from which its thresholds are measured."""
FEWEST_STRANGE = 30
"""From so many collected texts on, that nothing covers, no intent has to play their part."""
STRANGE_SHARE = 0.25
"""Of what people write, so much is taken to be about nothing the shop has an intent for."""
HIDDEN_SHARE = 0.5
"""The same where nothing of that kind was collected: hidden intents say little of how often it comes, so half."""


@dataclass(frozen=True)
class IntentParams:
    """`kinds` of grams, `cost` of an error against simple weights, `temperature` that flattens the softmax."""

    kinds: GramKinds = field(default_factory=lambda: GramKinds(4, 2, shortest=2, crossing=False, unspaced=(1, 2)))
    cost: float = 150.0
    temperature: float = 1.4


@dataclass(frozen=True)
class Trial:
    """Answers to examples that the model did not see: confidences [texts × intents], the right intent or −1 where its
    intent was hidden from the model, too, and the numbers of the examples."""

    confidence: Floats
    right: NDArray[np.int64]
    examples: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Of which texts the intent was there to find."""
        return self.right >= 0

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Where the best intent is the right one."""
        return self.confidence.argmax(axis=1) == self.right


@dataclass(frozen=True)
class Voice:
    """A pretrained encoder with the states that it gives to the examples."""

    encoder: Encoder
    states: Layer

    @classmethod
    def of(cls, encoder: Encoder, texts: Sequence[str]) -> Self:
        return cls(encoder, encoder.states(texts))

    def some(self, places: NDArray[np.int64]) -> "Voice":
        return Voice(self.encoder, self.states[places])


@dataclass(frozen=True)
class Heard:
    """Whether the encoder has a say: what it `gained` in right intents over the grams alone, on the same examples, each
    by models that did not see it, with standard `error`."""

    is_used: bool
    gained: float
    error: float


def train(
    texts: Sequence[str], intents: Sequence[str], params: IntentParams | None = None, *, seed: int = 0,
    encoder: Encoder | None = None,
) -> IntentModel:  # fmt: skip
    """Learn from normalised examples; thresholds come from `tried`. An `encoder` has a say, whatever it is worth.
    Raises TooFewTexts without two intents of two."""
    params = params or IntentParams()
    names, codes = _coded(intents)
    voice = Voice.of(encoder, texts) if encoder is not None else None
    model = _fit(texts, codes, tuple(names), params, voice)
    trial = tried(texts, intents, params, seed=seed, voice=voice)
    by_script = _by_script(trial, [texts[at] for at in trial.examples.tolist()])
    return replace(model, thresholds=thresholds_of(trial), by_script=by_script)


@dataclass(frozen=True)
class Learned:
    """A model with its thresholds; `trial` has each example once, in order, answered by a model that did not see it,
    and `strange` [texts × intents] the confidences of the model itself for texts that no intent covers. `heard` is None
    without an encoder."""

    model: IntentModel
    trial: Trial
    strange: Floats
    heard: Heard | None = None


def learn(
    texts: Sequence[str],
    intents: Sequence[str],
    strange: Sequence[str],
    params: IntentParams | None = None,
    *,
    encoder: Encoder | None = None,
    tell: Callable[[int], None] = lambda _done: None,
) -> Learned:
    """As `train`, where texts that no intent covers were collected (`strange`): with FEWEST_STRANGE of them they take
    the part of hidden intents. Folds follow from the texts, so that two versions are tried on the same ones. An
    `encoder` has a say where that gains more right intents than its standard error.

    `tell` hears after each fold how many are done. Raises TooFewTexts.
    """
    params = params or IntentParams()
    names, codes = _coded(intents)
    collected = len(strange) >= FEWEST_STRANGE
    fold, voice, heard = folds_of(texts), None, None
    trial = tried(texts, intents, params, fold=fold, hides=not collected, tell=tell)
    if encoder is not None:
        voice = Voice.of(encoder, texts)
        with_voice = tried(texts, intents, params, fold=fold, hides=not collected, voice=voice)
        heard = _heard(with_voice, trial)
        trial, voice = (with_voice, voice) if heard.is_used else (trial, None)
    model = _fit(texts, codes, tuple(names), params, voice)
    beside = model.confidences(strange)[0]
    nothing = np.full(len(beside), -1)
    judged = Trial(np.concatenate([trial.confidence, beside]), np.concatenate([trial.right, nothing]))
    own = np.flatnonzero(trial.known)
    own = own[np.argsort(trial.examples[own], kind="stable")]
    if len(own) < len(codes):
        raise TooFewTexts("Too few examples to try each of them on others.")
    kept = Trial(trial.confidence[own], trial.right[own], trial.examples[own])
    asked = [texts[at] for at in trial.examples.tolist()] + list(strange)
    share = STRANGE_SHARE if collected else HIDDEN_SHARE
    model = replace(model, thresholds=thresholds_of(judged, share), by_script=_by_script(judged, asked, share))
    return Learned(model, kept, beside, heard)


def _heard(with_voice: Trial, without: Trial) -> Heard:
    gaps = with_voice.hits[with_voice.known].astype(float) - without.hits[without.known]
    gained, error = float(gaps.mean()), float(gaps.std() / np.sqrt(len(gaps)))
    return Heard(gained > error, gained, error)


def folds_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """A fold for each text, the same whenever and among whatever it is learned."""
    digests = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest() for text in texts)
    return np.array([int.from_bytes(digest) % FOLDS for digest in digests], np.int64)


def tried(
    texts: Sequence[str],
    intents: Sequence[str],
    params: IntentParams | None = None,
    *,
    seed: int = 0,
    fold: NDArray[np.int64] | None = None,
    hides: bool = True,
    voice: Voice | None = None,
    tell: Callable[[int], None] = lambda _done: None,
) -> Trial:
    """Every example answered by a model that did not see it, and (`hides`) once more by one that does not know its
    intent. `fold` says which examples are left out together; by chance without it. With a `voice` an encoder has a say.

    Nobody collects what a shop cannot answer before it opens, so each fifth of the intents plays that part in turn.
    """
    params = params or IntentParams()
    names, codes = _coded(intents)
    rng = np.random.default_rng(seed)
    by_chance, hidden = rng.permutation(len(codes)) % FOLDS, (rng.permutation(len(names)) % FOLDS)[codes]
    fold = by_chance if fold is None else fold
    parts, right, examples = [], [], []
    for number in range(FOLDS):
        rounds = [(fold == number, fold != number), (hidden == number, hidden != number)]
        for asked, seen in rounds if hides else rounds[:1]:
            there = np.unique(codes[seen])
            if not asked.any() or len(there) < 2:
                continue
            place = np.full(len(names), -1)
            place[there] = np.arange(len(there))
            own, others = np.flatnonzero(seen), np.flatnonzero(asked)
            model = _fit(
                [texts[at] for at in own.tolist()], place[codes[own]], tuple(names[there]), params,
                voice.some(own) if voice is not None else None,
            )  # fmt: skip
            confidence = np.zeros((len(others), len(names)))
            states = voice.states[others] if voice is not None else None
            confidence[:, there] = model.confidences([texts[at] for at in others.tolist()], states)[0]
            parts.append(confidence)
            right.append(np.where(place[codes[others]] >= 0, codes[others], -1))
            examples.append(others)
        tell(number + 1)
    if not parts:
        return Trial(np.empty((0, len(names))), np.empty(0, np.int64))
    return Trial(np.concatenate(parts), np.concatenate(right), np.concatenate(examples))


def thresholds_of(trial: Trial, strange_share: float = HIDDEN_SHARE) -> Thresholds:
    """`answer` and `gap` so that of what is answered 90 % is right, and as much as can be is answered; `ask` where
    telling known from strange is right most often. Strange texts weigh `strange_share` in both, known ones the rest."""
    known, hits = trial.known, trial.hits
    if not known.any() or known.all():
        return Thresholds()
    weights = np.where(known, (1.0 - strange_share) / known.sum(), strange_share / (~known).sum())
    ordered = np.sort(trial.confidence, axis=1)[:, ::-1]
    best, lead = ordered[:, 0], ordered[:, 0] - ordered[:, 1]
    found = []
    for gap in GAPS:
        wide = np.flatnonzero(lead >= gap)
        order = wide[np.argsort(-best[wide], kind="stable")]
        right, all_of = np.cumsum(weights[order] * hits[order]), np.cumsum(weights[order])
        good = np.flatnonzero((right >= RIGHT * all_of) & _ends(best[order]))
        if len(good):
            found.append((right[good[-1]], -gap, float(best[order[good[-1]]])))
    _answered, minus_gap, answer = max(found, default=(0.0, 0.0, 1.0))
    order = np.argsort(-best, kind="stable")
    gained = np.cumsum(weights[order] * hits[order]) - np.cumsum(weights[order] * ~known[order])
    ends = np.flatnonzero(_ends(best[order]))
    ask = float(best[order[ends[gained[ends].argmax()]]]) if len(ends) else 1.0
    return Thresholds(answer, min(ask, answer), -minus_gap)


def _by_script(judged: Trial, asked: Sequence[str], strange_share: float = HIDDEN_SHARE) -> dict[str, Thresholds]:
    """Thresholds of each script that has enough texts of both kinds to tell; none where all texts are of one."""
    scripts = np.array([script_of(text) for text in asked])
    found = {}
    for script in SCRIPTS:
        own = scripts == script
        known = own & judged.known
        if own.all() or known.sum() < FEWEST_KNOWN or (own & ~judged.known).sum() < FEWEST_STRANGE:
            continue
        found[script] = thresholds_of(Trial(judged.confidence[own], judged.right[own]), strange_share)
    return found


def _ends(falling: Floats) -> NDArray[np.bool_]:
    """Where a run of equal numbers ends: what is alike is answered alike."""
    return np.r_[falling[1:] != falling[:-1], True][: len(falling)]


def _coded(intents: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    names, codes = np.unique(np.asarray(intents, dtype=np.str_), return_inverse=True)
    if len(names) < 2 or np.bincount(codes).max() < 2:
        raise TooFewTexts("Learning needs two intents, and two examples of one of them.")
    return names, codes.astype(np.int64)


def _fit(
    texts: Sequence[str], codes: NDArray[np.int64], names: tuple[str, ...], params: IntentParams,
    voice: Voice | None = None,
) -> IntentModel:  # fmt: skip
    counted = CountedTexts.of(texts, params.kinds)
    vocabulary = counted.vocabulary(in_texts=1)
    rows = counted.rows(vocabulary)
    found = linear.fit_softmax(rows, codes, len(names), cost=params.cost)
    intents = tuple(str(name) for name in names)
    return IntentModel(
        intents, vocabulary, found.weights, found.bias, rows, codes.astype(np.int32), params.temperature,
        head=_head(voice, codes, intents) if voice is not None else None,
    )  # fmt: skip


def _head(voice: Voice, codes: NDArray[np.int64], intents: tuple[str, ...]) -> TransformerScorer:
    """A logistic regression of the states of the encoder, which itself stays as it is."""
    mean, spread = evened(voice.states)
    rows = sp.csr_matrix((voice.states - mean) / spread)
    found = linear.fit_softmax(rows, codes, len(intents), cost=HEAD_COST)
    return TransformerScorer(intents, voice.encoder, mean, spread, found.weights, found.bias)
