"""`manage.py evaluate experiment`: what comes out, and what bad files are told."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from django.core.management import call_command

from core.ml.experiments import always_valid_multiplier


@pytest.fixture
def file(tmp_path):
    def write(text, name="data.csv"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return str(path)

    return write


def run(path, *options, control="A"):
    out = f"{path}.json"
    call_command("evaluate", "experiment", "--data", path, "--control", control, "--json", out, *options)
    with open(out, encoding="utf-8") as handle:
        return json.load(handle)


def fails(path, *options, control="A", capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("evaluate", "experiment", "--data", path, "--control", control, *options)
    assert ended.value.code == 2
    return capsys.readouterr().err.strip()


def rows(a_buys, a, b_buys, b):
    people = [("A", int(i < a_buys)) for i in range(a)] + [("B", int(i < b_buys)) for i in range(b)]
    return "unit,variant,bought\n" + "".join(f"u{i},{arm},{y}\n" for i, (arm, y) in enumerate(people))


def test_everything_that_is_promised_comes_out_for_each_metric(file, capsys):
    found = run(file(rows(100, 1_000, 150, 1_000)))["metrics"]["bought"]["B"]

    assert found["difference"] == pytest.approx(0.05)
    assert found["relative"] == pytest.approx(0.5)
    assert found["method"] == "newcombe"
    pooled = 0.125
    z = 0.05 / math.sqrt(pooled * (1 - pooled) * 2 / 1_000)
    assert found["p_value"] == pytest.approx(math.erfc(z / math.sqrt(2)))
    error = math.sqrt(0.1 * 0.9 / 999 + 0.15 * 0.85 / 999)
    width = always_valid_multiplier(2_000, tuned_for=10_000) * error
    assert found["always_valid_interval"] == pytest.approx([0.05 - width, 0.05 + width])
    assert found["srm_p"] == 1.0
    assert found["warnings"] == []


def test_unequal_groups_are_not_to_be_used_and_planned_ones_are_fine(file):
    path = file(rows(50, 700, 30, 300))

    broken = run(path)["metrics"]["bought"]["B"]
    planned = run(path, "--weights", "A=7,B=3")["metrics"]["bought"]["B"]

    assert broken["srm_p"] < 0.001
    assert broken["warnings"][0] == "Do not use this result: 700, 300 units where equal groups were planned."
    assert planned["srm_p"] == 1.0
    assert "Do not use" not in " ".join(planned["warnings"])


def test_a_few_people_get_no_range_for_any_look(file):
    found = run(file(rows(10, 100, 12, 100)))["metrics"]["bought"]["B"]

    assert found["always_valid_interval"] is None
    assert "fewer than 500 units" in found["warnings"][0]
    assert found["interval"] is not None


def test_a_covariate_from_before_narrows_the_range(file):
    draw = np.random.default_rng(1)
    before = draw.gamma(2, 10, 4_000)
    spend = before + draw.normal(0, 4, 4_000) + np.repeat([0.0, 1.0], 2_000)
    arms = np.repeat(["A", "B"], 2_000)
    text = "unit,variant,spend,past\n" + "".join(
        f"{i},{arms[i]},{spend[i]:.4f},{before[i]:.4f}\n" for i in range(4_000)
    )
    path = file(text)

    plain = run(path, "--metrics", "spend")["metrics"]["spend"]["B"]
    less = run(path, "--metrics", "spend", "--before", "spend=past")["metrics"]["spend"]["B"]

    assert less["cuped_variance_removed"] == pytest.approx(200 / 216, abs=0.02)
    assert less["error"] < 0.4 * plain["error"]
    assert less["interval"][0] <= 1.0 <= less["interval"][1]


def test_winsorising_is_reported(file):
    text = "unit,variant,spend\n" + "".join(f"{i},{'AB'[i % 2]},{1 if i else 5000}\n" for i in range(1_000))

    found = run(file(text), "--winsorise", "0.99")["metrics"]["spend"]["B"]

    assert (found["cap"], found["capped"]) == (1.0, 1)
    assert found["mean_control"] == 1.0


def test_several_arms_share_the_chance_of_error(file):
    text = "unit,variant,y\n" + "".join(f"{i},{'ABC'[i % 3]},{i % 7 % 2}\n" for i in range(3_000))

    found = run(file(text))["metrics"]["y"]

    assert list(found) == ["B", "C"]
    assert {row["alpha"] for row in found.values()} == {0.025}
    assert all(row["p_value_holm"] >= row["p_value"] for row in found.values())


def test_texts_beside_the_metrics_are_left_out_with_a_note(file):
    found = run(file("unit,variant,city,y\n1,A,Bonn,1\n2,B,Köln,0\n"))

    assert list(found["metrics"]) == ["y"]
    assert any("city" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file is empty"),
        ("unit,variant,y\n", "line 2"),
        ("unit,arm,y\n1,A,0\n", "line 1, column variant: the column is missing"),
        ("unit,variant,y\n1,A,0\n2,B,many\n", "line 3, column y: 'many' is not a number"),
        ("unit,variant,y\n1,A,0\n2,,1\n", "line 3, column variant: the value is blank"),
        ("unit,variant,y\n1,A,0\n2,B,inf\n", "line 3, column y"),
        ("unit,variant,y\n1,A,0\n1,B,1\n", "line 3, column unit: '1' is there twice"),
        ('unit,variant,y\n"a\nb",A,0\nc,B,1\nc,B,1\n', "line 5, column unit: 'c' is there twice"),
        ("unit,variant,y\n1,A,0\n2,B\n", "line 3, column y"),
        ("unit,variant,y\n1,A,x\n2,B,y\n", "no column holds numbers"),
    ],
)
def test_a_bad_file_is_told_where(file, text, said, capsys):
    path = file(text)

    line = fails(path, capsys=capsys)

    assert line.startswith(path)
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--metrics", "z"], "column z: the column is missing"),
        (["--metrics", "unit"], "unit names who and which arm"),
        (["--before", "y"], "--before: write NAME=VALUE"),
        (["--before", "z=y"], "--before: z is none of the metrics"),
        (["--weights", "A=1"], "--weights names each variant once"),
        (["--weights", "A=1,B=half"], "--weights are whole numbers"),
        (["--winsorise", "3"], "--winsorise lies between"),
        (["--alpha", "0"], "--alpha lies between"),
        (["--tuned-for", "0"], "--tuned-for must be"),
    ],
)
def test_options_that_do_not_fit_are_told(file, options, said, capsys):
    assert said in fails(file("unit,variant,y\n1,A,0\n2,B,1\n"), *options, capsys=capsys)


def test_a_control_that_is_not_there_is_told_with_those_that_are(file, capsys):
    said = fails(file("unit,variant,y\n1,A,0\n2,B,1\n"), control="C", capsys=capsys)

    assert "has no variant 'C'; it has A, B." in said


def test_one_variant_alone_is_no_experiment(file, capsys):
    assert "nothing to compare with" in fails(file("unit,variant,y\n1,A,0\n2,A,1\n"), capsys=capsys)


def test_serving_experiments_loads_neither_scipy_nor_pandas():
    code = (
        "import django; django.setup(); import core.experiments, core.experiments.services, sys;"
        "print(sorted({'scipy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**__import__("os").environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )  # fmt: skip

    assert done.stdout.strip() == "[]"
