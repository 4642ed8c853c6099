"""Learn from the shop's photos, judge the candidate where the live version was judged, publish it.

What judges was chosen by the numbers of clusters alone (`vision.datasets`) and never teaches. Candidate and live
version read the same photos, of which neither has learned any content, twice: all of them, and those of which no
decision of staff says what they show, so that a batch of wrong decisions cannot prove itself right. Labels of
attributes are compared beside: a candidate that tells them worse does not serve, however well it tells categories.
"""

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from core import model_registry
from core.exceptions import DomainError
from core.jobs import checkpoint, current_job_id, progress, resume_state
from core.models import ModelVersion
from core.said import Said
from vision import datasets, judging, kept_photos
from vision.choices import VISION
from vision.datasets import ShopPhotos
from vision.judging import Answers, Keys
from vision.ml import decisions
from vision.ml.examples import CATEGORY, Classes, Examples, split_by_cluster
from vision.ml.serving import Reading, Tagger, build_tagger
from vision.models import LabelSet, VisionSettings

MARGIN = 0.02
"""A candidate may read this much fewer photos right before the gate refuses it; more only where so much is chance."""
FEWEST_PHOTOS = 40
FEWEST_CLUSTERS = 16
SHOWN_FROM = 10
"""Photos from which a view of the comparison counts."""
VALIDATION_SHARE = 0.15
KEPT_SECONDS = 12 * 3600
"""A training that is retried later begins anew."""
AT_ONCE = 256
STEPS = 1_000
MOST_ERRORS = 200
UNFIT = {
    "too_large": gettext_noop("The file %(file)s that VISION_WEIGHTS names is larger than %(most)s. Name another one."),
    "unreadable": gettext_noop(
        "The file %(file)s that VISION_WEIGHTS names cannot be read. Put it there, or take the setting out."
    ),
    "no_weights": gettext_noop(
        "The file %(file)s that VISION_WEIGHTS names holds no weights: it must be an .npz with the name of its network."
    ),
    "other_network": gettext_noop(
        "The file %(file)s that VISION_WEIGHTS names is for the network %(found)s, not for %(wanted)s. Choose that "
        "network for the next training, or name another file."
    ),
    "lacks": gettext_noop("The file %(file)s that VISION_WEIGHTS names lacks %(name)s. Name another file."),
    "other_shape": gettext_noop(
        "The file %(file)s that VISION_WEIGHTS names fits another form of network: %(name)s is %(found)s, not "
        "%(wanted)s of numbers. Name another file."
    ),
}
"""Why weights cannot be used (`backbones.UnfitWeights`), for people."""


def train(*, cpu_seconds: float | None = None) -> ModelVersion:
    """Photos, candidate, gate, registry; `cpu_seconds` instead of the settings' budget. After a kill it goes on where
    it was; a job that has published gives its version again. Raises DomainError when there is too little to learn
    from, or when a first model would tell no more than the commonest category."""
    job = current_job_id()
    done = ModelVersion.objects.of(VISION.name).filter(job_id=job).first() if job is not None else None
    if done is not None:
        return done
    from vision.ml.deep import training as learning
    from vision.ml.deep.backbones import UnfitWeights

    chosen = VisionSettings.current()
    work = _Work.of_this_job(job)
    _tell(0, gettext_noop("Fetching photos"))
    photos = work.photos(chosen.size)
    round_ = ModelVersion.objects.of(VISION.name).count() + 1
    teaching = ~photos.tested
    held = _validation(photos.examples, round_) & teaching
    teaching &= ~held
    known = photos.examples.take(teaching), photos.examples.take(held)
    plan = learning.Settings(
        architecture=chosen.architecture, size=chosen.size, cpu_seconds=float(cpu_seconds or chosen.cpu_seconds),
        seed=round_, weights=_weights(), may_unfreeze=chosen.may_unfreeze, folder=work.folder, may_resume=True,
    )  # fmt: skip
    try:
        trained = learning.train(*known, photos.told, settings=plan, on_progress=_learning)
    except learning.TooFewExamples as error:
        said = gettext_noop("Too few photos are left to learn from after some were kept apart to judge.")
        raise DomainError(Said(said), code="too_few_photos") from error
    except UnfitWeights as error:
        raise DomainError(Said(UNFIT[error.reason], error.values), code="unfit_weights") from error
    _tell(900, gettext_noop("Comparing with the live version"))
    arrays: dict[str, NDArray[Any]] = {
        "network": np.frombuffer(trained.network, np.uint8), "learned": np.unique(photos.contents[~photos.tested]),
    }  # fmt: skip
    meta = trained.meta | {"thresholds": _thresholds(trained.validation, known[1], photos.told)}
    report, gate = _report(Tagger(arrays, meta), photos, held, trained.validation)
    report |= {
        "curves": trained.curves, "manifest": photos.manifest,
        "parts": {"train": int(teaching.sum()), "validation": int(held.sum()), "test": int(photos.tested.sum())},
        "engine": {
            "architecture": chosen.architecture, "size": chosen.size, "cpu_seconds": round(trained.seconds, 1),
            "budget": plan.cpu_seconds, "bytes": len(trained.network), "weights": meta.get("weights_sha256") or "",
        },
    }  # fmt: skip
    _tell(960, gettext_noop("Keeping the new version"))
    version = model_registry.publish_if_better(
        VISION, arrays, meta=meta, report=report, margin=gate.margin, gate_scores=gate.scores, may_serve=gate.may_serve,
        trained_from=_day(photos.manifest["from"]), trained_until=_day(photos.manifest["until"]),
        row_count=int(teaching.sum()), job_id=job,
    )  # fmt: skip
    work.end()
    return version


