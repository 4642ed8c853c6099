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

    def chance_to_buy(self, days: int) -> Array:
        """Of each customer of the summary to buy within the next `days`."""
        return self.visits.chance_to_buy(self.histories, days / WEEK)

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
    place = np.searchsorted(summary.customers, past.customers)
    repeat = past.days > summary.first[place]
    if not bool((past.amounts[repeat] > 0).any()):
        repeat = np.ones(len(past), bool)
    return fit(summary, Spending.of(place[repeat], past.amounts[repeat], len(summary)), seed=seed)


def fit(summary: Summary, spending: Spending, *, seed: int = 0) -> Lifetime:
    """Both models from what is known of each customer. Raises CannotFit as `learn` does."""
    histories = histories_of(summary)
    return Lifetime(summary, histories, spending, bgnbd.fit(histories, seed=seed), gamma_gamma.fit(spending))


def histories_of(summary: Summary) -> Histories:
    """Purchase days after the first one, the last of them and the time seen, in weeks."""
    first, last = summary.first.astype(np.float64), summary.last.astype(np.float64)
    return Histories.of(summary.frequency - 1, (last - first) / WEEK, (summary.as_of - first) / WEEK)


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

    def deciles(self) -> list[dict[str, float]]:
        """Tenths of the customers by predicted money, the most valuable first: sums of what was predicted and what
        came."""
        order = np.argsort(-self.predicted_money, kind="stable")
        rows = []
        for part in np.array_split(order, min(10, len(order))) if len(order) else []:
            rows.append(
                {
                    "customers": len(part),
                    "predicted": float(self.predicted[part].sum()),
                    "actual": float(self.actual[part].sum()),
                    "naive": float(self.naive[part].sum()),
                    "predicted_money": float(self.predicted_money[part].sum()),
                    "actual_money": float(self.actual_money[part].sum()),
                    "naive_money": float(self.naive_money[part].sum()),
                }
            )
        return rows


def back_test(model: Lifetime, purchases: Purchases, until: int) -> BackTest:
    """What came in the days after the model's, up to and with `until`, for the customers that the model knows."""
    summary = model.summary
    later = purchases.between(summary.as_of + 1, until)
    actual = np.bincount(later.customers, minlength=purchases.customer_count)[summary.customers]
    spent = np.bincount(later.customers, weights=later.amounts, minlength=purchases.customer_count)[summary.customers]
    return judge(model, until - summary.as_of, actual.astype(np.float64), spent.astype(np.float64))


def judge(model: Lifetime, days: int, actual: Array, actual_money: Array) -> BackTest:
    """The model beside the purchase days and the money that came from each customer in the `days` after it."""
    summary = model.summary
    predicted = model.expected_purchases(days)
    repeats = summary.frequency - 1
    rate = np.divide(repeats, summary.tenure, out=np.zeros(len(summary)), where=summary.tenure > 0)
    return BackTest(
        days=days,
        predicted=predicted,
        actual=actual,
        naive=rate * days,
        predicted_money=predicted * model.expected_value(),
        actual_money=actual_money,
        naive_money=rate * days * summary.bought / summary.frequency,
        repeats=repeats,
    )
