"""Who reads reviews: the model that serves, else the product's list of words. Loads nothing that learns."""

from dataclasses import dataclass

from core import model_registry
from core.models import ModelVersion
from reviews.choices import SENTIMENT
from reviews.ml import lexicon
from reviews.ml.sentiment import Scorer
from reviews.ml.serving import build_scorer


@dataclass(frozen=True)
class Reader:
    """A scorer, and the version it is; None for the product's list of words."""

    scorer: Scorer
    version: ModelVersion | None = None

    @property
    def version_id(self) -> int | None:
        return self.version.pk if self.version is not None else None


def scorer() -> Reader:
    """The active model of kind `sentiment` as it can be loaded here, else the list of words."""
    loaded = model_registry.active(SENTIMENT)
    version = ModelVersion.objects.filter(pk=loaded.version_id).first() if loaded is not None else None
    if loaded is None or version is None:
        return Reader(lexicon.shipped())
    return Reader(loaded.built(build_scorer), version)
