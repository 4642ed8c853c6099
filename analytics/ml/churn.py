"""Who will stay away: chance that a customer buys nothing within the next days, with reasons.

Everything is learned at earlier dates whose outcome was known by the as-of date: which form of the model, its weights,
the shape of its calibration and its level. Features are of the days up to the date they are made for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analytics.ml import logistic
from analytics.ml.logistic import Calibration
from analytics.ml.purchases import Purchases
from analytics.ml.serving import LinearScorer

Array = NDArray[np.float64]
Level = Literal["mean", "latest", "season"]
Acts = Callable[[NDArray[np.int64], int], Array]
"""Features of what customers (their numbers) did beside buying, at a date: customers × columns."""
HORIZONS = (30, 60, 90)
FIRST_DAYS = 30
"""Days of history before the earliest date to learn at."""
STEP = 14
MOST_DATES = 8
MOST_TRIALS = 6
YEAR = 364
"""Whole weeks, so that a year earlier is the same weekday."""
FOLDS = 5
FEWEST_TO_CALIBRATE = 200
DISJOINT = 3
"""Windows without a common day that the level is chosen on."""
UNTRIED_SEASON = 0.5
"""Share of last year's deviation that is believed while no earlier window can say whether seasons return."""
SHAPES: tuple[Calibration, ...] = ("none", "platt", "isotonic")
RFM = ("recency", "purchases_log", "money_log")
WIDE = (
    "recency", "recency_log", "purchases_log", "tenure_log", "mean_amount_log", "money_log", "bought_once", "overdue",
    "rate_log", "purchases_30_log", "purchases_60_log", "purchases_90_log", "last_amount_log",
)  # fmt: skip
MEAN_FORM = "logistic_mean"
FORMS = {"logistic_rfm": RFM, "logistic": WIDE, MEAN_FORM: WIDE}
"""Columns of each form. `logistic_mean` is the mean of the log-odds of the other two: the narrow one holds its order
when customers change, the wide one tells more apart."""


class TooShort(ValueError):
    """The history is too short to have seen an outcome. The message is one line for people."""

    def __init__(self, message: str, *, needed: int = 0, known: int = 0) -> None:
        super().__init__(message)
        self.needed, self.known = needed, known


@dataclass(frozen=True)
class Sheet:
    """Customers at a date, their features [n × names] and, where it is known, who stayed away (1) and who came (0)."""

    customers: NDArray[np.int64]
    rows: Array
    outcomes: NDArray[np.int64] | None
    act_names: tuple[str, ...] = ()

    def names(self, form: str) -> tuple[str, ...]:
        """Columns of a form; acts belong to every form."""
        return FORMS[form] + self.act_names

    def of(self, form: str) -> Array:
        """The columns of a form."""
        known = WIDE + self.act_names
        return self.rows[:, [known.index(name) for name in self.names(form)]]

    def without(self, fold: int) -> "Sheet":
        """The customers of the other folds."""
        kept = self.customers % FOLDS != fold
        outcomes = None if self.outcomes is None else self.outcomes[kept]
        return Sheet(self.customers[kept], self.rows[kept], outcomes, self.act_names)


def sheet(
    purchases: Purchases,
    as_of: int,
    horizon: int | None = None,
    *,
    acts: Acts | None = None,
    act_names: tuple[str, ...] = (),
) -> Sheet:
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
    rows = np.column_stack([columns[name] for name in WIDE])
    if acts is not None:
        rows = np.column_stack([rows, acts(known.customers, as_of)])
    return Sheet(known.customers, rows, outcomes, act_names if acts is not None else ())


@dataclass(frozen=True)
class ChurnModel:
    """What serves, and what its choice rests on: dates learned at, and at held-back dates the mean AUC of each form,
    the mean Brier score of each shape (its level put right) and of each level. `trial_gaps` are foretold less actual
    shares at those dates, the latest first: how far the level was off."""

    scorer: LinearScorer
    form: str
    calibration: Calibration
    level: Level
    horizon: int
    dates: list[int]
    trial_dates: list[int]
    trial_auc: dict[str, float] = field(default_factory=dict)
    trial_brier: dict[str, float] = field(default_factory=dict)
    trial_level: dict[str, float] = field(default_factory=dict)
    trial_gaps: list[float] = field(default_factory=list)
    trial_tables: list[list[logistic.Bin]] = field(default_factory=list)

    def score(self, page: Sheet) -> Array:
        """Chance of each customer of the sheet to stay away."""
        return self.scorer.score(page.of(self.form))

    @property
    def level_error(self) -> float | None:
        """Mean distance of foretold and actual share at the held-back dates; None without any."""
        return float(np.abs(self.trial_gaps).mean()) if self.trial_gaps else None


