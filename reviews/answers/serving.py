"""The intents that serve, with the rows that they speak about. Numpy and scipy.sparse only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reviews.ml.intents import IntentModel
from reviews.ml.serving import Artifact


@dataclass(frozen=True)
class ServedIntents:
    """A published model; `example_ids` int64 are the keys of the examples in its order. From `article` on an article
    that was found by its words alone is quoted, from `hint` on it is offered; confidences, 0 to 1."""

    model: IntentModel
    example_ids: NDArray[np.int64]
    article: float
    hint: float


def build_intents(artifact: Artifact) -> ServedIntents:
    """What a loaded artifact serves. Raises when it cannot."""
    model = IntentModel.from_arrays(artifact.arrays, artifact.meta)
    ids = artifact.arrays["example_ids"]
    if ids.shape != model.example_intents.shape:
        raise ValueError("The keys of the examples do not fit the model.")
    return ServedIntents(model, ids, float(artifact.meta["article"]), float(artifact.meta["hint"]))
