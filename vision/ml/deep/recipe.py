"""How networks learn: what is done to pictures, how the rate goes up and down, what is lost by an error."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml.examples import UNKNOWN, Classes, Examples


@dataclass(frozen=True)
class Stage:
    """Pictures of `size` pixels a side for a `share` of the time."""

    size: int
    share: float


@dataclass(frozen=True)
class Recipe:
    """`rate`: of AdamW (Loshchilov & Hutter 2019) at its highest, after a warm-up of so much of the way, then along a
    cosine down to nothing. `balance`: classes count as their rarity to this power. Pictures are mirrored, zoomed,
    turned (degrees), moved (share of the side), changed in light, contrast and saturation, and partly erased (Zhong et
    al. 2020); hues stay, because colours are told. `memory`: share of all epochs over which the weights that are kept
    are the mean. Where fewer than `full_after` epochs are made, pictures are changed less: there is no time to see
    what they have in common."""

    rate: float = 3e-3
    decay: float = 0.05
    batch: int = 32
    warm_up: float = 0.1
    smoothing: float = 0.1
    balance: float = 0.5
    zoom: float = 0.2
    stretch: float = 0.1
    turn: float = 6.0
    move: float = 0.07
    light: float = 0.15
    erase: float = 0.1
    memory: float = 0.06
    full_after: float = 30.0
    most_epochs: int = 150
    stages: tuple[float, ...] = (0.7, 1.0)
    """Sizes as shares of the whole, smallest first. The whole comes while the rate is still high: a network that
    learned from smaller pictures needs some epochs to get used to it."""
    shares: tuple[float, ...] = (0.4, 0.6)


PLAIN_RECIPE = Recipe(
    rate=1e-3, decay=0.0, smoothing=0.0, balance=0.0, zoom=0.0, stretch=0.0, turn=0.0, move=0.0, light=0.0, erase=0.0,
    memory=0.0, stages=(1.0,), shares=(1.0,),
)  # fmt: skip
"""The reference learns from pictures as they are."""


def stages_of(recipe: Recipe, size: int, *, is_fixed: bool) -> tuple[Stage, ...]:
    """Sizes are multiples of 8 from 32 up; small pictures and networks of one size have one stage."""
    if is_fixed or size < 64:
        return (Stage(size, 1.0),)
    sides = [min(size, max(32, 8 * round(part * size / 8))) for part in recipe.stages]
    return tuple(Stage(side, share) for side, share in zip(sides, recipe.shares, strict=True))


def rate_at(recipe: Recipe, share: float) -> float:
    """The rate when this share (0 to 1) of the way is done."""
    if share < recipe.warm_up:
        return recipe.rate * share / recipe.warm_up
    way = min(1.0, (share - recipe.warm_up) / (1.0 - recipe.warm_up))
    return recipe.rate * 0.5 * (1.0 + math.cos(math.pi * way))


def class_weights(category: NDArray[np.int32], count: int, power: float) -> NDArray[np.float32]:
    """How much an example of each class counts; the mean over the examples is 1."""
    seen = np.bincount(category[category >= 0], minlength=count).astype(np.float64)
    weights = np.where(seen > 0, (1.0 / np.maximum(seen, 1.0)) ** power, 1.0)
    total = float((weights * seen).sum())
    return np.asarray(weights * (seen.sum() / total if total else 1.0), np.float32)


def targets(examples: Examples, told: Classes, balance: float) -> NDArray[np.float32]:
    """What the loss wants of each example, float32 [n, 2 + 2·labels]: category, its weight (0 where unknown), then for
    each label of all groups in order 1 or 0, then how much each of these counts (0 where unknown)."""
    count = len(examples)
    own = np.ones(count, np.float32) if examples.weights is None else examples.weights
    known = examples.category >= 0
    weights = class_weights(examples.category, len(told.classes), balance)
    category = np.maximum(examples.category, 0)
    of_class = weights[category] if told.classes else np.zeros(count, np.float32)
    labels = [examples.groups[group.key] for group in told.groups]
    said = np.concatenate([np.zeros((count, 0), np.int8), *labels], axis=1)
    columns = [category[:, None], (known * of_class * own)[:, None], said == 1, (said != UNKNOWN) * own[:, None]]
    return np.concatenate([np.asarray(column, np.float32) for column in columns], axis=1)


def loss_of(tf: Any, out: Any, wanted: Any, told: Classes, smoothing: float) -> Any:
    """Of each example [n]: cross-entropy of its category, plus for each group the mean surprise at its labels.

    Sums over what is known divided by how much is known in the batch; an unknown label changes no gradient.
    """
    labels = sum(len(group.labels) for group in told.groups)
    loss = tf.zeros(tf.shape(wanted)[0])
    if told.classes:
        right = tf.one_hot(tf.cast(wanted[:, 0], tf.int32), len(told.classes))
        right = right * (1.0 - smoothing) + smoothing / len(told.classes)
        surprise = tf.nn.softmax_cross_entropy_with_logits(right, out["category"])
        known = tf.reduce_mean(tf.cast(wanted[:, 1] > 0.0, tf.float32))
        loss += surprise * wanted[:, 1] / tf.maximum(known, 1e-6)
    at = 2
    for place, group in enumerate(told.groups):
        width = len(group.labels)
        right, counts = wanted[:, at : at + width], wanted[:, at + labels : at + labels + width]
        surprise = tf.nn.sigmoid_cross_entropy_with_logits(right, out[f"group_{place}"])
        share = tf.cast(tf.size(counts), tf.float32) / tf.maximum(tf.reduce_sum(counts), 1.0)
        loss += tf.reduce_mean(surprise * counts, axis=1) * share
        at += width
    return loss


def augmented(tf: Any, pictures: Any, size: int, recipe: Recipe, seed: Any, strength: Any) -> Any:
    """Pictures uint8 [n, s, s, 3] as float32 [n, size, size, 3], each changed in its own way. `seed` int32 [2];
    `strength` from 0 (only mirrored) to 1."""
    found = tf.cast(pictures, tf.float32)
    if found.shape[1] >= 2 * size:
        found = tf.nn.avg_pool2d(found, found.shape[1] // size, found.shape[1] // size, "VALID")
    count, side = tf.shape(found)[0], float(found.shape[1])
    drawn = tf.random.stateless_uniform([16, count], seed, -1.0, 1.0)
    flip, chance = tf.sign(drawn[0]), 0.5 * (drawn[13] + 1.0)
    drawn *= strength
    zoom = tf.exp(recipe.zoom * (drawn[1] - 0.4 * strength))
    stretch = tf.exp(recipe.stretch * drawn[2])
    angle = drawn[3] * (recipe.turn * math.pi / 180.0)
    ratio = side / size  # from places of what is made to places of what is there
    across, down = ratio * zoom * stretch * flip, ratio * zoom / stretch
    cos, sin = tf.cos(angle), tf.sin(angle)
    a, b, c, d = across * cos, -across * sin, down * sin, down * cos
    middle, half = (side - 1) / 2, (size - 1) / 2
    x = middle + recipe.move * side * drawn[4] - (a + b) * half
    y = middle + recipe.move * side * drawn[5] - (c + d) * half
    none = tf.zeros_like(a)
    found = tf.raw_ops.ImageProjectiveTransformV3(
        images=found, transforms=tf.stack([a, b, x, c, d, y, none, none], axis=1), output_shape=[size, size],
        fill_value=255.0, interpolation="BILINEAR", fill_mode="NEAREST",
    )  # fmt: skip
    if recipe.light:
        found = _relit(tf, found, recipe.light, drawn[6:9, :, None, None, None])
    if recipe.erase:
        found = _erased(tf, found, size, chance < recipe.erase * strength, drawn[9:13])
    return tf.ensure_shape(found, [None, size, size, 3])


def _relit(tf: Any, found: Any, light: float, drawn: Any) -> Any:
    grey = tf.reduce_mean(found, axis=3, keepdims=True)
    found = grey + (found - grey) * (1.0 + 1.5 * light * drawn[0])
    mean = tf.reduce_mean(found, axis=[1, 2, 3], keepdims=True)
    found = mean + (found - mean) * (1.0 + light * drawn[1]) + 255.0 * 0.5 * light * drawn[2]
    return tf.clip_by_value(found, 0.0, 255.0)


def _erased(tf: Any, found: Any, size: int, which: Any, drawn: Any) -> Any:
    """A rectangle of up to half a side becomes grey in these pictures."""
    at = tf.range(size, dtype=tf.float32) / size
    half = 0.05 + 0.1 * (drawn[2:4] + 1.0)
    inside = [tf.abs(at[None, :] - 0.5 - 0.5 * drawn[place][:, None]) < half[place][:, None] for place in (0, 1)]
    gone = inside[0][:, :, None] & inside[1][:, None, :] & which[:, None, None]
    return tf.where(gone[..., None], 128.0, found)
