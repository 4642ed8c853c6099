"""Small words of reading: the kind of its models, the engines a shop may choose, the languages it speaks of."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.model_registry import ModelKind

SENTIMENT = ModelKind(
    name="sentiment", schema_version=1, primary_metric="macro_f1", builder="reviews.ml.serving.build_scorer"
)
ASPECTS = ModelKind(
    name="review_aspects", schema_version=1, primary_metric="accuracy",
    builder="reviews.ml.learned_aspects.build_aspects",
)  # fmt: skip
ASPECT_METRICS = {
    "accuracy": _("Aspects told as staff said"),
    "stars": _("Side of aspects as the stars say"),
}
METRICS = {
    "macro_f1": _("Mean F1 of the outcomes"),
    "accuracy": _("Read right"),
    "ece": _("Confidence was off by"),
    "later_accuracy": _("Read right, on later reviews"),
}


@dataclass(frozen=True)
class EngineChoice:
    """An engine by its name in `reviews.ml.engines`. `needs`: the module without which it cannot learn here; `folder`:
    the environment variable that names what it rests on."""

    name: str
    title: Any
    about: Any
    needs: str = ""
    folder: str = ""

    @property
    def is_installed(self) -> bool:
        """Looks for the module without loading it."""
        has_module = not self.needs or find_spec(self.needs) is not None
        return has_module and (not self.folder or bool(os.environ.get(self.folder, "").strip()))


ENGINE_CHOICES = (
    EngineChoice("ngram", _("Word and character grams"), _("Fast, explains itself; the right one for most shops.")),
    EngineChoice("keras-cnn", _("Convolutional network"), _("Learns in minutes on one core."), needs="tensorflow"),
    EngineChoice("keras-lstm", _("Recurrent network"), _("The slowest to learn and to read."), needs="tensorflow"),
    EngineChoice(
        "transformer",
        _("Pretrained transformer"),
        _("Rests on a model in a folder of your own; slow to read."),
        folder="REVIEWS_TRANSFORMER",
    ),
)


def installed_engines() -> list[EngineChoice]:
    return [one for one in ENGINE_CHOICES if one.is_installed]


def engine_title(name: str) -> str:
    return next((str(one.title) for one in ENGINE_CHOICES if one.name == name), name)
