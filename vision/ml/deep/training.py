"""A network learns from pictures within a time, goes on after a kill, and comes out as a file that serves."""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml import decisions
from vision.ml.deep import backbones, exporting, keeping, networks
from vision.ml.deep.networks import ARCHITECTURES, DIMENSIONS, PLAIN, PRODUCT
from vision.ml.deep.recipe import PLAIN_RECIPE, Recipe, Stage, augmented, loss_of, rate_at, stages_of, targets
from vision.ml.examples import Classes, Examples
from vision.ml.serving import Reading, Tagger

MEASURED_STEPS = 3
KEPT_BACK = 0.06
"""Of the time: for looking at the validation part, and for writing the file."""
LOOKED_AT = 2000
"""Validation pictures that are looked at, at most."""
LOOKING_COSTS = 0.02
"""Share of the time that may go to looking at them, where that leaves ten looks."""
BATCH_ON_GPU = 256
STEPS_A_COPY = 4
"""Steps between two looks of the mean at the weights that learn."""
FEW_CORES = 2
"""Up to which one of them learns and the other is the shop's: two that wait for each other need a sixth more time for
the same epoch."""
BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
"""What Linux calls processors with instructions for it."""
LEAST = 4
"""Pictures of a class, or labels of a set, below which nothing is learned."""
OnProgress = Callable[[float, str], None]


class TooFewExamples(ValueError):
    """There is nothing to tell apart. The message says why."""


@dataclass(frozen=True)
class Settings:
    """`cpu_seconds`: of all threads together; on a graphics card seconds of the clock. `folder`: where the state lies
    from which a killed training goes on, with the same examples and settings, if it `may_resume`. `weights`: a local
    file to begin from (`vision.ml.deep.backbones`), whose network learns on if one `may_unfreeze` it."""

    architecture: str = PRODUCT
    size: int = 64
    cpu_seconds: float = 300.0
    seed: int = 0
    weights: Path | None = None
    folder: Path | None = None
    may_resume: bool = True
    recipe: Recipe | None = None
    may_unfreeze: bool = True

    @property
    def taken(self) -> Recipe:
        """The recipe that is followed: slower where something is already known."""
        usual = self.recipe or (PLAIN_RECIPE if self.architecture == PLAIN else Recipe())
        return usual if self.weights is None else replace(usual, rate=usual.rate * backbones.LOWER)


@dataclass(frozen=True)
class Trained:
    """`network`: bytes of the file that serves; `meta` as `vision.ml.serving` reads it, without thresholds; `curves`:
    epoch, size, loss, val_loss, val_accuracy, seconds, of the epochs after which the validation part was looked at;
    `validation`: what the file says of that part; `backbone`: weights below the heads by path, which `backbones.write`
    keeps for others to begin from."""

    network: bytes
    meta: dict[str, Any]
    curves: list[dict[str, float]]
    validation: Reading
    seconds: float
    backbone: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def arrays(self) -> dict[str, NDArray[np.uint8]]:
        """What the registry writes."""
        return {"network": np.frombuffer(self.network, np.uint8)}


@dataclass
class _Plan:
    """Epochs of each stage, what one costs, and how far learning has come."""

    stages: list[Stage]
    epochs: list[int]
    costs: list[float]
    done: int = 0
    spent: float = 0.0
    curves: list[dict[str, float]] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.epochs)

    def stage_of(self, epoch: int) -> Stage:
        """Epochs count from 0."""
        ends = np.cumsum(self.epochs)
        return self.stages[int(np.searchsorted(ends, epoch, side="right"))]

    def share(self, epoch: float) -> float:
        """How much of the way is behind when `epoch` epochs are, counted in time."""
        costs = np.repeat(self.costs, self.epochs)
        whole = int(epoch)
        if not len(costs):
            return 1.0
        behind = costs[:whole].sum() + (costs[whole] * (epoch - whole) if whole < len(costs) else 0.0)
        return float(behind / costs.sum())


