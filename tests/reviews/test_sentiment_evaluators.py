import csv
import json

import pytest

from core.evaluation import Run, UsageError, evaluate
from reviews import sentiment_evaluators
from reviews.ml import engine_choice, engines
from reviews.ml.engine_choice import Tried
from reviews.sentiment_evaluators import SentimentEvaluator
from tests.reviews.ml.test_ngram import shop


@pytest.fixture
def write(tmp_path):
    def make(name, texts, labels, **columns):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "label", *columns])
            writer.writerows(zip(texts, labels, *columns.values(), strict=True))
        return str(path)

    return make


def judged(train, test):
    return evaluate("sentiment", SentimentEvaluator(), Run({"train": train, "test": test, "engine": "ngram"}, seed=1))


def test_the_engine_stands_beside_its_references_with_ranges(write):
    texts, labels = shop(size=500)
    later, truth = shop(size=200, seed=1)
    group = ["a" if at % 2 else "b" for at in range(200)]

    found = judged(write("train.csv", texts, labels), write("test.csv", later, truth, group=group))

    assert set(found["strategies"]) == {"ngram", "plain_linear", "lexicon", "majority"}
    assert found["accuracy"] == found["strategies"]["ngram"]["accuracy"] > 0.9
    assert found["accuracy_low"] < found["accuracy"] <= found["accuracy_high"]
    assert found["strategies"]["lexicon"]["accuracy"] > found["strategies"]["majority"]["accuracy"]
    gap = found["compared"]["ngram - majority"]
    assert gap["accuracy_low"] < gap["accuracy_difference"] < gap["accuracy_high"]
    assert set(found["per_class"]) == {"negative", "positive"}
    assert {name: row["texts"] for name, row in found["by_group"].items()} == {"a": 100, "b": 100}
    assert sum(found["outcomes"].values()) == 200
    assert sum(row["texts"] for row in found["calibration"]) == 200
    assert found["docs_per_second"] > 0
    json.dumps(found, allow_nan=False)


def test_labels_of_any_name_are_told_apart_and_strange_ones_are_missed(write):
    texts, labels = shop(size=300)
    named = ["1" if label == "positive" else "0" for label in labels]

    found = judged(write("train.csv", texts, named), write("test.csv", [*texts[:99], "x"], [*named[:99], "7"]))

    assert set(found["strategies"]) == {"ngram", "plain_linear", "majority"}
    assert any("7" in note for note in found["notes"])
    assert found["accuracy"] <= 0.99


def test_one_class_ends_in_one_sentence(write):
    path = write("train.csv", ["a", "b"], ["x", "x"])

    with pytest.raises(UsageError, match="two classes"):
        judged(path, path)


def test_auto_tells_what_each_engine_did_on_a_part_of_the_training_file(write, monkeypatch):
    texts, labels = shop(size=300)
    later, truth = shop(size=100, seed=1)
    asked = {}

    def choose(texts, labels, *, seed, budget, note):
        asked.update(texts=len(texts), budget=budget)
        note("transformer was not tried.")
        return "ngram", [
            Tried("ngram", 0.9, 0.9, 0.0, 0.0, 1.5, 900.0),
            Tried("keras-cnn", 0.89, 0.8, -0.01, 0.02, 9, 5),
        ]

    monkeypatch.setattr(engine_choice, "choose", choose)
    options = {"train": write("train.csv", texts, labels), "test": write("test.csv", later, truth), "engine": "auto"}

    found = evaluate("sentiment", SentimentEvaluator(), Run(options, seed=1, time_budget=60.0))

    assert asked == {"texts": 300, "budget": 60.0}, "the test part is not seen"
    assert found["engine"] == "ngram"
    assert found["tried"]["keras-cnn"]["gained"] == -0.01
    assert found["tried"]["ngram"]["docs_per_second"] == 900.0
    assert "transformer was not tried." in found["notes"]
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(("spent_by_choosing", "engine"), [(0.0, "keras-cnn"), (40.0, "auto")])
def test_a_network_learns_within_the_budget_and_says_where_it_ended(write, monkeypatch, spent_by_choosing, engine):
    texts, labels = shop(size=100)
    path, clock, given = write("train.csv", texts, labels), [0.0], []

    class Network(engines.NgramEngine):
        name, is_cut_short = "keras-cnn", True

    def make(name, *, seed, budget):
        given.append((name, budget))
        return Network(seed=seed)

    def choose(texts, labels, *, seed, budget, note):
        clock[0] += spent_by_choosing
        return "keras-cnn", []

    monkeypatch.setattr(engines, "make", make)
    monkeypatch.setattr(engine_choice, "choose", choose)
    monkeypatch.setattr(sentiment_evaluators.time, "process_time", lambda: clock[0])

    options = {"train": path, "test": path, "engine": engine}
    found = evaluate("sentiment", SentimentEvaluator(), Run(options, seed=1, time_budget=60.0))

    assert given == [("keras-cnn", 60.0 - spent_by_choosing)]
    assert "keras-cnn learned no further epoch: 60 processor seconds were nearly over." in found["notes"]
