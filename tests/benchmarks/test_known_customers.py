"""Known figures of customer models and forecasts on public data: they show that rows, dates and measures are what they
say."""

import numpy as np
import pandas as pd
import pytest

from analytics.ml import bgnbd, choosing_k, churn, logistic
from analytics.ml.bgnbd import Histories
from analytics.ml.forecast import Rolling
from analytics.ml.lifetime import back_test, learn
from analytics.ml.preparation import ColumnPlan, Preparation
from analytics.ml.purchases import Purchases, day_number
from tests.benchmarks import data
from tests.benchmarks.places import source

CDNOW = source() / "cdnow"
RETAIL = source() / "online_retail_ii_2009_2010"
OLIST = source() / "olist"


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


@pytest.fixture(scope="module")
def retail(tmp_path_factory):
    """Orders of Online Retail II as purchases, and its revenue of each day."""
    if not RETAIL.is_dir():
        pytest.skip(f"{RETAIL} is not there; BENCH_DATA names the folder of the public data sets")
    out = tmp_path_factory.mktemp("retail")
    data.retail_money(RETAIL, out)
    return purchases(out / "transactions.csv", "customer"), pd.read_csv(out / "daily.csv")["value"].to_numpy()


def test_who_stays_away_from_online_retail_is_foretold_better_than_by_recency(retail):
    """90 days from 2010-08-31: recency alone 0.664, logistic regression on RFM at one date 0.732."""
    rows, as_of = retail[0], day_number("2010-08-31")
    page = churn.sheet(rows, as_of, 90)

    chances = churn.learn(rows, as_of, 90).score(page)
    served = logistic.auc(chances, page.outcomes)

    assert len(page.customers) == 3321
    assert logistic.auc(page.rows[:, churn.WIDE.index("recency")], page.outcomes) == pytest.approx(0.664, abs=0.001)
    assert served >= logistic.auc(churn.fit_form(rows, as_of, 90, "logistic_rfm").score(page), page.outcomes)
    assert served >= 0.714
    assert logistic.calibration_error(logistic.calibration_table(chances, page.outcomes)) <= 0.05
    assert abs(chances.mean() - page.outcomes.mean()) <= 0.03


def test_clusters_of_online_retail_come_again(retail):
    summary = retail[0].summary(day_number("2010-12-01"))
    columns = {"recency": summary.recency, "frequency": summary.frequency, "money": summary.money}
    prepared, _kept = Preparation({name: ColumnPlan(log=True) for name in columns}).fit_apply(columns)

    chosen = choosing_k.choose(prepared)

    assert chosen.clustering.k == 4
    assert chosen.trial.ari >= 0.85
    assert chosen.clustering.sizes.min() / len(summary) >= 0.03


def judged(values, horizon, season):
    rolling = Rolling(values, horizon, season)
    origins = rolling.origins(len(values), 8)
    names = {"served": [rolling.choose(origin) for origin in origins]}
    names |= {name: [name] * 8 for name in ("seasonal_naive", "season_mean_4")}
    return {name: rolling.score(origins, chosen) for name, chosen in names.items()}


def test_daily_revenue_of_online_retail_is_forecast_better_than_by_weekdays(retail):
    found = judged(retail[1], 14, 7)

    assert found["seasonal_naive"].mase == pytest.approx(1.387, abs=0.001)
    assert found["season_mean_4"].mase == pytest.approx(1.122, abs=0.001)
    assert found["served"].mase <= 1.09


def test_weekly_payments_of_olist_are_forecast_better_than_by_their_mean(tmp_path):
    if not OLIST.is_dir():
        pytest.skip(f"{OLIST} is not there; BENCH_DATA names the folder of the public data sets")
    data.olist(OLIST, tmp_path)
    values = pd.read_csv(tmp_path / "weekly.csv")["value"].to_numpy(np.float64)

    found = judged(values, 4, 1)

    assert found["seasonal_naive"].wape == pytest.approx(0.292, abs=0.001)
    assert found["season_mean_4"].wape == pytest.approx(0.245, abs=0.001)
    assert found["served"].wape <= 0.24
