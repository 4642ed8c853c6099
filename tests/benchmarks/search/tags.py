"""What tags from photos do for search: `python -m tests.benchmarks.search.tags FOLDER` (a demo shop, as
`make_demo_shop` writes it).

Colours are read on the photos and applied by the product's own rule, once as they come by themselves and once after
somebody accepted the right ones among those that wait; then the judged queries are asked of the same
products with these tags and without, once as the shop tells its products and once as shops that do not name colours:
without the attribute and without words of colours in names and descriptions. `judged.txt` is older than tags; the
queries that name a colour (`colour=` in their grades) are counted apart.

`bare`: as shops that name nothing that a photo shows, neither colour nor pattern nor material. Tags by themselves are
then colours and what `tags.csv` tells of half of the products; after review every right one. `told_all_right` is what
tags could bring at most to the shop as it is: every right tag on every product.

`usual`: as real catalogues tell colours (`tests.benchmarks.search.telling`). No column says them; 44 of 100 names do
and 33 of 100 descriptions, drawn by the product's number, the others have no word of colour. What tells pattern and
material stays. The rule was written before anything was measured, and the list of queries is the same. `usual_draws`:
all queries with other names and descriptions drawn.
"""

import csv
import json
import os
import re
import sys
import zlib
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from catalog.demo.world import COLOURS, MATERIALS, PATTERNS  # noqa: E402
from catalog.search import documents, parsing, starter  # noqa: E402
from catalog.search.documents import Source  # noqa: E402
from catalog.search.evaluation import Row, difference, measures  # noqa: E402
from catalog.search.memory import MemoryIndex  # noqa: E402
from catalog.search.parsing import Synonyms  # noqa: E402
from tests.benchmarks.search import judged, telling  # noqa: E402
from vision import colour_tags, demo, thresholds  # noqa: E402
from vision.ml import pictures  # noqa: E402
from vision.ml.colours import Colour, colours  # noqa: E402
from vision.ml.quality import quality  # noqa: E402
from vision.models import ImageAnalysis  # noqa: E402

LABELS = Path(__file__).resolve().parents[3] / "vision" / "starter" / "labels.json"
SEED, DRAWS = 0, 5


def words(english: Iterable[str], chinese: Iterable[str]) -> re.Pattern[str]:
    """Any of them; the longest first, since "mint green" is one."""
    parts = [*(rf"\b{re.escape(one)}\b" for one in english if one), *filter(None, chinese)]
    return re.compile("|".join(sorted(parts, key=len, reverse=True)), re.IGNORECASE)


OF_COLOUR = words((one.en for one in COLOURS.values()), (one.zh for one in COLOURS.values()))
OF_LOOKS = words(
    (*(one.en for one in COLOURS.values()), *(one.en for one in MATERIALS.values()),
     *(word for one in PATTERNS.values() for word in (one.adjective, one.noun, one.clause_en))),
    (*(one.zh for one in COLOURS.values()), *(one.zh for one in MATERIALS.values()),
     *(word for one in PATTERNS.values() for word in (one.zh, one.clause_zh))),
)  # fmt: skip


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
    with (folder / "categories.csv").open(encoding="utf-8", newline="") as file:
        kinds = {row["id"]: row for row in csv.DictReader(file)}

    def branch(key: str) -> list[str]:
        row = kinds.get(key)
        return [row["name_en"], row["name_zh"], *branch(row["parent"])] if row else []

    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["id"]: Source(
                name=[row["name_en"], row["name_zh"]], code=[row["id"]], category=branch(row["category"]),
                brand=[row["brand"]], attributes=documents.texts_of(json.loads(row["attributes"])),
                description=[row["description_en"], row["description_zh"]],
            )
            for row in csv.DictReader(file) if row["status"] == "live"
        }  # fmt: skip


def untold(source: Source, named: re.Pattern[str] = OF_COLOUR, keys: Collection[str] = COLOURS) -> Source:
    """The same product of a shop that does not name colours, or other looks."""

    def without(texts: Iterable[str]) -> list[str]:
        return [named.sub(" ", text) for text in texts]

    attributes = [text for text in source.attributes if text not in keys]
    return replace(
        source, name=without(source.name), description=without(source.description), attributes=without(attributes)
    )


def as_usual(key: str, source: Source, draw: int = 0) -> Source:
    """The same product in a catalogue that tells colours as often as real ones do."""
    quiet = untold(source)
    name, description = np.random.default_rng([draw, zlib.crc32(key.encode())]).random(2)
    return replace(
        quiet,
        name=source.name if name < telling.IN_NAMES else quiet.name,
        description=source.description if description < telling.IN_DESCRIPTIONS else quiet.description,
    )


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
    of_colour = {query for _language, query, rules in lines if "colour=" in rules}
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
    some = {key: own for key, own in queries.items() if key[0] in of_colour}
    for how, shop in (("told", told), ("untold", {key: untold(source) for key, source in told.items()})):
        for when, given in (("by_itself", tags), ("after_review", looked_at)):
            found[f"{how}_{when}"] = {"all": compare(shop, given, queries), "of_colour": compare(shop, given, some)}
    usual = {key: as_usual(key, source) for key, source in told.items()}
    for when, given in (("by_itself", tags), ("after_review", looked_at)):
        found[f"usual_{when}"] = {"all": compare(usual, given, queries), "of_colour": compare(usual, given, some)}
    found["usual_draws"] = [
        compare({key: as_usual(key, source, draw) for key, source in told.items()}, tags, queries)["difference"]
        for draw in range(1, DRAWS)
    ]
    said = imported(folder)
    every = {facts["id"]: shown(facts) for facts in judged.products(folder)}
    of_looks = {query for _language, query, rules in lines if LOOKS & {rule.split("=")[0] for rule in rules.split()}}
    some = {key: own for key, own in queries.items() if key[0] in of_looks}
    bare = {key: untold(source, OF_LOOKS, {*COLOURS, *MATERIALS, *PATTERNS}) for key, source in told.items()}
    known = {key: [*tags.get(key, []), *said.get(key, [])] for key in told}
    for how, shop, given in (
        ("told_with_imported", told, known), ("told_all_right", told, every),
        ("bare_by_itself", bare, known), ("bare_after_review", bare, every),
    ):  # fmt: skip
        found[how] = {"all": compare(shop, given, queries), "of_looks": compare(shop, given, some)}
    return found


LOOKS = {"colour", "pattern", "material"}


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
