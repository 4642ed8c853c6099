"""Clusters of customers: read, learn, judge, publish, give everybody a cluster.

The number of clusters is chosen by stability, and a cluster that is found again keeps its segment, and with it the name
that staff gave it: clusters of two runs are the same where they share at least half of their customers (see
`kmeans.keep_names`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analytics.ml import choosing_k, kmeans
from analytics.ml.choosing_k import STABLE, ChosenK
from analytics.ml.kmeans import Profile
from analytics.ml.preparation import ColumnPlan, ColumnReport, Preparation
from analytics.models import Segment, SegmentVersion
from analytics.segments import datasets, features, membership
from analytics.segments.clustering import CLUSTERS
from analytics.segments.datasets import Customers
from analytics.segments.membership import Block
from catalog.admin.fields import shop_languages
from core import model_registry as registry
from core.exceptions import DomainError
from core.jobs import current_job_id, guard, progress
from core.model_registry import DamagedModel, LoadedModel
from core.models import ModelVersion
from core.said import Said

Array = NDArray[np.float64]
Labels = NDArray[np.int64]
FEWEST = 200
"""Customers without whom no clusters are looked for: the smallest would have six."""
MOST_K = 8
MARGIN = 0.15
"""Of the gate: a candidate of 0.85, the least that counts as stable, is never worse than a perfect one before it."""
SEED = 7
MOST_REASONS = 3
PLANS = {
    "recency": ColumnPlan(log=True),
    "frequency": ColumnPlan(log=True),
    "money": ColumnPlan(log=True, outliers="robust_z"),
    "average_order": ColumnPlan(log=True, outliers="robust_z", treatment="clip"),
    "tenure": ColumnPlan(),
}
"""Features that tell customers apart, and how they are prepared. The share refunded is described but not used: a few
who return everything would always be a cluster of their own, too small to be of use."""


class NoClusters(DomainError):
    code = "no_clusters"


def train(*, now: datetime | None = None) -> dict[str, Any]:
    """Find clusters, publish them as a version of the model, and give every customer one. What the job shows.

    Raises NoClusters with the reason: too few customers, features that are the same for everybody, no number of
    clusters that comes again. What served before goes on serving.
    """
    now = now or timezone.now()
    people = datasets.customers()
    progress(1, 4, Said(gettext_noop("Choosing the number of clusters")))
    columns, preparation, prepared = _prepared(people)
    chosen = choosing_k.choose(prepared, most=MOST_K, seed=SEED)
    _check(chosen)
    progress(2, 4, Said(gettext_noop("Publishing the clusters")))
    found = kmeans.profiles(
        chosen.clustering, {**columns, "returned": people.columns["returned"]}, _wide(prepared, people)
    )
    with transaction.atomic():
        guard()
        names = _names(chosen, people)
        version = _publish(chosen, preparation, columns, people, names)
        if not version.gate["passed"]:
            return {"version": version.name, "passed": False, "clusters": chosen.clustering.k}
        segments = _segments(names, found, people, version)
    progress(3, 4, Said(gettext_noop("Giving customers their clusters")))
    changed = _assign(people, version, {name: segment.pk for name, segment in segments.items()}, now=now)
    return {
        "version": version.name, "passed": True, "clusters": chosen.clustering.k, "customers": len(people),
        "changed": changed,
    }  # fmt: skip


def assign(*, now: datetime | None = None) -> int:
    """Give every customer the cluster that the serving version says: those who came since it was trained, and all
    after a roll back. How many changed; 0 without a version. Safe to run at any time."""
    version = ModelVersion.objects.of(CLUSTERS.name).active().first()
    people = datasets.customers()
    if version is None or len(people) == 0:
        return 0
    return _assign(people, version, None, now=now or timezone.now())


# --- learning -----------------------------------------------------------------------------------------------------


def _prepared(people: Customers) -> tuple[dict[str, Array], Preparation, Array]:
    """The columns that say something, and customers × columns as k-means takes them."""
    if len(people) < FEWEST:
        raise NoClusters(
            Said(
                gettext_noop("Too few customers: %(count)d have bought, %(needed)d are needed."),
                {"count": len(people), "needed": FEWEST},
            )
        )
    plans = {name: plan for name, plan in PLANS.items() if np.ptp(people.columns[name]) > 0}
    if len(plans) < 2:
        raise NoClusters(Said(gettext_noop("All customers are alike: nothing that is known tells them apart.")))
    columns = {name: people.columns[name] for name in plans}
    preparation = Preparation(plans)
    prepared, _kept = preparation.fit_apply(columns)
    return columns, preparation, prepared


def _check(chosen: ChosenK) -> None:
    if chosen.clustering.k < 2:
        raise NoClusters(Said(gettext_noop("Customers cannot be parted into groups of a useful size.")))
    if not chosen.is_stable:
        said = {"k": chosen.clustering.k, "ari": f"{chosen.trial.ari:.2f}", "needed": f"{STABLE:.2f}"}
        text = gettext_noop(
            "No number of clusters comes again when customers are drawn anew: "
            "%(k)d agree by %(ari)s, %(needed)s is needed."
        )
        raise NoClusters(Said(text, said))


def _wide(prepared: Array, people: Customers) -> Array:
    """With the share refunded as a last, described column in standard deviations."""
    share = people.columns["returned"]
    spread = float(share.std()) or 1.0
    return np.column_stack([prepared, (share - share.mean()) / spread])


def _names(chosen: ChosenK, people: Customers) -> dict[int, str]:
    """The lasting name of each cluster."""
    known = dict(Segment.objects.filter(kind=Segment.Kind.CLUSTER).values_list("pk", "key"))
    before = [known.get(pk, "") for pk in people.before.tolist()]
    return kmeans.keep_names(chosen.clustering.labels, before, list(known.values()))


def _publish(
    chosen: ChosenK, preparation: Preparation, columns: dict[str, Array], people: Customers, names: dict[int, str]
) -> ModelVersion:
    trial = chosen.trial
    metrics = {
        "stability": trial.ari, "silhouette": trial.silhouette, "clusters": chosen.clustering.k,
        "smallest_share": trial.smallest,
    }  # fmt: skip
    active = ModelVersion.objects.of(CLUSTERS.name).active().first()
    rival = None
    if active is not None:
        # The number of clusters that serves, tried on the customers of today.
        rival = next((one.ari for one in chosen.trials if one.k == active.metrics.get("clusters")), None)
    report = {
        "metrics": metrics,
        "features": list(columns),
        "sizes": chosen.clustering.sizes.tolist(),
        "names": [names[place] for place in range(chosen.clustering.k)],
        "by_k": {
            str(one.k): {
                "stability": one.ari, "silhouette": one.silhouette, "inertia": one.inertia,
                "explained_by_last": one.gain, "smallest_share": one.smallest,
            }
            for one in chosen.trials
        },
        "preparation": [_said(one, preparation.plans[one.name]) for one in preparation.reports],
    }  # fmt: skip
    return registry.publish_if_better(
        CLUSTERS,
        {"centres": chosen.clustering.centres},
        meta={"preparation": preparation.settings(), "names": report["names"]},
        report=report,
        trained_until=timezone.make_aware(datetime.combine(people.as_of, datetime.min.time())) + timedelta(days=1),
        margin=MARGIN,
        row_count=len(people),
        gate_scores=None if rival is None else (trial.ari, rival),
        job_id=current_job_id(),
    )


def _said(found: ColumnReport, plan: ColumnPlan) -> dict[str, Any]:
    """What was found in a column and what is done with it: what the page of data quality shows."""
    return {**found.as_dict(), "rule": plan.outliers, "log": plan.log, "scale": plan.scale, "fill": plan.missing}


# --- segments -----------------------------------------------------------------------------------------------------


def _segments(
    names: dict[int, str], found: list[Profile], people: Customers, version: ModelVersion
) -> dict[str, Segment]:
    """The segment of each cluster: the one it had, with a new version, or a new one. Clusters that were not found again
    are archived; they come back when they are found again."""
    everybody = {name: float(np.median(values)) for name, values in people.columns.items()}
    kept: dict[str, Segment] = {}
    for place, profile in enumerate(found):
        key = names[place]
        segment, _is_new = Segment.objects.get_or_create(
            kind=Segment.Kind.CLUSTER, key=key, defaults=_first_name(key, profile)
        )
        told = {**profile.as_dict(), "all_medians": everybody}
        last = segment.versions.values_list("number", flat=True).first() or 0
        segment.current = SegmentVersion.objects.create(
            segment=segment, number=last + 1, profile=told, model_version=version
        )
        segment.archived_at = None
        segment.save(update_fields=["current", "archived_at", "updated_at"])
        kept[key] = segment
    gone = Segment.objects.filter(kind=Segment.Kind.CLUSTER, archived_at=None).exclude(key__in=kept)
    gone.update(archived_at=timezone.now())
    return kept


def _first_name(key: str, profile: Profile) -> dict[str, Any]:
    """In every language of the shop and of its staff; staff may give another name, which stays."""
    apart = profile.as_dict()["apart"]
    names = {}
    for code in shop_languages():
        with translation.override(code):
            names[code] = features.cluster_name(apart, key.upper())[:300]
    return {"name": next(iter(names.values())), "name_translations": names}


# --- assigning ----------------------------------------------------------------------------------------------------


def _assign(people: Customers, version: ModelVersion, segments: dict[str, int] | None, *, now: datetime) -> int:
    """Nearest centre of the version for everybody, with reasons."""
    try:
        model = registry.load(version)
    except DamagedModel:
        return 0
    names: list[str] = model.meta["names"]
    if segments is None:
        known = Segment.objects.filter(kind=Segment.Kind.CLUSTER, key__in=names)
        segments = dict(known.values_list("key", "pk"))
    pks = np.array([segments[name] for name in names], np.int64)
    return membership.write_clusters(
        _blocks(people, model, pks), people.ids, {segments[name]: name for name in names}, version=version, now=now
    )


def _blocks(people: Customers, model: LoadedModel, pks: Labels) -> Iterator[Block]:
    """Customers with the segment of their nearest centre and the reasons, so many at a time that memory does not grow
    with the shop."""
    centres = np.asarray(model.arrays["centres"])
    preparation = Preparation.from_settings(model.meta["preparation"])
    names = list(preparation.plans)
    for start in range(0, len(people), membership.BATCH):
        part = slice(start, start + membership.BATCH)
        columns = {name: people.columns[name][part] for name in names}
        rows, _kept = preparation.apply(columns)
        labels = kmeans.assign(rows, centres)
        yield Block(people.ids[part], pks[labels], _reasons(rows, centres, labels, names, columns))


def _reasons(
    rows: Array, centres: Array, labels: NDArray[np.int64], names: list[str], columns: dict[str, Array]
) -> list[list[dict[str, Any]]]:
    """For each customer the features by which the own centre is nearest in comparison with the next one: `reason`, the
    customer's `value`, and `direction`, 1 or −1 for above or below all customers."""
    distances = ((rows[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    distances[np.arange(len(rows)), labels] = np.inf
    second = distances.argmin(axis=1)
    worth = (rows - centres[second]) ** 2 - (rows - centres[labels]) ** 2
    order = np.argsort(-worth, axis=1, kind="stable")[:, :MOST_REASONS]
    values = np.column_stack([columns[name] for name in names])
    return [
        [
            {"reason": names[at], "value": round(float(value[at]), 4), "direction": 1 if row[at] > 0 else -1}
            for at in best
            if gain[at] > 0
        ]
        for row, value, gain, best in zip(rows, values, worth, order, strict=True)
    ]  # fmt: skip
