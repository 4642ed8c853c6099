import json

import pytest
from django.core.management import call_command

from core.evaluation import Run, UsageError, evaluate
from core.ml.tables import TableError
from recommender.evaluators import RecommenderEvaluator
from tests.recommender.ml.data import two_taste_groups

OPTIONS = {"file": None, "train": None, "test": None, "protocol": None, "items": None, "k": 10, "deep": False}
MEASURES = {
    "ndcg@10", "map@10", "precision@10", "recall@10", "recall@20", "hit_rate@10", "mrr@10", "coverage", "novelty",
    "train_seconds", "recommend_ms_p50", "recommend_ms_p99",
}  # fmt: skip


def judged(seed=0, **options):
    return evaluate("recommender", RecommenderEvaluator(), Run({**OPTIONS, **options}, seed=seed))


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.csv"
    two_taste_groups(customers=60, items=60, events=14).to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize("protocol", ["random-by-item-75", "leave-last-out", "leave-two-out"])
def test_all_protocols_find_the_planted_tastes(events, protocol):
    result = judged(file=events, protocol=protocol)

    strategies = result["strategies"]
    assert set(strategies) == {
        "popularity", "popularity_recent", "item_cf", "item_cf_ratings", "item_cf_sum", "ease_01", "user_cf",
        "item_knn", "ials", "ease", "rp3beta", "sequence_rules", "sequence_walk", "blend",
        *(["sequence_blend"] if protocol != "random-by-item-75" else []),
        *(["ease_unordered"] if result["settings"]["parameters"]["ease"]["half_life"] else []),
    }  # fmt: skip
    for row in [*strategies.values(), *(row for groups in result["groups"].values() for row in groups.values())]:
        assert set(row) >= {"coverage", "gini", "novelty", "diversity", "popularity_lift"}
    assert all(set(row) >= MEASURES for row in strategies.values())
    assert result["served"] in strategies
    for name in ("item_knn", "ials", "ease", "rp3beta", "sequence_walk", "blend"):
        assert strategies[name]["ndcg@10"] > strategies["popularity"]["ndcg@10"]
    assert result["settings"]["validation_protocol"] == protocol


def test_other_list_lengths_name_their_measures(events):
    row = judged(file=events, protocol="leave-last-out", k=5)["strategies"]["popularity"]

    assert {"ndcg@5", "recall@5", "recall@10"} <= set(row)


def test_the_same_seed_gives_the_same_figures(events):
    def figures():
        rows = judged(file=events, protocol="random-by-item-75", seed=42)["strategies"]
        return {name: {m: v for m, v in row.items() if "_ms_" not in m and "seconds" not in m}
                for name, row in rows.items()}  # fmt: skip

    assert figures() == figures()


def test_training_and_test_files_of_ones_own(tmp_path):
    frame = two_taste_groups(customers=60, items=60, events=14)
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    frame.iloc[:700].to_csv(train, index=False)
    frame.iloc[700:].to_csv(test, index=False)

    result = judged(train=str(train), test=str(test))

    assert result["data"]["train"] == 700
    assert result["data"]["test"] == 140
    assert result["settings"]["validation_protocol"] == "by-time"
    assert result["strategies"]["item_knn"]["ndcg@10"] > result["strategies"]["popularity"]["ndcg@10"]


def test_what_is_served_does_not_depend_on_the_test_file(tmp_path):
    frame = two_taste_groups(customers=60, items=60, events=14)
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    frame.iloc[:700].to_csv(train, index=False)
    served, parameters = [], []
    for rows in (frame.iloc[700:], frame.iloc[700:].assign(item=frame["item"].iloc[700:].to_numpy()[::-1])):
        rows.to_csv(test, index=False)
        result = judged(train=str(train), test=str(test))
        served.append(result["served"])
        parameters.append(result["settings"]["parameters"])

    assert served[0] == served[1]
    assert parameters[0] == parameters[1]


def test_items_of_the_catalogue_that_nobody_met_count_for_coverage(events, tmp_path):
    items = tmp_path / "items.csv"
    items.write_text("item,title,category\n" + "".join(f"{1000 + n},thing,c{n % 2}\n" for n in range(120)))

    small = judged(file=events, protocol="leave-last-out")
    large = judged(file=events, protocol="leave-last-out", items=str(items))

    assert (small["data"]["items"], large["data"]["items"]) == (60, 120)
    assert set(large["strategies"]) >= {"affinity", "content"}
    assert "affinity" not in small["strategies"]
    shown = [result["strategies"]["popularity"]["coverage"] for result in (small, large)]
    assert shown[1] == pytest.approx(shown[0] / 2, abs=1e-5)


