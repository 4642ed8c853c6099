"""What somebody wants: the intent of an utterance, how sure that is, and whether to answer, ask back or hand over.

Numpy and scipy.sparse only. Arrays (n grams, k intents, m examples):

* `keys` uint64 [n], `idf` float32 [n], `weights` float32 [n × k], `bias` float64 [k]: grams and a softmax over intents
* `example_indptr` int64 [m + 1], `example_indices` int32, `example_values` float32: the examples as rows of TF-IDF
* `example_intents` int32 [m]: whose they are, in the order that training got them
* `head_mean`, `head_spread`, `head_weights`, `head_bias`: of a pretrained encoder (`reviews.ml.transformer`), where it
  has a say

`meta`: `format` 1, `intents`, `characters`, `words`, `shortest`, `crossing`, `unspaced`, `temperature`, the
thresholds `answer`, `ask`, `gap`, `by_script` with those of texts in one script, and `head`: what belongs to the arrays
of the encoder, None without one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from reviews.ml.grams import GramKinds
from reviews.ml.text import HAN_CHARACTER, normalise
from reviews.ml.vocabulary import CountedTexts, Vocabulary

if TYPE_CHECKING:
    import scipy.sparse as sp

    from reviews.ml.transformer import TransformerScorer

FORMAT = 1
ANSWER, ASK, HAND_OVER = "answer", "ask", "hand_over"
HAN, OTHER = SCRIPTS = "han", "other"
SUGGESTED = 3
HEAD = "head_"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Thresholds:
    """From `answer` on, with the next intent at least `gap` behind, the intent is taken; from `ask` on the person is
    asked whether it is meant; below nothing is assumed. All are confidences, 0 to 1."""

    answer: float = 0.5
    ask: float = 0.2
    gap: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """An intent with its confidence and the number of its example that is most like the utterance."""

    intent: str
    confidence: float
    example: int


@dataclass(frozen=True)
class Understood:
    """What to do (ANSWER, ASK or HAND_OVER) and the likeliest intents, best first; none for an empty utterance."""

    act: str
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class IntentModel:
    """`confidence = P(intent) · similarity · known²`: a softmax over grams, the cosine to the nearest example of the
    intent, and how much of the utterance the examples have words for. Both factors look at known grams alone, so each
    is held back once: what is like nothing known gets no confidence, however far it lies on one side of a line.

    With the `head` of a pretrained encoder P is the mean of its chances and those of the grams."""

    intents: tuple[str, ...]
    vocabulary: Vocabulary
    weights: NDArray[np.float32]
    bias: Floats
    examples: sp.csr_matrix
    example_intents: NDArray[np.int32]
    temperature: float = 1.0
    thresholds: Thresholds = Thresholds()
    by_script: Mapping[str, Thresholds] = field(default_factory=dict)
    head: TransformerScorer | None = None

    def thresholds_for(self, text: str) -> Thresholds:
        """Those of its script, else those of all. A Chinese sentence has fewer and rarer grams than an English one, so
        equal confidences do not mean the same."""
        return self.by_script.get(script_of(text), self.thresholds)

    def understand(self, utterances: Sequence[str]) -> list[Understood]:
        """One answer for each raw utterance. Never raises for a str."""
        texts = [normalise(text) for text in utterances]
        told = zip(*self.confidences(texts), texts, strict=True)
        return [self._understood(row, near, self.thresholds_for(text)) for row, near, text in told]

    def confidences(
        self, texts: Sequence[str], states: NDArray[np.float32] | None = None
    ) -> tuple[Floats, NDArray[np.int64]]:
        """[texts × intents] of normalised texts: confidences, and numbers of the nearest examples of each intent.
        `states` are those of the encoder, where it has read the texts already."""
        counted = CountedTexts.of(texts, self.vocabulary.kinds)
        rows = counted.rows(self.vocabulary)
        likeness, nearest = self._likeness(rows)
        known = counted.coverage(self.vocabulary, self._unknown_idf)[:, None]
        return self._chances(texts, rows, states) * likeness * known**2, nearest

    def _chances(self, texts: Sequence[str], rows: sp.csr_matrix, states: NDArray[np.float32] | None) -> Floats:
        chances = self.probabilities(rows)
        if self.head is None or not len(chances):
            return chances
        logits = self.head.logits(texts) if states is None else self.head.logits_of(states)
        return (chances + _softmax(logits / self.head.temperature)) / 2.0

    def probabilities(self, rows: sp.csr_matrix) -> Floats:
        """Softmax of `(rows @ weights + bias) / temperature`."""
        return _softmax((np.asarray(rows @ self.weights, np.float64) + self.bias) / self.temperature)

    def likeness(self, rows: sp.csr_matrix) -> Floats:
        """Cosine to the nearest example of each intent [texts × intents], 0 to 1."""
        return self._likeness(rows)[0]

    def _likeness(self, rows: sp.csr_matrix) -> tuple[Floats, NDArray[np.int64]]:
        cosines = np.asarray((rows @ self.examples.T).todense(), np.float64)
        likeness = np.zeros((rows.shape[0], len(self.intents)))
        nearest = np.zeros(likeness.shape, np.int64)
        for at, own in enumerate(self._examples_of):
            if len(own) and rows.shape[0]:
                best = cosines[:, own].argmax(axis=1)
                nearest[:, at] = own[best]
                likeness[:, at] = cosines[np.arange(len(cosines)), own[best]]
        return np.clip(likeness, 0.0, 1.0), nearest

    @property
    def _unknown_idf(self) -> float:
        """Of a gram that no example has."""
        return float(np.log(1.0 + len(self.example_intents)) + 1.0)

    @cached_property
    def _examples_of(self) -> list[NDArray[np.int64]]:
        return [np.flatnonzero(self.example_intents == at) for at in range(len(self.intents))]

    def _understood(self, confidence: Floats, nearest: NDArray[np.int64], thresholds: Thresholds) -> Understood:
        order = [int(at) for at in np.argsort(-confidence, kind="stable")[:SUGGESTED] if confidence[at] > 0.0]
        found = tuple(Candidate(self.intents[at], float(confidence[at]), int(nearest[at])) for at in order)
        return Understood(act(confidence, thresholds), found)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """What the registry writes; no array holds objects."""
        return {
            "keys": self.vocabulary.keys, "idf": self.vocabulary.idf, "weights": self.weights, "bias": self.bias,
            "example_indptr": self.examples.indptr.astype(np.int64),
            "example_indices": self.examples.indices.astype(np.int32),
            "example_values": self.examples.data.astype(np.float32), "example_intents": self.example_intents,
            **({HEAD + name: part for name, part in self.head.to_arrays().items()} if self.head is not None else {}),
        }  # fmt: skip

    def to_meta(self) -> dict[str, Any]:
        """What stands beside the arrays, ready for JSON."""
        kinds = self.vocabulary.kinds
        return {
            "format": FORMAT, "intents": list(self.intents), "characters": kinds.characters, "words": kinds.words,
            "shortest": kinds.shortest, "crossing": kinds.crossing, "unspaced": kinds.unspaced,
            "temperature": self.temperature, **self.thresholds.__dict__,
            "by_script": {script: one.__dict__ for script, one in self.by_script.items()},
            "head": self.head.to_meta() if self.head is not None else None,
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Self:
        """Raises KeyError for what is missing, NoTransformer where an encoder has a say that is not here, and
        ValueError for what does not fit together or is no number."""
        if meta["format"] != FORMAT:
            raise ValueError(f"The model is of format {meta['format']}; this program reads {FORMAT}.")
        intents = tuple(str(name) for name in meta["intents"])
        lengths = meta.get("unspaced")
        kinds = GramKinds(
            meta["characters"], meta["words"], meta["shortest"], meta["crossing"],
            (int(lengths[0]), int(lengths[1])) if lengths else None,
        )  # fmt: skip
        keys, owners = arrays["keys"], arrays["example_intents"]
        import scipy.sparse as sp

        examples = sp.csr_matrix(
            (arrays["example_values"], arrays["example_indices"], arrays["example_indptr"]),
            shape=(len(owners), len(keys)),
        )
        examples.check_format()
        fits = arrays["weights"].shape == (len(keys), len(intents)) and arrays["bias"].shape == (len(intents),)
        fits &= arrays["idf"].shape == keys.shape and not bool((keys[1:] <= keys[:-1]).any())
        fits &= not len(owners) or bool((owners >= 0).all() and (owners < len(intents)).all())
        numbers = (arrays["idf"], arrays["weights"], arrays["bias"], arrays["example_values"])
        if not fits or not intents or not all(bool(np.isfinite(part).all()) for part in numbers):
            raise ValueError("The arrays of the intents do not fit together.")
        return cls(
            intents, Vocabulary(kinds, keys, arrays["idf"]), arrays["weights"], arrays["bias"], examples, owners,
            float(meta["temperature"]), _thresholds(meta),
            {str(script): _thresholds(one) for script, one in meta.get("by_script", {}).items()},
            _head(arrays, meta, intents),
        )  # fmt: skip


def _thresholds(meta: Mapping[str, Any]) -> Thresholds:
    return Thresholds(*(float(meta[name]) for name in ("answer", "ask", "gap")))


def _head(
    arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], intents: tuple[str, ...]
) -> TransformerScorer | None:
    if not meta.get("head"):
        return None
    from reviews.ml.transformer import TransformerScorer

    own = {name.removeprefix(HEAD): part for name, part in arrays.items() if name.startswith(HEAD)}
    found = TransformerScorer.from_arrays(own, meta["head"])
    if found.classes != intents:
        raise ValueError("The head of the encoder knows other intents.")
    return found


def _softmax(logs: Floats) -> Floats:
    chances = np.exp(logs - logs.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))


def script_of(text: str) -> str:
    """HAN where a text has a Chinese character, else OTHER."""
    return HAN if HAN_CHARACTER.search(text) else OTHER


def act(confidence: Floats, thresholds: Thresholds) -> str:
    """What to do with the confidences of one utterance [intents]."""
    best, second = np.sort(confidence)[::-1][:2] if len(confidence) > 1 else (confidence[0], 0.0)
    if best >= thresholds.answer and best - second >= thresholds.gap:
        return ANSWER
    return ASK if best >= thresholds.ask and best > 0.0 else HAND_OVER
