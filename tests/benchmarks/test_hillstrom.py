"""Hillstrom's e-mail challenge: six differences with ranges, to four digits against formulas written out by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from django.core.management import call_command
from scipy.stats import t

from tests.benchmarks.places import source

DATA = source() / "hillstrom" / "hillstrom.csv.gz"
CONTROL, ARMS, METRICS = "No E-Mail", ("Mens E-Mail", "Womens E-Mail"), ("visit", "conversion", "spend")
# What the set's description says about each arm: shares in percent, spend in dollars.
PUBLISHED = {
    "No E-Mail": (21_306, 10.617, 0.573, 0.653),
    "Mens E-Mail": (21_307, 18.276, 1.253, 1.423),
    "Womens E-Mail": (21_387, 15.140, 0.884, 1.077),
}


@pytest.fixture(scope="module")
def frame():
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there; BENCH_DATA names the folder of the public data sets")
    return pd.read_csv(DATA)


@pytest.fixture(scope="module")
def found(frame, tmp_path_factory):
    out = tmp_path_factory.mktemp("hillstrom") / "out.json"
    call_command(
        "evaluate", "experiment", "--data", str(DATA), "--control", CONTROL, "--map", "variant=segment",
        "--metrics", ",".join(METRICS), "--json", str(out),
    )  # fmt: skip
    return json.loads(out.read_text("utf-8"))


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_difference_is_that_of_the_published_means(found, arm, place):
    scale = 1 if METRICS[place] == "spend" else 100
    published = (PUBLISHED[arm][place + 1] - PUBLISHED[CONTROL][place + 1]) / scale

    # Both published means are rounded to their last digit.
    assert found["metrics"][METRICS[place]][arm]["difference"] == pytest.approx(published, abs=0.001 / scale)


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.parametrize("metric", METRICS)
def test_difference_and_range_agree_to_four_digits_with_the_formula(frame, found, arm, metric):
    a, c = (frame.loc[frame["segment"] == name, metric].to_numpy(float) for name in (arm, CONTROL))
    va, vc = np.var(a, ddof=1) / len(a), np.var(c, ddof=1) / len(c)
    degrees = (va + vc) ** 2 / (va**2 / (len(a) - 1) + vc**2 / (len(c) - 1))
    width = t.ppf(0.975, degrees) * math.sqrt(va + vc)
    difference = a.mean() - c.mean()

    told = found["metrics"][metric][arm]

    assert told["difference"] == pytest.approx(difference, rel=1e-9)
    # Newcombe's range for shares and Welch's agree at this size to the fourth digit after the point.
    assert told["interval"] == pytest.approx([difference - width, difference + width], abs=5e-5)
    assert (
        told["always_valid_interval"][0] < told["interval"][0] < told["interval"][1] < told["always_valid_interval"][1]
    )


def test_the_groups_are_as_large_as_planned(found):
    assert found["counts"] == {name: PUBLISHED[name][0] for name in (CONTROL, *ARMS)}
    assert found["srm_p"] == pytest.approx(0.9037, abs=5e-5)
