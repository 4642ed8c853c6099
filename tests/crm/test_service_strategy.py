"""Strategies of service: planted groups are found, proposals follow ranges, the example rows give known clusters."""

import json

import numpy as np
import pytest
from django.core.management import call_command

from crm.ml.service_strategy import FEATURES, mean_of, propose

EXAMPLE = {"response": [5, 10, 15, 20, 25], "satisfaction": [4, 5, 4, 5, 4], "complaints": [0, 1, 0, 1, 0]}


def test_the_example_rows_in_three_clusters():
    found = propose(**EXAMPLE, k=3)

    groups = {frozenset(np.flatnonzero(found.labels == label).tolist()) for label in range(3)}
    assert frozenset({1, 3}) in groups  # both with satisfaction 5 and one complaint
    assert groups - {frozenset({1, 3})} in ({frozenset({0, 2}), frozenset({4})}, {frozenset({0}), frozenset({2, 4})})
    assert found.overall == pytest.approx((15.0, 4.4, 0.4))


def test_five_rows_are_too_few_for_a_step_out_of_the_middle_but_where_all_agree():
    found = propose(**EXAMPLE, k=3)
    pair = next(one for one in found.proposals if one.satisfaction.value == 5)

    assert (pair.response.value, pair.complaints.value, pair.size) == (15.0, 1.0, 2)
    assert pair.response.low is not None
    assert pair.response.low < 0 < 30 < (pair.response.high or 0)  # two customers say next to nothing of a time
    alone = next(one for one in found.proposals if one.size == 1)
    assert (alone.is_sure, alone.priority, alone.response.low) == (False, "normal", None)


def planted(seed: int = 3) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], [300, 150, 60])
    means = {"response": (20, 25, 240), "satisfaction": (4.8, 3.0, 1.8), "complaints": (0.05, 0.4, 3.0)}
    return {
        "response": np.maximum(rng.normal(np.take(means["response"], truth), 6), 1),
        "satisfaction": np.clip(np.round(rng.normal(np.take(means["satisfaction"], truth), 0.4)), 1, 5),
        "complaints": rng.poisson(np.take(means["complaints"], truth)).astype(float),
    }, truth


def test_planted_groups_come_back_and_the_unhappy_ones_go_first():
    rows, truth = planted()

    found = propose(**rows, k=3)

    assert [one.size for one in found.proposals] == pytest.approx([300, 150, 60], abs=25)
    assert float(np.mean(found.labels == truth)) > 0.93
    happy, _middle, worst = found.proposals
    assert (happy.priority, happy.programme) == ("normal", "")
    assert (worst.priority, worst.programme) == ("urgent", "bad_review")
    assert worst.reasons == ["less_satisfied", "more_complaints", "slower"]
    assert worst.target_minutes is not None
    assert worst.target_minutes <= found.overall[0]
    assert happy.target_minutes == pytest.approx(20, abs=2)


def test_groups_that_do_not_differ_are_not_proposed_to_be_served_differently():
    rng = np.random.default_rng(5)
    same = rng.normal(30, 5, 40)

    found = propose(same, np.full(40, 4.0), np.zeros(40), k=3)

    assert all(one.priority == "normal" and one.programme == "" for one in found.proposals)


def test_what_is_unknown_is_in_no_mean():
    found = mean_of(np.array([10.0, np.nan, 14.0]))

    assert found.value == 12.0
    assert found.low == pytest.approx(12 - 12.706 * 2, abs=0.01)
    assert np.isnan(mean_of(np.array([np.nan])).value)


@pytest.mark.parametrize("rows", [([], [], []), ([1, 2], [4], [0, 0])])
def test_no_rows_or_rows_that_do_not_fit_are_refused(rows):
    with pytest.raises(ValueError, match="same number"):
        propose(*rows)


def test_the_command_prints_proposals_with_their_evidence(tmp_path):
    rows, _truth = planted()
    data, out = tmp_path / "customers.csv", tmp_path / "out.json"
    lines = zip(*(rows[name].tolist() for name in FEATURES), strict=True)
    data.write_text("\n".join([",".join(FEATURES), *(",".join(map(str, line)) for line in lines)]))

    call_command("evaluate", "service-strategy", "--data", str(data), "--json", str(out))

    groups = json.loads(out.read_text())["groups"]
    assert [one["priority"] for one in groups][-1] == "urgent"
    assert groups[-1]["satisfaction"]["low"] < groups[-1]["satisfaction"]["mean"] < groups[-1]["satisfaction"]["high"]
