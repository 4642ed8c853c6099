"""A learned network as the file that serves: TFLite, float32, one picture at a time, in all its views."""

import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml.deep.networks import PLAIN, SMALL
from vision.ml.serving import SIGNATURE

CUT_OFF = 1 / 16
"""Of the side, at each edge, in the nearer view."""


def reader_of(tf: Any, model: Any) -> Any:
    """A function of pictures [n, s, s, 3], 0 to 255, to {"embedding", "category", "group_<n>"}: mean of what is said of
    each view. The mirror image is always among them, so that a mirrored picture is read as the picture itself."""

    def read(pixels: Any) -> dict[str, Any]:
        said = [model(seen, training=False) for seen in _views(tf, pixels, model.name)]
        found = {name: sum(one[name] for one in said) / len(said) for name in said[0] if name != "features"}
        features = sum(one["features"] for one in said)
        return found | {"embedding": tf.math.l2_normalize(features, axis=1, epsilon=1e-9)}

    return read


def views_of(architecture: str, side: int) -> int:
    """How often a picture of so many pixels a side is read."""
    return 4 if architecture != PLAIN and side > SMALL else 2


def _views(tf: Any, pixels: Any, architecture: str) -> list[Any]:
    """The picture, and its middle at the same size: things look larger while learning than they are (Touvron et al.
    2019), and what is cut off is seen in the other view. Both mirrored, too."""
    side = pixels.shape[1]
    seen = [pixels]
    if views_of(architecture, side) == 4:
        edge = round(side * CUT_OFF)
        seen.append(tf.image.resize(pixels[:, edge:-edge, edge:-edge], (side, side), "bilinear"))
    return [*seen, *(tf.reverse(one, [2]) for one in seen)]


def exported(tf: Any, model: Any, size: int) -> NDArray[np.uint8]:
    """The bytes of the file that `vision.ml.serving` reads."""
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    asked = tf.TensorSpec((1, size, size, 3), tf.float32, name="pixels")
    function = tf.function(reader_of(tf, model), input_signature=[asked]).get_concrete_function()
    # Variables become constants first: the converter would leave them as places without values.
    frozen, names = convert_variables_to_constants_v2(function), sorted(function.structured_outputs)
    module = tf.Module()
    module.read = tf.function(lambda pixels: dict(zip(names, frozen(pixels), strict=True)), input_signature=[asked])
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={SIGNATURE: module.read.get_concrete_function()})
        written = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[SIGNATURE]).convert()
    return np.frombuffer(written, np.uint8)
