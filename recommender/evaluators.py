"""`manage.py evaluate recommender`: every method of the recommender on anybody's interactions."""

import re
from argparse import ArgumentParser
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.evaluation import Run, UsageError
from core.ml.tables import Column, TableError
from recommender.choices import ACT_WEIGHTS, LIKED_FROM_STARS
from recommender.ml import metrics
from recommender.ml.base import Recommender
from recommender.ml.blend import Blend
from recommender.ml.category_affinity import LARGEST as LARGEST_AFFINITY
from recommender.ml.category_affinity import CategoryAffinity
from recommender.ml.ease import UnorderedEase
from recommender.ml.interactions import Interactions
from recommender.ml.item_facts import ItemFacts
from recommender.ml.judging import Exam, rounded
from recommender.ml.sequence_blend import customers_blend
from recommender.ml.sources import Kitchen
from recommender.ml.splits import Protocol, Split, split
from recommender.ml.training import contestants, fit_timed, inner_protocol
from recommender.ml.tuning import Choice, choose
from recommender.ml.user_knn import UserKnn

EVENTS = [
    Column("customer", "key"),
    Column("item", "key"),
    Column("timestamp", "time", required=False),
    Column("value", "number", required=False),
    Column("event", "text", required=False),
]
ITEMS = [
    Column("item", "key"),
    *(Column(name, "text", required=False) for name in ("title", "category", "brand", "price", "text")),
]
PROTOCOLS = ("by-time", "random-by-item-75", "leave-last-out", "leave-two-out")
LARGEST_USER_CF = 2e9
ORDERED = (1_000_000, 50_000)
"""Acts and items up to which the blend of sequences is made."""
REFERENCE, PLAIN_REFERENCE = "ease_01", "popularity"


