"""Forecasts in words."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.forecasts.choices import FEWEST_DAYS
from analytics.models import Forecast, Measure
from core.components.words import figure, money_about, money_cell

METHOD_WORDS: dict[str, Any] = {
    "seasonal_naive": gettext_lazy("As last week"),
    "season_mean_4": gettext_lazy("Mean of the same weekday, 4 weeks"),
    "season_mean_8": gettext_lazy("Mean of the same weekday, 8 weeks"),
    "damped_trend": gettext_lazy("Trend that wears off"),
    "decomposition_ets": gettext_lazy("Weekday pattern and smoothing"),
    "trend_line": gettext_lazy("Straight trend"),
    "combination": gettext_lazy("Mean of all methods but the first"),
}


def written(row: Forecast, value: float | None) -> str:
    """A value in the unit of the series."""
    if value is None:
        return "–"
    if row.measure == Measure.REVENUE:
        return money_about(value)
    return figure(value, 1) if abs(value) < 10 else figure(round(value))


def cell(measure: str, value: float | None) -> Decimal | float | None:
    """A value in a file: money as the currency has it, pieces and orders to two decimals."""
    if measure == Measure.REVENUE:
        return money_cell(value)
    return None if value is None else round(value, 2)


def refusal(row: Forecast) -> str:
    """Why there is no forecast; empty when there is one."""
    if row.values:
        return ""
    return ngettext(
        "Not yet: needs %(needed)d days of sales, has %(known)d day",
        "Not yet: needs %(needed)d days of sales, has %(known)d days",
        row.days_known,
    ) % {"needed": FEWEST_DAYS, "known": row.days_known}


def sentence(row: Forecast) -> str:
    """The next seven days with the range of 8 in 10 such weeks."""
    if not row.values:
        return refusal(row)
    value, low, high = (row.week.get(name) for name in ("value", "low", "high"))
    words = {"value": written(row, value), "low": written(row, low), "high": written(row, high)}
    if low is None:
        return _("Expected %(value)s in the next 7 days") % words
    return _("Expected %(value)s in the next 7 days; 8 of 10 such weeks land between %(low)s and %(high)s") % words
