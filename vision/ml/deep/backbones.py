"""A local file of weights to begin from: what a network learned elsewhere, on more pictures or a faster machine.

The file is `.npz`: `architecture`, then every variable below the heads by its path. It is read without pickle. First
the heads learn on features that are computed once; then, unless that is switched off, everything learns on, slower.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml.deep.networks import is_head
from vision.ml.deep.recipe import loss_of
from vision.ml.examples import Classes, Examples

ROUNDS = 60
HEAD_RATE = 0.003
LOWER = 0.3
"""Of the usual rate, for learning on."""
ARCHITECTURE = "architecture"
MOST_BYTES = 1 << 30


class UnfitWeights(ValueError):
    """The file is not there, is no such file, or fits another network. The message says which; `reason` and `values`
    say the same to whoever puts it into another language."""

    def __init__(self, reason: str, message: str, **values: str) -> None:
        super().__init__(message)
        self.reason, self.values = reason, values


def write(path: Path, architecture: str, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """The whole file or none."""
    aside = path.with_name(f".{path.name}.new")
    with aside.open("wb") as file:
        np.savez(file, **weights, **{ARCHITECTURE: np.array(architecture)})  # type: ignore[arg-type]
    aside.replace(path)


def read(path: Path) -> tuple[str, dict[str, NDArray[np.float32]], str]:
    """Architecture, variables by path, SHA-256 of the file. Raises UnfitWeights."""
    try:
        if path.stat().st_size > MOST_BYTES:
            most = f"{MOST_BYTES >> 20} MiB"
            raise UnfitWeights("too_large", f"{path.name} is larger than {most}.", file=path.name, most=most)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with np.load(path, allow_pickle=False) as found:
            weights = {name: found[name] for name in found.files}
        return str(weights.pop(ARCHITECTURE)), weights, digest
    except UnfitWeights:
        raise
    except OSError as error:
        why = str(error.strerror or error)
        raise UnfitWeights("unreadable", f"{path.name} cannot be read: {why}.", file=path.name) from error
    except Exception as error:  # whatever an archive that is none brings about
        said = f"{path.name} is not a file of weights (.npz with a name of its architecture)."
        raise UnfitWeights("no_weights", said, file=path.name) from error


def below_heads(model: Any) -> dict[str, Any]:
    """Variables by path, without the state of what is random."""
    return {
        variable.path: variable
        for variable in model.variables
        if not is_head(variable.path) and not variable.path.startswith("seed_generator")
    }


def put(model: Any, architecture: str, path: Path) -> str:
    """The file's weights into the model. Its SHA-256. Raises UnfitWeights and changes nothing."""
    written_for, weights, digest = read(path)
    if written_for != architecture:
        said = f"{path.name} holds weights of the architecture {written_for}, not {architecture}."
        raise UnfitWeights("other_network", said, file=path.name, found=written_for[:40], wanted=architecture)
    wanted = below_heads(model)
    for name, variable in wanted.items():
        shape = tuple(variable.shape)
        if name not in weights:
            raise UnfitWeights("lacks", f"{path.name} lacks {name}.", file=path.name, name=name)
        if weights[name].shape != shape or not np.isfinite(weights[name]).all():
            found = list(weights[name].shape)
            said = f"{path.name}: {name} is {found}, not {list(shape)} of numbers."
            told = {"file": path.name, "name": name, "found": str(found), "wanted": str(list(shape))}
            raise UnfitWeights("other_shape", said, **told)
    for name, variable in wanted.items():
        variable.assign(weights[name])
    return digest


def learn_heads(
    tf: Any, keras: Any, model: Any, told: Classes, train: Examples, wanted: NDArray[np.float32], *, seed: int
) -> None:
    """The heads alone, on features of pictures and of their mirror images, which are computed once."""
    heads = {layer.name: layer for layer in model.layers if is_head(f"{layer.name}/")}
    ask = tf.function(lambda pictures: model(pictures, training=False)["features"], reduce_retracing=True)
    parts: list[NDArray[np.float32]] = []
    for is_mirrored in (False, True):
        for start in range(0, len(train), 128):
            seen = train.read(np.arange(start, min(start + 128, len(train)))).astype(np.float32)
            parts.append(ask(seen[:, :, ::-1] if is_mirrored else seen).numpy())
    features, both = np.concatenate(parts), np.concatenate([wanted, wanted])
    optimiser = keras.optimizers.Adam(HEAD_RATE)
    variables = [variable for head in heads.values() for variable in head.trainable_variables]
    optimiser.build(variables)

    @tf.function(reduce_retracing=True)
    def step(known: Any, right: Any) -> None:
        with tf.GradientTape() as tape:
            out = {name: head(known) for name, head in heads.items()}
            loss = tf.reduce_mean(loss_of(tf, out, right, told, 0.1))
        optimiser.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    rng = np.random.default_rng(seed)
    for _round in range(ROUNDS):
        order = rng.permutation(len(features))
        for start in range(0, len(order), 256):
            some = order[start : start + 256]
            step(features[some], both[some])
