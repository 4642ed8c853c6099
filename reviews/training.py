"""Learn sentiment from the shop's own reviews, judge the candidate where the live model was judged, publish it.

Figures rest on reviews that never teach (`datasets.held`) and on the last part of time, read by a model of what was
there before. The gate compares candidate and live version on the same held reviews, language by language, once with
all labels and once without what staff corrected, so that a batch of wrong corrections cannot prove itself right.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core import model_registry
from core.exceptions import DomainError
from core.jobs import current_job_id, progress
from core.models import ModelVersion
from core.said import Said
from reviews import datasets
from reviews.choices import SENTIMENT
from reviews.datasets import Labelled
from reviews.exceptions import UnreadableTransformer
from reviews.memory import Peak
from reviews.ml import engines, lexicon, measures
from reviews.ml.sentiment import CLASSES, NEUTRAL, Scorer
from reviews.ml.serving import build_scorer
from reviews.ml.transformer import NoTransformer
from reviews.models import ReadingSettings

SEED = 7
MARGIN = 0.02
"""A candidate may read this much worse (mean F1) in a language before the gate refuses it."""
FEWEST, FEWEST_OF_A_CLASS = 200, 10
ENOUGH = 100
"""Held reviews of a language from which the gate listens to it alone; the others speak together."""
SHOWN_FROM = 20
"""Held reviews of a language from which its figures are shown."""
LATER_SHARE = 0.15
BINS = 10
CELL_EXAMPLES, CHANGED_EXAMPLES, CHANGED_AMONG = 100, 50, 2_000
Names = NDArray[np.str_]


@dataclass(frozen=True)
class Answers:
    """What a scorer made of rows: the outcome of each and the chance that it gave to that outcome."""

    names: Names
    chances: NDArray[np.float64]


def train() -> ModelVersion:
    """Rows, candidate, gate, registry. Raises DomainError when there is too little to learn from, or when the first
    model would read worse than the product's list of words."""
    name = ReadingSettings.current().engine
    if name not in engines.ENGINES:
        raise DomainError(_("The chosen engine is not part of this version of the program."), code="unknown_engine")
    _tell(0, gettext_noop("Fetching labelled reviews"))
    rows = datasets.labelled()
    learned, judged = _learnable(rows.take(~rows.held)), rows.take(rows.held)
    _tell(10, gettext_noop("Learning from earlier reviews"))
    later = _later_figures(name, learned)
    _tell(40, gettext_noop("Learning from all reviews"))
    with Peak() as peak:
        started = time.process_time()
        engine = _engine(name).fit(learned.texts, learned.labels.tolist())
        seconds = time.process_time() - started
    _tell(85, gettext_noop("Comparing with the live version"))
    scorer = engines.published(name, engine.to_arrays(), engine.to_meta())
    started = time.process_time()
    own = answers(scorer, judged.texts)
    speed = len(judged) / max(time.process_time() - started, 1e-3)
    live = _live_scorer()
    theirs = answers(live or lexicon.shipped(), judged.texts)
    compared = compare(judged, own, theirs)
    if live is None:
        _refuse_below_words(compared)
    report = {
        "metrics": {**figures(judged, own), **later},
        "languages": {one: _of_language(judged, own, one) for one in _shown_languages(judged)},
        "calibration": calibration(judged, own),
        "cells": cells(judged, own),
        "gate": compared,
        "labels": learned.counted(),
        "held": len(judged),
        "engine": {
            "name": name, "cpu_seconds": round(seconds, 2), "texts": len(learned), "memory_mb": peak.megabytes,
            "texts_per_second": round(speed), **engine.described(),
        },
        "changed": _changed(rows, scorer, live),
    }  # fmt: skip
    _tell(95, gettext_noop("Keeping the new version"))
    return model_registry.publish_if_better(
        SENTIMENT, engine.to_arrays(), meta={**engine.to_meta(), "engine": name}, report=report, margin=MARGIN,
        trained_from=_moment(learned.written.min()), trained_until=_moment(learned.written.max()),
        row_count=len(learned), gate_scores=_worst(compared) if live is not None else None, job_id=current_job_id(),
    )  # fmt: skip


