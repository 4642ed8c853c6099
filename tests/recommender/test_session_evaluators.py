import json

import pytest
from django.core.management import call_command

from core.evaluation import Run, UsageError, evaluate
from core.ml.tables import TableError
from recommender.session_evaluators import SessionEvaluator
from tests.recommender.ml.session_data import as_frame, rings

MEASURES = {
    "precision@20", "mrr@20", "coverage", "popularity_bias", "gini", "novelty", "diversity", "train_seconds",
    "recommend_ms_p50", "recommend_ms_p99",
}  # fmt: skip
LISTS = rings(sessions=400)


def judged(k=20, seed=0, **options):
    return evaluate("sessions", SessionEvaluator(), Run({"k": k, **options}, seed=seed))


def write(path, rows):
    path.write_text("prefix,target\n" + "".join(f"{prefix},{target}\n" for prefix, target in rows))
    return str(path)


def moments(lists):
    named = [[f"i{item:03d}" for item in row] for row in lists]
    return [(" ".join(row[:end]), row[end]) for row in named for end in range(len(row) - 1, 0, -1)]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    as_frame(LISTS[:340]).to_csv(folder / "train.csv", index=False)
    return {"train": str(folder / "train.csv"), "test": write(folder / "test.csv", moments(LISTS[340:]))}


@pytest.fixture(scope="module")
def result(files):
    return judged(**files)


def test_all_strategies_stand_side_by_side_with_their_measures(result):
    strategies = result["strategies"]

    assert set(strategies) == {
        "popularity", "session_popularity", "item_knn", "sequence_rules", "session_knn", "session_blend",
    }  # fmt: skip
    assert all(set(row) >= MEASURES for row in strategies.values())
    assert result["served"] in ("sequence_rules", "session_blend")
    assert strategies["sequence_rules"]["mrr@20"] > 2 * strategies["session_popularity"]["mrr@20"]
    assert strategies["sequence_rules"]["mrr@20 low"] < strategies["sequence_rules"]["mrr@20"]
    assert set(result["compared"]) == set(strategies) - {"session_knn"}
    assert result["compared"]["sequence_rules"]["mrr@20 low"] > 0
    assert result["compared"]["sequence_rules"]["mrr@20 p_value"] < 0.01
    assert set(result["served_against"]) == set(strategies) - {result["served"]}
    assert result["served_against"]["item_knn"]["mrr@20 low"] > 0  # what the order is worth
    assert {name: set(rows) for name, rows in result["groups"].items()} == {name: {"few"} for name in strategies}
    assert result["data"] == {
        "sessions": 340, "acts": 1700, "items": 40, "moments": 240, "moments_of_unknown_items": 0,
    }  # fmt: skip
    assert result["settings"]["repeats"] is True


def test_what_is_served_does_not_depend_on_the_test_file(files, result, tmp_path):
    other = write(tmp_path / "test.csv", [("i001", "i001")])

    again = judged(train=files["train"], test=other)

    assert again["served"] == result["served"]
    assert again["settings"]["validation"] == result["settings"]["validation"]


def test_other_list_lengths_name_their_measures(files):
    assert {"precision@5", "mrr@5"} <= set(judged(k=5, **files)["strategies"]["popularity"])


def test_unknown_items_are_passed_over_and_unknown_targets_count_as_missed(files, tmp_path):
    test = write(tmp_path / "test.csv", [("i003 strange", "i004"), ("strange", "new"), ("i007", "i008")])

    found = judged(train=files["train"], test=test)

    assert found["strategies"]["sequence_rules"]["precision@20"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["data"]["moments_of_unknown_items"] == 1
    assert "2 items of the prefixes were never seen in training; they are passed over." in found["notes"]
    assert "1 targets were never seen in training; they count as missed." in found["notes"]


def test_session_popularity_by_hand(tmp_path):
    train = tmp_path / "train.csv"
    as_frame([[1, 2], [1, 3], [1, 1], [4, 5]]).to_csv(train, index=False)
    test = write(tmp_path / "test.csv", [("i004 i005 i004", "i005"), ("i002", "i001"), ("i003", "i005")])

    row = judged(k=2, train=str(train), test=test)["strategies"]["session_popularity"]

    assert row["mrr@2"] == pytest.approx((0.5 + 0.5 + 0) / 3, abs=1e-6)
    assert row["precision@2"] == pytest.approx(2 / 3, abs=1e-6)


def test_columns_can_be_renamed_and_the_command_writes_json(files, tmp_path):
    train = tmp_path / "train.csv"
    as_frame(LISTS[:100]).rename(columns={"session": "visit", "item": "sku"}).to_csv(train, index=False)
    out = tmp_path / "out.json"

    call_command(
        "evaluate", "sessions", "--train", str(train), "--test", files["test"], "--map", "session=visit,item=sku",
        "--json", str(out),
    )  # fmt: skip

    written = json.loads(out.read_text("utf-8"))
    assert written["task"] == "sessions"
    assert written["settings"]["map"] == {"session": "visit", "item": "sku"}


def test_a_length_of_zero_is_refused(files):
    with pytest.raises(UsageError, match="--k must be 1 or more"):
        judged(k=0, **files)


def test_a_missing_column_is_named(files, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("session,product\n1,2\n")

    with pytest.raises(TableError, match="line 1, column item: the column is missing"):
        judged(train=str(bad), test=files["test"])
