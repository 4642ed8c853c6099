"""Experiments, their arms, and people who were shown one."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from core.models import Experiment, ExperimentArm, ExperimentLook, Exposure

STATES = [Experiment.State.DRAFT, Experiment.State.RUNNING, Experiment.State.STOPPED, Experiment.State.ARCHIVED]


class ExperimentFactory(DjangoModelFactory):
    """Live model against popularity list on the home page, half and half. `state` walks it there; `started_at`,
    `weights` and `ways` (what the arms show; both with the control first) may be given."""

    class Meta:
        model = Experiment

    name = factory.Sequence(lambda n: f"Experiment {n}")
    key = factory.Sequence(lambda n: f"experiment-{n}")
    kind = "recommendations"
    target = "home"
    primary_metric = "conversion"

    @classmethod
    def _create(cls, model_class: type[Experiment], *args: Any, **kwargs: Any) -> Experiment:
        state = kwargs.pop("state", Experiment.State.DRAFT)
        started_at = kwargs.pop("started_at", None) or timezone.now()
        weights = kwargs.pop("weights", [50, 50])
        ways = kwargs.pop("ways", ["popularity", "live", "newest"])
        made = super()._create(model_class, *args, **kwargs)
        for place, weight in enumerate(weights):
            strategy = ways[place % len(ways)]
            ExperimentArm.objects.create(
                experiment=made, key="control" if place == 0 else f"arm-{'abcdef'[place - 1]}",
                name=strategy, weight=weight, settings={"strategy": strategy}, is_control=place == 0,
            )  # fmt: skip
        for step in STATES[1 : STATES.index(state) + 1]:
            made.state = step
            if step == Experiment.State.RUNNING:
                made.started_at = started_at
            if step == Experiment.State.STOPPED:
                made.stopped_at = timezone.now()
            made.save()
        return made


class ExposureFactory(DjangoModelFactory):
    """Someone who was shown the control ten days ago; give `arm` for another."""

    class Meta:
        model = Exposure

    experiment = factory.SubFactory(ExperimentFactory, state=Experiment.State.RUNNING)
    arm = factory.LazyAttribute(lambda made: made.experiment.arms.get(is_control=True))
    subject = factory.Sequence(lambda n: f"visitor-{n}")
    exposed_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=10))


class ExperimentLookFactory(DjangoModelFactory):
    """A look at which nobody was there yet."""

    class Meta:
        model = ExperimentLook

    experiment = factory.SubFactory(ExperimentFactory, state=Experiment.State.RUNNING)
    looked_at = factory.LazyFunction(timezone.now)
    sample_ratio_p = 1.0