def answers(scorer: Scorer, texts: list[str]) -> Answers:
    """The likeliest class of each; neutral where a scorer has no opinion at all."""
    if not texts:
        return Answers(np.empty(0, np.str_), np.empty(0))
    chances = scorer.probabilities(texts)
    chosen = getattr(scorer, "chosen", lambda given: np.argmax(given, axis=1))(chances)
    top = chances[np.arange(len(texts)), chosen]
    names = np.array(scorer.classes, np.str_)[chosen]
    return Answers(np.where(np.ptp(chances, axis=1) < 1e-9, NEUTRAL, names), top)


def compare(judged: Labelled, own: Answers, theirs: Answers) -> list[dict[str, Any]]:
    """Candidate and other on the same held reviews: rows with `language` ("" for those with few together), `view`,
    `texts`, `candidate` and `active` (mean F1)."""
    found = []
    large = [one for one in np.unique(judged.languages).tolist() if (judged.languages == one).sum() >= ENOUGH]
    for language in [*large, ""]:
        spoken = judged.languages == language if language else ~np.isin(judged.languages, large)
        for view, kept in (("all", spoken), ("uncorrected", spoken & (judged.sources != datasets.CORRECTION))):
            if kept.sum() and (view == "all" or kept.sum() < spoken.sum()):
                right = judged.labels[kept]
                found.append({
                    "language": language, "view": view, "texts": int(kept.sum()),
                    "candidate": _f1(own.names[kept], right), "active": _f1(theirs.names[kept], right),
                })  # fmt: skip
    return found


def figures(judged: Labelled, own: Answers) -> dict[str, float]:
    """Metrics of held reviews, rounded; of none, the worst there is, so that nothing is claimed."""
    if not len(judged):
        return {"macro_f1": 0.0, "accuracy": 0.0, "ece": 1.0}
    right = own.names == judged.labels
    return {
        "macro_f1": _f1(own.names, judged.labels),
        "accuracy": round(float(right.mean()), 4),
        "ece": round(measures.calibration_error(own.chances, right, BINS), 4),
    }


def calibration(judged: Labelled, own: Answers) -> list[dict[str, float]]:
    """Bins of equal size by confidence: its mean, the share that was right, how many."""
    right = own.names == judged.labels
    order = np.argsort(own.chances, kind="stable")
    return [
        {"confidence": round(float(own.chances[part].mean()), 4), "right": round(float(right[part].mean()), 4),
         "texts": len(part)}
        for part in np.array_split(order, BINS) if len(part)
    ]  # fmt: skip


def cells(judged: Labelled, own: Answers) -> list[dict[str, Any]]:
    """The confusion matrix of held reviews: label, outcome, how many, and keys of the newest of them."""
    found = []
    newest = np.argsort(-judged.written, kind="stable")
    for label in CLASSES:
        for outcome in CLASSES:
            rows = newest[((judged.labels == label) & (own.names == outcome))[newest]]
            found.append({
                "label": label, "read": outcome, "texts": len(rows), "ids": judged.ids[rows[:CELL_EXAMPLES]].tolist(),
            })  # fmt: skip
    return found


def _learnable(rows: Labelled) -> Labelled:
    """Without classes that have too few examples. Raises DomainError."""
    names, counts = np.unique(rows.labels, return_counts=True)
    kept = names[counts >= FEWEST_OF_A_CLASS]
    found = rows.take(np.isin(rows.labels, kept))
    if len(kept) < 2 or len(found) < FEWEST:
        raise DomainError(
            _("Too few reviews to learn from: %(count)d with words and a label, %(fewest)d are needed of two kinds.")
            % {"count": len(found), "fewest": FEWEST},
            code="not_enough_data",
        )
    return found


