"""Forecasts of a night: made, held against what came, kept for a while."""

import itertools
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from analytics import datasets
from analytics.forecasts import series as reading
from analytics.forecasts.choices import FEWEST_DAYS, HORIZON, SEASON, SHORT_HORIZON, WEEK
from analytics.forecasts.series import Series
from analytics.ml.forecast import FEWEST_TRIALS, Rolling, TooShort
from analytics.ml.forecast_models import COMBINATION, METHODS
from analytics.models import Forecast
from core.jobs import guard, progress
from core.ml.numbers import rounded
from core.said import Said

JUDGED_WINDOWS = 8
MOST_SECONDS = 300.0
"""Time for one night. What is left out keeps the forecast that it has and comes first in the next night."""
KEPT = timedelta(days=60)
AT_ONCE = 100
KEY = ("scope", "measure", "product_id", "category_id")
"""What tells a series, as `Series.key`."""


def make(until: date | None = None, *, most_seconds: float = MOST_SECONDS) -> dict[str, Any]:
    """Forecast the shop, its categories and its best selling products as of `until` (at first the last whole day), and
    judge what was forecast before. Safe to run again: a series has one forecast a day.

    Returns how many were made, refused as too short, and left for lack of time.
    """
    until = until or datasets.known_until()
    if until is None:
        return {"made": 0}
    started = time.monotonic()
    counts: dict[str, int] = defaultdict(int)
    batch: list[Forecast] = []
    actuals: dict[tuple[Any, ...], Series] = {}
    for one in itertools.chain(reading.shop(until), reading.categories(until), reading.products(until)):
        actuals[one.key] = one
    left: set[tuple[Any, ...]] = set()
    for one in _oldest_first(actuals.values()):
        if time.monotonic() - started > most_seconds:
            counts["left"] += 1
            left.add(one.key)
            continue
        row = forecast(one, until)
        counts["made" if row.values else "too_short"] += 1
        batch.append(row)
        if len(batch) >= AT_ONCE:
            _store(batch, until)
            batch = []
            progress(sum(counts.values()), None, Said(gettext_noop("Forecasting")))
    _store(batch, until)
    counts["judged"] = judge(actuals, until)
    with transaction.atomic():
        guard()
        Forecast.objects.filter(as_of__lt=until - KEPT).delete()
        # A product that no longer sells has no forecast of today; one that was left for lack of time keeps the last.
        old = Forecast.objects.filter(is_newest=True, as_of__lt=until)
        gone = [pk for pk, *key in old.values_list("pk", *KEY) if tuple(key) not in left]
        Forecast.objects.filter(pk__in=gone).update(is_newest=False)
    return dict(counts)


def _oldest_first(every: Iterable[Series]) -> list[Series]:
    """The shop, then what was never forecast, then what waits longest; the best selling first among equals."""
    made = {tuple(key): as_of for *key, as_of in Forecast.objects.filter(is_newest=True).values_list(*KEY, "as_of")}
    return sorted(every, key=lambda one: (one.scope != Forecast.Scope.SHOP, made.get(one.key, date.min)))


