"""The job: whom of a campaign's audience which offer is expected to move, and who gets it within the budget."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analytics.datasets import known_until
from core import model_registry as registry
from core.jobs import guard, progress
from core.ml.experiments import share_of
from core.ml.numbers import rounded
from core.models import ModelVersion
from core.said import Said
from marketing.allocation import datasets, learning
from marketing.allocation.kinds import terms_of
from marketing.campaigns import audiences, eligibility
from marketing.campaigns.eligibility import Question
from marketing.ml import allocation as maths
from marketing.ml import guard as judging
from marketing.ml.allocation import NOTHING
from marketing.ml.encoding import Encoder
from marketing.ml.learners import EffectModel
from marketing.ml.offers import expected, order_values
from marketing.models import AllocatedOffer, Campaign, Offer, OfferAllocation
from marketing.offers.fitting import fits
from marketing.offers.giving import cost_of
from marketing.uplift.datasets import features_of

Array = NDArray[np.float64]
Basis, State = OfferAllocation.Basis, OfferAllocation.State
STEPS, BATCH, POINTS = 4, 5_000, 40


@dataclass(frozen=True)
class People:
    """Who of the audience can be reached now, by rising id, with the order in which chance takes them."""

    ids: NDArray[np.int64]
    order: NDArray[np.int64]
    drawn: Array
    everybody: int


def work_out(allocation_id: int) -> dict[str, Any]:
    """Learn what is new, foretell, allocate, keep. What is decided already is left alone; safe to run twice."""
    row = OfferAllocation.objects.select_related("campaign", "audience__segment").get(pk=allocation_id)
    if row.state != State.COMPUTING:
        return {"skipped": row.state}
    progress(0, STEPS, Said(gettext_noop("Reading what offers brought")))
    version = learning.current()
    progress(1, STEPS, Said(gettext_noop("Asking who can be reached")))
    people = _people(row)
    progress(2, STEPS, Said(gettext_noop("Foretelling what each offer brings")))
    offers = {one.pk: one for one in Offer.objects.filter(pk__in=row.offers)}
    table = _Table(row, [offers[pk] for pk in row.offers if pk in offers], people, version)
    results = table.results()
    progress(3, STEPS, Said(gettext_noop("Writing down who gets which offer")))
    with transaction.atomic():
        guard()
        kept = OfferAllocation.objects.select_for_update().filter(pk=allocation_id, state=State.COMPUTING).first()
        if kept is None:
            return {"skipped": "decided"}
        kept.people.all().delete()
        rows = table.rows()
        for first in range(0, len(rows), BATCH):
            AllocatedOffer.objects.bulk_create(rows[first : first + BATCH])
        kept.state, kept.basis, kept.results = State.PROPOSED, table.basis, rounded(results, 4)
        kept.model_version, kept.as_of = version if table.basis != Basis.CHANCE else None, timezone.now()
        kept.save(update_fields=["state", "basis", "results", "model_version", "as_of"])
    return {"given": len(rows), "reachable": len(people.ids), "basis": table.basis}


def _people(row: OfferAllocation) -> People:
    campaign: Campaign = row.campaign
    question = replace(Question.of(campaign), allocation=None)
    found: list[tuple[int, float, float]] = []
    everybody = 0
    salt = campaign.salt.encode()
    for batch in eligibility.batches(audiences.ids_of(audiences.customers_of(row.audience))):
        everybody += len(batch)
        found += [
            (one.pk, share_of(salt + b":budget", one.public_id), share_of(salt + b":offer", one.public_id))
            for one in eligibility.people(batch, question)
            if not one.reason
        ]
    ids, place, drawn = (np.array([one[at] for one in found]) for at in range(3))
    return People(ids.astype(np.int64), np.argsort(place, kind="stable"), drawn, everybody)


class _Table:
    """Customers × offers: what each is expected to bring and to cost, and who gets which. Sums are of those who will
    get it: of the allocated, chance leaves the campaign's share out."""

    def __init__(
        self, row: OfferAllocation, offers: list[Offer], people: People, version: ModelVersion | None
    ) -> None:  # fmt: skip
        self.row, self.people = row, people
        self.kept = 1.0 - float(row.holdout_share)
        known = version.report["offers"] if version is not None else {}
        self.told: dict[int, dict[str, Any]] = {
            one.pk: known[terms_of(one)] for one in offers if terms_of(one) in known
        }
        self.unmeasured = [one.pk for one in offers if one.pk not in self.told] if self.told else []
        self.offers = [one for one in offers if one.pk in self.told] if self.told else offers
        self._loaded = registry.load_for_serving(version) if self._is_ranked() and version is not None else None
        known_day = known_until()
        habits = datasets.habits(people.ids.tolist(), timezone.now())
        self.values = order_values(habits.total, habits.squares, habits.count)
        self.shipping = habits.shipping
        self._columns = (
            features_of(people.ids, known_day) if self._loaded is not None and known_day is not None else None
        )
        self.basis = Basis.CHANCE if not self.told else Basis.RANKING if self._columns is not None else Basis.MEAN
        columns = [self._column(one) for one in self.offers]
        size = (len(people.ids), len(self.offers))
        self.gain = np.column_stack([one[0] for one in columns]) if columns else np.empty(size)
        self.cost = np.column_stack([one[1] for one in columns]) if columns else np.empty(size)
        self.most = np.column_stack([one[2] for one in columns]) if columns else np.empty(size)
        self.fit = fits(people.ids, self.offers, timezone.now())
        self.at_most = 0.0
        self.chosen = np.full(len(people.ids), NOTHING, np.int64)
        self._choose()

    def _is_ranked(self) -> bool:
        return any(one["guard"] == "use" for one in self.told.values())

    def _column(self, offer: Offer) -> tuple[Array, Array, Array]:
        """Gain and cost of one offer for each, and what it takes off if it is surely used."""
        told, n = self.told.get(offer.pk), len(self.people.ids)
        mean = np.full(n, float(self.values.mean()) if n else 0.0)
        is_own = told is not None and told["guard"] == "use" and self._columns is not None
        value = self.values if is_own else mean
        off = _off(offer, value, self.shipping)
        if told is None:
            return np.zeros(n), off, off
        effect, share = self._foretold(offer, told) if is_own else (
            np.full(n, told["effect"][0]), np.full(n, told["share"])
        )  # fmt: skip
        is_sure = offer.kind == Offer.Kind.POINTS  # they are booked when the message is written
        gain, cost = expected(
            effect, np.ones(n) if is_sure else share, value, off,
            used=1.0 if is_sure else told["used"], margin=float(self.row.margin),
        )  # fmt: skip
        return gain - float(self.row.campaign.cost_per_message), cost, off

    def _foretold(self, offer: Offer, told: dict[str, Any]) -> tuple[Array, Array]:
        """By the model of this offer: by how much it raises each one's chance of an order, and that chance with it."""
        assert self._loaded is not None
        assert self._columns is not None
        head = f"{told['place']}."
        arrays = {name[len(head) :]: part for name, part in self._loaded.arrays.items() if name.startswith(head)}
        model = EffectModel.from_arrays(arrays)
        rows = Encoder.from_json(self._loaded.meta["encoders"][terms_of(offer)]).matrix(self._columns)
        return model.score(judging.SERVED, rows), model.treated.score(rows)

    def _choose(self) -> None:
        """In the order of chance, so that equals are told apart by nothing else."""
        order, limit = self.people.order, float(self.row.budget) / self.kept
        if not len(order) or not self.offers:
            return
        if self.basis == Basis.CHANCE:
            drawn = np.minimum((self.people.drawn * len(self.offers)).astype(np.int64), len(self.offers) - 1)
            drawn = maths.by_fit(drawn, self.fit, np.zeros(len(self.offers), np.int64))
            self.chosen[order] = maths.by_chance(drawn[order], self.cost[0], limit)
            return
        found = maths.allocate(self.gain[order], self.cost[order], limit)
        terms = [terms_of(one) for one in self.offers]
        same = np.array([terms.index(one) for one in terms], np.int64)
        self.chosen[order] = maths.by_fit(found.offers, self.fit[order], same)
        self.at_most = found.at_most * self.kept

    def results(self) -> dict[str, Any]:
        has = self.chosen != NOTHING
        known = self.basis != Basis.CHANCE
        found: dict[str, Any] = {
            "people": self.people.everybody, "reachable": len(self.people.ids), "given": int(has.sum()),
            "cost": self._sum(self.cost, has), "all_used": self._sum(self.most, has),
            "gain": self._sum(self.gain, has) if known else None, "at_most": self.at_most if known else None,
            "order_value": float(self.values.mean()) if len(self.values) else 0.0,
            "curve": self._curve() if known else [], "unmeasured": self.unmeasured,
            "offers": {},
        }  # fmt: skip
        counts = Counter(self.chosen.tolist())
        for at, offer in enumerate(self.offers):
            mine = self.chosen == at
            told = self.told.get(offer.pk, {})
            found["offers"][str(offer.pk)] = {
                "people": counts.get(at, 0), "cost": self._sum(self.cost, mine),
                "gain": self._sum(self.gain, mine) if known else None,
                **{name: told.get(name) for name in (
                    "campaign", "guard", "reason", "effect", "share", "share_without", "used", "left_out"
                )}, "measured_on": told.get("people"), **self._fits(at, mine),
            }  # fmt: skip
        return found

    def _sum(self, values: Array, mine: NDArray[np.bool_]) -> float:
        rows = np.flatnonzero(mine)
        return float(values[rows, self.chosen[rows]].sum()) * self.kept

    def _fits(self, at: int, mine: NDArray[np.bool_]) -> dict[str, Any]:
        """How well the offer fits those who get it, and everybody; nothing of offers that are about nothing."""
        if not self.fit[:, at].any():
            return {}
        return {
            "fit": float(self.fit[mine, at].mean()) if mine.any() else None,
            "fit_everybody": float(self.fit[:, at].mean()),
        }

    def _curve(self) -> list[list[float]]:
        """Budget, the most that it is expected to bring, and what it would bring for people drawn by chance."""
        if not self.gain.size:
            return []
        budgets, best = maths.frontier(self.gain, self.cost, POINTS)
        n = len(self.gain)
        drawn, some = maths.frontier(n * self.gain.mean(axis=0)[None], n * self.cost.mean(axis=0)[None], POINTS)
        chance = np.interp(budgets, drawn, some)
        return [[float(x) * self.kept for x in point] for point in zip(budgets, best, chance, strict=True)]

    def rows(self) -> list[AllocatedOffer]:
        known = self.basis != Basis.CHANCE
        return [
            AllocatedOffer(
                allocation=self.row, customer_id=int(self.people.ids[at]), offer_id=self.offers[self.chosen[at]].pk,
                gain=float(self.gain[at, self.chosen[at]]) if known else None,
                cost=float(self.cost[at, self.chosen[at]]), fit=float(self.fit[at, self.chosen[at]]) or None,
            )
            for at in np.flatnonzero(self.chosen != NOTHING).tolist()
        ]  # fmt: skip


def _off(offer: Offer, value: Array, shipping: float) -> Array:
    """What the offer takes off one order of this value [n]. Points: what they are worth, whatever is ordered."""
    if offer.kind == Offer.Kind.POINTS:
        return np.full(len(value), float(cost_of(offer)))
    if offer.kind == Offer.Kind.FREE_SHIPPING:
        found = np.full(len(value), shipping)
    elif offer.unit == Offer.Unit.PERCENT:
        found = value * float(offer.value) / 100
    else:
        found = np.minimum(float(offer.value), value)
    if offer.most_off is not None:
        found = np.minimum(found, float(offer.most_off))
    return np.where(value < float(offer.least_order), 0.0, found)