def train(
    train: Examples, validation: Examples, classes: Classes, *, settings: Settings,
    on_progress: OnProgress = lambda share, said: None,
) -> Trained:  # fmt: skip
    """Learn from `train`; temperature and calibration rest on `validation`, which nothing else is chosen on.

    `on_progress` hears after each epoch how much of the time is behind, and "epoch/epochs". The same seed, examples and
    number of epochs give the same network on the same machine; the number of epochs follows from the measured speed.
    Raises TooFewExamples, ValueError for settings, and `backbones.UnfitWeights`.
    """
    _check(train, validation, classes, settings)
    return _Training(train, validation, classes, settings, on_progress).run()


def _check(train: Examples, validation: Examples, told: Classes, settings: Settings) -> None:
    if settings.architecture not in ARCHITECTURES:
        raise ValueError(f"There is no architecture {settings.architecture}; there are {', '.join(ARCHITECTURES)}.")
    if train.size != settings.size or validation.size not in (settings.size, train.size):
        raise ValueError(f"Pictures are of {train.size} and {validation.size} pixels a side, not {settings.size}.")
    known = np.bincount(train.category[train.category >= 0], minlength=len(told.classes))
    has_labels = any(bool((train.groups[group.key] == 1).sum() >= LEAST) for group in told.groups)
    if (known >= LEAST).sum() < 2 and not has_labels:
        raise TooFewExamples(f"Learning needs two classes with {LEAST} pictures each.")
    if not len(validation):
        raise TooFewExamples("There is no picture to check what was learned on.")


