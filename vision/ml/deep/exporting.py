"""A learned network as the file that serves: TFLite, float32, one picture and its mirror image at a time."""

import tempfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.ml.serving import SIGNATURE


def reader_of(tf: Any, model: Any) -> Any:
    """A function of pictures [n, s, s, 3], 0 to 255, to {"embedding", "category", "group_<n>"}: mean of picture and
    mirror image, so that a mirrored picture is read as the picture itself."""

    def read(pixels: Any) -> dict[str, Any]:
        one, other = (model(seen, training=False) for seen in (pixels, tf.reverse(pixels, [2])))
        found = {name: 0.5 * (one[name] + other[name]) for name in one if name != "features"}
        features = one["features"] + other["features"]
        return found | {"embedding": tf.math.l2_normalize(features, axis=1, epsilon=1e-9)}

    return read


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
