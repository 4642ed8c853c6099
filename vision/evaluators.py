"""`manage.py evaluate vision`: how well photos in folders of classes are told, beside gradients."""

import time
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.evaluation import Run, UsageError
from core.ml.numbers import rounded
from core.ml.tables import Column
from vision.ml import decisions, folders, measures
from vision.ml.colours import colours
from vision.ml.deep import backbones
from vision.ml.deep.networks import ARCHITECTURES, PLAIN, PRODUCT
from vision.ml.deep.training import Settings, TooFewExamples, Trained, train
from vision.ml.duplicates import fingerprint
from vision.ml.examples import Classes, Examples, split_by_cluster
from vision.ml.folders import Picture, listed
from vision.ml.pictures import opened
from vision.ml.quality import quality
from vision.ml.reference import HogSvm
from vision.ml.serving import Reading, Tagger, prepared

PARENTS = [Column("class", "key"), Column("parent", "key")]
FILE_OF_PARENTS = "classes.csv"
HELD_BACK = 0.15
SECONDS = 300.0
TIMED = 300
"""Pictures whose reading is timed."""
SHOWN = 15
Codes = NDArray[np.int32]


@dataclass
class _Told:
    """What was said of pictures that no network had learned from, and what they are."""

    reading: Reading
    right: Codes
    hog: NDArray[np.int64]
    plain: NDArray[np.int64] | None
    held: Reading
    held_right: Codes


class VisionEvaluator:
    """The product's network beside histograms of gradients with a linear machine, and the plain reference network."""

    help = "Tell photos in folders of classes, beside gradients with a linear machine; calibration and similar photos."
    columns = [column.name for column in PARENTS]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--train", required=True, metavar="DIR", help="A folder for each class; classes.csv beside."
        )
        parser.add_argument(
            "--validation", metavar="DIR", help="The same, for calibration (default: 15 %% of --train)."
        )
        parser.add_argument("--test", metavar="DIR", help="The same, to be judged on. Needed without --folds.")
        parser.add_argument("--folds", type=int, default=0, metavar="K", help="Judge on K parts of all photos instead.")
        parser.add_argument("--architecture", default=PRODUCT, choices=ARCHITECTURES, help=f"Default {PRODUCT}.")
        parser.add_argument("--size", type=int, metavar="PIXELS", help="A side (default 64, less for smaller photos).")
        parser.add_argument("--with-plain", action="store_true", help="Train the plain reference network, too.")
        parser.add_argument("--weights", metavar="FILE", help="Begin from weights that --save-weights kept.")
        parser.add_argument("--save-weights", metavar="FILE", help="Keep what was learned for others to begin from.")

    def run(self, run: Run) -> dict[str, Any]:
        """JSON as documented in docs/evaluate.md. --time-budget is of each training, in processor seconds (300)."""
        parts = _parts(run)
        told = Classes(tuple(sorted({one.label for one in parts["train"]})), _parents(run))
        if len(told.classes) < 2:
            raise UsageError(f"--train: {run.options['train']} holds {len(told.classes)} class; two are needed.")
        splits, tests, data = _splits(run, parts, told)
        found: list[_Told] = []
        trained: list[Trained] = []
        for at, (own, held, asked) in enumerate(splits):
            network, said = _tried(run, own, held, asked, told, run.seed + at)
            trained.append(network)
            found.append(said)
        if run.options["save_weights"]:
            backbones.write(Path(run.options["save_weights"]), run.options["architecture"], trained[-1].backbone)
        meta = trained[0].meta
        return rounded({
            **_figures(found, told),
            "train_cpu_seconds": float(np.mean([one.seconds for one in trained])),
            **_speed(trained[0], tests[:TIMED]),
            "data": data,
            "curves": trained[0].curves,
            "settings": {
                "size": meta["size"], "epochs": [one.meta["epochs"] for one in trained], "stages": meta["stages"],
                "temperature": [one.meta["temperature"] for one in trained], "weights_sha256": meta["weights_sha256"],
                "network_bytes": len(trained[0].network), "has_gpu": meta["has_gpu"],
            },
        })  # fmt: skip


# --- what is read -----------------------------------------------------------------------------------------------


def _parts(run: Run) -> dict[str, list[Picture]]:
    """Files by option. Raises UsageError for folders that hold none and options that do not go together."""
    options = run.options
    if bool(options["test"]) == bool(options["folds"]):
        raise UsageError("--test DIR or --folds K is needed, and not both.")
    if options["folds"] and not 2 <= options["folds"] <= 20:
        raise UsageError("--folds: from 2 to 20.")
    if options["size"] is not None and not 16 <= options["size"] <= 192:
        raise UsageError("--size: from 16 to 192 pixels.")
    found = {}
    for name in ("train", "validation", "test"):
        if not options[name]:
            continue
        found[name] = listed(Path(options[name]))
        if not found[name]:
            raise UsageError(f"--{name}: {options[name]} holds no folder with JPEG, PNG or WebP pictures.")
        run.files.append({"file": str(options[name]), "rows": len(found[name])})
    return found