class _Training:
    """One run. Two networks: one learns, the other is the mean of its last weights and is what serves."""

    def __init__(
        self, train: Examples, validation: Examples, told: Classes, settings: Settings, on_progress: OnProgress
    ) -> None:
        self.train, self.validation, self.told, self.settings = train, validation, told, settings
        self.recipe, self.on_progress = settings.taken, on_progress
        self.keras, self.tf, self.has_gpu = loaded(settings.seed)
        policy = gpu_policy(self.tf) if self.has_gpu else processor_policy(settings.architecture)
        usual = BATCH_ON_GPU if self.has_gpu else batch_of(self.recipe, len(train))
        self.batch = max(2, min(usual, len(train)))
        make = networks.build
        self.model = make(self.keras, settings.architecture, settings.size, told, policy=policy)
        self.mean = make(self.keras, settings.architecture, settings.size, told)
        self.optimiser = self.keras.optimizers.AdamW(self.recipe.rate, weight_decay=self.recipe.decay)
        self.optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimiser.build(self.model.trainable_variables)
        self.wanted = targets(train, told, self.recipe.balance)
        self.weights_sha256 = ""
        self.steps: dict[int, Any] = {}
        self.askers: dict[int, Any] = {}

    def run(self) -> Trained:
        began = self._clock()
        plan = self._resumed()
        if plan is None:
            self._begin()
            plan = self._planned(self.settings.cpu_seconds - (self._clock() - began))
        before = plan.spent
        self._say(plan)
        while plan.done < plan.total:
            loss = self._epoch(plan)
            plan.done += 1
            plan.spent = before + self._clock() - began
            if plan.done % self._epochs_a_look(plan) == 0 or plan.done == plan.total:
                plan.curves.append({"epoch": plan.done, "size": plan.stage_of(plan.done - 1).size, "loss": loss}
                                   | self._looked_at(plan) | {"seconds": round(plan.spent, 1)})  # fmt: skip
            self._keep(plan)
            self._say(plan)
        trained = self._finished(plan, before + self._clock() - began)
        self.keras.backend.clear_session()
        return trained

    def _clock(self) -> float:
        return time.perf_counter() if self.has_gpu else time.process_time()

    def _say(self, plan: _Plan) -> None:
        self.on_progress(plan.share(plan.done), f"{plan.done}/{plan.total}")

    # --- how long -----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        settings = self.settings
        if settings.weights is not None:
            self.weights_sha256 = backbones.put(self.model, settings.architecture, settings.weights)
            backbones.learn_heads(
                self.tf, self.keras, self.model, self.told, self.train, self.wanted, seed=settings.seed
            )
        self._copy(1.0)

    def _planned(self, seconds: float) -> _Plan:
        """Time turned into epochs: each size is tried for a few steps that change no weight."""
        if self.settings.weights is not None and not self.settings.may_unfreeze:
            return _Plan([Stage(self.settings.size, 1.0)], [0], [0.0])
        stages = list(stages_of(self.recipe, self.settings.size, is_fixed=self.settings.architecture == PLAIN))
        costs = []
        measured = 0.0
        for stage in stages:
            rows = np.arange(self.batch, dtype=np.int64)
            self._step(stage.size, rows, 0.0, (0, 0))  # the first one is compiled
            since = self._clock()
            for at in range(MEASURED_STEPS):
                self._step(stage.size, rows, 0.0, (0, at))
            taken = self._clock() - since
            measured += taken
            costs.append(max(taken, 1e-6) / MEASURED_STEPS * -(-len(self.train) // self.batch))
        left = max(0.0, seconds * (1.0 - KEPT_BACK) - measured)
        epochs = [max(1, round(left * stage.share / cost)) for stage, cost in zip(stages, costs, strict=True)]
        most = self.recipe.most_epochs
        if sum(epochs) > most:
            epochs = [max(1, round(count * most / sum(epochs))) for count in epochs]
        return _Plan(stages, epochs, costs)

    # --- learning -----------------------------------------------------------------------------------------------

    def _epoch(self, plan: _Plan) -> float:
        """Every example once. The mean loss."""
        stage = plan.stage_of(plan.done)
        rng = np.random.default_rng((self.settings.seed, plan.done))
        batches = list(_batches(len(self.train), self.batch, rng))
        strength = min(1.0, plan.total / self.recipe.full_after)
        losses = []
        for at, rows in enumerate(batches):
            rate = rate_at(self.recipe, plan.share(plan.done + (at + 1) / len(batches)))
            losses.append(self._step(stage.size, rows, rate, (plan.done + 1, at), strength))
            steps = plan.done * len(batches) + at
            if steps % STEPS_A_COPY == 0 or steps + 1 == len(batches) * plan.total:
                self._copy(self._share_of_new(steps, len(batches) * plan.total))
        return round(float(np.mean([float(loss) for loss in losses])), 5)

    def _share_of_new(self, steps: int, of: int) -> float:
        """How much the newest weights count in the mean: more at the beginning."""
        if not self.recipe.memory:
            return 1.0
        one = max(1.0 / (self.recipe.memory * of + 1.0), 1.0 / (1.0 + steps / 4.0))
        return 1.0 - (1.0 - one) ** STEPS_A_COPY

    def _step(
        self, size: int, rows: NDArray[np.int64], rate: float, seed: tuple[int, int], strength: float = 1.0
    ) -> Any:
        if size not in self.steps:
            self.steps[size] = self._compiled(size)
        self.optimiser.learning_rate.assign(rate)
        full = (self.settings.seed * 1_000_003 + seed[0], seed[1])
        return self.steps[size](
            self.train.read(rows),
            self.wanted[rows],
            np.asarray(full, np.int32),
            np.float32(strength),
        )

    def _compiled(self, size: int) -> Any:
        tf, recipe, model = self.tf, self.recipe, self.model
        whole = self.settings.size
        is_changed = self.settings.architecture != PLAIN or recipe.zoom > 0.0

        def step(pictures: Any, wanted: Any, seed: Any, strength: Any) -> Any:
            seen = (
                augmented(tf, pictures, size, recipe, seed, strength) if is_changed else tf.cast(pictures, tf.float32)
            )
            with tf.GradientTape() as tape:
                out = model(seen, training=True)
                loss = tf.reduce_mean(loss_of(tf, out, wanted, self.told, recipe.smoothing))
            variables = model.trainable_variables
            self.optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
            return loss

        return tf.function(step, input_signature=[
            tf.TensorSpec((None, whole, whole, 3), tf.uint8), tf.TensorSpec((None, self.wanted.shape[1]), tf.float32),
            tf.TensorSpec((2,), tf.int32), tf.TensorSpec((), tf.float32),
        ])  # fmt: skip

    def _copy(self, share: float) -> None:
        """Move the mean towards the weights of now."""
        if not hasattr(self, "_copier"):
            pairs = list(zip(self.mean.variables, self.model.variables, strict=True))

            def copy(share: Any) -> None:
                for mean, new in pairs:
                    if self.tf.as_dtype(mean.dtype).is_floating:
                        mean.assign(mean + share * (new - mean))

            self._copier = self.tf.function(copy, input_signature=[self.tf.TensorSpec((), self.tf.float32)])
        self._copier(np.float32(share))

    def _epochs_a_look(self, plan: _Plan) -> int:
        """Reading a view costs about a third of learning from a picture."""
        views = exporting.views_of(self.settings.architecture, self.settings.size)
        share = views / 3 * min(len(self.validation), LOOKED_AT) / len(self.train)
        return min(math.ceil(share / LOOKING_COSTS), max(1, plan.total // 10))

    def _ask(self, pictures: Any) -> Any:
        """What the mean says of pictures float32 [n, s, s, 3]; how they are viewed follows from s."""
        size = int(pictures.shape[1])
        if size not in self.askers:
            asked = self.tf.TensorSpec((None, size, size, 3), self.tf.float32)
            reader = exporting.reader_of(self.tf, self.mean)
            self.askers[size] = self.tf.function(reader, input_signature=[asked])
        return self.askers[size](pictures)

    def _looked_at(self, plan: _Plan) -> dict[str, float]:
        """Loss and accuracy of the mean on the validation part, at the size of now."""
        some = self.validation
        if len(some) > LOOKED_AT:
            rows = np.random.default_rng(0).choice(len(some), LOOKED_AT, replace=False)
            some = some.take(np.sort(rows))
        wanted = targets(some, self.told, 0.0)
        losses, hits = [], []
        for start in range(0, len(some), 256):
            part = slice(start, start + 256)
            seen = self.tf.cast(some.read(part), self.tf.float32)
            if (size := plan.stage_of(plan.done - 1).size) != self.settings.size:
                seen = self.tf.image.resize(seen, (size, size), "area")
            out = self._ask(seen)
            losses.append(loss_of(self.tf, out, wanted[part], self.told, 0.0).numpy())
            if self.told.classes:
                known = some.category[part] >= 0
                hits.append((out["category"].numpy().argmax(axis=1) == some.category[part])[known])
        found = {"val_loss": round(float(np.concatenate(losses).mean()), 5)}
        if hits and len(np.concatenate(hits)):
            found["val_accuracy"] = round(float(np.concatenate(hits).mean()), 5)
        return found

    # --- going on, and the end ----------------------------------------------------------------------------------

    def _fingerprint(self) -> str:
        """The same only for the same examples, classes and settings."""
        settings = self.settings
        said = [
            settings.architecture, settings.size, settings.cpu_seconds, settings.seed, str(settings.weights),
            settings.may_unfreeze, asdict(self.recipe),
            self.told.classes, [[g.key, g.labels] for g in self.told.groups], self.batch,
        ]  # fmt: skip
        digest = hashlib.sha256(json.dumps(said, default=str).encode())
        digest.update(self.wanted.tobytes())
        digest.update(self.train.clusters.tobytes())
        digest.update(self.train.read(np.arange(min(8, len(self.train)))).tobytes())
        return digest.hexdigest()

    def _kept(self) -> list[Any]:
        return [*self.model.variables, *self.mean.variables, *self.optimiser.variables]

    def _keep(self, plan: _Plan) -> None:
        if self.settings.folder is not None:
            state = asdict(plan) | {"fingerprint": self._fingerprint(), "weights_sha256": self.weights_sha256}
            keeping.write(self.settings.folder, keeping.values_of(self._kept(), "v"), state)

    def _resumed(self) -> _Plan | None:
        if self.settings.folder is None or not self.settings.may_resume:
            return None
        found = keeping.read(self.settings.folder)
        if found is None or found[1].get("fingerprint") != self._fingerprint():
            return None
        arrays, state = found
        if not keeping.put_back(self._kept(), arrays, "v"):
            return None
        self.weights_sha256 = str(state["weights_sha256"])
        stages = [Stage(**stage) for stage in state["stages"]]
        return _Plan(stages, state["epochs"], state["costs"], state["done"], state["spent"], state["curves"])

    def _finished(self, plan: _Plan, seconds: float) -> Trained:
        network = exporting.exported(self.tf, self.mean, self.settings.size)
        told = self.told
        meta: dict[str, Any] = {
            "size": self.settings.size, "dimensions": DIMENSIONS[self.settings.architecture],
            "architecture": self.settings.architecture, "classes": list(told.classes), "parents": dict(told.parents),
            "groups": [{"key": g.key, "labels": list(g.labels), "is_multiple": g.is_multiple} for g in told.groups],
            "temperature": 1.0, "platt": {g.key: [[1.0, 0.0]] * len(g.labels) for g in told.groups},
            "thresholds": {}, "weights_sha256": self.weights_sha256, "epochs": plan.total,
            "stages": [[stage.size, count] for stage, count in zip(plan.stages, plan.epochs, strict=True)],
            "has_gpu": self.has_gpu,
        }  # fmt: skip
        raw = Tagger({"network": network}, meta).raw(self.validation.read(slice(None)))
        known = self.validation.category >= 0
        if told.classes and known.any():
            meta["temperature"] = decisions.temperature_of(raw.category[known], self.validation.category[known])
        for group in told.groups:
            said = self.validation.groups[group.key]
            meta["platt"][group.key] = [
                list(decisions.platt_of(raw.groups[group.key][:, at], said[:, at])) for at in range(len(group.labels))
            ]
        tagger = Tagger({"network": network}, meta)
        weights = {path: np.asarray(variable) for path, variable in backbones.below_heads(self.mean).items()}
        if self.settings.folder is not None:
            keeping.remove(self.settings.folder)
        return Trained(network.tobytes(), meta, plan.curves, tagger.calibrated(raw), seconds, weights)


def batch_of(recipe: Recipe, count: int) -> int:
    """About a hundredth of the examples, a power of two, from the recipe's own up to four times as many."""
    power = 2 ** int(np.log2(max(count, 100) / 100))
    return int(min(4 * recipe.batch, max(recipe.batch, power)))


def _batches(count: int, size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Numbers in random order; a last batch of one is left out, since it has no spread to normalise by."""
    order = rng.permutation(count)
    for start in range(0, count, size):
        some = order[start : start + size]
        if len(some) > 1:
            yield np.sort(some)


def loaded(seed: int) -> tuple[Any, Any, bool]:
    """Keras, TensorFlow and whether there is a graphics card; the same numbers every time."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    if (os.cpu_count() or 1) <= FEW_CORES:
        with suppress(RuntimeError):  # something else of this process computed before
            tf.config.threading.set_intra_op_parallelism_threads(1)
            tf.config.threading.set_inter_op_parallelism_threads(1)
    cards = tf.config.list_physical_devices("GPU")
    for card in cards:  # what others need of the card stays theirs
        tf.config.experimental.set_memory_growth(card, True)
    return keras, tf, bool(cards)


def gpu_policy(tf: Any) -> str:
    """Half precision where the card computes with bfloat16 (compute capability 8 and later): it needs no scaling."""
    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return "mixed_bfloat16" if details.get("compute_capability", (0, 0))[0] >= 8 else "float32"


def processor_policy(architecture: str, said: Path = Path("/proc/cpuinfo")) -> str:
    """Half precision where the processor itself computes with bfloat16: a fifth less time for the same epoch. The
    reference learns as it always did."""
    try:
        flags = set(said.read_text("utf-8").split())
    except OSError:
        flags = set()
    return "mixed_bfloat16" if architecture != PLAIN and flags & BFLOAT16 else "float32"
