"""The judged queries of the demo shop for the evaluation: `python -m tests.benchmarks.search.judged FOLDER OUT`.

`judged.txt` was written by hand, before the ranking was tuned: what somebody who types this wants, as facts of the demo
products (kind, form, colour, …), graded 3 (that is it), 2 (close), 1 (acceptable). Every third query is kept aside as
the part `test`. So one list judges the demo shop in every size.
"""

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from catalog.demo.kinds import KINDS
from catalog.demo.writer import TRUTH

LIST = Path(__file__).parent / "judged.txt"
LOOK = ("form", "colour", "pattern", "material", "style")
Facts = dict[str, str]


def products(folder: Path) -> list[Facts]:
    """Facts of the live products of a demo shop: where they stand in the catalogue, and what they are by its truth,
    whatever their texts tell."""
    found, truth = [], looks(folder)
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["status"] != "live":
                continue
            kind = KINDS[row["category"]]
            own = {"id": row["id"], "kind": row["category"], "dept": kind.parent, "brand": row["brand"]}
            found.append({**own, **truth[row["id"]]})
    return found


def looks(folder: Path) -> dict[str, Facts]:
    """Form, colour, pattern, material and style of each product, as it was made."""
    truth = json.loads((folder / TRUTH).read_text("utf-8"))["products"]
    return {key: {name: own[name] for name in LOOK} for key, own in truth.items()}


def judgements(folder: Path) -> Iterator[tuple[str, str, str, str, int]]:
    """(query, language, part, product, grade). A query that nothing answers has one row without a product."""
    shop = products(folder)
    lines = [line for line in LIST.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    for number, line in enumerate(lines):
        language, query, rules = line.split("|")
        part = "test" if number % 3 == 2 else "tune"
        found = 0
        for facts in shop:
            grade = _grade(facts, rules)
            if grade:
                found += 1
                yield query, language, part, facts["id"], grade
        if not found:
            yield query, language, part, "", 0


def _grade(facts: Facts, rules: str) -> int:
    for rule in rules.split(";"):
        grade, *conditions = rule.split()
        wanted = dict(condition.split("=") for condition in conditions)
        if wanted and all(facts.get(name) == value for name, value in wanted.items()):
            return int(grade)
    return 0


def write(folder: Path, out: Path) -> int:
    rows = list(judgements(folder))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "language", "part", "product", "grade"])
        writer.writerows(rows)
    return len(rows)


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), Path(sys.argv[2])), "judgements")
