"""Experiments for those who answer requests: which arm somebody is in, and that they were shown it.

    subject = Subject(visitor="…")
    placed = arm_for(kind="recommendations", target="home", subject=subject)
    if placed is not None:
        …do what `placed.settings` says…
        expose(placed)
    expose_to_models(subject)  # where a model decides, for the shop's holdout (core.experiments.holdout)

All take microseconds and never fail: running experiments are remembered for a second, and exposures are written by a
thread of their own. What an experiment may change is registered in `core.extensions.experiment_kinds`, what it is
judged by in `experiment_metrics`. Starting, stopping and deciding are in `core.experiments.services`, the result in
`core.experiments.looking`.
"""

from core.experiments.exposures import expose, expose_to_models
from core.experiments.kinds import ArmChoice, ExperimentKind, RowTargets
from core.experiments.metrics import OutcomeMetric
from core.experiments.placing import Placed, Subject, arm_for

__all__ = [
    "ArmChoice",
    "ExperimentKind",
    "OutcomeMetric",
    "Placed",
    "RowTargets",
    "Subject",
    "arm_for",
    "expose",
    "expose_to_models",
]