def test_events_weigh_as_in_the_shop(tmp_path):
    path = tmp_path / "events.csv"
    rows = [f"{c},{c % 2 + 2 * n},{n},{'purchase' if n % 2 else 'view'}" for n in range(6) for c in range(20)]
    rows += ["1,77,9,wink", "2,5,9,rating"]
    path.write_text("customer,item,timestamp,event\n" + "\n".join(rows) + "\n")

    result = judged(file=str(path), protocol="leave-last-out")

    assert f"{path}: events that say nothing about taste: wink." in result["notes"]
    assert result["data"]["train"] + result["data"]["test"] == 121


def test_pairs_that_training_held_already_are_not_counted(tmp_path):
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text("customer,item\n1,a\n1,b\n2,a\n2,c\n3,a\n")
    test.write_text("customer,item\n1,a\n1,c\n2,b\n")

    result = judged(train=str(train), test=str(test))

    assert result["data"]["test_pairs_seen_before"] == 1
    assert result["strategies"]["popularity"]["customers"] == 2


def test_one_file_without_a_protocol_is_cut_by_time(events, tmp_path):
    undated = tmp_path / "undated.csv"
    undated.write_text("customer,item\n" + "".join(f"{c},{c % 3 + n}\n" for c in range(12) for n in range(4)))

    dated, ordered = judged(file=events), judged(file=str(undated))

    assert dated["settings"]["protocol"] == "by-time"
    assert (dated["data"]["train"], dated["data"]["test"]) == (672, 168)
    assert ordered["settings"]["protocol"] == "leave-last-out"
    assert "Without timestamps the last row of every customer is the test part." in ordered["notes"]


def test_the_others_are_compared_with_a_named_reference(events):
    plain = judged(file=events, protocol="leave-last-out")
    asked = judged(file=events, protocol="leave-last-out", reference="popularity")

    assert plain["reference"] == "ease_01"
    assert set(asked["compared"]) == set(asked["strategies"]) - {"popularity"}
    row = asked["compared"]["item_knn"]
    gap = asked["strategies"]["item_knn"]["ndcg@10"] - asked["strategies"]["popularity"]["ndcg@10"]
    assert row["difference"] == pytest.approx(gap, abs=2e-6)
    assert row["low"] <= row["difference"] <= row["high"]
    assert 0 < row["p_value"] <= 1
    with pytest.raises(UsageError, match="--reference nobody"):
        judged(file=events, protocol="leave-last-out", reference="nobody")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "Give --train and --test, or one file with --protocol."),
        ({"train": "a"}, "Give --train and --test, or one file with --protocol."),
        ({"protocol": "leave-last-out"}, "--protocol cuts one file"),
        ({"protocol": "leave-last-out", "file": "a", "test": "b"}, "--protocol cuts one file"),
        ({"file": "a", "k": 0}, "--k must be 1 or more."),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        judged(**options)


def test_a_test_part_without_anything_new_is_refused(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("customer,item\n1,a\n2,b\n")

    with pytest.raises(UsageError, match="nothing can be judged"):
        judged(file=str(path), protocol="leave-last-out")


def test_a_file_in_which_nothing_speaks_is_refused(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("customer,item,value\n1,a,0\n2,b,-1\n")

    with pytest.raises(TableError, match="no row speaks for its item"):
        judged(file=str(path), protocol="leave-last-out")


def test_the_command_prints_a_table_and_writes_every_number(events, tmp_path, capsys):
    out = tmp_path / "out.json"

    call_command("evaluate", "recommender", events, "--protocol", "leave-last-out", "--seed", "3", "--json", str(out))

    result = json.loads(out.read_text("utf-8"))
    assert result["task"] == "recommender"
    assert result["seed"] == 3
    assert result["settings"]["protocol"] == "leave-last-out"
    assert result["files"][0]["rows"] == 840
    printed = capsys.readouterr().out
    assert "ndcg@10" in printed
    assert f"{result['strategies']['item_knn']['ndcg@10']:.4f}" in printed
