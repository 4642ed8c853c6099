"""Scores of everybody who bought, by the version that serves, written where they changed.

Customers are read, scored and written in blocks of ids, so memory does not grow with the shop. A block is one
transaction: scores and traits of a customer never disagree.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analytics import datasets
from analytics.customers import choices
from analytics.customers.reasons import CHANCE, EXPECTED, MOST, OF, WORTH
from analytics.customers.refusals import Refused
from analytics.customers.training import end_of
from analytics.ml import churn, lifetime
from analytics.ml.bgnbd import BgNbd
from analytics.ml.churn import Sheet
from analytics.ml.gamma_gamma import GammaGamma, ShrunkenMean
from analytics.ml.serving import LifetimeParameters, LinearScorer, build_lifetime, build_scorers
from analytics.models import ScoreKind, ScoreRun
from catalog.importing.staging import copy
from core import model_registry as registry
from core.jobs import guard, progress
from core.model_registry import DamagedModel, LoadedModel, ModelKind
from core.models import ModelVersion
from core.said import Said

Array = NDArray[np.float64]
MODELS: dict[str, ModelKind] = {
    ScoreKind.VALUE: choices.VALUE,
    ScoreKind.CHURN: choices.CHURN,
    ScoreKind.PROPENSITY: choices.PROPENSITY,
}
COLUMNS = {
    ScoreKind.VALUE: ("alive", "expected_orders", "value"),
    ScoreKind.CHURN: ("churn_30", "churn_60", "churn_90"),
    ScoreKind.PROPENSITY: ("propensity_30",),
}
"""Columns of CustomerScore that a kind writes."""
BATCH = 50_000
BINS = 20
"""Of the distribution of a chance, 5 points wide each."""
LARGEST_VALUE = 1e12

MAKE = """
CREATE TEMPORARY TABLE score_batch
    (customer_id bigint, one float8, two float8, three float8, value jsonb, reasons jsonb) ON COMMIT DROP
"""
# What differs from the scores that stand, of people who were not erased meanwhile: only that is written. A trait that
# went missing is written again.
CHANGED = """
CREATE TEMPORARY TABLE score_changed ON COMMIT DROP AS
SELECT b.* FROM score_batch b
JOIN catalog_customer c ON c.id = b.customer_id AND c.erased_at IS NULL AND c.merged_into_id IS NULL
LEFT JOIN analytics_customerscore s ON s.customer_id = b.customer_id
LEFT JOIN catalog_customertrait t ON t.customer_id = b.customer_id AND t.kind = %(kind)s
WHERE t.id IS NULL OR ({old}) IS DISTINCT FROM ({values})
"""
WRITE_SCORES = """
INSERT INTO analytics_customerscore ({columns}, customer_id, scored_at)
SELECT {values}, b.customer_id, %(now)s FROM score_changed b
ON CONFLICT (customer_id) DO UPDATE SET {changes}, scored_at = excluded.scored_at
"""
WRITE_TRAITS = """
INSERT INTO catalog_customertrait (customer_id, kind, value, reasons, as_of, model_version_id)
SELECT b.customer_id, %(kind)s, b.value, b.reasons, %(as_of)s, %(version)s FROM score_changed b
ON CONFLICT (customer_id, kind) DO UPDATE SET value = excluded.value, reasons = excluded.reasons,
    as_of = excluded.as_of, model_version_id = excluded.model_version_id
