import csv
import json

import pytest

from core.evaluation import Run, UsageError, evaluate
from reviews.intent_evaluators import IntentEvaluator
from tests.reviews.ml.test_intents import EXAMPLES
from tests.reviews.ml.test_transformer import encoder_folder

__all__ = ["encoder_folder"]


@pytest.fixture
def write(tmp_path):
    def make(name, rows):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["text", "intent", "language"], *rows])
        return str(path)

    return make


def rows():
    return [[text, intent, "en" if text.isascii() else "zh"] for intent, some in EXAMPLES.items() for text in some]


def judged(train, test, label="none", **more):
    options = {"train": train, "test": test, "out_of_scope": label, **more}
    return evaluate("intents", IntentEvaluator(), Run(options, seed=1))


def test_what_is_covered_and_what_is_not_are_judged_apart(write):
    strange = [["the weather is fine", "none", "en"], ["qqqq", "none", "en"], ["量子力学", "none", "zh"]]

    found = judged(write("train.csv", rows()), write("test.csv", [*rows(), *strange]))

    assert found["accuracy_in_scope"] == 1.0
    assert found["auroc_out_of_scope"] == 1.0
    assert found["joint"] > 0.9
    assert found["answered_at_80"] >= found["answered_at_90"] > 0.5
    assert set(found["strategies"]) == {"served", "softmax", "nearest", "softmax_nearest"}
    apart = found["compared"]["served - softmax_nearest"]
    assert apart["auroc_low"] <= apart["auroc_difference"] <= apart["auroc_high"]
    assert set(found["by_language"]) == {"en", "zh"}
    assert sum(row["texts"] for row in found["acts"].values()) == len(rows()) + 3
    assert found["acts"]["hand_over"]["out_of_scope"] >= 2
    assert found["data"] == {"train": len(rows()), "intents": 4, "test": len(rows()) + 3, "out_of_scope": 3}
    json.dumps(found, allow_nan=False)


def test_strange_rows_teach_nothing_and_unknown_intents_are_missed(write):
    train = write("train.csv", [*rows(), ["the weather is fine", "none", "en"]])

    found = judged(train, write("test.csv", [["where is my order", "status", "en"], ["sing a song", "sing", "en"]]))

    assert found["data"]["intents"] == 4
    assert len(found["notes"]) == 2
    assert found["accuracy_in_scope"] == 0.5
    assert found["auroc_out_of_scope"] is None


def test_one_intent_ends_in_one_sentence(write):
    path = write("train.csv", [["a", "x", "en"], ["b", "x", "en"]])

    with pytest.raises(UsageError, match="two intents"):
        judged(path, path)


def test_with_an_encoder_what_grams_alone_make_of_it_stands_beside(write, encoder_folder):
    path = write("train.csv", rows())

    found = judged(path, path, encoder=True)

    assert set(found["strategies"]) == {"served", "softmax", "nearest", "softmax_nearest", "grams"}


def test_without_an_encoder_it_ends_in_one_sentence(write, monkeypatch):
    monkeypatch.delenv("REVIEWS_TRANSFORMER", raising=False)
    path = write("train.csv", rows())

    with pytest.raises(UsageError, match="--encoder: No transformer"):
        judged(path, path, encoder=True)
