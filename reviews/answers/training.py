"""Learning intents from the tables: folds, thresholds, the gate, and what every example teaches or spoils."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Max, Sum
from django.utils import timezone
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core import model_registry as registry
from core.jobs import current_job_id, enqueue, guard, progress
from core.ml.numbers import rounded
from core.models import ModelVersion
from core.said import Said
from reviews.answers import library
from reviews.answers.choices import INTENTS, MARGIN
from reviews.answers.marks import marks_of
from reviews.exceptions import UnreadableTransformer
from reviews.ml import intent_training, measures
from reviews.ml.intent_training import Learned
from reviews.ml.intents import ANSWER, Floats, act
from reviews.ml.ngram import TooFewTexts
from reviews.ml.transformer import Encoder, NoTransformer, is_named, local
from reviews.ml.vocabulary import CountedTexts
from reviews.models import Article, IntentExample
from reviews.understanding import ARTICLE, HINT

TASK = "reviews.tasks.train_intents"
DEDUPE = f"schedule:{TASK}"
QUIET = timedelta(minutes=5)
"""Nobody changed examples for so long before a training begins by itself."""
FEWEST_COMMON = 20
"""Examples that two versions must share for their folds to be compared."""
FEWEST_ASKED = 50
"""Examples with an article, below which thresholds of articles are not measured."""
RIGHT = 0.9
CONFUSIONS_KEPT = 300
AT_ONCE = 1_000
Marks = NDArray[np.uint64]


@dataclass(frozen=True)
class Examples:
    """What a training reads, in the order of the keys. `intents` are keys of intents, empty where none covers it."""

    ids: NDArray[np.int64]
    intents: list[str]
    intent_ids: list[int | None]
    languages: list[str]
    texts: list[str]
    until: datetime | None

    @cached_property
    def known(self) -> list[int]:
        """Places of those that have an intent."""
        return [at for at, intent in enumerate(self.intents) if intent]

    @cached_property
    def strange(self) -> list[int]:
        return [at for at, intent in enumerate(self.intents) if not intent]


def train() -> dict[str, Any]:
    """A new version from the examples as they are now. Safe to run twice: the second joins the versions. Raises
    UnreadableTransformer."""
    stamp = fingerprint()
    examples = _read()
    steps = intent_training.FOLDS + 2
    encoder = _encoder()
    progress(0, steps, Said(gettext_noop("Trying every example on models that have not seen it")))
    known = examples.known
    try:
        learned = intent_training.learn(
            [examples.texts[at] for at in known],
            [examples.intents[at] for at in known],
            [examples.texts[at] for at in examples.strange],
            encoder=encoder,
            tell=lambda done: progress(done, steps),
        )
    except TooFewTexts:
        return {"refused": "examples", "examples": len(known)}
    progress(steps - 1, steps, Said(gettext_noop("Trying articles and comparing versions")))
    marks = marks_of([examples.texts[at] for at in known], [examples.intents[at] for at in known])
    articles = _try_articles(examples)
    report = rounded({**_report(examples, learned, articles), "fingerprint": stamp})
    model = learned.model
    version = registry.publish_if_better(
        INTENTS,
        {
            **model.to_arrays(), "example_ids": examples.ids[known], "example_marks": marks,
            "example_hits": learned.trial.hits,
        },
        meta=model.to_meta() | {"article": articles["answer"], "hint": articles["hint"]},
        report=report, trained_until=examples.until, margin=MARGIN, row_count=len(examples.ids),
        gate_scores=_gate_scores(marks, learned), job_id=current_job_id(),
    )  # fmt: skip
    _write_back(examples, learned)
    return {"version": version.name, "passed": version.gate["passed"], "examples": len(examples.ids)}


def retrain_if_changed() -> bool:
    """Ask for a training when examples or articles are others than those of the newest version, and have been left
    alone for QUIET. Whether it did."""
    newest = ModelVersion.objects.of(INTENTS.name).order_by("-number").values_list("report", "created_at").first()
    changed_at = IntentExample.objects.aggregate(at=Max("updated_at"))["at"]
    now = timezone.now()
    if changed_at is None or now - changed_at < QUIET:
        return False
    if newest is not None and (newest[0].get("fingerprint") == fingerprint() or now - newest[1] < QUIET):
        return False
    enqueue(TASK, dedupe_key=DEDUPE)
    return True


def fingerprint() -> str:
    """Another text whenever a training would learn from anything else. Two queries."""
    rows = IntentExample.objects.learned().aggregate(Count("pk"), Sum("pk"), Max("updated_at"))
    shown = Article.objects.published().aggregate(Count("pk"), Sum("live_id"))
    return ":".join(str(value) for value in (*rows.values(), *shown.values()))


def _encoder() -> Encoder | None:
    """The pretrained encoder of this installation, None where none is named. Raises
    UnreadableTransformer."""
    if not is_named():
        return None
    try:
        return local()
    except NoTransformer as error:
        raise UnreadableTransformer() from error


def _read() -> Examples:
    rows = list(
        IntentExample.objects.learned().order_by("pk")
        .values_list("pk", "intent__key", "intent_id", "language", "normal", "updated_at")
    )  # fmt: skip
    ids, keys, intent_ids, languages, texts, changed = zip(*rows, strict=True) if rows else ((),) * 6
    return Examples(
        np.array(ids, np.int64), [key or "" for key in keys], list(intent_ids), list(languages), list(texts),
        max(changed, default=None),
    )  # fmt: skip


# --- what a version says about itself --------------------------------------------------------------------------------


def _report(examples: Examples, learned: Learned, articles: Mapping[str, Any]) -> dict[str, Any]:
    trial, names = learned.trial, learned.model.intents
    told, hits = trial.confidence.argmax(axis=1), trial.hits
    model, texts = learned.model, examples.texts
    acts = np.array(
        [
            act(row, model.thresholds_for(texts[at]))
            for row, at in zip(trial.confidence, examples.known, strict=True)
        ]
    ) == ANSWER  # fmt: skip
    languages = np.array([examples.languages[at] for at in examples.known])
    best = np.concatenate([trial.confidence.max(axis=1), learned.strange.max(axis=1, initial=0.0)])
    is_known = np.r_[np.ones(len(hits), bool), np.zeros(len(learned.strange), bool)]
    intents = {
        name: _intent(at, trial.right, told, acts, languages) for at, name in enumerate(names)
    }  # fmt: skip
    pairs = Counter(zip(trial.right[~hits].tolist(), told[~hits].tolist(), strict=True))
    apart = measures.auroc(best, is_known) if len(learned.strange) else None
    beside = [
        act(row, model.thresholds_for(texts[at])) for row, at in zip(learned.strange, examples.strange, strict=True)
    ]
    return {
        "metrics": {
            "recall": float(np.mean([one["recall"] for one in intents.values()])),
            "accuracy": float(hits.mean()),
            "answered": float((acts & hits).mean()),
            **({"known_apart": apart} if apart is not None else {}),
            **({"articles_right": articles["right"]} if articles["right"] is not None else {}),
        },
        "intents": intents,
        "by_language": {
            code: {"examples": int((languages == code).sum()), "accuracy": float(hits[languages == code].mean())}
            for code in sorted(set(languages.tolist()))
        },
        "confusions": [[names[own], names[other], count] for (own, other), count in pairs.most_common(CONFUSIONS_KEPT)],
        "strange": {"examples": len(beside), "answered": sum(one == ANSWER for one in beside)},
        "thresholds": model.thresholds.__dict__,
        "thresholds_by_script": {script: one.__dict__ for script, one in model.by_script.items()},
        "articles": dict(articles),
        "encoder": asdict(learned.heard) if learned.heard is not None else None,
    }  # fmt: skip


def _intent(
    at: int, right: NDArray[np.int64], told: NDArray[np.int64], acts: NDArray[np.bool_], languages: NDArray[np.str_]
) -> dict[str, Any]:
    """`recall` of its examples, `precision` of what was taken for it, `answered` by itself and right."""
    own, taken = right == at, told == at
    hits = own & taken
    return {
        "examples": {code: int((own & (languages == code)).sum()) for code in sorted(set(languages.tolist()))},
        "recall": float(hits.sum() / own.sum()),
        "precision": float(hits.sum() / taken.sum()) if taken.any() else None,
        "answered": float((hits & acts).sum() / own.sum()),
    }


def _gate_scores(marks: Marks, learned: Learned) -> tuple[float, float] | None:
    """Mean share right per intent of the candidate and of the active version, on the examples that both know with the
    same intent, each tried in the same fold. None when there is nothing to compare with."""
    serving = ModelVersion.objects.of(INTENTS.name).active().first()
    if serving is None:
        return None
    try:
        active = registry.load(serving)
    except registry.DamagedModel:
        return None
    _common, ours, theirs = np.intersect1d(marks, active.arrays["example_marks"], return_indices=True)
    if len(ours) < FEWEST_COMMON:
        return None
    owners = learned.trial.right[ours]
    hits = np.column_stack([learned.trial.hits[ours], np.asarray(active.arrays["example_hits"])[theirs]])
    shares = np.array([hits[owners == at].mean(axis=0) for at in np.unique(owners)])
    candidate, before = shares.mean(axis=0)
    return float(candidate), float(before)


def _try_articles(examples: Examples) -> dict[str, Any]:
    """How well articles are found by their words alone: every example asks, the right answer is an article of its
    intent, and for what no intent covers there is none.

    `answer`: the confidence from which 90 % are right; `hint`: from which half are. Not measured below FEWEST_ASKED.
    """
    known = library.current()
    linked = set(known.entries_of_intent)
    asked = [at for at, intent in enumerate(examples.intent_ids) if intent is None or intent in linked]
    with_article = [at for at in asked if examples.intent_ids[at] is not None]
    if len(with_article) < FEWEST_ASKED:
        return {"answer": ARTICLE, "hint": HINT, "right": None, "asked": len(with_article)}
    confidence, hits = np.zeros(len(asked)), np.zeros(len(asked), bool)
    for place, at in enumerate(asked):
        found = known.index.search(examples.texts[at], examples.languages[at], most=1)
        if found:
            confidence[place] = found[0].confidence
            hits[place] = known.sources[found[0].entry].intent_id == examples.intent_ids[at]
        hits[place] &= examples.intent_ids[at] is not None
    is_known = np.array([examples.intent_ids[at] is not None for at in asked])
    return {
        "answer": _from_on(confidence, hits, RIGHT, ARTICLE), "hint": _from_on(confidence, hits, 0.5, HINT),
        "right": float(hits[is_known].mean()), "asked": len(with_article),
    }  # fmt: skip


def _from_on(confidence: Floats, hits: NDArray[np.bool_], share: float, usual: float) -> float:
    """The lowest confidence from which on at least this share is right; `usual` where there is none."""
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    ends = np.r_[falling[1:] != falling[:-1], True]
    good = np.flatnonzero(ends & (np.cumsum(hits[order]) >= share * np.arange(1, len(order) + 1)) & (falling > 0))
    return float(falling[good[-1]]) if len(good) else max(usual, float(falling[0]) if len(falling) else usual)


# --- what is written beside the examples -----------------------------------------------------------------------------


def _write_back(examples: Examples, learned: Learned) -> None:
    """Which intent each example was taken for, how sure that was, and which example is most like it."""
    names = learned.model.intents
    ids_of = {examples.intents[at]: examples.intent_ids[at] for at in examples.known}
    size = len(examples.ids)
    taken: list[int | None] = [None] * size
    confidence: list[float | None] = [None] * size
    for place, at in enumerate(examples.known):
        row = learned.trial.confidence[place]
        best = int(row.argmax())
        confidence[at] = float(row[best])
        taken[at] = ids_of[names[best]] if not learned.trial.hits[place] and row[best] > 0.0 else None
    for place, at in enumerate(examples.strange):
        row = learned.strange[place]
        best = int(row.argmax())
        confidence[at] = float(row[best])
        ask = learned.model.thresholds_for(examples.texts[at]).ask
        taken[at] = ids_of[names[best]] if row[best] >= ask else None
    nearest, likeness = _nearest(examples.texts)
    with transaction.atomic(), connection.cursor() as cursor:
        guard()
        for start in range(0, size, AT_ONCE):
            part = slice(start, start + AT_ONCE)
            # An example that somebody moved or removed meanwhile keeps what it has.
            cursor.execute(
                """
                UPDATE reviews_intentexample e
                SET taken_for_id = n.taken, confidence = n.confidence, nearest_id = n.nearest, likeness = n.likeness
                FROM unnest(%s::bigint[], %s::bigint[], %s::float8[], %s::bigint[], %s::float8[])
                    AS n (id, taken, confidence, nearest, likeness)
                WHERE e.id = n.id AND e.updated_at <= %s
                    AND (n.taken IS NULL OR EXISTS (SELECT FROM reviews_intent i WHERE i.id = n.taken))
                    AND EXISTS (SELECT FROM reviews_intentexample o WHERE o.id = n.nearest)
                """,
                [
                    examples.ids[part].tolist(), taken[part], confidence[part], examples.ids[nearest[part]].tolist(),
                    likeness[part].tolist(), examples.until,
                ],
            )  # fmt: skip


def _nearest(texts: Sequence[str]) -> tuple[NDArray[np.int64], Floats]:
    """The place of the other text that is most like each, and their cosine, 0 to 1."""
    counted = CountedTexts.of(texts, intent_training.IntentParams().kinds)
    rows = counted.rows(counted.vocabulary(in_texts=2))
    columns = rows.T.tocsr()
    nearest, likeness = np.zeros(len(texts), np.int64), np.zeros(len(texts))
    for start in range(0, len(texts), AT_ONCE):
        cosines = np.asarray((rows[start : start + AT_ONCE] @ columns).todense())
        here = np.arange(len(cosines))
        cosines[here, start + here] = -1.0
        nearest[start : start + AT_ONCE] = cosines.argmax(axis=1)
        likeness[start : start + AT_ONCE] = cosines.max(axis=1)
    return nearest, likeness.clip(0.0, 1.0)
