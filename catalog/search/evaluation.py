"""`manage.py evaluate search`: the product's tokens, corrections and ranking on anybody's products and queries.

Opens no database: the index is built in memory from the files. The reference is what a shop has without a search of its
own: words as they are (PostgreSQL's `simple` configuration) and trigram similarity of names (pg_trgm), in Python;
`make bench` compares with the real thing in PostgreSQL.
"""

import math
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from catalog.search import documents, parsing, starter
from catalog.search.documents import Source
from catalog.search.memory import MemoryIndex
from catalog.search.parsing import Synonyms
from catalog.search.plain import PlainIndex
from core.evaluation import Run, UsageError
from core.ml.tables import Column, TableError

PRODUCTS = [
    Column("product", "key"),
    Column("name", "text"),
    *(
        Column(name, "text", required=False)
        for name in (
            "name_en", "name_zh", "description", "description_en", "description_zh", "category", "brand", "tags",
            "attributes", "status",
        )
    ),
]  # fmt: skip
QUERIES = [
    Column("query", "text"),
    Column("product", "text"),
    Column("grade", "number"),
    Column("language", "text", required=False),
    Column("part", "text", required=False),
]
CATEGORIES = [
    Column("id", "key"),
    Column("parent", "text", required=False),
    *(Column(name, "text", required=False) for name in ("name", "name_en", "name_zh")),
]
RESAMPLES = 2_000
Judged = dict[str, dict[str, float]]


class SearchEvaluator:
    """How good the answers to judged queries are, against plain words and trigrams."""

    help = "Rank products for judged queries: the product's search against plain words and trigrams."
    columns = [column.name for column in (*PRODUCTS, *QUERIES, *CATEGORIES)]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--products", metavar="F", required=True, help="product, name[, name_en, name_zh, …].")
        parser.add_argument("--queries", metavar="F", required=True, help="query, product, grade[, language][, part].")
        parser.add_argument("--categories", metavar="F", help="id, parent, name[, name_en, name_zh].")
        parser.add_argument("--synonyms", metavar="F", help="language, direction, words; `none` for none.")
        parser.add_argument("--part", help="Only queries of this part.")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md."""
        options = run.options
        sources, codes = _sources(run, options["products"], options["categories"])
        judged, languages = _judged(run, options["queries"], options["part"], set(codes))
        started = time.perf_counter()
        made = {number: documents.make(source) for number, source in enumerate(sources)}
        index = MemoryIndex(made, _synonyms(options["synonyms"]))
        seconds = time.perf_counter() - started
        plain = PlainIndex({number: _plain_texts(source) for number, source in enumerate(sources)})
        searches: dict[str, Callable[[str], Sequence[int]]] = {
            "search": lambda query: index.search(query).shown, "plain": plain.search,
        }  # fmt: skip
        if any(source.tags for source in sources):
            untold = {number: documents.make(replace(source, tags=())) for number, source in enumerate(sources)}
            bare = MemoryIndex(untold, _synonyms(options["synonyms"]))
            searches["without_tags"] = lambda query: bare.search(query).shown
        rows: dict[str, list[Row]] = {}
        for name, search in searches.items():
            rows[name] = []
            for query, grades in judged.items():
                begun = time.perf_counter()
                found = [codes[number] for number in search(query)]
                rows[name].append(Row(found, grades, languages[query], (time.perf_counter() - begun) * 1000))
        against = difference(rows["search"], rows["plain"], seed=run.seed)
        return {
            "strategies": {name: measures(found) for name, found in rows.items()},
            "languages": {
                f"{name} {language}": measures([row for row in found if row.language == language])
                for name, found in rows.items()
                for language in sorted(set(languages.values()))
            },
            **measures(rows["search"]),
            "ndcg@10_interval": interval([row.ndcg for row in rows["search"] if row.ideal], seed=run.seed),
            "reference": measures(rows["plain"]),
            "difference": against,
            **(
                {"tags": difference(rows["search"], rows["without_tags"], seed=run.seed)}
                if "without_tags" in rows
                else {}
            ),
            "data": {
                "products": len(codes),
                "queries": len(judged),
                "answerable": sum(1 for row in rows["search"] if row.ideal),
                "judgements": sum(len(grades) for grades in judged.values()),
                "index_seconds": round(seconds, 3),
            },
        }


class Row:
    """One answered query."""

    def __init__(self, found: Sequence[str], grades: Mapping[str, float], language: str, milliseconds: float) -> None:
        self.language, self.milliseconds, self.count = language, milliseconds, len(found)
        self.relevant = {product for product, grade in grades.items() if grade > 0}
        self.ideal = _gain(sorted(grades.values(), reverse=True))
        self.ndcg = _gain([grades.get(product, 0.0) for product in found]) / self.ideal if self.ideal else 0.0
        shown = set(found[:20])
        self.recall = len(shown & self.relevant) / min(20, len(self.relevant)) if self.relevant else 0.0


def _gain(grades: Sequence[float], k: int = 10) -> float:
    """Discounted cumulative gain with 2^grade - 1 (Burges et al. 2005)."""
    return sum((2.0**grade - 1.0) / math.log2(place + 2) for place, grade in enumerate(grades[:k]))


def measures(rows: Sequence[Row]) -> dict[str, float]:
    """nDCG and recall over queries that some product answers; `recall@20` counts against at most 20 products.

    `zero_result_rate`: share of those without any result. `needless_rate`: share of queries that no product answers
    and that were answered all the same.
    """
    answerable = [row for row in rows if row.ideal]
    hopeless = [row for row in rows if not row.ideal]
    times = [row.milliseconds for row in rows] or [0.0]
    found = {
        "ndcg@10": _mean([row.ndcg for row in answerable]),
        "recall@20": _mean([row.recall for row in answerable]),
        "zero_result_rate": _mean([float(row.count == 0) for row in answerable]),
        "needless_rate": _mean([float(row.count > 0) for row in hopeless]),
        "search_ms_p50": float(np.percentile(times, 50)),
        "search_ms_p99": float(np.percentile(times, 99)),
    }
    return {name: round(value, 6) for name, value in found.items()}


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def interval(values: Sequence[float], *, seed: int) -> list[float]:
    """95 % of the means of resampled queries (percentile bootstrap, Efron 1979)."""
    if not values:
        return [0.0, 0.0]
    rng = np.random.default_rng(seed)
    means = rng.choice(np.asarray(values), (RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return [round(float(low), 6), round(float(high), 6)]


def difference(ours: Sequence[Row], theirs: Sequence[Row], *, seed: int) -> dict[str, Any]:
    """nDCG@10 minus the reference's, on the same queries."""
    pairs = [(a.ndcg, b.ndcg) for a, b in zip(ours, theirs, strict=True) if a.ideal]
    if not pairs:
        return {"ndcg@10": 0.0, "interval": [0.0, 0.0], "relative": 0.0}
    mine, other = _mean([a for a, _b in pairs]), _mean([b for _a, b in pairs])
    return {
        "ndcg@10": round(mine - other, 6),
        "interval": interval([a - b for a, b in pairs], seed=seed),
        "relative": round(mine / other - 1.0, 6) if other else None,
    }


