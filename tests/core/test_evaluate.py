import json
import os
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command

from core import evaluation
from core.evaluation import Run, UsageError, as_text, evaluate, parse_map, write_json
from core.ml.tables import Column


class Counting:
    """An evaluator that counts the letters of a file."""

    help = "Count letters."
    columns = ["text"]

    def add_arguments(self, parser):
        parser.add_argument("--file")

    def run(self, run):
        frame = run.read(run.options["file"], [Column("text")])
        return {"methods": {"length": {"letters": int(frame["text"].str.len().sum()), "mean": 2.5}}, "best": "length"}


def told(capsys, *arguments):
    """Exit status, standard output and standard error of one run."""
    status = 0
    try:
        call_command("evaluate", *arguments)
    except SystemExit as stopped:
        status = stopped.code
    out = capsys.readouterr()
    return status, out.out, out.err


def test_a_result_carries_settings_files_cost_and_versions(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("review,spare\nabc,1\nde,2\n")

    result = evaluate("count", Counting(), Run({"file": str(path)}, seed=3, rename={"text": "review"}))

    assert result["methods"] == {"length": {"letters": 5, "mean": 2.5}}
    assert result["seed"] == 3
    assert result["settings"] == {"file": str(path), "map": {"text": "review"}}
    assert [(file["file"], file["rows"], len(file["sha256"])) for file in result["files"]] == [(str(path), 2, 64)]
    assert result["notes"] == [f"{path}: columns ignored: spare."]
    assert result["cpu_seconds"] > 0
    assert result["peak_memory_mb"] > 1
    assert result["versions"]["numpy"] == np.__version__


def test_renaming_a_column_that_the_task_does_not_have_is_refused():
    with pytest.raises(UsageError, match="count has no column stars; it has text"):
        evaluate("count", Counting(), Run({"file": "x"}, rename={"stars": "rating"}))


def test_renames_are_read_from_one_option():
    assert parse_map(" text=review , label=stars ") == {"text": "review", "label": "stars"}
    assert parse_map("") == {}
    with pytest.raises(UsageError, match="'label' is not of the form"):
        parse_map("text=review,label")
    with pytest.raises(UsageError, match="renamed twice"):
        parse_map("text=a,text=b")


def test_a_printed_result_is_a_table_and_lines():
    result = {
        "task": "count",
        "methods": {"one": {"letters": 5, "mean": 0.5}, "other": {"letters": 12345}},
        "groups": {"one": {"few": {"letters": 5}}},
        "best": "one",
        "settings": {"file": "x"},
        "notes": ["columns ignored: spare."],
    }

    assert as_text(result).splitlines() == [
        "methods     one  other",
        "letters       5  12345",
        "mean     0.5000      –",
        "",
        "best                   one",
        "note: columns ignored: spare.",
    ]


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "out.json"
    path.write_text("before")

    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"x": float("nan")})

    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_a_missing_column_ends_with_two_and_one_line(tmp_path, capsys):
    path = tmp_path / "events.csv"
    path.write_text("customer,product\n1,x\n")

    assert told(capsys, "recommender", str(path), "--protocol", "leave-last-out") == (
        2, "", f"{path}, line 1, column item: the column is missing; the header has customer, product\n",
    )  # fmt: skip


def test_a_wrong_value_ends_with_two_and_says_where(tmp_path, capsys):
    path = tmp_path / "events.csv"
    path.write_text("customer,item,value\n1,x,3\n2,y,many\n")

    status, out, err = told(capsys, "recommender", str(path), "--protocol", "leave-last-out")

    assert (status, out) == (2, "")
    assert err == f"{path}, line 3, column value: 'many' is not a number\n"


@pytest.mark.parametrize("arguments", [["--seed", "x"], ["--protocol", "by-mood"], ["--nonsense"]])
def test_wrong_options_end_with_two(tmp_path, arguments):
    path = tmp_path / "events.csv"
    path.write_text("customer,item\n1,x\n")

    done = run_alone(["recommender", str(path), *arguments], tmp_path)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_output_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(evaluation, "evaluate", None)

    status, _out, err = told(capsys, "recommender", "none.csv", "--json", str(tmp_path / "no" / "out.json"))

    assert status == 2
    assert err == f"--json: {tmp_path}/no/out.json is a folder or lies in a folder that does not exist.\n"


def test_evaluate_opens_no_database_and_starts_no_service(tmp_path):
    """It runs where no database answers and leaves nothing of a server behind."""
    rows = [f"{customer},{(customer % 2) + 2 * step}" for step in range(4) for customer in range(12)]
    path = tmp_path / "events.csv"
    path.write_text("customer,item\n" + "\n".join(rows) + "\n")

    for url in ("", "postgres://nobody:no@127.0.0.1:1/none"):
        done = run_alone(
            ["recommender", str(path), "--protocol", "leave-last-out", "--json", str(tmp_path / "out.json")],
            tmp_path / "var",
            DATABASE_URL=url,
        )

        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads((tmp_path / "out.json").read_text("utf-8"))["served"] in done.stdout
        assert not (tmp_path / "var" / "postgres").exists()
        assert not (tmp_path / "var" / "redis").exists()


def run_alone(arguments, var, **environment):
    return subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "evaluate", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "VAR_DIR": str(var), **environment},
    )  # fmt: skip
