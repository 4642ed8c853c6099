import csv
import json

import pytest

from core.evaluation import Run, UsageError, evaluate
from reviews.aspect_evaluators import AspectEvaluator

TERMS = [
    ["屏幕很清晰,电池太差", "屏幕", "Positive"],
    ["屏幕很清晰,电池太差", "电池", "Negative"],
    ["soft fabric, terrible stitching", "fabric", "Positive"],
    ["soft fabric, terrible stitching", "stitching", "Negative"],
    ["nice colour, late delivery", "colour", "Positive"],
    ["nice colour, late delivery", "delivery", "Negative"],
] * 4


@pytest.fixture
def write(tmp_path):
    def make(name, rows):
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return str(path)

    return make


@pytest.fixture
def weak(write):
    good = ["clear and soft and nice", "很清晰,喜欢", "nice colour", "soft"] * 5
    bad = ["terrible and late", "太差,失望", "late", "terrible stitching"] * 5
    rows = [[text, "positive"] for text in good] + [[text, "negative"] for text in bad]
    return write("weak.csv", [["text", "label"], *rows])


def judged(test, weak, train=None):
    options = {"test": test, "sentiment_train": weak, "train": train}
    return evaluate("aspects", AspectEvaluator(), Run(options, seed=1))


def test_terms_are_judged_by_their_clause_and_beat_the_whole_text(write, weak):
    test = write("test.csv", [["text", "term", "polarity"], *TERMS])

    found = judged(test, weak, test)

    assert found["accuracy"] > found["strategies"]["whole_text"]["accuracy"] == 0.5
    assert found["strategies"]["majority"]["accuracy"] == 0.5
    assert found["strategies"]["learned"]["accuracy"] > 0.8
    assert found["compared"]["aspects - whole_text"]["difference"] > 0
    assert found["coverage"] == found["in_dictionary"] == 1.0
    assert found["data"] == {"mentions": 24, "polarities": {"negative": 12, "positive": 12}}
    json.dumps(found, allow_nan=False)


def test_a_term_that_is_not_there_is_noted(write, weak):
    test = write("test.csv", [["text", "term", "polarity"], *TERMS, ["nice", "screen", "Neutral"]])

    found = judged(test, weak)

    assert found["coverage"] == pytest.approx(24 / 25)
    assert len(found["notes"]) == 2
    assert found["data"]["polarities"]["neutral"] == 1


def test_weak_labels_of_other_names_end_in_one_sentence(write):
    test = write("test.csv", [["text", "term", "polarity"], *TERMS])

    with pytest.raises(UsageError, match="positive and negative"):
        judged(test, write("weak.csv", [["text", "label"], ["a", "5"], ["b", "1"]]))