def _parents(run: Run) -> dict[str, str]:
    path = Path(run.options["train"]) / FILE_OF_PARENTS
    if not path.is_file():
        return {}
    rows = run.read(str(path), PARENTS)
    parents = dict(zip(rows["class"].astype(str), rows["parent"].astype(str), strict=True))
    try:
        decisions.parents_of(Classes(tuple(parents), parents))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None
    return parents


Split = tuple[Examples, Examples, Examples]


def _splits(
    run: Run, parts: dict[str, list[Picture]], told: Classes
) -> tuple[list[Split], list[Picture], dict[str, Any]]:
    """What is learned from, calibrated on and asked; the pictures that are asked first; facts about the data."""
    everything = [one for name in ("train", "validation", "test") for one in parts.get(name, [])]
    size = run.options["size"] or folders.usual_size(parts["train"])
    all_read = folders.read(everything, told.classes, size)
    origin = {id(one): name for name, own in parts.items() for one in own}
    part = np.array([origin[id(one)] for one in all_read.kept])
    if all_read.unreadable:
        first = all_read.unreadable[0].path
        run.note(f"{len(all_read.unreadable)} files cannot be read and are left out, such as {first}.")
    own = all_read.examples
    strange = own.category < 0
    if strange.any():
        names = sorted({one.label for one, out in zip(all_read.kept, strange, strict=True) if out})
        run.note(f"Classes that --train does not have are left out: {', '.join(names[:5])}.")
    good = ~strange
    if not ((part == "train") & good).any():
        raise UsageError(f"--train: no readable picture in {run.options['train']}.")
    if len(np.unique(own.clusters[(part == "train") & good])) < 2:
        raise UsageError(f"--train: all readable pictures in {run.options['train']} look the same.")
    if all_read.short_side < size:
        run.note(f"Photos have {all_read.short_side} pixels on their shorter side; --size {size} enlarges them.")
    data = {
        "classes": len(told.classes), "unreadable": len(all_read.unreadable),
        "looking_the_same": int(good.sum() - len(np.unique(own.clusters[good]))),
        **{name: int(((part == name) & good).sum()) for name in parts},
    }  # fmt: skip
    if run.options["folds"]:
        count = run.options["folds"]
        fold = split_by_cluster(own, [1 / count] * count, run.seed)
        if len(np.unique(fold[good])) < count:
            different = len(np.unique(own.clusters[good]))
            raise UsageError(
                f"--folds: {count} parts of {different} different pictures leave some empty; ask for fewer."
            )
        splits = [_held(own, good & (fold != at), good & (fold == at), run.seed) for at in range(count)]
        return splits, [one for one, is_in in zip(all_read.kept, good & (fold == 0), strict=True) if is_in], data
    asked, learned = (part == "test") & good, (part == "train") & good
    shared = np.isin(own.clusters, own.clusters[learned]) & asked
    if not asked.any():
        raise UsageError(f"--test: no readable picture of a class of --train in {run.options['test']}.")
    if shared.any():
        run.note(
            f"{int(shared.sum())} pictures of --test look the same as one of --train; they are judged all the same."
        )
    if "validation" in parts:
        held = (part == "validation") & good
        splits = [(own.take(learned), own.take(held), own.take(asked))]
    else:
        splits = [_held(own, learned, asked, run.seed)]
    return (
        splits,
        [one for one, is_in in zip(all_read.kept, asked, strict=True) if is_in],
        data | {"test_seen_in_train": int(shared.sum())},
    )


def _held(own: Examples, learned: NDArray[np.bool_], asked: NDArray[np.bool_], seed: int) -> Split:
    """A part of what could be learned is kept for calibration; pictures that look the same stay together."""
    held = learned & (split_by_cluster(own, (1.0 - HELD_BACK, HELD_BACK), seed + 1_000) == 1)
    return own.take(learned & ~held), own.take(held), own.take(asked)


# --- what is tried ----------------------------------------------------------------------------------------------


def _tried(run: Run, own: Examples, held: Examples, asked: Examples, told: Classes, seed: int) -> tuple[Trained, _Told]:
    """Raises UsageError where there is too little to learn or weights do not fit."""
    options = run.options
    weights = Path(options["weights"]) if options["weights"] else None

    def settings(architecture: str) -> Settings:
        own_weights = weights if architecture == options["architecture"] else None
        return Settings(architecture, own.size, run.time_budget or SECONDS, seed, own_weights)

    try:
        network = train(own, held, told, settings=settings(options["architecture"]))
        plain = train(own, held, told, settings=settings(PLAIN)) if options["with_plain"] else None
    except TooFewExamples as error:
        raise UsageError(f"--train: {error}") from None
    except backbones.UnfitWeights as error:
        raise UsageError(f"--weights: {error}") from None
    pictures = asked.read(slice(None))
    reading = Tagger(network.arrays, network.meta).read(pictures)
    other = Tagger(plain.arrays, plain.meta).read(pictures).category.argmax(axis=1) if plain else None
    hog = HogSvm().fit(own, held, seed=seed).predict(asked)
    return network, _Told(reading, asked.category, hog, other, network.validation, held.category)


