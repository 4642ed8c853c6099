"""Customer lifetime value: purchases to come times what a purchase is worth, and how right that was on later days."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.ml import bgnbd, gamma_gamma
from analytics.ml.bgnbd import BgNbd, Histories
from analytics.ml.gamma_gamma import GammaGamma, Spending
from analytics.ml.purchases import Purchases, Summary

Array = NDArray[np.float64]
WEEK = 7.0
GROUPS = ((0, 0), (1, 1), (2, 2), (3, 5), (6, None))


@dataclass(frozen=True)
class Lifetime:
    """Both models, learned from purchases up to the day of the summary. Times are in weeks."""

    summary: Summary
    histories: Histories
    spending: Spending
    visits: BgNbd
    money: GammaGamma

    def probability_alive(self) -> Array:
        """Of each customer of the summary, at its day."""
        return self.visits.probability_alive(self.histories)

    def expected_purchases(self, days: int) -> Array:
        """Purchase days of each customer within the next `days`."""
        return self.visits.expected_purchases(self.histories, days / WEEK)

    def expected_value(self) -> Array:
        """Amount of one purchase day of each customer."""
        return self.money.expected_value(self.spending)


def learn(purchases: Purchases, as_of: int, *, seed: int = 0) -> Lifetime:
    """Both models from the days up to `as_of`. What a purchase is worth is learned from repeat purchases, as in the
    paper: first ones may have been lured. When no repeat purchase was paid, first ones speak.

    Raises CannotFit when nobody came twice or nobody paid.
    """
    past = purchases.between(None, as_of)
    summary = purchases.summary(as_of)
    first, last = summary.first.astype(np.float64), summary.last.astype(np.float64)
    histories = Histories.of(summary.frequency - 1, (last - first) / WEEK, (as_of - first) / WEEK)
    place = np.searchsorted(summary.customers, past.customers)
    repeat = past.days > summary.first[place]
    if not bool((past.amounts[repeat] > 0).any()):
        repeat = np.ones(len(past), bool)
    spending = Spending.of(place[repeat], past.amounts[repeat], len(summary))
    return Lifetime(summary, histories, spending, bgnbd.fit(histories, seed=seed), gamma_gamma.fit(spending))


@dataclass(frozen=True)
class BackTest:
    """Predicted and actual purchase days of each customer in the days after the models were learned, and the rate so
    far carried on (`naive`); money the same way, naive being the mean purchase so far."""

    days: int
    predicted: Array
    actual: Array
    naive: Array
    predicted_money: Array
    actual_money: Array
    naive_money: Array
    repeats: NDArray[np.int64]

    def groups(self) -> dict[str, dict[str, float]]:
        """Mean purchases, predicted and actual, by how often customers had come back."""
        found = {}
        for low, high in GROUPS:
            inside = (self.repeats >= low) & (self.repeats <= (high if high is not None else np.inf))
            if inside.any():
                name = str(low) if high == low else f"{low}–{high}" if high is not None else f"{low}+"
                found[name] = {
                    "customers": int(inside.sum()),
                    "predicted": float(self.predicted[inside].mean()),
                    "actual": float(self.actual[inside].mean()),
                    "naive": float(self.naive[inside].mean()),
                }
        return found


def back_test(model: Lifetime, purchases: Purchases, until: int) -> BackTest:
    """What came in the days after the model's, up to and with `until`, for the customers that the model knows."""
    summary = model.summary
    days = until - summary.as_of
    later = purchases.between(summary.as_of + 1, until)
    actual = np.bincount(later.customers, minlength=purchases.customer_count)[summary.customers]
    spent = np.bincount(later.customers, weights=later.amounts, minlength=purchases.customer_count)[summary.customers]
    predicted = model.expected_purchases(days)
    repeats = summary.frequency - 1
    rate = np.divide(repeats, summary.tenure, out=np.zeros(len(summary)), where=summary.tenure > 0)
    return BackTest(
        days=days,
        predicted=predicted,
        actual=actual.astype(np.float64),
        naive=rate * days,
        predicted_money=predicted * model.expected_value(),
        actual_money=spent.astype(np.float64),
        naive_money=rate * days * summary.bought / summary.frequency,
        repeats=repeats,
    )
