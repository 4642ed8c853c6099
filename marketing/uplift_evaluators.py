"""`manage.py evaluate uplift`: whether a past campaign tells whom a message moves, judged on held-back halves."""

import time
from argparse import ArgumentParser
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column, TableError, first_row, line_of
from marketing.ml import guard, learners, qini, suspects
from marketing.ml.encoding import Encoder, joined, taken
from marketing.ml.learners import TooFew

Array = NDArray[np.float64]
Flags = NDArray[np.int64]
SHARE = 0.3
CURVE_POINTS = 20
SERVED = "served"
WHY = {
    "too_few": "an arm has too few with or without the outcome",
    "arms_not_random": "features tell the arms apart, so they were not drawn by chance",
    "not_above_chance": "the 90 % interval of the served Qini holds 0",
    "not_above_response": "the ranking does not beat that of a response model",
}


class UpliftEvaluator:
    """T-, X- and DR-learner, the mean that is served, and the response model, on the same held-back halves."""

    help = "Learn from a randomised campaign whom its message moved; Qini, uplift of the best 30 %, and the guard."
    columns: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", required=True, metavar="F", help="One row per customer of the campaign.")
        parser.add_argument("--treatment", required=True, metavar="COL", help="The column that names the arm.")
        parser.add_argument("--treated", metavar="VALUE", help="Its value for the message (default 1).")
        parser.add_argument("--control", metavar="VALUE", help="Its value for no message (default 0).")
        parser.add_argument("--outcome", required=True, metavar="COL", help="0 or 1: did what the message is for.")
        parser.add_argument("--revenue", metavar="COL", help="Money after the message, to say what a ranking brings.")
        parser.add_argument(
            "--features", default="", metavar="A,B",
            help="Columns known before the message (default: all others that show no sign of coming after it).",
        )  # fmt: skip
        parser.add_argument("--splits", type=int, default=8, metavar="N", help="Halvings of the rows (default 8).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. Nothing is chosen on rows that judge."""
        splits = run.options["splits"]
        if not 1 <= splits <= 200:
            raise UsageError("--splits must be between 1 and 200.")
        data = _read(run)
        try:
            found = [_split(data, run.seed + number) for number in range(splits)]
        except TooFew as error:
            raise UsageError(f"--outcome {run.options['outcome']}: {error}") from None
        started = time.process_time()
        verdict, _scores = guard.judge(data.features, data.outcome, data.treated, seed=run.seed)
        cost = time.process_time() - started
        if verdict.reason:
            run.note(f"No reliable ranking: {WHY[verdict.reason]}. Send to all, or to some drawn by chance.")
        models = {
            name: {measure: _mean([part["models"][name][measure] for part in found]) for measure in _measures(data)}
            | {"qini_sd": float(np.std([part["models"][name]["qini"] for part in found]))}
            for name in (SERVED, *learners.LEARNERS, "response")
        }
        gaps = np.array([part["models"][SERVED]["qini"] - part["models"]["response"]["qini"] for part in found])
        ups = np.array(
            [
                (part["models"][SERVED]["uplift@30"] or 0.0) - (part["models"]["response"]["uplift@30"] or 0.0)
                for part in found
            ]
        )
        return rounded(
            {
                "qini": models[SERVED]["qini"],
                "uplift@30": models[SERVED]["uplift@30"],
                "guard": verdict.decision,
                "guard_reason": verdict.reason or None,
                "interval": [verdict.qini.low, verdict.qini.high] if verdict.qini else None,
                "models": models,
                "above_response": {
                    "qini": _above(gaps),
                    "uplift@30": _above(ups),
                },
                "guard_evidence": {
                    name: vars(part)
                    for name, part in (
                        ("qini", verdict.qini),
                        ("response", verdict.response),
                        ("above_response", verdict.above_response),
                    )
                    if part is not None
                },
                "arms_auc": verdict.arms_auc,
                "effect": _effect(data),
                "curve": found[0]["curve"],
                "data": {
                    "treated": int(data.treated.sum()),
                    "control": int((1 - data.treated).sum()),
                    "features": list(data.features),
                },
                "guard_cpu_seconds": cost,
                "settings": {"test_share": 0.5, "folds": learners.FOLDS, "served": guard.SERVED},
            }
        )


class _Data:
    """Rows of both arms."""

    def __init__(
        self, features: dict[str, NDArray[Any]], outcome: Flags, treated: Flags, revenue: Array | None
    ) -> None:
        self.features, self.outcome, self.treated, self.revenue = features, outcome, treated, revenue


def _measures(data: _Data) -> list[str]:
    return ["qini", "uplift@30", *(["revenue@30"] if data.revenue is not None else [])]


def _read(run: Run) -> _Data:
    options = run.options
    path, arm, outcome, revenue = (options[name] for name in ("data", "treatment", "outcome", "revenue"))
    named = [name.strip() for name in options["features"].split(",") if name.strip()]
    if len({arm, outcome, revenue} - {None}) < 2 + (revenue is not None):
        raise UsageError("--treatment, --outcome and --revenue must be different columns.")
    if both := sorted({arm, outcome, revenue} & set(named)):
        raise UsageError(f"--features: {both[0]} is what is judged, not what is known before.")
    others = named or [name for name in first_row(path) if name not in {arm, outcome, revenue}]
    if not others:
        raise UsageError("--features: there is no column beside arm and outcome.")
    columns = [Column(arm, "key"), Column(outcome, "integer"), *([Column(revenue, "number")] if revenue else [])]
    frame = run.read(path, [*columns, *(Column(name, "text") for name in dict.fromkeys(others))])
    wrong = ~frame[outcome].isin([0, 1]).to_numpy()
    if wrong.any():
        at = int(wrong.argmax())
        raise TableError(path, line_of(path, at), outcome, f"{frame[outcome].iloc[at]} is neither 0 nor 1")
    treated, control = options["treated"] or "1", options["control"] or "0"
    values = frame[arm].astype(str)
    for option, value in (("--treated", treated), ("--control", control)):
        if not (values == value).any():
            known = joined(sorted(map(str, values.unique())))
            raise UsageError(f"{option}: no row has {value!r} in {arm}; there are {known}.")
    if treated == control:
        raise UsageError("--treated and --control must be different values.")
    inside = values.isin([treated, control]).to_numpy()
    if not inside.all():
        run.note(f"{int((~inside).sum())} rows of other arms are not looked at.")
    frame = frame[inside]
    flags = (values[inside] == treated).to_numpy().astype(np.int64)
    came = frame[outcome].to_numpy(np.int64)
    features = {name: _column(frame[name]) for name in dict.fromkeys(others)}
    late = suspects.after_the_message(features, came, flags)
    if late and named:
        run.note(f"Features that look as if they were known only after the message: {joined(late)}.")
    elif late:
        features = {name: values for name, values in features.items() if name not in late}
        run.note(f"Not taken as features, as they look as if they came after the message: {joined(late)}.")
        if not features:
            raise UsageError("--features: no column is left that was known before the message.")
    return _Data(features, came, flags, frame[revenue].to_numpy(np.float64) if revenue else None)


def _column(texts: pd.Series) -> NDArray[Any]:
    """Numbers, with NaN for blanks, where every filled value is one; else the texts."""
    blank = (texts.str.strip() == "").to_numpy()
    numbers = pd.to_numeric(texts.where(~blank), errors="coerce").to_numpy(np.float64)
    is_number = bool(np.isfinite(numbers[~blank]).all()) and not blank.all()
    return numbers if is_number else texts.to_numpy(str)


def _split(data: _Data, seed: int) -> dict[str, Any]:
    """Learn on one half, judge on the other; both have the same mix of arms and outcomes."""
    learners.check_enough(data.outcome, data.treated)
    test = learners.folds_of(data.outcome, data.treated, seed, 2).astype(bool)
    past, later = taken(data.features, ~test), taken(data.features, test)
    encoder = Encoder.learn(past)
    model = learners.fit(encoder.matrix(past), data.outcome[~test], data.treated[~test], encoder.names, seed=seed)
    rows, came, sent = encoder.matrix(later), data.outcome[test], data.treated[test]
    models: dict[str, dict[str, float | None]] = {}
    for name in (SERVED, *learners.LEARNERS, "response"):
        score = model.score(guard.SERVED if name == SERVED else name, rows)
        models[name] = {"qini": qini.qini(score, came, sent), "uplift@30": qini.uplift_at(score, came, sent, SHARE)}
        if data.revenue is not None:
            first = np.argsort(-score, kind="stable")[: int(len(score) * SHARE)]
            models[name]["revenue@30"] = _difference(data.revenue[test][first], sent[first])
        if name == SERVED:
            line = qini.curve(score, came, sent)
            at = np.linspace(0, 1, CURVE_POINTS + 1)
            heights = np.interp(at, line.share, line.incremental)
            points = [{"share": float(x), "incremental": float(h)} for x, h in zip(at, heights, strict=True)]
    return {"models": models, "curve": points}


def _effect(data: _Data) -> dict[str, float | None]:
    """Of the message on everybody: the rates of both arms and their difference, in outcome and money."""
    y = data.outcome.astype(np.float64)
    found: dict[str, float | None] = {
        "treated_rate": float(y[data.treated == 1].mean()),
        "control_rate": float(y[data.treated == 0].mean()),
        "difference": _difference(y, data.treated),
    }
    if data.revenue is not None:
        found["revenue_difference"] = _difference(data.revenue, data.treated)
    return found


def _difference(values: Array, treated: Flags) -> float | None:
    if not 0 < treated.sum() < len(treated):
        return None
    return float(values[treated == 1].mean() - values[treated == 0].mean())


def _above(gaps: Array) -> dict[str, Any]:
    """By how much the one ranking beats the other on the same halves, with a 95 % interval for halvings that share
    their rows: variance `(1/J + n_test/n_train)·s²` with J − 1 degrees of freedom (Nadeau & Bengio 2003)."""
    found: dict[str, Any] = {"mean": float(gaps.mean()), "splits_above": int((gaps > 0).sum()), "splits": len(gaps)}
    if len(gaps) < 2:
        return {**found, "interval": None}
    width = float(student.ppf(0.975, len(gaps) - 1) * np.sqrt((1 / len(gaps) + 1) * gaps.var(ddof=1)))
    return {**found, "interval": [found["mean"] - width, found["mean"] + width]}


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