def _figures(found: list[_Told], told: Classes) -> dict[str, Any]:
    """Of all parts together; what rests on thresholds is weighed by pictures."""
    right = np.concatenate([one.right for one in found])
    chances = np.concatenate([one.reading.category for one in found])
    best = chances.argmax(axis=1)
    ways = {"served": best, "hog_svm": np.concatenate([one.hog for one in found])}
    if found[0].plain is not None:
        ways["plain"] = np.concatenate([one.plain for one in found if one.plain is not None])
    low, high = measures.share_interval(best == right)
    counts = np.array([len(one.right) for one in found], np.float64)
    classes = measures.per_class(best, right, len(told.classes))
    return {
        "accuracy": float((best == right).mean()), "accuracy_low": low, "accuracy_high": high,
        "macro_f1": measures.macro_f1(best, right), "top_3": measures.top(chances, right),
        "parent_accuracy": _parent_accuracy(chances, right, told), "ece": measures.ece(chances, right),
        **_covered(found, counts, "at_95", is_promised=False),
        **_covered(found, counts, "promised_95", is_promised=True),
        **_applied(found, counts),
        "similar_precision@10": float(np.average(
            [measures.similar_precision(one.reading.embedding, one.right) for one in found], weights=counts)),
        "strategies": {
            name: {"accuracy": float((said == right).mean()), "macro_f1": measures.macro_f1(said, right)}
            for name, said in ways.items()
        },
        "compared": {
            f"served - {name}": decisions.mcnemar(best == right, said == right).__dict__
            for name, said in ways.items() if name != "served"
        },
        "per_class": {key: one.__dict__ for key, one in zip(told.classes, classes, strict=True)},
        "calibration": measures.reliability(chances, right),
        "confused": _confused(best, right, told),
    }  # fmt: skip


def _covered(
    found: list[_Told], counts: NDArray[np.float64], name: str, *, is_promised: bool
) -> dict[str, float | None]:
    """What one threshold, chosen on the held-back pictures of each part, tells without a person."""
    covered = [
        measures.covered(
            one.held.category, one.held_right, one.reading.category, one.right, is_promised=is_promised
        )
        for one in found
    ]  # fmt: skip
    return _over_parts([(share, right) for share, right, _threshold in covered], counts, name)


def _applied(found: list[_Told], counts: NDArray[np.float64]) -> dict[str, float | None]:
    """What a shop would apply by itself: each class by a threshold of its own."""
    told = [
        measures.applied(one.held.category, one.held_right, one.reading.category, one.right) for one in found
    ]  # fmt: skip
    return _over_parts(told, counts, "applied_95")


def _over_parts(
    told: list[tuple[float, float | None]], counts: NDArray[np.float64], name: str
) -> dict[str, float | None]:
    """Shares of all parts together, weighed by their pictures."""
    shares = np.array([share for share, _right in told])
    right = sum(c * s * (p or 0.0) for c, s, (_s, p) in zip(counts, shares, told, strict=True))
    return {
        f"coverage_{name}": float((counts * shares).sum() / counts.sum()),
        f"precision_{name}": float(right / (counts * shares).sum()) if shares.any() else None,
    }


def _parent_accuracy(chances: NDArray[np.float32], right: Codes, told: Classes) -> float | None:
    """Whether the likeliest of the classes' parents is the right one; classes without a parent are their own."""
    if not any(told.parents.get(key) for key in told.classes):
        return None
    tops = [told.parents.get(key) or key for key in told.classes]
    keys = sorted(set(tops))
    below = np.array([[top == key for key in keys] for top in tops], np.float32)
    return float(((chances @ below).argmax(axis=1) == below.argmax(axis=1)[right]).mean())


def _confused(best: NDArray[np.int64], right: Codes, told: Classes) -> list[dict[str, Any]]:
    counts = measures.confusion(best, right, len(told.classes))
    np.fill_diagonal(counts, 0)
    order = [divmod(int(at), len(told.classes)) for at in np.argsort(-counts, axis=None, kind="stable")[:SHOWN]]
    return [
        {"class": told.classes[row], "taken_for": told.classes[column], "pictures": int(counts[row, column])}
        for row, column in order
        if counts[row, column]
    ]


def _speed(trained: Trained, some: list[Picture]) -> dict[str, float]:
    """All that happens to a new photo, on the processor: decoded, compared, judged, its colours, the network."""
    tagger = Tagger(trained.arrays, trained.meta)
    files = [one.path.read_bytes() for one in some]
    alone = 0.0
    began = time.process_time()
    for data in files:
        shown = opened(data)
        fingerprint(shown), quality(shown), colours(shown)
        pixels = prepared(shown, tagger.size)[None]
        since = time.process_time()
        tagger.read(pixels)
        alone += time.process_time() - since
    seconds = max(time.process_time() - began, 1e-9)
    return {"images_per_cpu_second": len(files) / seconds, "network_cpu_ms": 1000.0 * alone / len(files)}
