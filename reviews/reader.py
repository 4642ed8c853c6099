"""Who reads reviews: the model that serves, else the product's list of words. Loads nothing that learns."""

from dataclasses import dataclass

from core import model_registry
from core.models import ModelVersion
from reviews.choices import ASPECTS, SENTIMENT
from reviews.ml import lexicon
from reviews.ml.aspects import AspectJudge
from reviews.ml.learned_aspects import LearnedAspects, build_aspects
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


def learned_aspects() -> LearnedAspects | None:
    """What staff corrected taught of aspects; None before the first training that was let through."""
    loaded = model_registry.active(ASPECTS)
    return loaded.built(build_aspects) if loaded is not None else None


def aspect_version() -> ModelVersion | None:
    """The version of it that this process has."""
    loaded = model_registry.active(ASPECTS)
    return ModelVersion.objects.filter(pk=loaded.version_id).first() if loaded is not None else None


def aspect_judge(
    scorer: Scorer, version: ModelVersion | None
) -> tuple[AspectJudge | LearnedAspects, ModelVersion | None]:
    """Who says what mentions say, and the version that it is: the model of corrections with the voices of this scorer,
    else the voices alone, which are of the scorer's version."""
    judge = AspectJudge(scorer)
    learned, own = learned_aspects(), aspect_version()
    return (learned.heard_by(judge), own) if learned is not None and own is not None else (judge, version)
