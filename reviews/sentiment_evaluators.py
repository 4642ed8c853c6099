"""`manage.py evaluate sentiment`: texts told apart by an engine, beside a plain linear model and a word list."""

import time
from argparse import ArgumentParser
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from reviews.ml import engine_choice, engines, lexicon, measures
from reviews.ml.engines import Engine, NgramEngine
from reviews.ml.ngram import PLAIN, TooFewTexts
from reviews.ml.sentiment import NEGATIVE, POSITIVE, judge
from reviews.ml.text import normalise
from reviews.ml.transformer import NoTransformer

TEXTS = [Column("text"), Column("label", "key"), Column("language", "key", required=False),
         Column("group", "key", required=False)]  # fmt: skip
AUTO = "auto"
REFERENCE, WORDS, MAJORITY = "plain_linear", "lexicon", "majority"
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


class SentimentEvaluator:
    """The engine asked for, a plain character TF-IDF linear model, the lexicon and the majority side by side."""

    help = "Tell texts apart by their labels: the engine, a plain linear model and the shipped lexicon side by side."
    columns = [column.name for column in TEXTS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--train", required=True, metavar="F", help="text, label[, language][, group].")
        parser.add_argument("--test", required=True, metavar="F", help="The same columns.")
        parser.add_argument(
            "--engine", choices=(*engines.ENGINES, AUTO), default=engines.DEFAULT,
            help="Default: ngram. auto: what does best on a part of --train that is held back.",
        )  # fmt: skip

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. Nothing is chosen on the test part."""
        train, test = (_read(run, run.options[name]) for name in ("train", "test"))
        texts, labels = train["text"].tolist(), train["label"].tolist()
        started = time.process_time()
        try:
            name, tried = _engine(run, texts, labels)
            left = None if run.time_budget is None else run.time_budget - (time.process_time() - started)
            engine = engines.make(name, seed=run.seed, budget=left)
            cost = _fit(engine, texts, labels)
            reference = NgramEngine(PLAIN, seed=run.seed)
            reference_cost = _fit(reference, texts, labels)
        except TooFewTexts as error:
            raise UsageError(f"--train: {error}") from None
        except NoTransformer as error:
            raise UsageError(f"--engine: {error}") from None
        if getattr(engine, "is_cut_short", False):
            run.note(f"{name} learned no further epoch: {run.time_budget:g} processor seconds were nearly over.")
        right = _codes(run, test["label"], engine.classes)
        answers = {engine.name: _asked(engine, test["text"].tolist(), cost)}
        answers[REFERENCE] = _asked(reference, test["text"].tolist(), reference_cost)
        if set(engine.classes) == {NEGATIVE, POSITIVE}:
            answers[WORDS] = _words(test["text"].tolist())
        common = int(np.argmax(np.bincount(_codes(run, train["label"], engine.classes))))
        told = {name: answer.told for name, answer in answers.items()} | {MAJORITY: np.full(len(right), common)}
        own = answers[engine.name]
        figures = {name: _figures(codes, right, len(engine.classes)) for name, codes in told.items()}
        for name, answer in answers.items():
            figures[name] |= {"ece": _ece(answer.chances, right), **answer.cost}
        low, high = measures.share_interval(own.told == right)
        result = {
            "engine": engine.name,
            **{name: figures[engine.name][name] for name in ("accuracy", "macro_f1", "ece", *own.cost)},
            "accuracy_low": low,
            "accuracy_high": high,
            "per_class": {
                name: measures.class_figures(own.told, right, at) for at, name in enumerate(engine.classes)
            },
            "strategies": figures,
            "compared": {
                f"{engine.name} - {name}": _gap(own.told, codes, right, len(engine.classes), run.seed)
                for name, codes in told.items()
                if name != engine.name
            },
            "calibration": _calibration(own.chances, right),
            "data": {"train": len(train), "test": len(test), "classes": len(engine.classes)},
            **({"tried": tried} if tried else {}),
            "settings": {"reference": REFERENCE, "chosen": engine.described()},
        }  # fmt: skip
        for column in ("language", "group"):
            if column in test:
                result[f"by_{column}"] = _by(test[column], own.told, right, len(engine.classes))
        if set(engine.classes) == {NEGATIVE, POSITIVE}:
            result["outcomes"] = _outcomes(engine, test["text"].tolist())
        return rounded(result)


class _Answer:
    """Chances [texts × classes], what was told, and what it cost."""

    def __init__(self, chances: Floats, told: Codes, cost: dict[str, float | None]) -> None:
        self.chances, self.told, self.cost = chances, told, cost


def _read(run: Run, path: str) -> pd.DataFrame:
    frame = run.read(path, TEXTS)
    frame["label"] = frame["label"].astype(str).astype(object)
    return frame


def _engine(run: Run, texts: list[str], labels: list[str]) -> tuple[str, dict[str, dict[str, float]]]:
    """The engine asked for; with `auto` what a part of the training file chose, and what each did there."""
    if run.options["engine"] != AUTO:
        return run.options["engine"], {}
    read = [normalise(text) for text in texts]
    name, tried = engine_choice.choose(read, labels, seed=run.seed, budget=run.time_budget, note=run.note)
    figures = [{key: value for key, value in one.__dict__.items() if key != "engine"} for one in tried]
    return name, dict(zip([one.engine for one in tried], figures, strict=True))


def _fit(engine: Engine, texts: list[str], labels: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of normalising and learning."""
    wall, cpu = time.perf_counter(), time.process_time()
    engine.fit([normalise(text) for text in texts], labels)
    return time.perf_counter() - wall, time.process_time() - cpu


def _asked(engine: Engine, texts: list[str], trained: tuple[float, float]) -> _Answer:
    cpu = time.process_time()
    chances = engine.probabilities([normalise(text) for text in texts])
    told = engine.chosen(chances)
    asked = max(time.process_time() - cpu, 1e-9)
    cost: dict[str, float | None] = {
        "train_seconds": trained[0], "train_cpu_seconds": trained[1], "docs_per_second": len(texts) / asked,
    }  # fmt: skip
    return _Answer(chances, told, cost)


def _words(texts: list[str]) -> _Answer:
    """The shipped lexicon; a text without a word it knows counts as positive, as most reviews are."""
    cpu = time.process_time()
    chances = lexicon.shipped().probabilities([normalise(text) for text in texts])
    asked = max(time.process_time() - cpu, 1e-9)
    cost: dict[str, float | None] = {
        "train_seconds": 0.0, "train_cpu_seconds": 0.0, "docs_per_second": len(texts) / asked,
    }  # fmt: skip
    return _Answer(chances, (chances[:, 1] >= 0.5).astype(np.int64), cost)


def _codes(run: Run, labels: pd.Series, classes: tuple[str, ...]) -> Codes:
    """Numbers of the classes; a label that training never saw gets one of its own, which nobody can tell."""
    place = {name: at for at, name in enumerate(classes)}
    strange = sorted({label for label in labels if label not in place})
    if strange:
        run.note(f"Labels that --train does not have count as missed: {', '.join(strange[:5])}.")
        place |= {name: len(classes) for name in strange}
    return np.array([place[label] for label in labels], np.int64)


def _figures(told: Codes, right: Codes, classes: int) -> dict[str, Any]:
    return {"accuracy": float((told == right).mean()), "macro_f1": measures.macro_f1(told, right, classes + 1)}


def _gap(one: Codes, other: Codes, right: Codes, classes: int, seed: int) -> dict[str, float]:
    """Differences on the same texts with their 95 % ranges."""
    accuracy = measures.paired(one == right, other == right, seed)
    f1 = measures.paired_f1(one, other, right, classes + 1, seed)
    return {f"accuracy_{name}": value for name, value in accuracy.items()} | {
        f"macro_f1_{name}": value for name, value in f1.items()
    }


def _ece(chances: Floats, right: Codes) -> float:
    """Of the second of two classes; of the most likely one with more."""
    if chances.shape[1] == 2:
        return measures.calibration_error(chances[:, 1], right == 1)
    best = np.argmax(chances, axis=1)
    return measures.calibration_error(chances[np.arange(len(best)), best], best == right)


def _calibration(chances: Floats, right: Codes) -> list[dict[str, float]]:
    """Ten groups of equal size: mean chance (as in `_ece`) and share that was so."""
    best = np.ones(len(chances), np.int64) if chances.shape[1] == 2 else np.argmax(chances, axis=1)
    values, came = chances[np.arange(len(best)), best], best == right
    parts = [part for part in np.array_split(np.argsort(values, kind="stable"), 10) if len(part)]
    return [{"chance": float(values[part].mean()), "share": float(came[part].mean()), "texts": len(part)}
            for part in parts]  # fmt: skip


def _by(groups: pd.Series, told: Codes, right: Codes, classes: int) -> dict[str, dict[str, Any]]:
    names = groups.astype(str).to_numpy()
    found = {}
    for name in sorted(set(names)):
        rows = names == name
        found[name] = {"texts": int(rows.sum()), **_figures(told[rows], right[rows], classes)}
    return found


def _outcomes(engine: Engine, texts: list[str]) -> dict[str, int]:
    """How many texts a page would show as positive, neutral, negative and mixed."""
    names, counts = np.unique([judged.outcome for judged in judge(engine, texts)], return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))