"""
# Whoever has no paid order any more (an import was undone) has no score either.
GONE = """
CREATE TEMPORARY TABLE score_gone ON COMMIT DROP AS
SELECT customer_id FROM (
    SELECT customer_id FROM analytics_customerscore WHERE {known}
    UNION SELECT customer_id FROM catalog_customertrait WHERE kind = %(kind)s
) scored
WHERE NOT EXISTS (SELECT FROM catalog_order o WHERE o.customer_id = scored.customer_id AND o.paid_at IS NOT NULL)
"""


@dataclass
class Scores:
    """Scores of some customers: up to three columns, what the trait says, and the reasons, as JSON."""

    customers: NDArray[np.int64]
    columns: list[Array]
    values: list[str]
    reasons: list[str]


@dataclass
class Tally:
    """The distribution of what was scored."""

    customers: int = 0
    changed: int = 0
    bins: dict[str, Array] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)
    values: list[Array] = field(default_factory=list)


def score(kind: ScoreKind, until: date | None = None) -> ScoreRun | None:
    """Score everybody by the serving version as of `until` (at first the last whole day). None without a version.

    Safe to run again: what did not change is not written. Raises Refused without a paid order.
    """
    until = until or datasets.known_until()
    if until is None:
        raise Refused("orders")
    version, model = _serving(MODELS[kind])
    if version is None or model is None:
        return None
    tally = Tally()
    for found in _scored(kind, model, until):
        _write(kind, version, until, found, tally)
        progress(tally.customers, None, Said(gettext_noop("Scoring customers")))
    _forget_gone(kind)
    with transaction.atomic():
        guard()
        return ScoreRun.objects.create(
            kind=kind, as_of=until, model_version=version, customers=tally.customers, changed=tally.changed,
            figures=_figures(kind, tally), finished_at=timezone.now(),
        )  # fmt: skip


def refuse(kind: ScoreKind, refused: Refused) -> None:
    """Write down why there are no scores, for the page; the newest refusal only."""
    with transaction.atomic():
        guard()
        ScoreRun.objects.filter(kind=kind, model_version=None).delete()
        ScoreRun.objects.create(
            kind=kind, as_of=datasets.known_until() or timezone.localdate(), refusal=refused.stored,
            finished_at=timezone.now(),
        )  # fmt: skip


def _serving(kind: ModelKind) -> tuple[ModelVersion | None, LoadedModel | None]:
    version = ModelVersion.objects.of(kind.name).active().first()
    if version is None:
        return None, None
    try:
        return version, registry.load_for_serving(version, kind)
    except DamagedModel:
        return None, None


# --- scores --------------------------------------------------------------------------------------------------------


def _scored(kind: ScoreKind, model: LoadedModel, until: date) -> Iterator[Scores]:
    if kind == ScoreKind.VALUE:
        yield from _values(build_lifetime(model), until)
        return
    scorers, act_names = build_scorers(model), tuple(model.meta["extra"])
    for purchases in datasets.blocks_of_purchases(until):
        looking = (
            datasets.looks(purchases, until, since=until - timedelta(days=datasets.LOOK_DAYS)) if act_names else None
        )
        page = churn.sheet(purchases, datasets.number_of(until), acts=looking, act_names=act_names)
        ids = purchases.customer_ids.astype(np.int64)[page.customers]
        yield _chances(kind, scorers, page, ids)


def _chances(kind: ScoreKind, scorers: dict[int, LinearScorer], page: Sheet, ids: NDArray[np.int64]) -> Scores:
    known = churn.WIDE + page.act_names
    is_order = kind == ScoreKind.PROPENSITY
    found: dict[int, Array] = {}
    for horizon, scorer in scorers.items():
        chances = scorer.score(page.rows[:, [known.index(name) for name in scorer.features]])
        found[horizon] = np.round(np.clip(1 - chances if is_order else chances, 0.0, 1.0), 3).astype(np.float64)
    longest = max(found)
    scorer = scorers[longest]
    rows = page.rows[:, [known.index(name) for name in scorer.features]]
    parts = scorer.contributions(rows) * (-1 if is_order else 1)
    horizons = (choices.ORDER_DAYS,) if is_order else churn.HORIZONS
    empty = np.full(len(ids), np.nan)
    columns = [found.get(horizon, empty) for horizon in horizons]
    values = [
        json.dumps({str(horizon): chance for horizon, chance in zip(found, one, strict=True)})
        for one in zip(*(chances.tolist() for chances in found.values()), strict=True)
    ]
    return Scores(ids, columns, values, _reasons(parts, scorer.features, page))


def _reasons(parts: Array, features: Sequence[str], page: Sheet) -> list[str]:
    """The reasons that move each customer most, those of one meaning added up."""
    known = churn.WIDE + page.act_names
    names = [name for name, own in OF.items() if any(one in features for one in own)]
    moves = np.column_stack(
        [parts[:, [place for place, one in enumerate(features) if one in OF[name]]].sum(axis=1) for name in names]
    )
    column = {name: page.rows[:, place] for place, name in enumerate(known)}
    shown = np.column_stack([_shown(name, column) for name in names])
    order = np.argsort(-np.abs(moves), axis=1, kind="stable")[:, :MOST]
    moved = np.sign(np.take_along_axis(moves, order, axis=1)).astype(np.int64).tolist()
    numbers = np.round(np.take_along_axis(shown, order, axis=1), 2).tolist()
    found = []
    for places, directions, values in zip(order.tolist(), moved, numbers, strict=True):
        told = [
            f'{{"reason":"{names[place]}","value":{value:g},"direction":{direction}}}'
            for place, direction, value in zip(places, directions, values, strict=True)
            if direction
        ]
        found.append(f"[{','.join(told)}]")
    return found


def _shown(name: str, column: dict[str, Array]) -> Array:
    """The number behind a reason, as people know it."""
    if name == "recency":
        return column["recency"]
    if name == "overdue":
        return np.maximum((column["recency"] + 7) / np.exp(column["overdue"]) - 7, 1.0)
    if name == "purchases":
        return np.exp(column["purchases_log"])
    if name == "lately":
        return np.expm1(column["purchases_90_log"])
    if name == "tenure":
        return np.expm1(column["tenure_log"])
    if name == "spent":
        return np.expm1(column["money_log"])
    return np.expm1(column["views_30_log" if name == "looked" else "carts_30_log"])


def _values(parameters: LifetimeParameters, until: date) -> Iterator[Scores]:
    known = datasets.summaries(until, until)
    model = _lifetime(parameters, known)
    orders = model.expected_purchases(choices.VALUE_DAYS)
    chance = model.chance_to_buy(choices.VALUE_DAYS)
    worth = model.expected_value()
    value: Array = np.minimum(orders * worth, LARGEST_VALUE).astype(np.float64)
    columns: list[Array] = [np.round(chance, 3), np.round(orders, 2), np.round(value, 2)]
    for start in range(0, len(orders), BATCH):
        rows = slice(start, start + BATCH)
        parts: list[list[float]] = [one[rows].tolist() for one in (*columns, np.round(worth, 2))]
        told = list(zip(*parts, strict=True))
        yield Scores(
            known.summary.customers[rows],
            [one[rows] for one in columns],
            [f'{{"value":{total},"orders":{count},"chance":{likely}}}' for likely, count, total, _each in told],
            [
                f'[{{"reason":"{EXPECTED}","value":{count},"direction":0}},'
                f'{{"reason":"{WORTH}","value":{each},"direction":0}},'
                f'{{"reason":"{CHANCE}","value":{likely},"direction":0}}]'
                for likely, count, _total, each in told
            ],
        )


def _lifetime(own: LifetimeParameters, known: datasets.Known) -> lifetime.Lifetime:
    fallback = ShrunkenMean(own.centre, float("inf") if own.k is None else own.k)
    return lifetime.Lifetime(
        known.summary, lifetime.histories_of(known.summary), known.spending, BgNbd(own.r, own.alpha, own.a, own.b),
        GammaGamma(own.p, own.q, own.v, None, len(known.summary), fallback),
    )  # fmt: skip


# --- writing -------------------------------------------------------------------------------------------------------


def _write(kind: ScoreKind, version: ModelVersion, until: date, found: Scores, tally: Tally) -> None:
    columns = COLUMNS[kind]
    places = ("one", "two", "three")[: len(columns)]
    words = {
        "columns": ", ".join(columns),
        "values": ", ".join(f"b.{place}" for place in places),
        "changes": ", ".join(f"{column} = excluded.{column}" for column in columns),
        "old": ", ".join(f"s.{column}" for column in columns),
    }
    values: dict[str, Any] = {"kind": kind.value, "now": timezone.now(), "as_of": end_of(until), "version": version.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(MAKE)
        copy("score_batch", f"customer_id, {', '.join(places)}, value, reasons", _lines(found))
        cursor.execute("ANALYZE score_batch")
        cursor.execute(CHANGED.format(**words), values)
        tally.changed += cursor.rowcount
        if cursor.rowcount:
            cursor.execute(WRITE_SCORES.format(**words), values)
            cursor.execute(WRITE_TRAITS, values)
        cursor.execute("DROP TABLE score_batch, score_changed")
    _count(kind, found, tally)


def _lines(found: Scores) -> Iterator[str]:
    """What COPY reads. JSON of numbers and plain words holds no tab, line or backslash."""
    numbers = [["\\N" if np.isnan(value) else repr(value) for value in column.tolist()] for column in found.columns]
    rows = zip(found.customers.tolist(), *numbers, found.values, found.reasons, strict=True)
    return ("\t".join(map(str, row)) + "\n" for row in rows)


def _forget_gone(kind: ScoreKind) -> None:
    names = COLUMNS[kind]
    emptied = ", ".join(f"{name} = NULL" for name in names)
    known = " OR ".join(f"{name} IS NOT NULL" for name in names)
    gone = "FROM score_gone g WHERE g.customer_id = s.customer_id"
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        cursor.execute(GONE.format(known=known), {"kind": kind.value})
        if cursor.rowcount:
            cursor.execute(f"UPDATE analytics_customerscore s SET {emptied} {gone}")  # noqa: S608
            using = gone.replace("FROM", "USING", 1)
            cursor.execute(f"DELETE FROM catalog_customertrait s {using} AND s.kind = %s", [kind.value])  # noqa: S608
        cursor.execute("DROP TABLE score_gone")


# --- the distribution ----------------------------------------------------------------------------------------------


def _count(kind: ScoreKind, found: Scores, tally: Tally) -> None:
    tally.customers += len(found.customers)
    for name, column in zip(COLUMNS[kind], found.columns, strict=True):
        if np.isnan(column).all():
            continue
        tally.sums[name] = tally.sums.get(name, 0.0) + float(np.nansum(column))
        if name in ("expected_orders", "value"):
            continue
        counts = np.histogram(column, bins=BINS, range=(0.0, 1.0))[0].astype(np.float64)
        tally.bins[name] = tally.bins.get(name, np.zeros(BINS)) + counts
    if kind == ScoreKind.VALUE:
        tally.values.append(found.columns[2])


def _figures(kind: ScoreKind, tally: Tally) -> dict[str, Any]:
    found: dict[str, Any] = {
        "bins": {name: [int(count) for count in counts] for name, counts in tally.bins.items()},
        "mean": {name: round(total / tally.customers, 4) for name, total in tally.sums.items()}
        if tally.customers
        else {},
        "sum": {name: round(total, 2) for name, total in tally.sums.items()},
    }
    if kind == ScoreKind.VALUE and tally.customers:
        values = np.sort(np.concatenate(tally.values))
        found["tenths"] = [
            {
                "customers": len(part),
                "from": float(part[0]),
                "to": float(part[-1]),
                "value": round(float(part.sum()), 2),
            }
            for part in reversed(np.array_split(values, min(10, len(values))))
        ]
    return found
