"""Networks of the recommender. TensorFlow is imported inside functions only and runs in jobs of the `deep` queue."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from recommender.ml.two_tower import Examples, TwoTowerParams

BATCH = 512
HIDDEN = 128
LEARNING_RATE = 0.003
CONTEXT_HALF_LIFE = 10.0
"""In items: how much less an older item of the context says."""
SPREAD = 0.05
"""Of the first random embeddings."""


def learn_towers(
    examples: "Examples", described: NDArray[np.float32], params: "TwoTowerParams", *, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What every item asks for and offers: two arrays items × dimensions, float32, rows of length one.

    `described` is items × features, possibly without columns; examples name its rows. Fewer than two examples teach
    nothing: the vectors then come from the description and chance alone. The same seed gives the same vectors on the
    same machine.
    """
    keras = _keras(seed)
    batch = min(BATCH, max(len(examples), 1))
    model = _model(keras, examples.target, described, params)
    model.build(None)
    if len(examples) >= 2:
        context = examples.context + 1  # 0: no item
        steps = -(-len(examples) // batch) * params.epochs
        schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        model.compile(optimizer=keras.optimizers.Adam(schedule))
        model.fit(
            {"context": context, "target": examples.target}, batch_size=batch, epochs=params.epochs, verbose=0,
        )  # fmt: skip
    asking, offering = model.vectors()
    keras.backend.clear_session()
    return asking, offering


def _keras(seed: int) -> Any:
    """Keras on one or two quiet cores, the same every time."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return keras


def _model(keras: Any, targets: NDArray[np.int32], described: NDArray[np.float32], params: "TwoTowerParams") -> Any:
    """The network: two towers over shared embeddings and descriptions, trained by softmax over the batch."""
    import tensorflow as tf

    size = len(described)
    drawn = (np.bincount(targets, minlength=size) + 0.5) / (len(targets) + 0.5 * size)
    log_drawn = np.log(drawn).astype(np.float32)

    dimensions, features = params.dimensions, described.shape[1]

    class Tower(keras.layers.Layer):
        """Embedding plus what a hidden layer makes of it and of the description, length one."""

        def build(self, input_shape: Any) -> None:
            """Weights inside; the way around the hidden layer begins as the embedding itself."""
            self.hidden = keras.layers.Dense(HIDDEN, activation="relu")
            self.out = keras.layers.Dense(dimensions, kernel_initializer="zeros")
            self.hidden.build((None, dimensions + features))
            self.out.build((None, HIDDEN))
            if features:
                self.straight = keras.layers.Dense(dimensions, use_bias=False)
                self.straight.build((None, features))

        def call(self, item: Any) -> Any:
            found = item[..., :dimensions] + self.out(self.hidden(item))
            if features:
                found += self.straight(item[..., dimensions:])
            return keras.ops.normalize(found, axis=-1)

    class Towers(keras.Model):
        """Scores every target of the batch for every context of the batch."""

        def __init__(self) -> None:
            super().__init__()
            start = keras.initializers.RandomNormal(stddev=SPREAD)
            self.own = keras.layers.Embedding(size, dimensions, embeddings_initializer=start)
            self.facts = tf.constant(described)
            self.log_drawn = tf.constant(log_drawn)
            self.asking, self.offering = Tower(name="asking"), Tower(name="offering")

        def build(self, input_shape: Any) -> None:
            """Weights of all layers."""
            self.own.build(())
            self.asking.build((None, dimensions + features))
            self.offering.build((None, dimensions + features))

        def known(self, items: Any) -> Any:
            """What the towers read of these items: embedding and description."""
            return keras.ops.concatenate([self.own(items), tf.gather(self.facts, items)], axis=-1)

        def call(self, inputs: dict[str, Any]) -> Any:
            context, target = inputs["context"], inputs["target"]
            there = keras.ops.cast(context > 0, "float32")
            age = keras.ops.arange(context.shape[1], dtype="float32")
            weight = there * keras.ops.power(0.5, age / CONTEXT_HALF_LIFE)
            items, place = tf.unique(tf.reshape(keras.ops.maximum(context - 1, 0), [-1]))
            asked = tf.reshape(tf.gather(self.asking(self.known(items)), place), [-1, context.shape[1], dimensions])
            customer = keras.ops.normalize(keras.ops.sum(asked * weight[..., None], axis=1), axis=-1)
            offered = self.offering(self.known(target))
            scores = keras.ops.matmul(customer, keras.ops.transpose(offered)) / params.temperature
            scores -= tf.gather(self.log_drawn, target)[None, :]
            same = keras.ops.equal(target[:, None], target[None, :])
            twin = keras.ops.logical_and(same, keras.ops.logical_not(tf.eye(tf.shape(target)[0], dtype=tf.bool)))
            met = keras.ops.any(keras.ops.equal(context[:, :, None] - 1, target[None, None, :]), axis=1)
            met = keras.ops.logical_and(met, keras.ops.logical_not(same))
            scores = keras.ops.where(keras.ops.logical_or(twin, met), -1e9, scores)
            right = tf.range(tf.shape(target)[0])
            self.add_loss(keras.ops.mean(keras.losses.sparse_categorical_crossentropy(right, scores, from_logits=True)))
            return scores

        def vectors(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            """Of all items, by block."""
            found: tuple[list[Any], list[Any]] = ([], [])
            for start in range(0, size, 8192):
                items = tf.range(start, min(start + 8192, size))
                for parts, tower in zip(found, (self.asking, self.offering), strict=True):
                    parts.append(tower(self.known(items)).numpy())
            empty = np.zeros((0, dimensions), np.float32)
            asking, offering = (np.concatenate([empty, *parts]).astype(np.float32) for parts in found)
            return asking, offering

    return Towers()
