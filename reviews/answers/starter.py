"""The set that comes with the program: intents, thousands of examples, articles. Brought once, never over staff.

Each part is noted when it is brought (`StarterItem`), so a newer program brings what is new in it, and what staff
removed or changed stays as they left it.
"""

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db import transaction

from core.jobs import enqueue
from core.models import ModelVersion, ShopProfile
from reviews.answers import articles, examples
from reviews.answers.choices import INTENTS
from reviews.ml.text import normalise
from reviews.models import Article, Intent, IntentExample, ShopFact, StarterItem

FOLDER = Path(__file__).resolve().parents[1] / "starter"
LANGUAGES = ("en", "zh")
AnswersWith = Intent.AnswersWith


def first() -> None:
    """For a new installation: bring everything and ask for the first training; nobody waits for it."""
    bring()
    if not ModelVersion.objects.of(INTENTS.name).exists():
        enqueue("reviews.tasks.train_intents", dedupe_key="schedule:reviews.tasks.train_intents")


@transaction.atomic
def bring() -> dict[str, int]:
    """Rows made by kind. Safe to repeat: the second time brings nothing."""
    brought = set(StarterItem.objects.values_list("key", flat=True))
    return {
        "intents": _bring_intents(brought),
        "examples": _bring_examples(brought),
        "articles": _bring_articles(brought),
    }


def _bring_intents(brought: set[str]) -> int:
    rows = {f"intent:{one['key']}": one for one in _json("intents")}
    there = set(Intent.objects.values_list("key", flat=True))
    made = Intent.objects.bulk_create(
        Intent(**_columns_of(one)) for key, one in rows.items() if key not in brought and one["key"] not in there
    )
    _note(rows, brought)
    return len(made)


def _columns_of(one: dict[str, Any]) -> dict[str, Any]:
    renamed = {"includes": "belongs", "excludes": "elsewhere"}
    texts = {
        f"{renamed.get(name, name)}_{language}": one[f"{name}_{language}"]
        for name in ("title", "description", "includes", "excludes")
        for language in LANGUAGES
    }
    own = _json("answers").get(one["key"], {})
    return {"key": one["key"], "hand_over": one["hand_over"], **texts, **own}


def _bring_examples(brought: set[str]) -> int:
    intents = dict(Intent.objects.values_list("key", "pk"))
    rows: dict[str, tuple[str, int | None]] = {}
    for text, intent in _shipped_examples():
        key = f"example:{hashlib.md5(normalise(text).encode(), usedforsecurity=False).hexdigest()}"
        if key not in brought and (not intent or intent in intents):
            rows.setdefault(key, (text, intents[intent] if intent else None))
    lines, made = list(rows.values()), 0
    for start in range(0, len(lines), examples.MOST_AT_ONCE):
        some = lines[start : start + examples.MOST_AT_ONCE]
        made += examples.add(some, by=None, source=IntentExample.Source.SHIPPED).count
    _note(rows, brought)
    return made


def _shipped_examples() -> Iterator[tuple[str, str]]:
    """Words and the key of their intent, empty for what no intent covers."""
    for language in LANGUAGES:
        for name in ("examples", "background"):
            with (FOLDER / f"{name}_{language}.csv").open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    yield row["text"], row.get("intent") or ""


def _bring_articles(brought: set[str]) -> int:
    """All are drafts: what a shop promises is for a person to publish. A demo shop has facts and shows them."""
    rows = {f"article:{one['key']}": one for one in _json("articles")}
    intents = dict(Intent.objects.values_list("key", "pk"))
    there = set(Article.objects.values_list("key", flat=True))
    made = [
        Article.objects.create(intent_id=intents.get(one.pop("intent", "")), **_joined(one))
        for key, one in rows.items()
        if key not in brought and one["key"] not in there
    ]
    _note(rows, brought)
    if made and ShopProfile.current().is_demo and not ShopFact.objects.exists():
        articles.write_facts({key: tuple(words) for key, words in _json("demo_facts").items()})
        articles.publish([article.pk for article in made], by=None)
    return len(made)


def _joined(one: dict[str, Any]) -> dict[str, Any]:
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in one.items()}


def _json(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def _note(keys: Iterable[str], brought: set[str]) -> None:
    new = [StarterItem(key=key) for key in keys if key not in brought]
    StarterItem.objects.bulk_create(new, batch_size=2_000, ignore_conflicts=True)
