"""`manage.py evaluate sessions`: what a visitor does next, foretold by every session strategy."""

import time
from argparse import ArgumentParser
from typing import Any

import numpy as np
import pandas as pd

from core.evaluation import Run, UsageError
from core.ml.tables import Column
from recommender.ml.judging import rounded
from recommender.ml.session_choice import choose, contestants
from recommender.ml.session_judging import Answers, SessionExam
from recommender.ml.session_models import SessionBlend, SessionStrategy
from recommender.ml.sessions import Prefixes, Sessions, newest_first

EVENTS = [Column("session", "key"), Column("item", "key"), Column("timestamp", "time", required=False)]
MOMENTS = [Column("prefix", "text"), Column("target", "key")]
REFERENCE = "session_knn"
UNKNOWN = -2
"""Stands for a target that training never saw: no list can hold it."""


class SessionEvaluator:
    """Session popularity, item neighbours, sequence rules, session neighbours and their blend side by side."""

    help = "Foretell the next act of a session: rules, neighbours and their blend side by side."
    columns = [column.name for column in (*EVENTS, *MOMENTS)]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--train", required=True, metavar="F", help="Acts in order: session, item[, timestamp].")
        parser.add_argument("--test", required=True, metavar="F", help="prefix (items parted by spaces), target.")
        parser.add_argument("--k", type=int, default=20, help="Length of the lists (default 20).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. `served` is chosen on training data alone."""
        k = run.options["k"]
        if k < 1:
            raise UsageError("--k must be 1 or more.")
        frame = run.read(run.options["train"], EVENTS)
        frame[["session", "item"]] = frame[["session", "item"]].astype(str).astype(object)
        sessions = Sessions.from_frame(frame)
        del frame
        prefixes = self._moments(run, sessions)
        exam = SessionExam(prefixes, sessions.counts(), k=k, seed=run.seed)
        started = time.perf_counter(), time.process_time()
        choice = choose(sessions, k=k, seed=run.seed)
        chosen = time.perf_counter() - started[0], time.process_time() - started[1]
        strategies, answers = {}, {}
        for model in contestants(repeats=choice.repeats, seed=run.seed):
            strategies[model.name], answers[model.name] = _judged(model, sessions, exam)
            if isinstance(model, SessionBlend):
                lesson = model.lesson
        groups = {name: row.pop("groups") for name, row in strategies.items()}
        return {
            "strategies": strategies,
            "served": choice.strategy,
            "compared": {
                name: rounded(exam.compared(found, answers[REFERENCE]))
                for name, found in answers.items()
                if name != REFERENCE
            },
            "served_against": {
                name: rounded(exam.compared(answers[choice.strategy], found))
                for name, found in answers.items()
                if name != choice.strategy
            },
            "groups": groups,
            "train_seconds": round(chosen[0] + sum(row["train_seconds"] for row in strategies.values()), 6),
            "data": {
                "sessions": len(sessions),
                "acts": len(sessions.items),
                "items": sessions.item_count,
                "moments": len(prefixes),
                "moments_of_unknown_items": int((prefixes.targets == UNKNOWN).sum()),
            },
            "settings": {
                "reference": REFERENCE,
                "repeats": choice.repeats,
                "validation": rounded(choice.validation),
                "validation_moments": choice.asked,
                "choice_seconds": round(chosen[0], 3),
                "choice_cpu_seconds": round(chosen[1], 3),
                "ranker": lesson.form,
                "ranker_mrr": rounded(lesson.mrr),
                "ranker_lists": lesson.lists,
            },
        }

    def _moments(self, run: Run, sessions: Sessions) -> Prefixes:
        frame = run.read(run.options["test"], MOMENTS)
        known = pd.Index(sessions.item_ids)
        words = [str(text).split() for text in frame["prefix"]]
        flat = known.get_indexer(pd.Index([word for row in words for word in row], dtype=object))
        ends = np.cumsum([len(row) for row in words])
        parts = np.split(flat, ends[:-1])
        strange = int((flat < 0).sum())
        if strange:
            run.note(f"{strange} items of the prefixes were never seen in training; they are passed over.")
        targets = known.get_indexer(pd.Index(frame["target"].astype(str), dtype=object))
        if (targets < 0).any():
            run.note(f"{int((targets < 0).sum())} targets were never seen in training; they count as missed.")
        return Prefixes(
            context=newest_first([part[part >= 0] for part in parts]),
            targets=np.where(targets < 0, UNKNOWN, targets).astype(np.int64),
            sessions=_sessions(words, [str(target) for target in frame["target"]]),
        )


def _judged(model: SessionStrategy, sessions: Sessions, exam: SessionExam) -> tuple[dict[str, Any], Answers]:
    """Learn, answer all moments and measure, with the cost of each."""
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(sessions)
    trained = time.perf_counter() - wall, time.process_time() - cpu
    cpu = time.process_time()
    answers = exam.ask(model)
    asked = time.process_time() - cpu
    measures = exam.measures(answers) | exam.measures_beyond(answers, sessions)
    for name, values in ((f"precision@{exam.k}", answers.hits), (f"mrr@{exam.k}", answers.reciprocal)):
        measures[f"{name} low"], measures[f"{name} high"] = exam.interval(values)
    cost = {"train_seconds": trained[0], "train_cpu_seconds": trained[1], "answer_cpu_seconds": asked}
    groups = {name: rounded(found) for name, found in exam.measures_by_group(answers).items()}
    return {**rounded({**measures, **cost, **exam.latency(model)}), "groups": groups}, answers


def _sessions(words: list[list[str]], targets: list[str]) -> np.ndarray:
    """A number per run of rows that are moments of one session: each is the row before with its target, or without
    its last item. The file does not say it; what belongs together must be drawn together by the bootstrap."""
    numbers = np.zeros(len(words), np.int64)
    for row in range(1, len(words)):
        now, before = [*words[row], targets[row]], [*words[row - 1], targets[row - 1]]
        numbers[row] = numbers[row - 1] + (now != words[row - 1] and before != words[row])
    return numbers
