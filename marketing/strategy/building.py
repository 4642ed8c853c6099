"""Look at the groups, propose, keep."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from analytics.models import Segment
from analytics.segments.clustering import CLUSTERS
from core.jobs import guard
from core.ml.numbers import rounded
from core.models import ModelVersion
from marketing.ml import strategy
from marketing.ml.strategy import Answer, Proposal
from marketing.models import Offer, StrategyProposal, StrategyRun
from marketing.strategy import datasets, tastes

Kind, Basis = Offer.Kind, StrategyRun.Basis
DAYS = 365
KINDS = {"discount": Kind.DISCOUNT, "free_shipping": Kind.FREE_SHIPPING, "bonus_points": Kind.POINTS}
TEN_POINTS = Decimal(10)


def build(*, now: datetime | None = None) -> dict[str, Any]:
    """A new look with a proposal for each group: the shop's clusters, or its RFM segments while there are none.

    What was decided about earlier looks stays. Nothing is kept where there are no groups yet.
    """
    until = now or timezone.now()
    since = until - timedelta(days=DAYS)
    for basis in (Basis.CLUSTER, Basis.RFM):
        people = datasets.people(basis, since=since, until=until)
        if people is not None:
            break
    else:
        return {"skipped": "no_groups"}
    found = strategy.for_groups(people.responses, people.labels)
    liked = tastes.of_groups(people.ids, people.labels, len(people.segments), until)
    version = ModelVersion.objects.of(CLUSTERS.name).active().first() if basis == Basis.CLUSTER else None
    with transaction.atomic():
        guard()
        last = StrategyRun.objects.aggregate(last=Max("number"))["last"] or 0
        run = StrategyRun.objects.create(
            number=last + 1, basis=basis, as_of=until, since=since, customers=len(people.ids), groups_version=version,
            stability=version.metrics.get("stability") if version is not None else None,
        )  # fmt: skip
        alive = set(Segment.objects.filter(pk__in=people.segments).values_list("pk", flat=True))
        StrategyProposal.objects.bulk_create(
            [
                _row(run, people.segments[one.cluster], one, liked[one.cluster])
                for one in sorted(found, key=lambda one: -one.size)
                if people.segments[one.cluster] in alive
            ]
        )
    return {"look": run.number, "groups": len(found), "customers": len(people.ids)}


def _row(run: StrategyRun, segment: int, one: Proposal, liked: dict[str, Any]) -> StrategyProposal:
    kind, value = best(one)
    answers = {name: rounded(vars(answer)) for name, answer in one.answers.items()} | {"fits": rounded(liked, 4)}
    return StrategyProposal(run=run, segment_id=segment, size=one.size, answers=answers, kind=kind, value=value)


def best(one: Proposal) -> tuple[str, Decimal]:
    """The kind of offer that the group took up clearly more than everybody, by as many half widths of its range; none
    where no range lies above what everybody did."""
    above = {name: _above(answer) for name, answer in one.answers.items()}
    name = max(above, key=lambda key: above[key])
    answer = one.answers[name]
    if above[name] <= 0 or answer.value is None:
        return "", Decimal(0)
    if name == "discount":
        return KINDS[name], Decimal(max(1, min(100, round(answer.value))))
    if name == "bonus_points":
        return KINDS[name], max(TEN_POINTS, round(Decimal(answer.value) / TEN_POINTS) * TEN_POINTS)
    return KINDS[name], Decimal(0)


def _above(answer: Answer) -> float:
    if answer.strength != "clear" or answer.value is None or answer.low is None or answer.everybody is None:
        return 0.0
    return (answer.value - answer.everybody) / max(answer.value - answer.low, 1e-9)
