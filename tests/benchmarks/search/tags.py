"""What tags from photos do for search: `python -m tests.benchmarks.search.tags FOLDER` (a demo shop, as
`make_demo_shop` writes it; another `--seed` is another draw).

The judged queries are asked of the shop as it ships, with tags and without. Half of its names and a third of its
descriptions tell the colour, as in real catalogues (`catalog.demo.products`); what is right follows from how products
were made (`truth.json`), never from what they tell. `judged.txt` is older than tags. Queries that name a colour, or
any look (`colour=`, `pattern=`, `material=` in their grades), are counted apart.

`by_itself`: colours are read on the photos and applied by the product's own rule. `after_review`: somebody accepted the
right ones among those that wait, too. `imported`: what `tags.csv` tells of pattern and material of half of the
products. `shipped`: both, what the demo shop has once its photos were read. `all_right`: every right tag on every
product, which is the most that tags could bring.
"""

import csv
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from catalog.search import documents, parsing, starter  # noqa: E402
from catalog.search.documents import Source  # noqa: E402
from catalog.search.evaluation import Row, difference, measures  # noqa: E402
from catalog.search.memory import MemoryIndex  # noqa: E402
from catalog.search.parsing import Synonyms  # noqa: E402
from tests.benchmarks.search import judged  # noqa: E402
from vision import colour_tags, demo, thresholds  # noqa: E402
from vision.ml import pictures  # noqa: E402
from vision.ml.colours import Colour, colours  # noqa: E402
from vision.ml.quality import quality  # noqa: E402
from vision.models import ImageAnalysis  # noqa: E402

LABELS = Path(__file__).resolve().parents[3] / "vision" / "starter" / "labels.json"
SEED = 0
LOOKS = {"colour", "pattern", "material"}


def names() -> dict[str, list[str]]:
    """Key of a label to its names; the keys of the sets that are used here differ."""
    sets = json.loads(LABELS.read_text("utf-8"))
    used = ("colour", "pattern", "material")
    return {key: [en, zh] for row in sets if row["key"] in used for key, en, zh in row["labels"]}


