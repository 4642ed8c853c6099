"""Learn what is said of aspects from what staff corrected, judge it where nothing was learned from, publish it.

Corrections are where the model was wrong: by themselves they would teach the contrary of all that it knows. So
mentions that nobody corrected stand beside them with what the model itself reads in them, all together with the weight
of the corrections. The gate asks reviews that never teach, twice: what staff said of them, and what the stars say where
staff said nothing, so that a batch of wrong corrections cannot prove itself right (adr/0133).
"""

import time
from datetime import timedelta
from typing import Any

import numpy as np
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core import model_registry
from core.exceptions import DomainError
from core.jobs import current_job_id, enqueue, progress
from core.models import Job, ModelVersion
from core.said import Said
from reviews import aspect_datasets, reader
from reviews.aspect_datasets import Mentions
from reviews.choices import ASPECTS, SENTIMENT
from reviews.ml import aspect_training, measures
from reviews.ml.aspects import AspectJudge
from reviews.ml.learned_aspects import LearnedAspects
from reviews.ml.ngram import TooFewTexts
from reviews.models import AspectCorrection, Polarity, ReviewAspect

SEED = 7
FEWEST = 50
"""Corrected mentions to learn from."""
NEWS = 50
"""New corrections from which it learns again; with fewer once a week."""
AFTER, NOT_AGAIN = timedelta(days=7), timedelta(hours=20)
SOON = timedelta(seconds=2)
MARGIN = 0.02
ENOUGH = {"corrected": 20, "stars": 30}
"""Held mentions from which the gate listens to a view. Without those of the stars nothing is published."""
ORDINARY_WEIGHT = 1.0
"""Of all mentions that nobody corrected together, against all that staff corrected."""
TASK, KIND, KEY = "reviews.tasks.train_aspects", "reviews.train_aspects", "reviews.train_aspects"
Answers = NDArray[np.float64]


def is_due() -> bool:
    """Enough corrections, and enough new ones since the newest version, or a week with any, or a newer model of whole
    texts whose voices are to be weighed again."""
    said = AspectCorrection.objects.exclude(said=AspectCorrection.Said.NOT_MEANT)
    now = timezone.now()
    if said[:FEWEST].count() < FEWEST or Job.objects.filter(kind=KIND, created_at__gt=now - NOT_AGAIN).exists():
        return False
    newest = ModelVersion.objects.of(ASPECTS.name).order_by("-number").first()
    if newest is None:
        return True
    if ModelVersion.objects.of(SENTIMENT.name).active().filter(activated_at__gt=newest.created_at).exists():
        return True
    since = said.filter(corrected_at__gt=newest.created_at)
    return since[:NEWS].count() == NEWS or (now - newest.created_at >= AFTER and since.exists())


def is_behind() -> bool:
    """Whether mentions were judged by another version than the one that serves; never without one of corrections."""
    version = reader.aspect_version()
    return version is not None and ReviewAspect.objects.exclude(model_version=version.pk).exists()


def learn() -> dict[str, Any]:
    """Train, and have all mentions judged by what serves then."""
    version = train()
    if version.is_active:
        # A process looks once a second which version serves.
        enqueue("reviews.tasks.read_aspects", dedupe_key="reviews.aspects", not_before=timezone.now() + SOON)
    return {"version": version.name, "passed": version.gate["passed"]}


