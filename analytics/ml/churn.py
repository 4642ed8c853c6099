"""Who will stay away: chance that a customer buys nothing within the next days, with reasons.

Everything is learned at earlier dates whose outcome was known by the as-of date: which form of the model, its weights,
its calibration. Features are of the days up to the date they are made for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytics.ml import logistic
from analytics.ml.logistic import Calibration
from analytics.ml.purchases import Purchases
from analytics.ml.serving import LinearScorer

Array = NDArray[np.float64]
HORIZONS = (30, 60, 90)
FIRST_DAYS = 30
"""Days of history before the earliest date to learn at."""
STEP = 14
MOST_DATES = 8
MOST_TRIALS = 6
FOLDS = 5
FEWEST_TO_CALIBRATE = 200
WAYS: tuple[Calibration, ...] = ("none", "platt", "isotonic")
RFM = ("recency", "purchases_log", "money_log")
WIDE = (
    "recency", "recency_log", "purchases_log", "tenure_log", "mean_amount_log", "money_log", "bought_once", "overdue",
    "rate_log", "purchases_30_log", "purchases_60_log", "purchases_90_log", "last_amount_log",
)  # fmt: skip
FORMS = {"logistic_rfm": RFM, "logistic": WIDE}


class TooShort(ValueError):
    """The history is too short to have seen an outcome. The message is one line for people."""


@dataclass(frozen=True)
class Sheet:
    """Customers at a date, their features [n × WIDE] and, where it is known, who stayed away (1) and who came (0)."""

    customers: NDArray[np.int64]
    rows: Array
    outcomes: NDArray[np.int64] | None

    def of(self, form: str) -> Array:
        """The columns of a form."""
        return self.rows[:, [WIDE.index(name) for name in FORMS[form]]]

    def without(self, fold: int) -> "Sheet":
        """The customers of the other folds."""
        kept = self.customers % FOLDS != fold
        return Sheet(self.customers[kept], self.rows[kept], None if self.outcomes is None else self.outcomes[kept])


def sheet(purchases: Purchases, as_of: int, horizon: int | None = None) -> Sheet:
    """Features at the end of the day `as_of` of everybody who bought until then; outcomes of the `horizon` days after.

    `overdue` is the logarithm of the days since the last purchase over the customer's usual gap (a week added to
    both); those who bought once are measured by their tenure and 30 days.
    """
    known = purchases.summary(as_of)
    past = purchases.between(None, as_of)
    place = np.searchsorted(known.customers, past.customers)
    ago = as_of - past.days
    recency, tenure = known.recency.astype(np.float64), known.tenure.astype(np.float64)
    count, money = known.frequency.astype(np.float64), np.maximum(known.money, 0.0)
    gap = np.where(count > 1, (tenure - recency) / np.maximum(count - 1, 1), tenure + FIRST_DAYS)
    lately = [np.bincount(place[ago < days], minlength=len(known)) for days in HORIZONS]
    columns = {
        "recency": recency,
        "recency_log": np.log1p(recency),
        "purchases_log": np.log(count),
        "tenure_log": np.log1p(tenure),
        "mean_amount_log": np.log1p(known.bought / count),
        "money_log": np.log1p(money),
        "bought_once": (count == 1).astype(np.float64),
        "overdue": np.log((recency + 7) / (gap + 7)),
        "rate_log": np.log(count / (tenure + FIRST_DAYS)),
        **{f"purchases_{days}_log": np.log1p(found) for days, found in zip(HORIZONS, lately, strict=True)},
        "last_amount_log": np.log1p(known.last_amount),
    }
    outcomes = None
    if horizon is not None:
        came = np.zeros(purchases.customer_count, bool)
        came[purchases.between(as_of + 1, as_of + horizon).customers] = True
        outcomes = (~came[known.customers]).astype(np.int64)
    return Sheet(known.customers, np.column_stack([columns[name] for name in WIDE]), outcomes)


@dataclass(frozen=True)
class ChurnModel:
    """What serves, and what its choice rests on: dates learned at, mean AUC of each form and mean Brier score
    of each calibration at held-back dates."""

    scorer: LinearScorer
    form: str
    calibration: Calibration
    horizon: int
    dates: list[int]
    trial_dates: list[int]
    trial_auc: dict[str, float] = field(default_factory=dict)
    trial_brier: dict[str, float] = field(default_factory=dict)

    def score(self, page: Sheet) -> Array:
        """Chance of each customer of the sheet to stay away."""
        return self.scorer.score(page.of(self.form))


def dates_before(last: int, first: int, most: int) -> list[int]:
    """Every 14 days from `last` back to `first`, the latest first."""
    return list(range(last, first - 1, -STEP))[:most]


def learn(purchases: Purchases, as_of: int, horizon: int, *, forms: Sequence[str] = tuple(FORMS)) -> ChurnModel:
    """The form with the best mean AUC and the calibration with the best mean Brier score at held-back dates, each
    foretold by what was known then; fitted again at all dates whose outcome is known by `as_of`.

    Raises TooShort with fewer than `horizon` + 30 days before `as_of`.
    """
    past = purchases.between(None, as_of)
    first = int(past.days.min(initial=as_of)) + FIRST_DAYS
    dates = dates_before(as_of - horizon, first, MOST_DATES)
    if not dates:
        raise TooShort(
            f"{horizon + FIRST_DAYS} days of purchases before the date are needed to see who stays away for {horizon} "
            f"days; there are {as_of - first + FIRST_DAYS}."
        )
    trials = dates_before(as_of - horizon, first + horizon, MOST_TRIALS)
    pages = {date: sheet(past, date, horizon) for date in {*dates, *trials, *_reached(trials, horizon, first)}}
    before = {date: [pages[day] for day in dates_before(date - horizon, first, MOST_DATES)] for date in trials}
    form = forms[0]
    aucs: dict[str, float] = {}
    if trials:
        aucs = {
            name: _mean([_auc(_learned(name, "none", before[d]), pages[d], name) for d in trials]) for name in forms
        }
        form = max(forms, key=lambda name: aucs[name])
    way: Calibration = "none"
    briers: dict[Calibration, float] = {}
    if trials:
        briers = {how: _mean([_brier(_learned(form, how, before[d]), pages[d], form) for d in trials]) for how in WAYS}
        way = min(WAYS, key=lambda how: briers[how])
    return ChurnModel(
        scorer=_learned(form, way, [pages[date] for date in dates]), form=form, calibration=way, horizon=horizon,
        dates=dates, trial_dates=trials, trial_auc=aucs, trial_brier={str(how): value for how, value in briers.items()},
    )  # fmt: skip


def fit_form(purchases: Purchases, as_of: int, horizon: int, form: str) -> ChurnModel:
    """One form at the latest date whose outcome is known, without choice and calibration: the textbook's way, to
    compare with."""
    date = as_of - horizon
    return ChurnModel(_fitted(form, [sheet(purchases, date, horizon)]), form, "none", horizon, [date], [])


def _reached(trials: Sequence[int], horizon: int, first: int) -> set[int]:
    """Dates that the models of trials learn at."""
    return {day for date in trials for day in dates_before(date - horizon, first, MOST_DATES)}


def _fitted(form: str, pages: Sequence[Sheet]) -> LinearScorer:
    rows = np.concatenate([page.of(form) for page in pages])
    return logistic.fit(rows, np.concatenate([_outcomes(page) for page in pages]), FORMS[form])


def _learned(form: str, way: Calibration, pages: Sequence[Sheet]) -> LinearScorer:
    """The model of all pages. Its calibration is learned at the latest of them (the first), where each fifth of the
    customers is scored by a model that knows the other four only: level and shape of the newest outcomes, by scores
    like those that will be served."""
    model = _fitted(form, pages)
    latest = pages[0]
    if way == "none" or len(latest.customers) < FEWEST_TO_CALIBRATE:
        return model
    odds = np.empty(len(latest.customers))
    for fold in range(FOLDS):
        inside = latest.customers % FOLDS == fold
        odds[inside] = _fitted(form, [page.without(fold) for page in pages]).log_odds(latest.of(form)[inside])
    return logistic.calibrated(model, odds, _outcomes(latest), way)


def _auc(model: LinearScorer, page: Sheet, form: str) -> float:
    found = logistic.auc(model.log_odds(page.of(form)), _outcomes(page))
    return 0.5 if found is None else found


def _brier(model: LinearScorer, page: Sheet, form: str) -> float:
    return logistic.brier(model.score(page.of(form)), _outcomes(page))


def _outcomes(page: Sheet) -> NDArray[np.int64]:
    assert page.outcomes is not None
    return page.outcomes


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