def read(folder: Path, least: float) -> dict[str, list[str]]:
    """Product to the colours that its photos show with at least this confidence."""
    photos: dict[str, list[Path]] = {}
    with (folder / "images.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            photos.setdefault(row["product"], []).append(folder / "images" / Path(row["file"]).name)
    found = {}
    for product, paths in photos.items():
        speaking = colour_tags.speaking([_seen(path) for path in paths])
        found[product] = [
            one["name"] for one in speaking.colours if colour_tags.confidence(speaking, Colour(**one)) >= least
        ]
    return found


def _seen(path: Path) -> ImageAnalysis:
    opened = pictures.opened(path.read_bytes())
    judged_, found = quality(opened), colours(opened)
    return ImageAnalysis(
        evenness=judged_.evenness, issues=list(judged_.issues),
        colours=[{"name": one.name, "share": one.share, "code": one.code} for one in found],
    )  # fmt: skip


def sources(folder: Path) -> dict[str, Source]:
    """What the index knows of each live product, beside its numbers and tags."""
    with (folder / "categories.csv").open(encoding="utf-8", newline="") as file:
        kinds = {row["id"]: row for row in csv.DictReader(file)}

    def branch(key: str) -> list[str]:
        row = kinds.get(key)
        return [row["name_en"], row["name_zh"], *branch(row["parent"])] if row else []

    options: dict[str, list[str]] = {}
    with (folder / "variants.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            both = (row["options"], row["options_zh"])
            options.setdefault(row["product"], []).extend(
                text for one in both if one for text in documents.texts_of(json.loads(one))
            )
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: Source(
                name=[row["name_en"], row["name_zh"]], code=[row["id"]], category=branch(row["category"]),
                brand=[row["brand"]],
                attributes=[*documents.texts_of(json.loads(row["attributes"])), *options.get(row["id"], ())],
                description=[row["description_en"], row["description_zh"]],
            )
            for row in csv.DictReader(file) if row["status"] == "live"
        }  # fmt: skip


def compare(
    told: dict[str, Source], tags: dict[str, list[str]], queries: dict[Any, dict[str, float]]
) -> dict[str, Any]:
    """nDCG@10 with and without, their paired difference with its 95 % interval."""
    word = names()
    tagged = {
        key: replace(source, tags=[name for tag in tags.get(key, []) for name in word[tag]])
        for key, source in told.items()
    }
    rows = {}
    for name, shop in (("without", told), ("with", tagged)):
        codes = list(shop)
        made = {number: documents.make(shop[code]) for number, code in enumerate(codes)}
        index = MemoryIndex(made, _synonyms())
        rows[name] = [
            Row([codes[number] for number in index.search(query).shown], grades, language, 0.0)
            for (query, language, _part), grades in queries.items()
        ]
    return {
        "queries": len(queries), "without": measures(rows["without"]), "with": measures(rows["with"]),
        "difference": difference(rows["with"], rows["without"], seed=SEED),
    }  # fmt: skip


def _synonyms() -> Synonyms:
    rows = starter.read(starter.FILE)
    return Synonyms.of(pair for _language, direction, words in rows for pair in parsing.pairs(direction, words))


def measure(folder: Path) -> dict[str, Any]:
    told, tags = sources(folder), read(folder, thresholds.COLOUR_APPLY)
    queries: dict[Any, dict[str, float]] = {}
    for query, language, part, product, grade in judged.judgements(folder):
        queries.setdefault((query, language, part), {}).update({product: float(grade)} if product else {})
    lines = [line.split("|") for line in judged.LIST.read_text("utf-8").splitlines() if line and line[0] != "#"]
    truth = {facts["id"]: facts["colour"] for facts in judged.products(folder)}
    named = {key: own for key, own in tags.items() if key in truth and own}
    right = sum(bool(set(own) & _right(truth[key])) for key, own in named.items())
    waiting = read(folder, thresholds.COLOUR_SUGGEST)
    # What waits was looked at by somebody who accepts what is right, and the sample took nothing away.
    looked_at = {key: [*tags[key], *sorted(set(own) & _right(truth[key]) - set(tags[key]))]
                 for key, own in waiting.items() if key in truth}  # fmt: skip
    found: dict[str, Any] = {
        "tags": {"products": len(truth), "tagged": len(named), "with_the_right_one": right,
                 "given": sum(map(len, named.values())), "tagged_after_review": sum(map(bool, looked_at.values()))},
    }  # fmt: skip
    said = imported(folder)
    ways = {
        "by_itself": tags,
        "after_review": looked_at,
        "imported": said,
        "shipped": {key: [*tags.get(key, []), *said.get(key, [])] for key in told},
        "all_right": {facts["id"]: shown(facts) for facts in judged.products(folder)},
    }
    parts = {
        "all": queries,
        "of_colour": _naming(queries, lines, {"colour"}),
        "of_looks": _naming(queries, lines, LOOKS),
    }
    found |= {way: {part: compare(told, given, asked) for part, asked in parts.items()} for way, given in ways.items()}
    return found


def _naming(queries: dict[Any, Any], lines: list[list[str]], looks: set[str]) -> dict[Any, Any]:
    """Those whose grades depend on one of these."""
    wanted = {query for _language, query, rules in lines if any(f"{look}=" in rules for look in looks)}
    return {key: grades for key, grades in queries.items() if key[0] in wanted}


def imported(folder: Path) -> dict[str, list[str]]:
    """What the shop itself says of some of its products."""
    found: dict[str, list[str]] = {}
    with (folder / "tags.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["product"], []).append(row["value"])
    return found


def shown(facts: dict[str, str]) -> list[str]:
    """Every label that is right for a product."""
    material = demo.MATERIALS.get(facts["material"])
    return [*sorted(_right(facts["colour"])), demo.PATTERNS[facts["pattern"]], *([material] if material else [])]


def _right(truth: str) -> set[str]:
    """Mint green has no name among the sixteen."""
    return {"teal", "green"} if truth == "mint" else {truth}


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1])), indent=1, ensure_ascii=False))
