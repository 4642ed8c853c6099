"""Whom a message moves, and whether that may be used: `python -m tests.benchmarks.uplift_bench [NAME …]`.

`manage.py evaluate uplift` on Hillstrom's campaigns (64,000 customers, visits; the folder in BENCH_DATA) and on two
planted ones of 20,000: one in which the message moves those who like it, one in which it moves everybody alike. Eight
halvings each; `above response` is the difference of both Qinis on the same halves. Exit status 1 when a figure leaves
its range or the guard answers otherwise.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.evaluation import as_text
from tests.benchmarks.places import ROOT, source

HILLSTROM = source() / "hillstrom" / "hillstrom.csv.gz"
PLANTED = 20_000
NONE, USE = "no_reliable_ranking", "use"
FLOORS = {"women": {"qini": 0.058, "uplift@30": 0.066}, "planted effect": {"qini": 0.0}}
GUARD = {"women": USE, "men": NONE, "planted effect": USE, "planted null": NONE}


def planted(kind: str, path: Path, seed: int = 0) -> None:
    """Half of them like it and come 15 points more often with the message; of `null` everybody comes 5 points more."""
    rng = np.random.default_rng(seed)
    likes, treated = rng.integers(0, 2, PLANTED), rng.integers(0, 2, PLANTED)
    city = rng.choice(["north", "south", "west"], PLANTED)
    base = 0.10 + 0.10 * (city == "north")
    effect = 0.15 * likes if kind == "planted effect" else np.full(PLANTED, 0.05)
    came = (rng.random(PLANTED) < base + effect * treated).astype(int)
    age = rng.normal(40, 10, PLANTED)
    columns = {"likes": likes, "age": age, "city": city, "arm": treated, "came": came}
    pd.DataFrame(columns).to_csv(path, index=False)


def judged(data: Path, folder: Path, *more: str) -> dict[str, Any]:
    out = folder / "out.json"
    command = [sys.executable, str(ROOT / "manage.py"), "evaluate", "uplift", "--data", str(data), "--json", str(out)]
    subprocess.run([*command, *more], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def row(found: dict[str, Any]) -> dict[str, Any]:
    """One campaign as a line of the table."""
    models, above = found["models"], found["above_response"]["qini"]
    return {
        "qini": found["qini"], "t": models["t"]["qini"], "response": models["response"]["qini"],
        "above response": above["mean"], "95%": "{:.3f} … {:.3f}".format(*above["interval"]),
        "splits above": f"{above['splits_above']} of {above['splits']}",
        "uplift@30": found["uplift@30"], "response's": models["response"]["uplift@30"], "guard": found["guard"],
        "because": found["guard_reason"] or "",
    }  # fmt: skip


def outside(name: str, found: dict[str, Any]) -> list[str]:
    wrong = [
        f"{name}: {measure} is {found[measure]}, expected {least} or more"
        for measure, least in FLOORS.get(name, {}).items()
        if found[measure] < least
    ]
    if found["guard"] != GUARD[name]:
        wrong.append(f"{name}: the guard answers {found['guard']}, expected {GUARD[name]}")
    if name == "women" and found["above_response"]["qini"]["interval"][0] <= 0:
        wrong.append(f"{name}: not surely above the response model")
    return wrong


def main(wanted: list[str]) -> int:
    rows, wrong = {}, []
    with tempfile.TemporaryDirectory(prefix="uplift-bench-") as place:
        folder = Path(place)
        campaigns = {}
        for name, arm in (("women", "Womens E-Mail"), ("men", "Mens E-Mail")):
            named = ["--treatment", "segment", "--treated", arm, "--control", "No E-Mail", "--outcome", "visit"]
            campaigns[name] = (HILLSTROM, named)
        for name in ("planted effect", "planted null"):
            planted(name, folder / f"{name}.csv")
            campaigns[name] = (folder / f"{name}.csv", ["--treatment", "arm", "--outcome", "came"])
        for name, (data, named) in campaigns.items():
            if wanted and name not in wanted:
                continue
            if not data.exists():
                print(f"Skipped: {data} is not there; BENCH_DATA names the folder of the public data sets.")
                continue
            found = judged(data, folder, *named)
            rows[name] = row(found)
            wrong += outside(name, found)
    print(as_text({"strategies": rows}))
    for line in wrong:
        print(f"OUT OF RANGE {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