def forecast(one: Series, until: date) -> Forecast:
    """One row, not yet stored. Without eight weeks it says what is missing."""
    if one.is_sparse:
        return _by_weeks(one, until)
    row = _row(one, until)
    known = len(one.values)
    has_band = known >= FEWEST_DAYS + HORIZON + (FEWEST_TRIALS - 1) * (HORIZON // 2)
    try:
        rolling = Rolling(one.values, HORIZON if has_band else SHORT_HORIZON, SEASON)
    except TooShort:
        return row
    made = rolling.forecast(known)
    value, low, high = rolling.total(known, WEEK)
    row.method = made.method
    row.values = rounded(made.values.tolist(), 2)
    if made.low is not None and made.high is not None:
        row.low, row.high = rounded(made.low.tolist(), 2), rounded(made.high.tolist(), 2)
    row.week = rounded({"value": value, "low": low, "high": high}, 2)
    _judge(row, rolling, unit="day")
    return row


def _by_weeks(one: Series, until: date) -> Forecast:
    """Of what sells on few days: its weeks are carried on and spread evenly over their days (temporal aggregation,
    Nikolopoulos et al. 2011). There is a range for the week and none for a day."""
    row = _row(one, until)
    weeks = len(one.values) // WEEK
    values = one.values[-weeks * WEEK :].reshape(weeks, WEEK).sum(axis=1) if weeks else np.empty(0)
    try:
        rolling = Rolling(values, HORIZON // WEEK, 1)
    except TooShort:
        return row
    made = rolling.forecast(weeks)
    row.method = made.method
    row.values = rounded(np.repeat(made.values / WEEK, WEEK).tolist(), 4)
    low, high = (None if edge is None else float(edge[0]) for edge in (made.low, made.high))
    row.week = rounded({"value": float(made.values[0]), "low": low, "high": high}, 2)
    _judge(row, rolling, unit="week")
    return row


def _row(one: Series, until: date) -> Forecast:
    return Forecast(
        scope=one.scope, measure=one.measure, product_id=one.product_id, category_id=one.category_id, as_of=until,
        days_known=len(one.values), made_at=timezone.now(),
    )  # fmt: skip


def _judge(row: Forecast, rolling: Rolling, *, unit: str) -> None:
    """Errors on the windows before now, of what would have been chosen and of every method."""
    origins = rolling.origins(len(rolling.values), JUDGED_WINDOWS)
    if not origins:
        return
    served = rolling.score(origins, [rolling.choose(origin) for origin in origins])
    row.mase, row.wape = served.mase, served.wape
    row.tried = {
        "windows": len(origins), "length": rolling.horizon, "unit": unit, "methods": _tried(rolling, origins),
    }  # fmt: skip


def _tried(rolling: Rolling, origins: list[int]) -> dict[str, Any]:
    scores = {name: rolling.score(origins, [name] * len(origins)) for name in (*METHODS, COMBINATION)}
    return {name: rounded({"mase": one.mase, "wape": one.wape}, 4) for name, one in scores.items()}


def _store(rows: Iterable[Forecast], until: date) -> None:
    rows = list(rows)
    if not rows:
        return
    same = Q()
    for row in rows:
        same |= Q(scope=row.scope, measure=row.measure, product=row.product_id, category=row.category_id)
    with transaction.atomic():
        guard()
        known = Forecast.objects.filter(same)
        known.filter(as_of=until).delete()
        known.filter(is_newest=True).update(is_newest=False)
        Forecast.objects.bulk_create(rows)


def judge(actuals: dict[tuple[Any, ...], Series], until: date) -> int:
    """Hold earlier forecasts against the days that came since. How many have new days."""
    recent = Forecast.objects.filter(as_of__lt=until, as_of__gte=until - timedelta(days=HORIZON + WEEK))
    changed = []
    for row in recent.iterator(chunk_size=500):
        one = actuals.get((row.scope, row.measure, row.product_id, row.category_id))
        days = min(len(row.values), (until - row.as_of).days)
        if one is None or days <= row.days_judged:
            continue
        came = one.between(row.as_of + timedelta(days=1), row.as_of + timedelta(days=days))
        foretold = np.asarray(row.values[:days], np.float64)
        row.days_judged = days
        row.sum_error, row.sum_actual = float(np.abs(came - foretold).sum()), float(np.abs(came).sum())
        if row.low:
            inside = (came >= np.asarray(row.low[:days])) & (came <= np.asarray(row.high[:days]))
            row.days_inside = int(inside.sum())
        changed.append(row)
    with transaction.atomic():
        guard()
        Forecast.objects.bulk_update(changed, ["days_judged", "sum_error", "sum_actual", "days_inside"], batch_size=500)
    return len(changed)
