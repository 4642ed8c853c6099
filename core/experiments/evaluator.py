"""`manage.py evaluate experiment`: anybody's experiment from a file, by the same functions as the shop's own."""

from argparse import ArgumentParser
from typing import Any

import numpy as np
import pandas as pd

from core.evaluation import Run, UsageError
from core.experiments.looking import as_row
from core.ml import experiments as ml
from core.ml.tables import Column, TableError, first_row, line_of

HEAVY = 0.01
"""One unit that holds more than this share of a metric's total may decide the result by itself."""


class ExperimentEvaluator:
    """Every metric of every variant against the control."""

    help = "Compare the variants of an experiment with its control: differences with ranges, sample ratio, warnings."
    columns = ["unit", "variant"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", metavar="F", required=True, help="One row per unit: unit, variant, metrics.")
        parser.add_argument("--control", metavar="NAME", required=True, help="The variant to compare with.")
        parser.add_argument("--metrics", default="", metavar="A,B", help="Columns to compare (default: all numbers).")
        parser.add_argument(
            "--before", default="", metavar="METRIC=COLUMN,…", help="Covariates from before, for CUPED."
        )
        parser.add_argument("--weights", default="", metavar="NAME=N,…", help="Planned shares (default: equal).")
        parser.add_argument("--winsorise", type=float, metavar="QUANTILE", help="Cap metrics at this quantile.")
        parser.add_argument("--tuned-for", type=int, default=10_000, metavar="N", help="Units planned (default 10000).")
        parser.add_argument("--alpha", type=float, default=0.05, help="1 minus the confidence (default 0.05).")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        options = run.options
        if not 0 < options["alpha"] < 1:
            raise UsageError("--alpha lies between 0 and 1.")
        if options["winsorise"] is not None and not 0.5 <= options["winsorise"] < 1:
            raise UsageError("--winsorise lies between 0.5 and 1.")
        if options["tuned_for"] < 1:
            raise UsageError("--tuned-for must be 1 or more.")
        before = _pairs(options["before"], "--before")
        frame, names = _read(run, before)
        variants = _variants(frame, options["data"], options["control"])
        weights = _weights(options["weights"], variants)
        counts = [int((frame["variant"] == name).sum()) for name in variants]
        ratio = ml.sample_ratio(counts, weights)
        shared = _shared_warnings(ratio, counts, weights)
        found = {name: _compared(frame, name, variants, before.get(name), options) for name in names}
        rows = [row for by_variant in found.values() for row in by_variant.values()]
        for row, p in zip(rows, ml.holm([row["p_value"] for row in rows]), strict=True):
            row |= {"p_value_holm": p, "srm_p": ratio, "warnings": shared + row["warnings"]}
        for text in dict.fromkeys(text for row in rows for text in row["warnings"]):
            run.note(text)
        return {
            "metrics": found,
            "differences": {
                f"{metric}: {variant}": {
                    name: row[name] for name in ("mean_control", "mean", "difference", "relative", "p_value_holm")
                }
                | {"low": row["interval"][0] if row["interval"] else None,
                   "high": row["interval"][1] if row["interval"] else None}
                for metric, by_variant in found.items() for variant, row in by_variant.items()
            },
            "srm_p": ratio,
            "counts": dict(zip(variants, counts, strict=True)),
            "warnings": shared,
        }  # fmt: skip


def _read(run: Run, before: dict[str, str]) -> tuple[pd.DataFrame, list[str]]:
    """The rows and the names of the metrics. Without a column `unit` every row is a unit."""
    path, rename = run.options["data"], run.rename
    first = first_row(path)
    taken = {rename.get(name, name) for name in ("unit", "variant")} | (set(before.values()) - set(before))
    wanted = [name.strip() for name in run.options["metrics"].split(",") if name.strip()]
    names = wanted or [name for name, value in first.items() if name not in taken and _is_number(value)]
    unknown = sorted(set(before) - set(names))
    if unknown:
        raise UsageError(f"--before: {unknown[0]} is none of the metrics ({', '.join(names)}).")
    if not names:
        raise TableError(path, 2, None, "no column holds numbers, so there is nothing to compare")
    clash = sorted({"unit", "variant"} & set(names))
    if clash:
        raise UsageError(f"--metrics: {clash[0]} names who and which arm, so it cannot be a metric.")
    more = [name for name in dict.fromkeys(before.values()) if name not in names]
    columns = [Column("unit", "key", required=False), Column("variant", "key")]
    frame = run.read(path, [*columns, *(Column(name, "number") for name in [*names, *more])])
    frame["variant"] = frame["variant"].astype(str)
    if "unit" not in frame:
        run.note(f"{path}: there is no column unit, so each row counts as a unit of its own.")
    elif (repeated := frame["unit"].duplicated().to_numpy()).any():
        at = int(repeated.argmax())
        unit = str(frame["unit"].iloc[at])
        raise TableError(
            path, line_of(path, at), rename.get("unit", "unit"), f"{unit[:40]!r} is there twice; give one row per unit"
        )
    return frame, names


def _variants(frame: pd.DataFrame, path: str, control: str) -> list[str]:
    found = sorted(set(frame["variant"]))
    if control not in found:
        raise UsageError(f"--control: {path} has no variant {control!r}; it has {', '.join(found[:10])}.")
    if len(found) < 2:
        raise UsageError(f"{path} has only the variant {control!r}: there is nothing to compare with.")
    if len(found) > 20:
        raise UsageError(f"{path} has {len(found)} variants; 20 are the most. Is --map variant=COLUMN right?")
    return [control, *(name for name in found if name != control)]


def _compared(
    frame: pd.DataFrame, name: str, variants: list[str], before: str | None, options: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    values, cap, cut = frame[name].to_numpy(), None, 0
    if options["winsorise"] is not None and not np.isin(values, (0, 1)).all():
        values, cap, cut = ml.winsorised(values, options["winsorise"])
    covariate = frame[before].to_numpy() if before else None
    sums, warnings = {}, []
    for variant in variants:
        own = (frame["variant"] == variant).to_numpy()
        sums[variant] = ml.Sums.of(values[own], x=covariate[own] if covariate is not None else None)
        if values[own].max(initial=0) > max(HEAVY * abs(sums[variant].y), 0) and sums[variant].nonzero >= 200:
            warnings.append(f"{name}: one unit holds more than 1% of the total of {variant}; consider --winsorise.")
    compared = ml.compare(sums, control=variants[0], tuned_for=options["tuned_for"], alpha=options["alpha"])
    found = {}
    for one in compared.comparisons:
        row = as_row(one)
        del row["arm"]
        own_warnings = list(warnings)
        if one.always_valid is None:
            own_warnings.append(
                f"{name}: {one.arm} or the control has fewer than {ml.MINIMUM_PER_ARM} units (or too few that are not "
                "0) for a range that holds at any look."
            )
        found[one.arm] = row | {
            "cuped_variance_removed": compared.removed, "cap": cap, "capped": cut, "warnings": own_warnings,
        }  # fmt: skip
    return found


def _shared_warnings(ratio: float, counts: list[int], weights: list[int]) -> list[str]:
    if ratio >= ml.MISMATCH_BELOW:
        return []
    planned = "equal groups were" if len(set(weights)) == 1 else f"shares of {':'.join(map(str, weights))} were"
    return [f"Do not use this result: {', '.join(map(str, counts))} units where {planned} planned."]


def _weights(text: str, variants: list[str]) -> list[int]:
    given = _pairs(text, "--weights")
    if not given:
        return [1] * len(variants)
    if set(given) != set(variants):
        raise UsageError(f"--weights names each variant once: {', '.join(variants)}.")
    if not all(value.isdecimal() and int(value) > 0 for value in given.values()):
        raise UsageError("--weights are whole numbers above 0.")
    return [int(given[name]) for name in variants]


def _pairs(text: str, option: str) -> dict[str, str]:
    found = {}
    for part in filter(str.strip, text.split(",")):
        name, _equals, value = (word.strip() for word in part.partition("="))
        if not (name and value):
            raise UsageError(f"{option}: write NAME=VALUE, separated by commas.")
        found[name] = value
    return found


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
