"""How training grows with the number of events: item neighbours on made-up shops of three sizes."""

import time

import numpy as np

from recommender.ml.interactions import Interactions
from recommender.ml.item_knn import ItemKnn
from recommender.ml.session_models import SessionStrategy, neighbourhood, session_neighbours
from recommender.ml.sessions import Sessions

SIZES = (10_000, 100_000, 1_000_000)


def shop(events: int, *, seed: int = 0) -> Interactions:
    """A made-up shop: 20 events per customer on average and 25 per item, both long-tailed, with taste groups."""
    rng = np.random.default_rng(seed)
    customers, items, groups = events // 20, max(events // 25, 100), 20
    activity = rng.pareto(1.5, customers) + 1
    who = rng.choice(customers, events, p=activity / activity.sum())
    size = items // groups
    place = np.minimum((size * rng.random(events) ** 2.5).astype(int), size - 1)
    group = np.where(rng.random(events) < 0.8, who % groups, rng.integers(groups, size=events))
    return Interactions(
        customers=who.astype(np.int32),
        items=(place * groups + group).astype(np.int32),
        values=np.ones(events, np.float32),
        times=np.arange(events, dtype=np.float64),
        customer_ids=np.arange(customers),
        item_ids=np.arange(items),
    )


def measure(sizes: tuple[int, ...] = SIZES) -> dict[str, dict[str, float]]:
    """Processor seconds of one fit for each size, and per thousand events."""
    rows = {}
    for events in sizes:
        data = shop(events)
        started = time.process_time()
        model = ItemKnn().fit(data)
        seconds = time.process_time() - started
        rows[f"{events:,}"] = {
            "items": data.item_count,
            "customers": data.customer_count,
            "train_cpu_seconds": round(seconds, 3),
            "cpu_ms_per_1000": round(1e6 * seconds / events, 2),
            "neighbours_kept": int(model.spoken.nnz),
        }
    return rows


def measure_sessions(sizes: tuple[int, ...] = SIZES) -> dict[str, dict[str, float]]:
    """The same for what session strategies learn (without the ranker, whose lists are bounded): customers as visitors
    in stretches of five acts."""
    rows = {}
    for events in sizes:
        data = shop(events)
        order = np.argsort(data.customers, kind="stable")
        starts = np.r_[np.arange(0, events, 5), events]
        sessions = Sessions(data.items[order], starts.astype(np.int64), data.item_ids)
        started = time.process_time()
        model = SessionStrategy("sources", [neighbourhood(), session_neighbours()]).fit(sessions)
        seconds = time.process_time() - started
        rows[f"{events:,}"] = {
            "items": data.item_count,
            "sessions": len(sessions),
            "train_cpu_seconds": round(seconds, 3),
            "cpu_ms_per_1000": round(1e6 * seconds / events, 2),
            "megabytes": round(sum(array.nbytes for array in model.arrays.values()) / 1e6, 1),
        }
    return rows
