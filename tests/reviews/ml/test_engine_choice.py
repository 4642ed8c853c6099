import numpy as np
import pytest

from reviews.ml import engine_choice, engines
from reviews.ml.transformer import FOLDER
from tests.reviews.ml.test_ngram import shop


class Planted:
    """Right for a share of the texts, the first ones, or below 0 the last ones; costs processor seconds."""

    def __init__(self, right, cost, clock):
        self.right, self.cost, self.clock = right, cost, clock
        self.classes = ("negative", "positive")

    def fit(self, texts, labels):
        self.clock[0] += self.cost
        return self

    def probabilities(self, texts):
        truth = np.array([text in self.truth for text in texts])
        place = np.arange(len(texts)) if self.right > 0 else np.arange(len(texts))[::-1]
        told = np.where(place < abs(self.right) * len(texts), truth, ~truth)
        return np.column_stack([1.0 - told, told])

    def chosen(self, probabilities):
        return probabilities.argmax(axis=1)


@pytest.fixture
def planted(monkeypatch):
    def plant(shares, costs=None):
        clock = [0.0]
        texts = [str(at) for at in range(1000)]
        labels = ["positive" if at % 2 else "negative" for at in range(1000)]
        Planted.truth = {text for text, label in zip(texts, labels, strict=True) if label == "positive"}
        monkeypatch.setattr(
            engines,
            "make",
            lambda name, seed=0, budget=None: Planted(shares[name], (costs or {}).get(name, 1.0), clock),
        )
        monkeypatch.setattr(engine_choice.time, "process_time", lambda: clock[0])
        return texts, labels

    return plant


def test_an_engine_that_is_clearly_better_is_chosen(planted):
    texts, labels = planted({"ngram": 0.8, "keras-lstm": 0.85, "keras-cnn": 0.95})

    name, tried = engine_choice.choose(texts, labels, candidates=["ngram", "keras-lstm", "keras-cnn"])

    assert name == "keras-cnn"
    assert {one.engine: one.accuracy for one in tried} == {"ngram": 0.8, "keras-lstm": 0.85, "keras-cnn": 0.95}
    assert {one.engine: round(one.gained, 6) for one in tried}["keras-cnn"] == 0.15


def test_the_default_stays_where_the_difference_is_within_its_error(planted):
    texts, labels = planted({"ngram": 0.9, "keras-cnn": -0.905})

    name, tried = engine_choice.choose(texts, labels, candidates=["keras-cnn", "ngram"])

    assert name == "ngram"
    assert [one.engine for one in tried] == ["ngram", "keras-cnn"], "the default is tried first"


def test_no_engine_is_begun_after_the_budget(planted):
    texts, labels = planted({"ngram": 0.5, "keras-lstm": 0.9, "keras-cnn": 1.0}, {"keras-lstm": 100.0})
    notes = []

    name, tried = engine_choice.choose(
        texts, labels, candidates=["ngram", "keras-lstm", "keras-cnn"], budget=60.0, note=notes.append
    )

    assert name == "keras-lstm"
    assert [one.engine for one in tried] == ["ngram", "keras-lstm"]
    assert notes == ["keras-cnn was not tried: 60 processor seconds were over."]


def test_a_transformer_that_is_not_there_is_passed_over_with_a_note(monkeypatch):
    monkeypatch.delenv(FOLDER, raising=False)
    notes = []

    name, tried = engine_choice.choose(*shop(size=200), candidates=["ngram", "transformer"], note=notes.append)

    assert (name, [one.engine for one in tried]) == ("ngram", ["ngram"])
    assert "set REVIEWS_TRANSFORMER" in notes[0]


def test_few_texts_of_a_class_leave_the_default_untried():
    notes = []

    assert engine_choice.choose(["a", "b", "c", "d"], ["x", "x", "y", "y"], note=notes.append) == ("ngram", [])
    assert len(notes) == 1