# --- files --------------------------------------------------------------------------------------------------------


def _sources(run: Run, path: str, categories: str | None) -> tuple[list[Source], list[str]]:
    frame = run.read(path, PRODUCTS).fillna("")
    if "status" in frame:
        left = frame["status"].isin(["", "live"])
        if not left.all():
            run.note(f"{path}: {int((~left).sum())} products that are not live are left out.")
        frame = frame[left]
    tree = _tree(run, categories) if categories else {}
    sources = []
    for row in frame.to_dict("records"):

        def texts(*names: str, row: dict[Any, Any] = row) -> list[str]:
            return list(dict.fromkeys(str(row[name]) for name in names if row.get(name)))

        category = str(row.get("category", ""))
        sources.append(
            Source(
                name=texts("name", "name_en", "name_zh"),
                code=[str(row["product"])],
                category=tree.get(category, [category] if category else []),
                brand=texts("brand"),
                tags=texts("tags"),
                attributes=_attributes(str(row.get("attributes", ""))),
                description=texts("description", "description_en", "description_zh"),
            )
        )
    return sources, frame["product"].astype(str).tolist()


def _attributes(text: str) -> list[str]:
    """JSON as in the native format, or plain words."""
    try:
        return documents.texts_of(orjson.loads(text)) if text else []
    except orjson.JSONDecodeError:
        return [text]


def _tree(run: Run, path: str) -> dict[str, list[str]]:
    """Names of each category and of those above it."""
    frame = run.read(path, CATEGORIES).fillna("")
    names: dict[str, list[str]] = {}
    parents: dict[str, str] = {}
    for row in frame.to_dict("records"):
        key = str(row["id"])
        names[key] = list(dict.fromkeys(str(row[n]) for n in ("name", "name_en", "name_zh") if row.get(n)))
        parents[key] = str(row.get("parent", ""))
    found: dict[str, list[str]] = {}
    for key in names:
        branch, at = [], key
        while at in names and at not in branch:
            branch.append(at)
            at = parents[at]
        found[key] = [name for one in branch for name in names[one]]
    return found


def _judged(run: Run, path: str, part: str | None, products: set[str]) -> tuple[Judged, dict[str, str]]:
    frame = run.read(path, QUERIES)
    if part is not None:
        if "part" not in frame:
            raise UsageError(f"--part: {path} has no column part.")
        frame = frame[frame["part"] == part]
        if frame.empty:
            raise UsageError(f"--part: {path} has no query of the part {part}.")
    if (frame["grade"] < 0).any() or (frame["grade"] > 10).any():
        raise TableError(path, None, "grade", "grades lie between 0 and 10")
    judged: Judged = {}
    languages: dict[str, str] = {}
    strangers = 0
    for row in frame.fillna("").to_dict("records"):
        query = str(row["query"])
        grades = judged.setdefault(query, {})
        languages.setdefault(query, str(row.get("language", "")) or "all")
        if str(row["product"]) in products:
            grades[str(row["product"])] = float(row["grade"])
        elif row["product"]:
            strangers += 1
    if strangers:
        run.note(
            f"{path}: {strangers} judgements of products that --products does not hold (or not live) are left out."
        )
    return judged, languages


def _synonyms(option: str | None) -> Synonyms:
    if option == "none":
        return Synonyms()
    path = Path(option) if option else starter.FILE
    try:
        rows = starter.read(path)
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise UsageError(f"--synonyms: {path} cannot be read: {error}.") from error
    return Synonyms.of(pair for _language, direction, words in rows for pair in parsing.pairs(direction, words))


def _plain_texts(source: Source) -> tuple[list[str], list[str]]:
    everything = [*source.name, *source.category, *source.brand, *source.attributes, *source.description]
    return list(source.name), everything
