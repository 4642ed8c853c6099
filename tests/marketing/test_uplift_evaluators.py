import json

import numpy as np
import pytest

from core.evaluation import Run, UsageError, evaluate
from core.ml.tables import TableError
from marketing.uplift_evaluators import UpliftEvaluator, _above
from tests.marketing.ml.test_uplift import campaign


def written(tmp_path, kind="effect", n=6_000, **more):
    """A campaign's file: arm A or B, outcome `came`, money, and the features."""
    columns, outcome, treated, _effect = campaign(kind, n=n)
    columns = columns | {"arm": np.where(treated == 1, "B", "A"), "came": outcome, "paid": outcome * 20} | more
    path = tmp_path / "campaign.csv"
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def judged(path, **options):
    settings = {
        "data": path, "treatment": "arm", "treated": "B", "control": "A", "outcome": "came", "revenue": "paid",
        "features": "", "splits": 2,
    }  # fmt: skip
    return evaluate("uplift", UpliftEvaluator(), Run(settings | options))


def test_a_planted_effect_is_used_and_every_model_stands_beside_the_response(tmp_path):
    found = judged(written(tmp_path))

    assert found["guard"] == "use"
    assert set(found["models"]) == {"served", "t", "x", "dr", "response"}
    assert found["qini"] == found["models"]["served"]["qini"] > found["models"]["response"]["qini"]
    assert found["uplift@30"] > 0.1
    assert found["above_response"]["qini"]["splits_above"] == found["above_response"]["qini"]["splits"] == 2
    low, high = found["interval"]
    assert 0 < low < high
    gap = found["above_response"]["qini"]
    assert gap["interval"][0] < gap["mean"] < gap["interval"][1]
    assert found["models"]["served"]["revenue@30"] == pytest.approx(20 * found["uplift@30"], rel=1e-4)
    assert found["effect"]["difference"] == pytest.approx(0.075, abs=0.02)
    json.dumps(found, allow_nan=False)


def test_halvings_of_the_same_rows_do_not_count_as_independent():
    found = _above(np.array([0.02, 0.03, 0.04, 0.05]))

    # s² = 0.000166…, times 1/4 + 1; t with 3 degrees of freedom is 3.1824.
    assert found["mean"] == pytest.approx(0.035)
    assert found["interval"] == pytest.approx([0.035 - 0.045935, 0.035 + 0.045935], abs=1e-5)
    assert _above(np.array([0.02]))["interval"] is None


def test_a_planted_null_has_no_reliable_ranking_and_says_what_to_do(tmp_path):
    found = judged(written(tmp_path, "null"))

    assert found["guard"] == "no_reliable_ranking"
    assert any("Send to all, or to some drawn by chance" in note for note in found["notes"])


def test_what_came_after_the_message_is_no_feature_unless_it_is_named(tmp_path):
    _columns, outcome, _treated, _effect = campaign("effect", n=6_000)
    path = written(tmp_path, basket=outcome * np.arange(6_000))

    left_out, named = judged(path, splits=1), judged(path, splits=1, features="likes,basket")

    assert left_out["data"]["features"] == ["likes", "age", "city"]
    assert any("Not taken as features" in note and "basket" in note for note in left_out["notes"])
    assert named["data"]["features"] == ["likes", "basket"]
    assert any("known only after the message: basket" in note for note in named["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"treated": "C"}, r"--treated: no row has 'C' in arm; there are A, B"),
        ({"control": None}, r"--control: no row has '0' in arm"),
        ({"treated": "A"}, "must be different values"),
        ({"outcome": "arm"}, "must be different columns"),
        ({"features": "age,came"}, "came is what is judged"),
        ({"splits": 0}, "--splits must be between 1 and 200"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        judged(written(tmp_path, n=300), **options)


def test_too_few_outcomes_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"arm has .* 30 of each are needed"):
        judged(written(tmp_path, n=60))


def test_an_outcome_that_is_neither_is_refused_with_its_line(tmp_path):
    came = np.zeros(300, int)
    came[7] = 2

    with pytest.raises(TableError, match="line 9, column came: 2 is neither 0 nor 1"):
        judged(written(tmp_path, n=300, came=came))
