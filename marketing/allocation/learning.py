"""What each offer brings, from campaigns that left some out by chance, and whether it may be told by customer."""

from datetime import timedelta
from typing import Any

import numpy as np

from core import model_registry as registry
from core.jobs import current_job_id
from core.ml.numbers import rounded
from core.models import ModelVersion
from marketing.allocation import datasets
from marketing.allocation.datasets import Given
from marketing.allocation.kinds import MARGIN, OFFER_EFFECTS, terms_of
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.ml import guard, learners
from marketing.ml import offers as maths
from marketing.ml.encoding import Encoder
from marketing.models import Campaign, Offer
from marketing.uplift.datasets import features_of, known_before

SEED = 0


def current() -> ModelVersion | None:
    """The version that knows all campaigns there are; made where there is something new. None: nothing is measured."""
    campaigns = datasets.campaigns()
    names = [one.public_id for one in campaigns]
    newest = ModelVersion.objects.of(OFFER_EFFECTS.name).order_by("-number").first()
    if newest is None or newest.report.get("campaigns") != names:
        newest = _learned(campaigns, names) if campaigns else None
    return newest if newest is not None and newest.report["offers"] else None


def _learned(campaigns: list[Campaign], names: list[str]) -> ModelVersion:
    """Of each offer the newest campaign that had enough people for it. Offers that say the same are one."""
    told: dict[str, dict[str, Any]] = {}
    arrays: dict[str, Any] = {"none": np.zeros(1)}
    encoders: dict[str, Any] = {}
    moments, people = [], 0
    for campaign in campaigns:
        found = datasets.given(campaign)
        terms = {one.pk: terms_of(one) for one in Offer.objects.filter(pk__in=list(found))}
        for offer, rows in sorted(found.items()):
            key = terms.get(offer)
            if key is None or key in told:
                continue
            measured = maths.measure(rows.outcome, rows.treated, rows.took)
            if measured is None:
                continue
            verdict, more, encoder = _judged(rows)
            told[key] = {
                "campaign": campaign.public_id, "offer": offer, "guard": verdict.decision, "reason": verdict.reason,
                "people": measured.people, "left_out": measured.people_without, "share": measured.share,
                "share_without": measured.share_without, "effect": list(measured.effect), "used": measured.used,
                "place": len(told),
            }  # fmt: skip
            arrays |= {f"{told[key]['place']}.{name}": part for name, part in more.items()}
            if encoder is not None:
                encoders[key] = encoder
            moments += [rows.first, rows.last]
            people += len(rows.ids)
    report = {
        "metrics": {
            "measured": float(len(told)), "ranked": float(sum(one["guard"] == "use" for one in told.values())),
        },
        "campaigns": names, "offers": told, "outcome_days": OUTCOME_DAYS,
    }  # fmt: skip
    return registry.publish_if_better(
        OFFER_EFFECTS, arrays, meta={"encoders": encoders}, report=rounded(report), margin=MARGIN,
        trained_from=min(moments, default=None),
        trained_until=max(moments) + timedelta(days=OUTCOME_DAYS) if moments else None, row_count=people,
        may_serve=bool(told), job_id=current_job_id(),
    )  # fmt: skip


def _judged(rows: Given) -> tuple[guard.Verdict, dict[str, Any], Any]:
    """The verdict of the guard of uplift, and the model where it may be used."""
    columns = features_of(rows.ids, known_before(rows.first))
    verdict, _scores = guard.judge(columns, rows.outcome, rows.treated, seed=SEED)
    if not verdict.may_be_used:
        return verdict, {}, None
    encoder = Encoder.learn(columns)
    model = learners.fit(encoder.matrix(columns), rows.outcome, rows.treated, encoder.names, seed=SEED)
    return verdict, model.to_arrays(), encoder.to_json()