def dates_before(last: int, first: int, most: int) -> list[int]:
    """Dates from `last` back to `first`, the latest first: every 14 days, or wider apart by whole weeks so that a year
    is spanned."""
    span = min(last - first, YEAR)
    step = max(STEP, span // most // 7 * 7)
    return list(range(last, first - 1, -step))[:most]


def learn(
    purchases: Purchases,
    as_of: int,
    horizon: int,
    *,
    forms: Sequence[str] = tuple(FORMS),
    acts: Acts | None = None,
    act_names: tuple[str, ...] = (),
) -> ChurnModel:
    """A model learned at all dates whose outcome is known by `as_of`; form, shape and level chosen at held-back dates,
    each foretold by what was known then.

    The form has the best mean AUC, the shape the best mean Brier score once its level is put right. The level is the
    mean of the dates learned at, half way towards the same season a year ago where that is known. Only held-back dates
    with three windows that share no day can say that another one is better, that of the latest date or of last year's
    season alone: fewer windows are one season, seen several times.

    Raises TooShort with fewer than `horizon` + 30 days before `as_of`.
    """
    desk = _Desk(purchases.between(None, as_of), as_of, horizon, acts, act_names)
    dates = desk.dates(as_of)
    if not dates:
        known = as_of - desk.first + FIRST_DAYS
        raise TooShort(
            f"{horizon + FIRST_DAYS} days of purchases before the date are needed to see who stays away for {horizon} "
            f"days; there are {known}.",
            needed=horizon + FIRST_DAYS,
            known=known,
        )
    trials = dates_before(as_of - horizon, desk.first + horizon, MOST_TRIALS)
    form, shape = forms[-1], SHAPES[0]
    level: Level = "mean"
    aucs: dict[str, float] = {}
    briers: dict[Calibration, float] = {}
    levels: dict[Level, float] = {}
    if trials:
        aucs = {
            name: _mean([_auc(desk.model(date, name, "none"), desk.page(date), name) for date in trials])
            for name in forms
        }
        form = max(forms, key=lambda name: aucs[name])
        briers = {
            how: _mean([_level_free(desk.model(date, form, how), desk.page(date), form) for date in trials])
            for how in SHAPES
        }
        shape = min(SHAPES, key=lambda how: briers[how])
    if trials and trials[0] - trials[-1] >= (DISJOINT - 1) * horizon:
        choices: list[Level] = ["mean", "latest"]
        if all(desk.season(date) is not None for date in (as_of, *trials)):
            choices.append("season")
        levels = {
            name: _mean([_brier(desk.levelled(date, form, shape, name), desk.page(date), form) for date in trials])
            for name in choices
        }
        level = min(choices, key=lambda name: levels[name])
    if level == "mean" and "season" not in levels:
        level = desk.untried_level(as_of)
    is_tried = level in levels
    served = [desk.levelled(date, form, shape, level, is_tried=is_tried) for date in trials]
    pages = [desk.page(date) for date in trials]
    chances = [model.score(page.of(form)) for model, page in zip(served, pages, strict=True)]
    return ChurnModel(
        scorer=desk.levelled(as_of, form, shape, level, is_tried=is_tried), form=form, calibration=shape, level=level,
        horizon=horizon, dates=dates, trial_dates=trials, trial_auc=aucs,
        trial_brier={str(how): value for how, value in briers.items()},
        trial_level={str(name): value for name, value in levels.items()},
        trial_gaps=[float(found.mean() - _outcomes(page).mean()) for found, page in zip(chances, pages, strict=True)],
        trial_tables=[
            logistic.calibration_table(found, _outcomes(page)) for found, page in zip(chances, pages, strict=True)
        ],
    )  # fmt: skip


def fit_form(purchases: Purchases, as_of: int, horizon: int, form: str) -> ChurnModel:
    """One form at the latest date whose outcome is known, without choice and calibration: the textbook's way, to
    compare with."""
    date = as_of - horizon
    return ChurnModel(_fitted(form, [sheet(purchases, date, horizon)]), form, "none", "latest", horizon, [date], [])


class _Desk:
    """Sheets and models of one history, each made once."""

    def __init__(
        self, past: Purchases, as_of: int, horizon: int, acts: Acts | None, act_names: tuple[str, ...]
    ) -> None:
        self.past, self.as_of, self.horizon, self.acts, self.act_names = past, as_of, horizon, acts, act_names
        self.first = int(past.days.min(initial=as_of)) + FIRST_DAYS
        self._pages: dict[int, Sheet] = {}
        self._models: dict[tuple[int, str, Calibration], LinearScorer] = {}

    def dates(self, known_until: int) -> list[int]:
        """Dates to learn at by somebody who knows the days until then."""
        return dates_before(known_until - self.horizon, self.first, MOST_DATES)

    def page(self, date: int) -> Sheet:
        if date not in self._pages:
            self._pages[date] = sheet(self.past, date, self.horizon, acts=self.acts, act_names=self.act_names)
        return self._pages[date]

    def season(self, date: int) -> int | None:
        """The date a year earlier, when its outcome was known and it has a history."""
        before = date - YEAR
        return before if before >= self.first and before + self.horizon <= date else None

    def untried_level(self, date: int) -> Level:
        return "mean" if self.season(date) is None else "season"

    def model(self, date: int, form: str, shape: Calibration) -> LinearScorer:
        """Weights and shape as somebody would have learned them who knew the days until `date`."""
        key = (date, form, shape)
        if key not in self._models:
            self._models[key] = _learned(form, shape, [self.page(day) for day in self.dates(date)])
        return self._models[key]

    def levelled(
        self, date: int, form: str, shape: Calibration, level: Level, *, is_tried: bool = True
    ) -> LinearScorer:
        """The same with another level than the mean of the dates learned at."""
        model, before = self.model(date, form, shape), self.season(date)
        if level == "mean" or (level == "season" and before is None):
            return model
        page = self.page(self.dates(date)[0] if level == "latest" or before is None else before)
        gap = logistic.level_gap(model.score(page.of(form)), _outcomes(page))
        return logistic.shifted(model, gap if is_tried else gap * UNTRIED_SEASON)


def _fitted(form: str, pages: Sequence[Sheet]) -> LinearScorer:
    outcomes = np.concatenate([_outcomes(page) for page in pages])

    def fit(name: str) -> LinearScorer:
        return logistic.fit(np.concatenate([page.of(name) for page in pages]), outcomes, pages[0].names(name))

    if form != MEAN_FORM:
        return fit(form)
    wide, narrow = fit("logistic"), fit("logistic_rfm")
    weights = wide.weights.copy()
    weights[[wide.features.index(name) for name in narrow.features]] += narrow.weights
    empty = np.empty(0)
    return LinearScorer(
        wide.features, weights / 2, wide.centre, wide.spread, (wide.intercept + narrow.intercept) / 2, empty, empty
    )


def _learned(form: str, shape: Calibration, pages: Sequence[Sheet]) -> LinearScorer:
    """The model of all pages. The shape of its calibration is learned on all of them, where each fifth of the customers
    is scored by a model that knows the other four only: by scores like those that will be served."""
    model = _fitted(form, pages)
    if shape == "none" or len(pages[0].customers) < FEWEST_TO_CALIBRATE:
        return model
    odds = [np.empty(len(page.customers)) for page in pages]
    for fold in range(FOLDS):
        without = _fitted(form, [page.without(fold) for page in pages])
        for found, page in zip(odds, pages, strict=True):
            inside = page.customers % FOLDS == fold
            found[inside] = without.log_odds(page.of(form)[inside])
    outcomes = np.concatenate([_outcomes(page) for page in pages])
    return logistic.calibrated(model, np.concatenate(odds), outcomes, shape)


def _auc(model: LinearScorer, page: Sheet, form: str) -> float:
    found = logistic.auc(model.log_odds(page.of(form)), _outcomes(page))
    return 0.5 if found is None else found


def _brier(model: LinearScorer, page: Sheet, form: str) -> float:
    return logistic.brier(model.score(page.of(form)), _outcomes(page))


def _level_free(model: LinearScorer, page: Sheet, form: str) -> float:
    gap = logistic.level_gap(model.score(page.of(form)), _outcomes(page))
    return _brier(logistic.shifted(model, gap), page, form)


def _outcomes(page: Sheet) -> NDArray[np.int64]:
    assert page.outcomes is not None
    return page.outcomes


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