def _engine(name: str) -> engines.Engine:
    """A fresh one. Raises UnreadableTransformer where it needs a pretrained encoder that is not here."""
    try:
        return engines.make(name, seed=SEED)
    except NoTransformer as error:
        raise UnreadableTransformer() from error


def _later_figures(name: str, rows: Labelled) -> dict[str, float]:
    """What a model of the earlier reviews reads right in the later ones; nothing where one part has too few."""
    cut = float(np.quantile(rows.written, 1.0 - LATER_SHARE))
    before, after = rows.take(rows.written <= cut), rows.take(rows.written > cut)
    _names, counts = np.unique(before.labels, return_counts=True)
    if len(counts) < 2 or counts.min() < 2 or len(after) < SHOWN_FROM:
        return {}
    engine = _engine(name).fit(before.texts, before.labels.tolist())
    scorer = engines.published(name, engine.to_arrays(), engine.to_meta())
    return {"later_accuracy": round(float((answers(scorer, after.texts).names == after.labels).mean()), 4)}


def _live_scorer() -> Scorer | None:
    """The active version as it is on disk; None where there is none that can be read."""
    active = ModelVersion.objects.of(SENTIMENT.name).active().first()
    if active is None:
        return None
    try:
        return model_registry.load_for_serving(active, SENTIMENT).built(build_scorer)
    except model_registry.DamagedModel:
        return None


def _worst(compared: list[dict[str, Any]]) -> tuple[float, float] | None:
    """Of the language and view in which the candidate falls behind most: the gate decides by it."""
    if not compared:
        return None
    worst = min(compared, key=lambda row: row["candidate"] - row["active"])
    return worst["candidate"], worst["active"]


def _refuse_below_words(compared: list[dict[str, Any]]) -> None:
    worst = _worst([row for row in compared if row["view"] == "all" and row["texts"] >= SHOWN_FROM])
    if worst is not None and worst[0] < worst[1] - MARGIN:
        raise DomainError(
            _("A first model would read worse than the product's list of words, so that goes on reading."),
            code="not_better",
        )


def _changed(rows: Labelled, scorer: Scorer, live: Scorer | None) -> dict[str, Any]:
    """How many of the newest reviews the candidate reads otherwise than the live version, with examples."""
    if live is None:
        return {}
    newest = np.sort(np.argsort(-rows.written, kind="stable")[:CHANGED_AMONG])
    texts = [rows.texts[at] for at in newest]
    after, before = answers(scorer, texts), answers(live, texts)
    other = np.flatnonzero(after.names != before.names)
    drawn = np.random.default_rng(SEED).permutation(other)[:CHANGED_EXAMPLES]
    examples = [
        {"id": int(rows.ids[newest[at]]), "before": str(before.names[at]), "after": str(after.names[at]),
         "confidence": round(float(after.chances[at]), 3)}
        for at in drawn
    ]  # fmt: skip
    return {"among": len(texts), "changed": len(other), "examples": examples}


def _shown_languages(judged: Labelled) -> list[str]:
    names, counts = np.unique(judged.languages, return_counts=True)
    return [str(name) for name in names[counts >= SHOWN_FROM]]


def _of_language(judged: Labelled, own: Answers, language: str) -> dict[str, float | int]:
    spoken = judged.languages == language
    right = (own.names == judged.labels)[spoken]
    low, high = measures.share_interval(right)
    return {
        "texts": int(spoken.sum()), "accuracy": round(float(right.mean()), 4), "low": round(low, 4),
        "high": round(high, 4), "macro_f1": _f1(own.names[spoken], judged.labels[spoken]),
        "ece": round(measures.calibration_error(own.chances[spoken], right, BINS), 4),
    }  # fmt: skip


def _f1(told: Names, right: Names) -> float:
    def codes(names: Names) -> NDArray[np.int64]:
        return np.array([CLASSES.index(str(name)) for name in names], np.int64)

    return round(measures.macro_f1(codes(told), codes(right), len(CLASSES)), 4)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)


def _tell(done: int, text: str) -> None:
    progress(done, 100, Said(text))
