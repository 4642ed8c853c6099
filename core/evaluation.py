"""Judging a method on files: the frame around the evaluators that apps register.

An evaluator reads the files it is given, returns numbers, and touches no database and no service. What all of them
share is here: where files are read, how cost is measured, what a result says about the run, how it is printed.
"""

import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from core.ml.tables import Column, read_table

LIBRARIES = ("numpy", "scipy", "pandas", "scikit-learn", "tensorflow", "django")
COLUMN_WIDTH = 22


@dataclass
class Run:
    """One evaluation: its settings, the files it read and the notes it took."""

    options: dict[str, Any]
    seed: int = 0
    time_budget: float | None = None
    rename: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: list[dict[str, Any]] = field(default_factory=list)

    def read(self, path: str, columns: Sequence[Column]) -> pd.DataFrame:
        """The wanted columns of a file, renamed as the person asked. Raises TableError."""
        frame = read_table(path, columns, rename=self.rename, note=self.notes.append)
        self.files.append({"file": path, "rows": len(frame), "sha256": _sha256(path)})
        return frame

    def note(self, text: str) -> None:
        """Something the reader of the numbers should know, in one sentence."""
        self.notes.append(text)


class UsageError(Exception):
    """Options that do not go together. The message is one line for people."""


class Evaluator(Protocol):
    """What is registered in `core.extensions.evaluators`: a class without constructor arguments."""

    help: str
    columns: Sequence[str]
    """Names that `--map` may rename."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The options of this task."""

    def run(self, run: Run) -> dict[str, Any]:
        """Numbers by name, ready for JSON. Raises TableError or UsageError."""


def evaluate(task: str, evaluator: Evaluator, run: Run) -> dict[str, Any]:
    """The evaluator's result with settings, cost and versions beside it.

    `cpu_seconds` and `peak_memory_mb` are those of this process and of children it waited for, since the start.
    """
    unknown = sorted(set(run.rename) - set(evaluator.columns))
    if unknown:
        raise UsageError(f"--map: {task} has no column {unknown[0]}; it has {', '.join(evaluator.columns)}.")
    started = time.perf_counter()
    result = evaluator.run(run)
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    to_megabytes = 1 / 1024**2 if sys.platform == "darwin" else 1 / 1024
    return {
        "task": task,
        **result,
        "seed": run.seed,
        "time_budget": run.time_budget,
        "settings": {**run.options, **result.get("settings", {}), "map": run.rename},
        "files": run.files,
        "notes": run.notes,
        "seconds": round(time.perf_counter() - started, 3),
        "cpu_seconds": round(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime, 3),
        "peak_memory_mb": round(max(own.ru_maxrss, children.ru_maxrss) * to_megabytes, 1),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Python and those of LIBRARIES that are installed; none of them is imported for this."""
    found = {"python": platform.python_version(), "platform": platform.platform(), "cpus": str(os.cpu_count())}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def parse_map(text: str) -> dict[str, str]:
    """`text=review,label=stars` → our name to the file's. Raises UsageError."""
    pairs: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        ours, equals, theirs = (word.strip() for word in part.partition("="))
        if not (ours and equals and theirs):
            raise UsageError(f"--map: {part!r} is not of the form name=column.")
        if ours in pairs:
            raise UsageError(f"--map: {ours} is renamed twice.")
        pairs[ours] = theirs
    return pairs


def write_json(path: Path, result: Mapping[str, Any]) -> None:
    """Whole or not at all: written aside, then renamed. Raises OSError."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False) + "\n", "utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def as_text(result: Mapping[str, Any]) -> str:
    """A table for each mapping of mappings (such as strategies), a line for each other number, then the notes."""
    frame = {"settings", "files", "versions", "notes", "task"}
    lines: list[str] = []
    single: list[tuple[str, Any]] = []
    for name, value in result.items():
        if name in frame or value is None:
            continue
        if isinstance(value, Mapping) and value and all(map(_is_flat, value.values())):
            lines += ["", *_grid(name, value)]
        elif not isinstance(value, Mapping | list):
            single.append((name, value))
    lines += [""]
    lines += [f"{name:<{COLUMN_WIDTH}} {_cell(value)}" for name, value in single]
    lines += [f"note: {note}" for note in result.get("notes", [])]
    return "\n".join(lines).lstrip("\n")


def _grid(title: str, rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Measures downwards, rows of the mapping side by side: names are few, measures are many."""
    measures = list(dict.fromkeys(name for row in rows.values() for name in row))
    first = max([len(title), *map(len, measures)])
    widths = {name: max([len(name), *(len(_cell(row.get(m))) for m in measures)]) for name, row in rows.items()}
    lines = ["  ".join([f"{title:<{first}}", *(f"{name:>{width}}" for name, width in widths.items())])]
    for measure in measures:
        cells = (f"{_cell(rows[name].get(measure)):>{width}}" for name, width in widths.items())
        lines.append("  ".join([f"{measure:<{first}}", *cells]))
    return lines


def _is_flat(row: Any) -> bool:
    return isinstance(row, Mapping) and not any(isinstance(value, Mapping | list) for value in row.values())


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1000 else f"{value:.1f}"
    return str(value)


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
