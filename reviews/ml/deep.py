"""Networks that read texts. TensorFlow is imported inside functions only and runs in jobs of the `deep` queue.

`learn` gives plain arrays; `network_serving` computes the same answers from them without TensorFlow.
"""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reviews.ml.networks import loss_of, temperature_of
from reviews.ml.pieces import UNKNOWN, padded

if TYPE_CHECKING:
    from reviews.ml.networks import Allowance, NetworkParams

Encoded = Sequence[NDArray[np.int32]]
Codes = NDArray[np.int64]
SHUFFLED_TOGETHER = 50
"""Batches whose texts are sorted by length, so that little of a batch is filling."""


def learn(
    encoded: Encoded, codes: Codes, held: Encoded, held_codes: Codes, *, classes: int, sizes: Sequence[int],
    params: "NetworkParams", seed: int, allowance: "Allowance",
) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float64], int]:  # fmt: skip
    """Variables by path, logits of the held-back texts [texts × classes], and the epoch whose variables these are.

    The rate of learning falls to nothing over `params.epochs`; the epoch with the least loss on the held-back texts, at
    the temperature that suits it, is kept, and learning ends when `params.patience` epochs brought nothing or
    `allowance` has no time for another. The same seed gives the same network on the same machine, with time enough.
    """
    keras, tf = _keras(seed)
    model = _cnn(keras, sizes, classes, params) if params.widths else _lstm(keras, sizes, classes, params)
    rng = np.random.default_rng(seed)
    steps = sum(1 for _batch in _batches(encoded, params.batch, None)) * params.epochs
    optimiser = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(params.rate, steps))
    optimiser.build(model.trainable_variables)
    surprise = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    numbered = tf.TensorSpec((None, None, len(sizes)), tf.int32)

    @tf.function(input_signature=[numbered, tf.TensorSpec((None,), tf.int64)])
    def step(numbers: Any, right: Any) -> None:
        with tf.GradientTape() as tape:
            loss = surprise(right, model(numbers, training=True))
        variables = model.trainable_variables
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    @tf.function(input_signature=[numbered])
    def ask(numbers: Any) -> Any:
        return model(numbers, training=False)

    allowance.begin()
    best: tuple[float, int, dict[str, NDArray[np.float32]], NDArray[np.float64]] | None = None
    for epoch in range(1, params.epochs + 1):
        for some in _batches(encoded, params.batch, rng):
            numbers = padded([encoded[at] for at in some], least=params.least)
            if params.hidden:
                numbers[(numbers > 0) & (rng.random(numbers.shape) < params.hidden)] = UNKNOWN
            step(numbers, codes[some])
        logits = np.empty((len(held), classes))
        for some in _batches(held, 512, None):
            logits[some] = ask(padded([held[at] for at in some], least=params.least)).numpy()
        loss = loss_of(logits, held_codes, temperature_of(logits, held_codes))
        if params.verbose:
            print(epoch, round(loss, 4), round(float((logits.argmax(1) == held_codes).mean()), 4), flush=True)  # noqa: T201
        if best is None or loss < best[0]:
            best = loss, epoch, _arrays(model), logits
        elif epoch - best[1] >= params.patience:
            break
        if epoch < params.epochs and not allowance.has_another(epoch):
            break
    keras.backend.clear_session()
    if best is None:
        raise ValueError("A network needs an epoch.")
    return best[2], best[3], best[1]


def _keras(seed: int) -> tuple[Any, Any]:
    """Keras on one quiet core, the same every time."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    return keras, tf


def _batches(encoded: Encoded, size: int, rng: np.random.Generator | None) -> Iterator[NDArray[np.int64]]:
    """Numbers of texts of like length, in random order where `rng` is given."""
    lengths = np.array([len(one) for one in encoded])
    order = np.arange(len(encoded)) if rng is None else rng.permutation(len(encoded))
    together = len(order) if rng is None else size * SHUFFLED_TOGETHER
    found = []
    for start in range(0, len(order), together):
        some = order[start : start + together]
        some = some[np.argsort(lengths[some], kind="stable")]
        found += [some[at : at + size] for at in range(0, len(some), size)]
    for at in range(len(found)) if rng is None else rng.permutation(len(found)).tolist():
        yield found[at]


def _arrays(model: Any) -> dict[str, NDArray[np.float32]]:
    """Variables by their path; rows of what stands behind the end of a text are zeros."""
    found = {variable.path: np.array(variable.numpy(), np.float32) for variable in model.trainable_variables}
    for name, value in found.items():
        if name.startswith("runs_"):
            value[0] = 0.0
    return found


def _pieces(keras: Any, numbers: Any, sizes: Sequence[int], dimensions: int) -> Any:
    """The sum of the embeddings of all runs that begin at a piece; nothing where there is none."""
    found = []
    for length, size in enumerate(sizes, 1):
        own = numbers[:, :, length - 1]
        start = "uniform" if length == 1 else "zeros"
        vectors = keras.layers.Embedding(size, dimensions, embeddings_initializer=start, name=f"runs_{length}")(own)
        found.append(vectors * keras.ops.cast(own[:, :, None] > 0, "float32"))
    return found[0] if len(found) == 1 else keras.layers.add(found)


def _cnn(keras: Any, sizes: Sequence[int], classes: int, params: "NetworkParams") -> Any:
    layers, ops = keras.layers, keras.ops
    numbers = keras.Input((None, len(sizes)), dtype="int32")
    there = ops.cast(numbers[:, :, :1] > 0, "float32")
    pieces = layers.SpatialDropout1D(params.spatial_dropout)(_pieces(keras, numbers, sizes, params.dimensions))
    pooled = []
    for width in params.widths:
        found = layers.Conv1D(params.units, width, padding="same", activation="relu", name=f"width_{width}")(pieces)
        found = found * there
        pooled += [ops.max(found, axis=1), ops.sum(found, axis=1) / ops.sum(there, axis=1)]
    known = layers.Dropout(params.dropout)(ops.concatenate(pooled, axis=1))
    return keras.Model(numbers, layers.Dense(classes, name="said")(known))


def _lstm(keras: Any, sizes: Sequence[int], classes: int, params: "NetworkParams") -> Any:
    """The reference network: embedding 32, LSTM 128 returning sequences, dropout 0.5, LSTM 128, dropout 0.5, softmax
    (which stands in the loss). Filling is masked."""
    layers = keras.layers
    numbers = keras.Input((None, len(sizes)), dtype="int32")
    mask = numbers[:, :, 0] > 0
    found = _pieces(keras, numbers, sizes, params.dimensions)
    found = layers.LSTM(params.units, return_sequences=True, name="first")(found, mask=mask)
    found = layers.Dropout(params.dropout)(found)
    found = layers.LSTM(params.units, name="second")(found, mask=mask)
    found = layers.Dropout(params.dropout)(found)
    return keras.Model(numbers, layers.Dense(classes, name="said")(found))
