"""Jobs: what federated averaging and noise cost the churn model on this shop's own customers, and a release.

Rows stay in this process. The table of costs is itself made of the rows and is for staff; only releases may leave.
"""

from datetime import timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analytics import datasets
from analytics.ml import churn, logistic
from analytics.ml.churn import Sheet
from catalog.models import Customer
from core.jobs import guard, progress
from core.ml.numbers import rounded
from core.said import Said
from marketing.ml import federated, private
from marketing.ml.private_churn import COLUMNS, RANGES, columns_of
from marketing.models import PrivacyBudget, PrivacyRelease

HORIZON = 90
"""Days without an order that count as staying away, as in the churn model."""
FEWEST, FEWEST_OF_EACH = 200, 30
FEWEST_OF_STORE = 50
MOST_STORES = 8
DRAWS = 100
SEED = 0
Array = NDArray[np.float64]


def measure() -> dict[str, Any]:
    """Learn on the customers of the day 180 days ago, judge on the 90 days that ended last. Safe to run twice."""
    progress(0, 3, Said(gettext_noop("Reading what customers bought")))
    report = _report()
    with transaction.atomic():
        guard()
        PrivacyBudget.current()
        PrivacyBudget.objects.update(report=rounded(report), measured_at=timezone.now())
    return {"customers": report.get("learned_from", 0), "enough": "few" not in report}


def _report() -> dict[str, Any]:
    until = datasets.known_until()
    if until is None:
        return {"few": 0, "needed": FEWEST}
    purchases = datasets.sample_of_purchases(until)
    last = datasets.number_of(until)
    if not len(purchases.days) or int(purchases.days.min()) > last - 2 * HORIZON:
        return {"few": 0, "needed": FEWEST, "days": 2 * HORIZON}
    past, later = churn.sheet(purchases, last - 2 * HORIZON, HORIZON), churn.sheet(purchases, last - HORIZON, HORIZON)
    y, after = _outcomes(past), _outcomes(later)
    least = min(len(y), len(after))
    each = min(int(y.sum()), int(len(y) - y.sum()), int(after.sum()), int(len(after) - after.sum()))
    if least < FEWEST or each < FEWEST_OF_EACH:
        return {"few": least, "needed": FEWEST, "each": each, "needed_each": FEWEST_OF_EACH}
    rows, asked = columns_of(past), columns_of(later)
    together = _auc(logistic.fit(rows, y, COLUMNS).log_odds(asked), after)
    progress(1, 3, Said(gettext_noop("Learning over stores")))
    stores, by = _stores(purchases.customer_ids[past.customers], rows)
    parties = [federated.Shop(rows[part], y[part]) for part in stores]
    averaged = _auc(federated.average(parties, COLUMNS).log_odds(asked), after)
    alone = [
        _auc(logistic.fit(one.rows, one.outcomes, COLUMNS).log_odds(asked), after)
        for one in parties
        if 0 < one.outcomes.sum() < len(one.outcomes)
    ]
    progress(2, 3, Said(gettext_noop("Drawing noise")))
    table = private.budget_table((rows, y), (asked, after), RANGES, COLUMNS, draws=DRAWS, seed=SEED)
    return {
        "until": until.isoformat(), "learned_until": (until - timedelta(days=2 * HORIZON)).isoformat(),
        "learned_from": len(y), "judged_on": len(after), "draws": DRAWS, "together": together, "federated": averaged,
        "stores": [len(part) for part in stores], "stores_by": by, "alone_worst": min(alone) if alone else None,
        "costs": [
            {"epsilon": one.epsilon, "auc": one.auc, "low": one.low, "high": one.high} for one in table
        ],
    }  # fmt: skip


def _stores(ids: NDArray[Any], rows: Array) -> tuple[list[NDArray[np.int64]], str]:
    """Customers by country, the smallest together, as if each were a store that keeps its rows; by what they spend
    where a shop sells into one country only."""
    known = dict(Customer.objects.filter(pk__in=[int(one) for one in ids]).values_list("pk", "country"))
    countries = np.array([known.get(int(one), "") for one in ids])
    names, counts = np.unique(countries, return_counts=True)
    large = [name for name, count in sorted(zip(names, counts, strict=True), key=lambda one: -one[1])
             if name and count >= FEWEST_OF_STORE][:MOST_STORES]  # fmt: skip
    parts = [np.flatnonzero(countries == name) for name in large]
    rest = np.flatnonzero(~np.isin(countries, large))
    if len(rest):
        parts.append(rest)
    if len(parts) > 1:
        return parts, "country"
    order = np.argsort(rows[:, COLUMNS.index("money_log")], kind="stable")
    return [np.sort(part) for part in np.array_split(order, 4)], "money"


def release(release_id: int) -> dict[str, Any]:
    """Learn on the newest customers whose 90 days are over, and keep weights with noise drawn anew. Safe to run twice:
    what was released is not drawn again."""
    asked = PrivacyRelease.objects.get(pk=release_id)
    if asked.state != PrivacyRelease.State.WAITING:
        return {"skipped": asked.state}
    found = _learned(asked.epsilon)
    with transaction.atomic():
        guard()
        row = PrivacyRelease.objects.select_for_update().get(pk=release_id)
        if row.state != PrivacyRelease.State.WAITING:
            return {"skipped": row.state}
        if found is None:
            row.state = PrivacyRelease.State.REFUSED
        else:
            row.state, row.customers, row.weights = PrivacyRelease.State.DONE, found[0], rounded(found[1])
        row.save(update_fields=["state", "customers", "weights"])
    return {"state": row.state, "customers": row.customers}


def _learned(epsilon: float) -> tuple[int, dict[str, Any]] | None:
    until = datasets.known_until()
    if until is None:
        return None
    purchases = datasets.sample_of_purchases(until)
    if not len(purchases.days) or int(purchases.days.min()) > datasets.number_of(until) - HORIZON:
        return None
    page = churn.sheet(purchases, datasets.number_of(until) - HORIZON, HORIZON)
    y = _outcomes(page)
    if len(y) < FEWEST or min(int(y.sum()), int(len(y) - y.sum())) < FEWEST_OF_EACH:
        return None
    exact = private.fit(columns_of(page), y, RANGES, COLUMNS, epsilon)
    # Drawn by the system's own source: a seed that somebody knows would take the noise away.
    scorer = exact.released(epsilon, np.random.default_rng())
    return len(y), {
        "features": list(COLUMNS), "weights": [float(one) for one in scorer.weights],
        "intercept": float(scorer.intercept), "centre": [float(one) for one in scorer.centre],
        "spread": [float(one) for one in scorer.spread], "ranges": {name: list(RANGES[name]) for name in COLUMNS},
        "horizon_days": HORIZON, "as_of": until.isoformat(),
    }  # fmt: skip


def _outcomes(page: Sheet) -> NDArray[np.int64]:
    assert page.outcomes is not None
    return page.outcomes


def _auc(scores: Array, outcomes: NDArray[np.int64]) -> float:
    found = logistic.auc(scores, outcomes)
    return 0.5 if found is None else found
