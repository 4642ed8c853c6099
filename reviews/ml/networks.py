"""Engines `keras-cnn` and `keras-lstm`: networks that learn with Keras and answer with numpy alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from reviews.ml.learned import Learned
from reviews.ml.network_serving import CNN, LSTM, Floats, NetworkScorer, softmax
from reviews.ml.ngram import TooFewTexts, threshold_of
from reviews.ml.pieces import Encoder

HELD = 0.1
"""Of the texts: what early stopping, temperature and threshold rest on."""
COOLEST, HOTTEST = 0.25, 8.0


@dataclass(frozen=True)
class NetworkParams:
    """`runs`: embeddings for pieces and for runs of up to so many of them that stand in `in_texts` texts, at most
    `most` of each length; pieces are Chinese words with `by_words`, at most `longest` of a text. `widths` of the
    convolutions, none for an LSTM; `units` of each; `rate` of learning at first; `hidden`: so
    many of the numbers are UNKNOWN while learning, anew each time, so that no rare run is relied on."""

    runs: int = 1
    in_texts: int = 2
    most: int = 100_000
    by_words: bool = False
    longest: int = 200
    dimensions: int = 32
    widths: tuple[int, ...] = ()
    units: int = 128
    spatial_dropout: float = 0.0
    dropout: float = 0.5
    rate: float = 0.002
    hidden: float = 0.0
    batch: int = 128
    epochs: int = 4
    patience: int = 2
    verbose: bool = False

    @property
    def least(self) -> int:
        """Pieces that a batch must have."""
        return max(self.widths, default=1)


class Allowance:
    """Processor seconds for learning, asked for between epochs: one is always learned, and none is begun that would end
    too late if it took as long as those before. Without seconds there is always time."""

    def __init__(self, seconds: float | None = None, *, clock: Callable[[], float] = time.process_time) -> None:
        self.seconds, self._clock = seconds, clock
        self._start = self._first = clock()
        self.is_over = False

    def begin(self) -> None:
        """What came before is preparation, and the first epoch begins."""
        self._first = self._clock()

    def has_another(self, epochs: int) -> bool:
        """Whether there is time for one more after so many."""
        now = self._clock()
        self.is_over = self.seconds is not None and now - self._start + (now - self._first) / epochs > self.seconds
        return not self.is_over


PARAMS = {
    CNN: NetworkParams(runs=2, dimensions=64, widths=(1, 2, 3, 4), units=64, spatial_dropout=0.3, hidden=0.3),
    LSTM: NetworkParams(runs=2, longest=120, hidden=0.2),
}


class NetworkEngine(Learned[NetworkScorer]):
    """Learns in a process that loads TensorFlow; `scorer` after fit is what the registry keeps."""

    def __init__(
        self, name: str, params: NetworkParams | None = None, *, seed: int = 0, budget: float | None = None
    ) -> None:
        """`budget`: processor seconds after which no further epoch is learned."""
        self.name, self.params, self.seed, self.budget = name, params or PARAMS[name], seed, budget
        self.epoch = 0
        self.is_cut_short = False

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        from reviews.ml import deep

        names, codes = np.unique(np.asarray(labels, dtype=np.str_), return_inverse=True)
        if len(names) < 2 or np.bincount(codes).min() < 2:
            raise TooFewTexts("Learning needs two classes with two texts each.")
        held = held_back(codes, self.seed)
        params, allowance = self.params, Allowance(self.budget)
        encoder = Encoder.of(
            [text for text, out in zip(texts, held, strict=True) if not out], runs=params.runs,
            in_texts=params.in_texts, most=params.most, by_words=params.by_words, longest=params.longest,
        )  # fmt: skip
        encoded = encoder.encode(texts)
        seen, unseen = ([encoded[at] for at in np.flatnonzero(some)] for some in (~held, held))
        weights, logits, self.epoch = deep.learn(
            seen, codes[~held], unseen, codes[held],
            classes=len(names), sizes=encoder.sizes, params=params, seed=self.seed, allowance=allowance,
        )  # fmt: skip
        self.is_cut_short = allowance.is_over
        temperature = temperature_of(logits, codes[held])
        threshold = threshold_of(softmax(logits / temperature)[:, 1]) if len(names) == 2 else 0.5
        self.scorer = NetworkScorer(
            self.name, tuple(str(name) for name in names), encoder, weights, params.widths, temperature, threshold
        )
        return self

    def described(self) -> dict[str, Any]:
        scorer, params = self._fitted, self.params
        return {
            "runs": list(scorer.encoder.sizes), "by_words": params.by_words, "longest": params.longest,
            "dimensions": params.dimensions, "widths": list(params.widths), "units": params.units,
            "epochs": params.epochs, "epoch": self.epoch, "temperature": round(scorer.temperature, 4),
            "threshold": round(scorer.threshold, 6),
        }  # fmt: skip


def held_back(codes: NDArray[np.int64], seed: int, share: float = HELD) -> NDArray[np.bool_]:
    """A share of each class, at least one text of it."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(codes), bool)
    for code in range(int(codes.max()) + 1):
        own = rng.permutation(np.flatnonzero(codes == code))
        held[own[: max(1, round(share * len(own)))]] = True
    return held


def temperature_of(logits: Floats, codes: NDArray[np.int64]) -> float:
    """T of `softmax(logits / T)` under which the labels are likeliest (Guo et al. 2017)."""
    found = minimize_scalar(
        lambda log_temperature: loss_of(logits, codes, float(np.exp(log_temperature))),
        bounds=(np.log(COOLEST), np.log(HOTTEST)), method="bounded",
    )  # fmt: skip
    return float(np.exp(found.x))


def loss_of(logits: Floats, codes: NDArray[np.int64], temperature: float) -> float:
    """Mean −ln of the chance of the right class."""
    chances = softmax(logits / temperature)[np.arange(len(codes)), codes]
    return float(-np.log(np.maximum(chances, 1e-12)).mean())
