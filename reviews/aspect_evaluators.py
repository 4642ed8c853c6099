"""`manage.py evaluate aspects`: what is said of a term, from labels of whole texts and, where given, of terms."""

import time
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from reviews.ml import aspect_training, aspects, measures, ngram
from reviews.ml.aspects import AspectJudge
from reviews.ml.ngram import TooFewTexts
from reviews.ml.sentiment import NEGATIVE, POSITIVE
from reviews.ml.serving import NgramScorer
from reviews.ml.text import Span, normalise

TERMS = [Column("text"), Column("term"), Column("polarity", "key")]
TEXTS = [Column("text"), Column("label", "key")]
SERVED, WHOLE, MAJORITY, LEARNED = "aspects", "whole_text", "majority", "learned"
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class _Mentions:
    """Normalised texts with the place of their term (None where the text does not hold it) and its polarity."""

    texts: list[str]
    spans: list[Span | None]
    polarities: list[str]

    def placed(self) -> list[Span]:
        """The place of each term; the whole text where it is not found."""
        return [span or Span(0, len(text)) for text, span in zip(self.texts, self.spans, strict=True)]


class AspectEvaluator:
    """Polarity of terms from labels of whole texts, beside the whole text's polarity and the majority."""

    help = "Tell what is said of a term, with labels of whole texts only, beside the polarity of the whole text."
    columns = ["text", "term", "polarity", "label"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--test", required=True, metavar="F", help="text, term, polarity.")
        parser.add_argument(
            "--sentiment-train", required=True, metavar="F", help="text, label (positive or negative): weak labels."
        )
        parser.add_argument("--train", metavar="F", help="text, term, polarity: also learn from labelled terms.")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. Nothing is chosen on the test part."""
        cpu = time.process_time()
        scorer = _weak(run)
        cost = time.process_time() - cpu
        test = _mentions(run, run.options["test"])
        train = _mentions(run, run.options["train"]) if run.options.get("train") else None
        names = sorted({NEGATIVE, POSITIVE, *test.polarities, *(train.polarities if train else ())})
        right = _codes(names, test.polarities)
        judge = AspectJudge(scorer)
        weak = [POSITIVE if chance >= 0.5 else NEGATIVE for chance in judge.positive(test.texts, test.placed())]
        common = _common(train or test, run)
        told = {SERVED: weak, WHOLE: scorer.predict(test.texts), MAJORITY: [common] * len(right)}
        if train:
            try:
                own = aspect_training.train(train.texts, train.placed(), train.polarities, judge, seed=run.seed)
            except TooFewTexts as error:
                raise UsageError(f"--train: {error}") from None
            told[LEARNED] = own.predict(test.texts, test.placed())
        coded = {name: _codes(names, some) for name, some in told.items()}
        figures = {
            name: {
                "accuracy": float((codes == right).mean()),
                "macro_f1": measures.macro_f1(codes, right, len(names)),
            }
            for name, codes in coded.items()
        }
        low, high = measures.share_interval(coded[SERVED] == right)
        gained = measures.paired(coded[SERVED] == right, coded[WHOLE] == right, run.seed)
        return rounded({
            **figures[SERVED], "accuracy_low": low, "accuracy_high": high, "gained_low": gained["low"],
            "coverage": float(np.mean([span is not None for span in test.spans])),
            "in_dictionary": _in_dictionary(test),
            "strategies": figures,
            "compared": {
                f"{one} - {other}": measures.paired(coded[one] == right, coded[other] == right, run.seed)
                for one in (SERVED, LEARNED) for other in (WHOLE, MAJORITY) if one in coded
            },
            "per_class": {name: measures.class_figures(coded[SERVED], right, at) for at, name in enumerate(names)},
            "train_cpu_seconds": cost,
            "data": {"mentions": len(right), "polarities": {name: int((right == at).sum())
                                                           for at, name in enumerate(names)}},
            "settings": {"shares": judge.shares.__dict__},
        })  # fmt: skip


def _weak(run: Run) -> NgramScorer:
    path = run.options["sentiment_train"]
    frame = run.read(path, TEXTS)
    labels = [str(label).lower() for label in frame["label"]]
    strange = sorted(set(labels) - {NEGATIVE, POSITIVE})
    if strange:
        raise UsageError(f"--sentiment-train: labels are positive and negative; {path} has {strange[0]}.")
    try:
        return ngram.train([normalise(text) for text in frame["text"]], labels, seed=run.seed)
    except TooFewTexts as error:
        raise UsageError(f"--sentiment-train: {error}") from None


def _mentions(run: Run, path: str) -> _Mentions:
    frame = run.read(path, TERMS)
    texts = [normalise(text) for text in frame["text"]]
    spans = [aspects.locate(text, normalise(str(term))) for text, term in zip(texts, frame["term"], strict=True)]
    lost = sum(span is None for span in spans)
    if lost:
        run.note(f"{path}: {lost} terms do not stand in their text; the whole text speaks for them.")
    return _Mentions(texts, spans, [str(polarity).lower() for polarity in frame["polarity"]])


def _common(mentions: _Mentions, run: Run) -> str:
    if not run.options.get("train"):
        run.note("Without --train the majority is that of the test part, which nobody would know beforehand.")
    names, counts = np.unique(mentions.polarities, return_counts=True)
    return str(names[np.argmax(counts)])


def _codes(names: list[str], polarities: list[str]) -> Codes:
    place = {name: at for at, name in enumerate(names)}
    return np.array([place[one] for one in polarities], np.int64)


def _in_dictionary(mentions: _Mentions) -> float:
    """Share of the terms that a shipped term of an aspect touches."""
    known = aspects.starter()
    touched = [
        span is not None
        and any(one.span.start < span.end and span.start < one.span.end for one in known.mentions(text))
        for text, span in zip(mentions.texts, mentions.spans, strict=True)
    ]
    return float(np.mean(touched))