def train() -> ModelVersion:
    """Rows, candidate, gate, registry. Raises DomainError where there is too little to learn from or to judge by."""
    progress(0, 100, Said(gettext_noop("Fetching what staff said of aspects")))
    said = aspect_datasets.corrected()
    others, starred = aspect_datasets.ordinary()
    taught, asked = said.take(~said.held()), said.take(said.held())
    if len(taught) < FEWEST or len(set(taught.labels)) < 2:
        raise DomainError(
            _("Too few corrections of aspects to learn from: %(count)d, %(fewest)d of two kinds are needed.")
            % {"count": len(taught), "fewest": FEWEST},
            code="not_enough_data",
        )
    if len(starred) < ENOUGH["stars"]:
        raise DomainError(
            _("Too few mentions of aspects in reviews that only judge: %(count)d, %(fewest)d are needed.")
            % {"count": len(starred), "fewest": ENOUGH["stars"]},
            code="not_enough_data",
        )
    judge = AspectJudge(reader.scorer().scorer)
    progress(20, 100, Said(gettext_noop("Learning from corrections of aspects")))
    started = time.process_time()
    candidate = _fit(taught, others, judge)
    seconds = time.process_time() - started
    progress(80, 100, Said(gettext_noop("Comparing with the live version")))
    live = reader.learned_aspects()
    before: AspectJudge | LearnedAspects = live.heard_by(judge) if live is not None else judge
    views = {"corrected": asked, "stars": starred}
    compared = [_view(name, rows, candidate, before) for name, rows in views.items()]
    heard = [row for row in compared if row["mentions"] >= ENOUGH[str(row["view"])]]
    worst = min(heard, key=lambda row: row["candidate"] - row["active"])
    by_name = {row["view"]: row for row in compared}
    main = by_name["corrected"] if by_name["corrected"] in heard else by_name["stars"]
    return model_registry.publish_if_better(
        ASPECTS, candidate.to_arrays(), meta=candidate.to_meta(),
        report={
            "metrics": {"accuracy": main["candidate"], "stars": by_name["stars"]["candidate"]},
            "gate": compared, "cpu_seconds": round(seconds, 2),
            "labels": {"correction": len(taught), "ordinary": len(others)},
        },
        trained_until=timezone.now(), margin=MARGIN, row_count=len(taught),
        gate_scores=(worst["candidate"], worst["active"]),
        may_serve=worst["candidate"] >= worst["active"] - MARGIN, job_id=current_job_id(),
    )  # fmt: skip


def _fit(taught: Mentions, others: Mentions, judge: AspectJudge) -> LearnedAspects:
    """Corrections with weight 1; the others with what the judge reads in them, where it takes sides: what it cannot
    tell is not known to be neither."""
    believed = np.array([Polarity.of(float(one)).value for one in judge.positive(others.texts, others.spans)], np.str_)
    firm = believed != Polarity.NEUTRAL.value
    beside = others.take(firm)
    weight = min(1.0, ORDINARY_WEIGHT * len(taught) / max(len(beside), 1))
    weights = np.concatenate([np.ones(len(taught)), np.full(len(beside), weight)])
    try:
        return aspect_training.train(
            [*taught.texts, *beside.texts], [*taught.spans, *beside.spans],
            [*taught.labels, *believed[firm].tolist()], judge, seed=SEED, row_weights=weights,
        )  # fmt: skip
    except TooFewTexts as error:
        raise DomainError(_("Too few corrections of aspects to learn from."), code="not_enough_data") from error


def _view(name: str, rows: Mentions, candidate: LearnedAspects, before: AspectJudge | LearnedAspects) -> dict[str, Any]:
    """Both on the same held mentions. What staff said is told right as one of three; of the stars only the side."""
    told = [
        _right(one.positive(rows.texts, rows.spans), rows.labels, sides=name == "stars") for one in (candidate, before)
    ]
    low, high = measures.share_interval(told[0]) if len(rows) else (0.0, 1.0)
    own, theirs = (round(float(right.mean()), 4) if len(rows) else 0.0 for right in told)
    return {"view": name, "mentions": len(rows), "candidate": own, "active": theirs, "low": round(low, 4),
            "high": round(high, 4)}  # fmt: skip


def _right(chances: Answers, labels: list[str], *, sides: bool) -> NDArray[np.bool_]:
    names = [
        (Polarity.POSITIVE if chance >= 0.5 else Polarity.NEGATIVE) if sides else Polarity.of(float(chance))
        for chance in chances
    ]
    return np.array([str(name.value) == label for name, label in zip(names, labels, strict=True)], np.bool_)