class RecommenderEvaluator:
    """Popularity, tuned item neighbours and the textbook forms side by side; `served` is what a shop would activate."""

    help = "Rank what customers chose next: popularity, item neighbours and textbook forms side by side."
    _items: pd.DataFrame | None = None
    columns = [column.name for column in EVENTS] + ["title", "category", "brand", "price", "text"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="Interactions to cut by --protocol.")
        parser.add_argument("--train", metavar="F", help="Interactions: customer, item[, timestamp][, value][, event].")
        parser.add_argument("--test", metavar="F", help="What happened next; the same columns.")
        parser.add_argument(
            "--protocol",
            choices=PROTOCOLS,
            help="How to hold back test data from one file (default: the last fifth by time).",
        )
        parser.add_argument(
            "--reference",
            metavar="NAME",
            help=f"What the others are compared with (default {REFERENCE}, without it {PLAIN_REFERENCE}).",
        )
        parser.add_argument(
            "--items", metavar="F", help="The catalogue: item[, title][, category][, brand][, price][, text]"
        )
        parser.add_argument("--k", type=int, default=10, help="Length of the lists (default 10).")
        parser.add_argument("--deep", action="store_true", help="Train a two-tower network too (loads TensorFlow).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. Parameters and `served` are chosen on training data alone."""
        if run.options["k"] < 1:
            raise UsageError("--k must be 1 or more.")
        data = self._split(run)
        exam = Exam(data, k=run.options["k"], seed=run.seed)
        if len(exam.customers) == 0:
            raise UsageError("No customer of the test part chose an item that is new to him: nothing can be judged.")
        if exam.repeats:
            run.note(f"{exam.repeats} test pairs were already in training; they are neither shown nor counted.")
        kitchen = Kitchen(self._facts(run, data), seed=run.seed, deep=run.options["deep"])
        choice = choose(
            data.train, protocol=inner_protocol(data), seed=run.seed, time_budget=run.time_budget, kitchen=kitchen
        )
        self._lists: dict[str, NDArray[np.int64]] = {}
        strategies: dict[str, dict[str, Any]] = {}
        for model in self._methods(run, data, choice):
            strategies[model.name] = self._judged(model, exam, strategies)
        groups = {name: row.pop("groups") for name, row in strategies.items()}
        reference = self._reference(run, strategies)
        return {
            "strategies": strategies,
            "served": choice.strategy,
            "served_against": {
                name: rounded(exam.compare(self._lists[choice.strategy], ranked))
                for name, ranked in self._lists.items()
                if name != choice.strategy
            },
            "reference": reference,
            "compared": {
                name: rounded(exam.compare(ranked, self._lists[reference]))
                for name, ranked in self._lists.items()
                if name != reference
            },
            "train_seconds": round(sum(row["train_seconds"] for row in strategies.values()), 6),
            "groups": groups,
            "data": {
                "train": len(data.train),
                "test": len(data.test),
                "customers": data.train.customer_count,
                "customers_judged": len(exam.customers),
                "items": data.train.item_count,
                "test_pairs_seen_before": exam.repeats,
            },
            "settings": {
                "protocol": data.protocol,
                "validation": rounded(choice.validation),
                "validation_protocol": choice.protocol,
                "parameters": choice.parameters(),
                "weights": rounded(dict(choice.weights)),
                "popularity_half_life_days": choice.half_life_days,
                "parameter_sets_tried": choice.tried,
            },
        }

    def _methods(self, run: Run, data: Split, choice: Choice) -> list[Recommender]:
        models = contestants(choice, references=True)
        if data.protocol != "random-by-item-75":
            models += self._ordered(run, data, choice)
        work = UserKnn.work(data.train)
        if work <= LARGEST_USER_CF:
            models.append(UserKnn())
        else:
            run.note(f"user_cf is left out: comparing all customers would take {work:.0e} multiplications.")
        attributes = choice.kitchen.facts.attributes
        if 0 < (size := CategoryAffinity.work(attributes)) <= LARGEST_AFFINITY:
            models.append(CategoryAffinity(attributes))
        elif size:
            run.note(f"affinity is left out: items and categories make a table of {size:.0e} numbers.")
        return models

    def _ordered(self, run: Run, data: Split, choice: Choice) -> list[Recommender]:
        """What the order of choices is worth with a learned ranker. It says nothing about a split that ignores time."""
        if len(data.train) > ORDERED[0] or data.train.item_count > ORDERED[1]:
            run.note("sequence_blend is left out: it is made for at most 1,000,000 acts of 50,000 items.")
            return []
        return [customers_blend(choice.kitchen.facts if "content" in choice.params else None, seed=run.seed)]

    def _reference(self, run: Run, strategies: dict[str, Any]) -> str:
        wanted = run.options.get("reference")
        if wanted and wanted not in strategies:
            raise UsageError(f"--reference {wanted}: there is {', '.join(strategies)}.")
        return wanted or (REFERENCE if REFERENCE in strategies else PLAIN_REFERENCE)

    def _judged(self, model: Recommender, exam: Exam, before: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """What takes over what others learned, as a blend does, costs what they cost."""
        taken: list[Any] = []
        if isinstance(model, Blend):
            taken = model.fitted().sources
        elif isinstance(model, UnorderedEase):
            taken = [model.fit(exam.split.train).learned]
        if taken:
            cost = {
                key: sum(before[source.name][key] for source in taken) for key in ("train_seconds", "train_cpu_seconds")
            }
        else:
            cost = fit_timed(model, exam.split.train)
        ranked = self._lists[model.name] = exam.ranked(model)
        low, high = metrics.interval(exam.ndcg_of_each(ranked), seed=exam.seed)
        cost |= {f"ndcg@{exam.k}_low": low, f"ndcg@{exam.k}_high": high}
        groups = {name: rounded(found) for name, found in exam.judge_groups(ranked).items()}
        return {**rounded({**exam.measures(ranked), **cost, **exam.latency(model)}), "groups": groups}

    def _split(self, run: Run) -> Split:
        options = run.options
        self._items = run.read(options["items"], ITEMS) if options["items"] else None
        catalogue = None
        if self._items is not None:
            self._items["item"] = self._items["item"].astype(str)
            catalogue = np.unique(self._items["item"].to_numpy(dtype=object))
        if options["protocol"] or (options["file"] and not options["train"] and not options["test"]):
            if options["test"] or bool(options["file"]) == bool(options["train"]):
                raise UsageError("--protocol cuts one file: give that file and no --test.")
            events = Interactions.from_frame(_events(run, options["file"] or options["train"]), item_ids=catalogue)
            return split(events, options["protocol"] or _by_order(run, events), seed=run.seed)
        if not (options["train"] and options["test"]) or options["file"]:
            raise UsageError("Give --train and --test, or one file with --protocol.")
        train, test = _events(run, options["train"]), _events(run, options["test"])
        if "timestamp" not in train:
            test = test.drop(columns="timestamp", errors="ignore")
        elif "timestamp" not in test:
            test["timestamp"] = train["timestamp"].max() + 1.0
        both = pd.concat([train, test], ignore_index=True)
        if "value" in both:
            both["value"] = both["value"].fillna(1.0)
        events = Interactions.from_frame(both, item_ids=catalogue)
        first = np.arange(len(both)) < len(train)
        return Split(events.take(first), events.take(~first), "files")

    def _facts(self, run: Run, data: Split) -> ItemFacts:
        """Text (title and text), attributes (brand, each word of category) of the items in the order of the data."""
        if self._items is None:
            return ItemFacts()
        rows = self._items.drop_duplicates("item").set_index("item").reindex(data.train.item_ids).fillna("")
        texts: list[str] = []
        if written := [name for name in ("title", "text") if name in rows]:
            texts = rows[written].astype(str).agg(" ".join, axis=1).tolist()
        attributes: list[list[str]] = [[] for _ in range(len(rows))] if {"category", "brand"} & set(rows) else []
        for name in ("category", "brand"):
            if name in rows:
                for own, value in zip(attributes, rows[name].astype(str), strict=True):
                    parts = re.split(r"[|,;]\s*|\s+" if name == "category" else r"[|;]", value)
                    own += [f"{name}={part.strip().lower()}" for part in parts if part.strip()]
        return ItemFacts(attributes, texts)


def _by_order(run: Run, events: Interactions) -> Protocol:
    """The split when none is asked for: by time; where the file has none, the last act of everybody."""
    if events.has_times:
        return "by-time"
    run.note("Without timestamps the last row of every customer is the test part.")
    return "leave-last-out"


def _events(run: Run, path: str) -> pd.DataFrame:
    """Interactions of one file: ids as text; with `event` the weights of the shop take the place of values."""
    frame = run.read(path, EVENTS)
    frame[["customer", "item"]] = frame[["customer", "item"]].astype(str).astype(object)
    if "event" in frame:
        unknown = sorted(set(frame["event"]) - set(ACT_WEIGHTS))
        if unknown:
            run.note(f"{path}: events that say nothing about taste: {', '.join(unknown[:10])}.")
        weights = frame["event"].map(ACT_WEIGHTS).fillna(0.0).astype(float)
        if "value" in frame:
            weights[(frame["event"] == "rating") & (frame["value"] < LIKED_FROM_STARS)] = 0.0
        frame = frame.drop(columns="event").assign(value=weights)
    if "value" in frame:
        silent = frame["value"] <= 0
        if silent.all():
            raise TableError(
                path, None, "value", "no row speaks for its item: no value or weight of the event is above 0"
            )
        if silent.any():
            run.note(f"{path}: {int(silent.sum())} rows with a value or weight of 0 or less are left out.")
            frame = frame[~silent].reset_index(drop=True)
    return frame