def _weights() -> Path | None:
    return Path(settings.VISION_WEIGHTS) if settings.VISION_WEIGHTS else None


def _validation(examples: Examples, round_: int) -> NDArray[np.bool_]:
    """Another part each time, so that in the course of versions every photo is once read by one that never saw it."""
    return split_by_cluster(examples, (1.0 - VALIDATION_SHARE, VALIDATION_SHARE), round_) == 1


def _thresholds(validation: Reading, held: Examples, told: Classes) -> dict[str, dict[str, Any]]:
    """Of every label by the precision that its set wants; of a parent by the sum of what lies below it, where the
    likeliest category does."""
    rows = LabelSet.objects.values_list("key", "apply_precision", "suggest_precision")
    targets = {key: (apply, suggest) for key, apply, suggest in rows}
    found = decisions.thresholds(validation, held, told, targets=targets)
    keys, chances = decisions.rolled_up(validation, told)
    _keys, below = decisions.parents_of(told)
    apply, suggest = targets.get(CATEGORY, (decisions.APPLY, decisions.SUGGEST))
    known = held.category >= 0
    for at, key in enumerate(keys):
        inside = below[:, at] > 0
        own = known & inside[validation.category.argmax(axis=1)]
        found[f"{CATEGORY}/{key}"] = decisions.threshold_of(
            chances[own, at], inside[held.category[own]], positives=int(inside[held.category[known]].sum()),
            apply=apply, suggest=suggest,
        ).to_meta()  # fmt: skip
    return found


