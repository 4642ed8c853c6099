"""What networks are made of. Both take pictures from 0 to 255 and give `features`; heads stand on the features.

`plain` is the reference: Conv 32 3×3, pool, Conv 64 3×3, pool, flatten, Dense 128, dropout 0.5, softmax (which stands
in the loss). `product` is residual (He et al. 2016) with 1.3 million parameters and takes pictures of any size,
so that it learns from small ones first.
"""

from typing import Any

from vision.ml.examples import Classes

PLAIN, PRODUCT = "plain", "product"
ARCHITECTURES = (PLAIN, PRODUCT)
DIMENSIONS = {PLAIN: 128, PRODUCT: 192}
"""Of the embedding: the features, brought to length one."""
STEM, WIDTHS = 24, (48, 96, 192, 192)
SMALL = 40
"""Pixels a side up to which the first layer keeps every pixel."""
DROPOUT = {PLAIN: 0.5, PRODUCT: 0.2}


def build(keras: Any, architecture: str, size: int, told: Classes, *, policy: str = "float32") -> Any:
    """A model [n, h, w, 3] to {"features", "category", "group_<n>"}; logits, without `category` where no class is told.

    Variables are named, so the same architecture has the same paths everywhere. Raises KeyError for an architecture
    that is not here.
    """
    width = DIMENSIONS[architecture]
    layers = keras.layers
    sides = (size, size) if architecture == PLAIN else (None, None)
    pictures = keras.Input((*sides, 3), name="pixels")
    net = _Net(keras, policy)
    scaled = layers.Rescaling(1 / 64.0, offset=-2.0, name="scaled")(pictures)
    features = net.plain(scaled, width) if architecture == PLAIN else net.product(scaled, size)
    features = layers.Activation("linear", dtype="float32", name="features")(features)
    dropped = layers.Dropout(DROPOUT[architecture], dtype="float32", name="dropped")(features)
    out = {"features": features}
    if told.classes:
        out["category"] = layers.Dense(len(told.classes), dtype="float32", name="category")(dropped)
    for place, group in enumerate(told.groups):
        head = layers.Dense(len(group.labels), dtype="float32", name=f"group_{place}")
        out[f"group_{place}"] = head(dropped)
    return keras.Model(pictures, out, name=architecture)


def is_head(path: str) -> bool:
    """Whether a variable belongs to what stands on the features."""
    return path.split("/")[0] == "category" or path.startswith("group_")


class _Net:
    """Layers by name; `policy` is the kind of numbers they compute with."""

    def __init__(self, keras: Any, policy: str) -> None:
        self.layers, self.policy = keras.layers, policy

    def plain(self, found: Any, width: int) -> Any:
        layers = self.layers
        for name, channels in (("first", 32), ("second", 64)):
            found = layers.Conv2D(channels, 3, activation="relu", dtype=self.policy, name=name)(found)
            found = layers.MaxPooling2D(name=f"{name}_pool")(found)
        found = layers.Flatten(name="flat")(found)
        return layers.Dense(width, activation="relu", dtype=self.policy, name="dense")(found)

    def product(self, found: Any, size: int) -> Any:
        step = 1 if size <= SMALL else 2
        found = self._convolved(found, STEM, 3, step, "stem")
        for place, width in enumerate(WIDTHS):
            found = self._block(found, width, 1 if width == found.shape[-1] else 2, f"block{place}")
        return self.layers.GlobalAveragePooling2D(dtype="float32", name="mean")(found)

    def _convolved(self, found: Any, width: int, side: int, step: int, name: str, *, is_last: bool = False) -> Any:
        layers = self.layers
        found = layers.Conv2D(
            width, side, strides=step, padding="same", use_bias=False, kernel_initializer="he_normal",
            dtype=self.policy, name=f"{name}_conv",
        )(found)  # fmt: skip
        gamma = "zeros" if is_last else "ones"  # a block begins as its way around
        found = layers.BatchNormalization(
            momentum=0.9, gamma_initializer=gamma, dtype=self.policy, name=f"{name}_norm"
        )(found)
        return found if is_last or side == 1 else layers.ReLU(dtype=self.policy, name=f"{name}_relu")(found)

    def _block(self, found: Any, width: int, step: int, name: str) -> Any:
        around = found
        if step > 1 or found.shape[-1] != width:
            if step > 1:
                around = self.layers.AveragePooling2D(step, padding="same", dtype=self.policy, name=f"{name}_pool")(
                    around
                )
            around = self._convolved(around, width, 1, 1, f"{name}_around")
        found = self._convolved(found, width, 3, step, f"{name}_one")
        found = self._convolved(found, width, 3, 1, f"{name}_two", is_last=True)
        found = self.layers.Add(dtype=self.policy, name=f"{name}_sum")([found, around])
        return self.layers.ReLU(dtype=self.policy, name=f"{name}_out")(found)
