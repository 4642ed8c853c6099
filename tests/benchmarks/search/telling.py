"""How often products of real catalogues tell what their photos show: `python -m tests.benchmarks.search.telling`.

Reads `amazon-office-text` (titles and descriptions) and `online_retail_ii_2009_2010` (names of a gift shop's products)
in BENCH_DATA and counts texts with the English name of a colour or a material that a shop's labels begin with. Neither
has a column for colour or material beside its texts, nor has `olist` or `amazon-beauty`. The demo shop tells colours as
often (`catalog.demo.products.IN_NAMES`): the higher share of both catalogues, so that texts are given their due.
"""

import csv
import gzip
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.benchmarks.places import source

LABELS = Path(__file__).resolve().parents[3] / "vision" / "starter" / "labels.json"
ALIKE = {"grey": ("gray",), "wood": ("wooden",)}
KINDS = ("colour", "material")


def words(kind: str) -> re.Pattern[str]:
    """Any English name of a label of this set, as a word."""
    rows = next(row["labels"] for row in json.loads(LABELS.read_text("utf-8")) if row["key"] == kind)
    names = [name for _key, english, _chinese in rows for name in (english.lower(), *ALIKE.get(english.lower(), ()))]
    return re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names))


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def share(texts: Iterable[str], kind: str) -> tuple[float, int]:
    """Of the texts that say anything, how many tell it; how many there are."""
    pattern = words(kind)
    told = [bool(pattern.search(text.lower())) for text in texts if len(text.strip(" []\"',")) > 1]
    return sum(told) / len(told), len(told)


def main() -> None:
    office = list(rows(source() / "amazon-office-text" / "items.csv.gz"))
    gifts = {
        row["stock_code"]: row["description"]
        for row in rows(source() / "online_retail_ii_2009_2010" / "transactions.csv.gz")
        if re.match(r"\d{5}", row["stock_code"]) and row["description"].strip() and float(row["price"] or 0) > 0
    }  # fmt: skip
    for what, texts in (
        ("names, office supplies", [row["title"] for row in office]),
        ("names, gifts", list(gifts.values())),
        ("descriptions, office supplies", [row["description"] for row in office]),
    ):
        told = {kind: share(texts, kind) for kind in KINDS}
        print(f"{what:<30} {told['colour'][1]:>6}", *(f"{kind} {value:.3f}" for kind, (value, _n) in told.items()))


if __name__ == "__main__":
    main()
