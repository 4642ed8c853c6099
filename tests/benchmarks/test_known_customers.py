"""Published figures of customer models on public data: BG/NBD and Gamma-Gamma on CDNOW."""

import pandas as pd
import pytest

from analytics.ml import bgnbd
from analytics.ml.bgnbd import Histories
from analytics.ml.lifetime import back_test, learn
from analytics.ml.purchases import Purchases, day_number
from tests.benchmarks.places import source

CDNOW = source() / "cdnow"


def purchases(path, customer):
    if not path.exists():
        pytest.skip(f"{path} is not there; BENCH_DATA names the folder of the public data sets")
    rows = pd.read_csv(path, parse_dates=["date"])
    seconds = rows["date"].astype("datetime64[s]").astype("int64")
    return Purchases.from_frame(pd.DataFrame({"customer": rows[customer], "date": seconds, "amount": rows["amount"]}))


@pytest.fixture(scope="module")
def sample():
    return learn(purchases(CDNOW / "cdnow_sample_tenth.csv.gz", "master_id"), day_number("1997-09-30"))


def test_purchases_of_the_cdnow_sample_have_the_published_parameters(sample):
    assert sample.visits.parameters == pytest.approx({"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, rel=1e-3)
    assert sample.visits.log_likelihood == pytest.approx(-9582.43, abs=0.01)


def test_amounts_of_the_cdnow_sample_have_the_published_parameters(sample):
    """Fader & Hardie (2013): p 6.25, q 3.74, γ 15.44 from 946 customers who came back."""
    money = sample.money

    assert money.customers == 946
    assert (money.p, money.q, money.v) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_the_published_summary_gives_the_same(sample):
    path = CDNOW / "cdnow_sample_summary_calibration.csv.gz"
    rows = pd.read_csv(path)
    histories = Histories.of(rows["frequency"].to_numpy(), rows["recency"].to_numpy(), rows["T"].to_numpy())

    found = bgnbd.fit(histories)

    assert found.parameters == pytest.approx(sample.visits.parameters, rel=1e-3)
    assert found.expected_purchases(histories, 39.0)[0] == pytest.approx(1.226, abs=5e-4)


def test_all_of_cdnow_is_foretold_as_published():
    rows = purchases(CDNOW / "cdnow_master.csv.gz", "customer_id")

    test = back_test(learn(rows, day_number("1997-09-30")), rows, day_number("1998-06-30"))

    assert len(test.actual) == 23_570
    assert abs(test.predicted - test.actual).mean() == pytest.approx(0.819, abs=0.001)
    assert test.predicted.sum() / test.actual.sum() - 1 == pytest.approx(-0.143, abs=0.001)
    assert abs(test.naive - test.actual).mean() == pytest.approx(1.038, abs=0.001)