# --- what was begun -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Work:
    """The folder of one training: its photos and its checkpoints."""

    folder: Path

    @classmethod
    def of_this_job(cls, job: int | None) -> "_Work":
        """That of an earlier start of this job, where it is young enough; folders that nobody goes on with go."""
        root = Path(settings.MODEL_ROOT).parent / "training" / VISION.name
        root.mkdir(parents=True, exist_ok=True)
        began = float(resume_state().get("began", 0.0))
        mine = root / str(job or "command")
        for folder in root.iterdir():
            is_mine = folder == mine and time.time() - began < KEPT_SECONDS
            if not is_mine and (folder == mine or time.time() - folder.stat().st_mtime > KEPT_SECONDS):
                shutil.rmtree(folder, ignore_errors=True)
        mine.mkdir(exist_ok=True)
        if time.time() - began >= KEPT_SECONDS:
            checkpoint(began=time.time())
        return cls(mine)

    def photos(self, size: int) -> ShopPhotos:
        """Those of the first start, else those of now. Raises DomainError when they do not suffice."""
        found = kept_photos.kept(self.folder, size, told=_preparing)
        if found is None:
            found = datasets.read(size, told=_preparing)
            refuse_too_little(found)
            kept_photos.keep(found, self.folder)
        return found

    def end(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def refuse_too_little(photos: ShopPhotos) -> None:
    """Raises DomainError with a named reason."""
    learned = photos.examples.take(~photos.tested)
    if len(photos) < FEWEST_PHOTOS:
        raise DomainError(
            Said(
                gettext_noop("Too few photos to learn from: %(count)d say what they show, %(fewest)d are needed."),
                {"count": len(photos), "fewest": FEWEST_PHOTOS},
            ),
            code="too_few_photos",
        )
    if len(np.unique(learned.clusters)) < FEWEST_CLUSTERS:
        raise DomainError(
            Said(
                gettext_noop(
                    "The photos look the same or belong to a few products: %(count)d different ones are needed."
                ),
                {"count": FEWEST_CLUSTERS},
            ),
            code="all_alike",
        )
    if len(np.unique(learned.category[learned.category >= 0])) < 2 and not photos.told.groups:
        raise DomainError(
            Said(
                gettext_noop("Photos of two categories are needed, each with %(count)d products."),
                {"count": datasets.FEWEST_PRODUCTS},
            ),
            code="one_class",
        )


# --- judging --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Gate:
    """`scores`: candidate and live version where the candidate falls behind most; None without a live version.
    `may_serve`: it tells attributes no worse."""

    scores: tuple[float, float] | None
    margin: float
    may_serve: bool = True


def _report(
    tagger: Tagger, photos: ShopPhotos, held: NDArray[np.bool_], validation: Reading
) -> tuple[dict[str, Any], _Gate]:
    judged = np.flatnonzero(photos.tested)
    right = _right(photos)[judged]
    reading = _read(tagger, photos.examples, judged)
    own = judging.answers(reading, tagger.told, right)
    said = right != ""
    judged_ids = photos.ids[judged]
    report: dict[str, Any] = {
        "metrics": judging.figures(right[said], _only(own, said), photos.told.parents),
        "classes": judging.per_class(right[said], _only(own, said)),
        "labels": [
            row for group in photos.told.groups
            for row in judging.per_label(group, reading.groups[group.key], photos.examples.groups[group.key][judged])
        ],
        "bins": judging.bins(right[said], _only(own, said)),
        "cells": judging.cells(right[said], _only(own, said), judged_ids[said]),
        "label_errors": _label_errors(photos, [(np.flatnonzero(held), validation), (judged, reading)]),
    }  # fmt: skip
    live = _live()
    if live is None:
        _refuse_below_commonest(right[said], own.keys[said])
        return report, _Gate(None, MARGIN)
    version, other = live
    report["compared"], gate = _compare(photos, judged, right, own, reading, other)
    report["compared_with"] = version.name
    return report, gate


def _label_errors(photos: ShopPhotos, unseen: list[tuple[NDArray[np.int64], Reading]]) -> list[dict[str, Any]]:
    """Photos that the candidate did not learn from and whose category is probably wrong, the surest first."""
    rows = np.concatenate([at for at, _reading in unseen])
    if not photos.told.classes or not len(rows):
        return []
    chances = np.concatenate([reading.category for _at, reading in unseen])
    said = photos.examples.category[rows]
    keys = photos.told.classes
    return [
        {"image": int(photos.ids[rows[at]]), "label": keys[said[at]], "looks_like": keys[other],
         "confidence": round(float(chances[at, other]), 4), "margin": round(margin, 4)}
        for at, other, margin in decisions.label_errors(chances, said, most=MOST_ERRORS)
    ]  # fmt: skip


def _compare(
    photos: ShopPhotos, judged: NDArray[np.int64], right: Keys, own: Answers, reading: Reading, other: "_Live"
) -> tuple[list[dict[str, Any]], _Gate]:
    """Both versions on photos of which neither learned the content: `view` all, or only what no decision speaks of, or
    labels of attributes."""
    unseen = ~np.isin(photos.contents[judged], other.learned)
    if not unseen.any():
        return [], _Gate(None, MARGIN)
    their_reading = other.reading(photos, judged)
    theirs, fresh = judging.answers(their_reading, other.tagger.told, right), (right != "") & unseen
    rows = []
    if fresh.any():
        undecided = fresh & ~photos.decided[judged]
        for view, which in (("all", fresh), ("undecided", undecided)):
            if view == "all" or SHOWN_FROM <= which.sum() < fresh.sum():
                rows.append({"view": view, **judging.paired(right[which], _only(own, which), _only(theirs, which))})
    labels = _compare_labels(photos, judged[unseen], _rows(reading, unseen), _rows(their_reading, unseen), other)
    is_no_worse = labels is None or labels["candidate"] >= labels["active"] - max(MARGIN, labels["error"])
    if labels is not None:
        labels["is_worse"] = not is_no_worse
    shown = [*rows, labels] if labels is not None else rows
    if not rows:
        return shown, _Gate(None, MARGIN, is_no_worse)
    worst = min(rows, key=lambda row: row["candidate"] - row["active"] + max(MARGIN, row["error"]))
    margin = max(MARGIN, worst["error"])
    return shown, _Gate((worst["candidate"], worst["active"]), margin, is_no_worse)


def _compare_labels(
    photos: ShopPhotos, rows: NDArray[np.int64], own: Reading, theirs: Reading, other: "_Live"
) -> dict[str, Any] | None:
    """Labels that both know, over photos of which they are known; None where too few photos tell any."""
    said, mine, yours = [], [], []
    known = {group.key: group for group in other.tagger.groups}
    for group in photos.told.groups:
        before = known[group.key].labels if group.key in known else ()
        for at, label in enumerate(group.labels):
            if label in before:
                said.append(photos.examples.groups[group.key][rows, at])
                mine.append(own.groups[group.key][:, at])
                yours.append(theirs.groups[group.key][:, before.index(label)])
    if not said:
        return None
    found = judging.paired_labels(
        np.stack(said, 1), np.stack(mine, 1), np.stack(yours, 1), photos.examples.clusters[rows]
    )
    return {"view": "labels", **found} if found is not None and found["photos"] >= SHOWN_FROM else None


def _refuse_below_commonest(right: Keys, told: Keys) -> None:
    """A first model has to be better than always telling the category that most products have."""
    if len(right) < SHOWN_FROM:
        return
    _keys, counts = np.unique(right, return_counts=True)
    if (told == right).sum() <= counts.max():
        raise DomainError(
            Said(gettext_noop("A first model would be right no more often than always naming the commonest category.")),
            code="not_better",
        )


@dataclass(frozen=True)
class _Live:
    """The active version, and the contents that it learned from."""

    tagger: Tagger
    learned: NDArray[np.uint64]

    def reading(self, photos: ShopPhotos, judged: NDArray[np.int64]) -> Reading:
        examples, rows = photos.examples, judged
        if self.tagger.size != examples.size:
            pixels, at = datasets.prepare([photos.stored[one] for one in judged], self.tagger.size)
            none = np.full(len(judged), -1, np.int32)
            examples, rows = Examples(pixels, none, {}, none.astype(np.int64), at=at), np.arange(len(judged))
        return _read(self.tagger, examples, rows)


def _live() -> tuple[ModelVersion, _Live] | None:
    """None where there is none that can be read."""
    active = ModelVersion.objects.of(VISION.name).active().first()
    if active is None:
        return None
    try:
        loaded = model_registry.load_for_serving(active, VISION)
    except model_registry.DamagedModel:
        return None
    learned = loaded.arrays.get("learned")
    return active, _Live(loaded.built(build_tagger), np.empty(0, np.uint64) if learned is None else np.asarray(learned))


def _read(tagger: Tagger, examples: Examples, rows: NDArray[np.int64]) -> Reading:
    """In the order of `rows`."""
    parts = []
    for start in range(0, max(len(rows), 1), AT_ONCE):
        parts.append(tagger.read(examples.read(rows[start : start + AT_ONCE])))
        _tell(900 + 50 * start // max(len(rows), 1), gettext_noop("Comparing with the live version"))
    return Reading(
        np.concatenate([part.category for part in parts]),
        {key: np.concatenate([part.groups[key] for part in parts]) for key in parts[0].groups},
        np.concatenate([part.embedding for part in parts]),
    )


def _rows(reading: Reading, which: NDArray[np.bool_]) -> Reading:
    return Reading(
        reading.category[which], {key: told[which] for key, told in reading.groups.items()}, reading.embedding[which]
    )


def _right(photos: ShopPhotos) -> Keys:
    """Keys of categories; "" where none is known."""
    return np.array([*photos.told.classes, ""], "U60")[photos.examples.category]


def _only(own: Answers, which: NDArray[np.bool_]) -> Answers:
    return Answers(own.keys[which], own.chances[which], own.among_top[which])


def _day(text: str) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


# --- progress -------------------------------------------------------------------------------------------------------


def _preparing(done: int, total: int) -> None:
    _tell(100 * done // max(total, 1), gettext_noop("Preparing photos"))


def _learning(share: float, said: Any = "") -> None:
    _tell(100 + int(800 * share), gettext_noop("Learning"))


def _tell(done: int, text: str) -> None:
    progress(done, STEPS, Said(text))
