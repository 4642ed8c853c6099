"""`manage.py evaluate intents`: what people want, and who is told that the shop does not know."""

import time
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from reviews.ml import intent_training, measures
from reviews.ml.intents import ANSWER, ASK, HAND_OVER, Floats, IntentModel, Thresholds, act
from reviews.ml.ngram import TooFewTexts
from reviews.ml.text import normalise
from reviews.ml.transformer import NoTransformer, local
from reviews.ml.vocabulary import CountedTexts

TEXTS = [Column("text"), Column("intent", "key"), Column("language", "key", required=False)]
OUT_OF_SCOPE = "out_of_scope"
STRANGE = -1
SHOWN = 15
Codes = NDArray[np.int64]
Hits = NDArray[np.bool_]


class IntentEvaluator:
    """The product's intents beside the nearest example alone and the softmax alone."""

    help = "Tell what utterances want, and which of them nothing covers, beside the nearest example alone."
    columns = [column.name for column in TEXTS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--train", required=True, metavar="F", help="text, intent.")
        parser.add_argument("--test", required=True, metavar="F", help="text, intent[, language].")
        parser.add_argument(
            "--out-of-scope",
            default=OUT_OF_SCOPE,
            metavar="LABEL",
            help=f"What nothing covers (default {OUT_OF_SCOPE}).",
        )
        parser.add_argument(
            "--encoder", action="store_true",
            help="Let the pretrained encoder have a say that REVIEWS_TRANSFORMER names.",
        )  # fmt: skip

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. Thresholds are chosen on the training part alone."""
        strange = str(run.options["out_of_scope"])
        train, test = (_read(run, run.options[name]) for name in ("train", "test"))
        known = train[train["intent"] != strange]
        if len(known) < len(train):
            run.note(f"{len(train) - len(known)} rows of --train are {strange}; they teach nothing and are left out.")
        texts = [normalise(text) for text in known["text"]]
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            encoder = local() if run.options.get("encoder") else None
            model = intent_training.train(texts, known["intent"].tolist(), seed=run.seed, encoder=encoder)
        except TooFewTexts as error:
            raise UsageError(f"--train: {error}") from None
        except NoTransformer as error:
            raise UsageError(f"--encoder: {error}") from None
        trained = time.perf_counter() - wall, time.process_time() - cpu
        right = _codes(run, test["intent"], model.intents, strange)
        asked = [normalise(text) for text in test["text"]]
        cpu = time.process_time()
        served = model.confidences(asked)[0]
        seconds = max(time.process_time() - cpu, 1e-9)
        others = _others(model, asked)
        ways = {"served": served, **others}
        thresholds = [model.thresholds_for(text) for text in asked]
        ask = np.array([one.ask for one in thresholds])
        figures = {name: _figures(confidence, right, ask) for name, confidence in ways.items()}
        for name in others:
            # Their confidences are of another size; the threshold is the served model's.
            figures[name]["joint"] = None
        languages = {"by_language": _by(test["language"], served, right, ask)} if "language" in test else {}
        return rounded({
            **figures["served"],
            "train_seconds": trained[0], "train_cpu_seconds": trained[1], "docs_per_second": len(asked) / seconds,
            **_intervals(served, right, ask),
            "strategies": figures,
            "compared": {
                f"served - {name}": _gap(served, other, right, run.seed) for name, other in others.items()
            },
            "acts": _acts(thresholds, served, right),
            "confused": _confused(model, served, right),
            **languages,
            "data": {
                "train": len(texts), "intents": len(model.intents), "test": len(asked),
                "out_of_scope": int((right == STRANGE).sum()),
            },
            "settings": {
                "thresholds": model.thresholds.__dict__,
                "thresholds_by_script": {script: one.__dict__ for script, one in model.by_script.items()},
                "grams": len(model.vocabulary),
            },
        })  # fmt: skip


def _read(run: Run, path: str) -> pd.DataFrame:
    frame = run.read(path, TEXTS)
    frame["intent"] = frame["intent"].astype(str).astype(object)
    return frame


def _codes(run: Run, labels: pd.Series, intents: tuple[str, ...], strange: str) -> Codes:
    """Numbers of the intents, STRANGE for what nothing covers."""
    place = {name: at for at, name in enumerate(intents)}
    unknown = sorted({label for label in labels if label not in place and label != strange})
    if unknown:
        run.note(f"Intents that --train does not have count as missed: {', '.join(unknown[:5])}.")
    place |= {name: len(intents) for name in unknown} | {strange: STRANGE}
    return np.array([place[label] for label in labels], np.int64)


def _others(model: IntentModel, texts: list[str]) -> dict[str, Floats]:
    """The two factors of the served confidence, each alone and multiplied; all of it without the encoder, if there is
    one."""
    rows = CountedTexts.of(texts, model.vocabulary.kinds).rows(model.vocabulary)
    softmax, nearest = model.probabilities(rows), model.likeness(rows)
    grams = {"grams": replace(model, head=None).confidences(texts)[0]} if model.head is not None else {}
    return {"softmax": softmax, "nearest": nearest, "softmax_nearest": softmax * nearest, **grams}


def _figures(confidence: Floats, right: Codes, ask: Floats) -> dict[str, float | None]:
    told, best, known = confidence.argmax(axis=1), confidence.max(axis=1), right != STRANGE
    hits = told == right
    return {
        "accuracy_in_scope": float(hits[known].mean()) if known.any() else None,
        "auroc_out_of_scope": measures.auroc(best, known),
        "joint": float(_joint(best, hits, known, ask).mean()),
        "answered_at_90": measures.answered_at(best, hits, 0.9),
        "answered_at_80": measures.answered_at(best, hits, 0.8),
        **_as_published(best, hits, known),
    }


def _as_published(best: Floats, hits: Hits, known: Hits) -> dict[str, float | None]:
    """As others measure it: rightly told texts against those that nothing covers, and `joint` at the threshold that is
    best for this very test, which nobody knows beforehand."""
    told = hits | ~known
    order = np.argsort(-best, kind="stable")
    gained = np.cumsum(np.where(known, hits, 0)[order] - (~known)[order].astype(int))
    ends = np.append(best[order][1:] != best[order][:-1], True)
    return {
        "auroc_rightly_told": measures.auroc(best[told], hits[told]),
        "joint_at_best": float(((~known).sum() + max(0, int(gained[ends].max(initial=0)))) / max(len(best), 1)),
    }


def _joint(best: Floats, hits: Hits, known: Hits, ask: Floats) -> Hits:
    """Right are the right intent from the threshold on, and silence below it for what nothing covers."""
    return np.where(known, hits & (best >= ask), best < ask)


def _intervals(confidence: Floats, right: Codes, ask: Floats) -> dict[str, float]:
    hits, best, known = confidence.argmax(axis=1) == right, confidence.max(axis=1), right != STRANGE
    found = {}
    for name, values in (("accuracy_in_scope", hits[known]), ("joint", _joint(best, hits, known, ask))):
        if len(values):
            found[f"{name}_low"], found[f"{name}_high"] = measures.share_interval(values)
    return found


def _gap(one: Floats, other: Floats, right: Codes, seed: int) -> dict[str, float]:
    """Difference in accuracy on the texts that an intent covers, and in telling these from the others, with their 95 %
    ranges."""
    known = right != STRANGE
    if not known.any():
        return {}
    found = measures.paired((one.argmax(axis=1) == right)[known], (other.argmax(axis=1) == right)[known], seed)
    apart = measures.paired_auroc(one.max(axis=1), other.max(axis=1), known, seed)
    return found | {f"auroc_{name}": value for name, value in apart.items()}


def _acts(thresholds: list[Thresholds], confidence: Floats, right: Codes) -> dict[str, dict[str, float | int | None]]:
    """What the thresholds make of the test: how often each act comes, and how often its intent is right."""
    acts = np.array([act(row, one) for row, one in zip(confidence, thresholds, strict=True)])
    hits, known = confidence.argmax(axis=1) == right, right != STRANGE
    found: dict[str, dict[str, float | int | None]] = {}
    for name in (ANSWER, ASK, HAND_OVER):
        own = acts == name
        count = int(own.sum())
        found[name] = {
            "texts": count, "share": float(own.mean()), "right": float(hits[own].mean()) if count else None,
            "out_of_scope": int((own & ~known).sum()),
        }  # fmt: skip
    return found


def _confused(model: IntentModel, confidence: Floats, right: Codes) -> list[dict[str, Any]]:
    """The pairs of intents that are taken for each other most often."""
    told = confidence.argmax(axis=1)
    wrong = (right >= 0) & (right < len(model.intents)) & (told != right)
    pairs, counts = np.unique(np.column_stack([right[wrong], told[wrong]]), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:SHOWN]
    return [
        {"intent": model.intents[pairs[at, 0]], "taken_for": model.intents[pairs[at, 1]], "texts": int(counts[at])}
        for at in order
    ]


def _by(languages: pd.Series, confidence: Floats, right: Codes, ask: Floats) -> dict[str, dict[str, float | None]]:
    names = languages.astype(str).to_numpy()
    return {
        name: {"texts": int(own.sum()), **_figures(confidence[own], right[own], ask[own])}
        for name, own in ((name, names == name) for name in sorted(set(names)))
    }
