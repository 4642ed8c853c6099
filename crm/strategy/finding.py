"""Groups of customers by how they were served: read, part, judge by later cases, write down."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop
from numpy.typing import NDArray

from analytics.ml import kmeans
from analytics.ml.choosing_k import STABLE
from core.jobs import guard, progress
from core.said import Said
from crm.ml import service_strategy
from crm.ml.service_strategy import FEATURES, Found, Group, Mean
from crm.models import ServiceGroup, ServiceMember, ServiceRun, ServiceStrategy
from crm.strategy import datasets
from crm.strategy.datasets import Served

WINDOW_DAYS = 180
FEWEST = 100
"""Customers with a ticket without whom no groups are looked for."""
SEED = 7
KEEP_RUNS = 26
PUT_BACK_DAYS = 30
"""So long a withdrawn strategy can be put back: its customers are kept."""
LOCK = 7_340_066
"""Advisory lock of whoever writes a run."""
PROFILE = """
WITH everybody AS (
    SELECT m.group_id, s.value, s.churn_90, nullif(s.rfm_segment, '') AS segment, s.customer_id IS NOT NULL AS is_scored
    FROM crm_servicemember m JOIN crm_servicegroup g ON g.id = m.group_id
    LEFT JOIN analytics_customerscore s ON s.customer_id = m.customer_id
    WHERE g.run_id = %(run)s
)
SELECT group_id, 'figures', NULL, count(*) FILTER (WHERE is_scored), avg(value)::float8, avg(churn_90)
FROM everybody GROUP BY GROUPING SETS ((), (group_id))
UNION ALL
SELECT group_id, 'segment', segment, count(*), NULL, NULL FROM everybody WHERE segment IS NOT NULL
GROUP BY GROUPING SETS ((segment), (group_id, segment))
"""
MEMBERS = """
INSERT INTO crm_servicemember (group_id, customer_id)
SELECT n.group_id, c.id FROM unnest(%s::bigint[], %s::bigint[]) AS n (group_id, customer)
JOIN catalog_customer c ON c.id = n.customer AND c.erased_at IS NULL AND c.merged_into_id IS NULL
"""
MOST_SEGMENTS = 3


def find(*, now: datetime | None = None) -> dict[str, Any]:
    """Look for groups and write them down as a run. What the job shows. A run that finds nothing says why, and what
    people accepted before goes on."""
    now = now or timezone.now()
    people = datasets.served(now, WINDOW_DAYS)
    if len(people) < FEWEST:
        return _refuse(
            now, len(people), gettext_noop("Too few customers: %(count)d wrote to the shop, %(needed)d are needed."),
            {"count": len(people), "needed": FEWEST},
        )  # fmt: skip
    progress(1, 3, Said(gettext_noop("Looking for groups")))
    found = service_strategy.find(people.whole, people.early, people.later, seed=SEED)
    if len(found.groups) < 2:
        return _refuse(now, len(people), gettext_noop("All customers were served alike: nothing parts them."), {})
    if not found.is_stable:
        return _refuse(
            now, len(people),
            gettext_noop(
                "No number of groups comes again when customers are drawn anew: "
                "%(k)d agree by %(ari)s, %(needed)s is needed."
            ),
            {"k": len(found.groups), "ari": f"{found.stability:.2f}", "needed": f"{STABLE:.2f}"},
        )  # fmt: skip
    progress(2, 3, Said(gettext_noop("Writing the groups down")))
    with transaction.atomic():
        guard()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        run = _write(found, people, now)
        _tidy(run, now)
    return {"customers": len(people), "groups": run.k, "stability": round(found.stability, 3)}


def _refuse(now: datetime, customers: int, text: str, values: dict[str, Any]) -> dict[str, Any]:
    ServiceRun.objects.create(
        as_of=now, window_days=WINDOW_DAYS, customers=customers, refusal={"text": text, "values": values}
    )
    return {"customers": customers, "groups": 0}


def _write(found: Found, people: Served, now: datetime) -> ServiceRun:
    names = kmeans.keep_names(found.labels, _before(people.ids), _ever())
    run = ServiceRun.objects.create(
        as_of=now, window_days=WINDOW_DAYS, customers=len(people), k=len(found.groups), stability=found.stability,
        overall={"means": _known(found.overall), "later": _known(found.overall_later)},
    )  # fmt: skip
    made = [
        ServiceGroup.objects.create(
            run=run, key=names[place], place=place, size=one.size, share=one.share, evidence=_evidence(one),
            priority=one.priority, programme=one.programme, reasons=one.reasons,
            target_minutes=None if one.target_minutes is None else max(round(one.target_minutes), 1),
        )
        for place, one in enumerate(found.groups)
    ]  # fmt: skip
    with connection.cursor() as cursor:  # who was erased since the rows were read is left out
        cursor.execute(MEMBERS, [[made[label].pk for label in found.labels.tolist()], people.ids.tolist()])
    _describe(run, made)
    return run


def _before(ids: NDArray[np.int64]) -> list[str]:
    """The key of each customer's group in the newest run that found some; empty for those who were in none."""
    newest = ServiceRun.objects.filter(k__gt=0).values_list("pk", flat=True).first()
    known = dict(ServiceMember.objects.filter(group__run=newest).values_list("customer_id", "group__key"))
    return [known.get(pk, "") for pk in ids.tolist()]


def _ever() -> list[str]:
    return list(ServiceGroup.objects.order_by().values_list("key", flat=True).distinct())


def _evidence(group: Group) -> dict[str, Any]:
    """Numbers that JSON holds; an unknown mean is null."""

    def row(one: Mean) -> dict[str, float | None]:
        return {name: None if value is None or np.isnan(value) else value for name, value in asdict(one).items()}

    return {
        "means": {name: row(group.means[name]) for name in FEATURES},
        "later": {name: row(group.later[name]) for name in FEATURES},
        "followed": group.followed,
        "strength": group.strength,
    }


def _known(means: dict[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in means.items()}


def _describe(run: ServiceRun, groups: list[ServiceGroup]) -> None:
    """What the customers of each group are like beside everybody: value, risk to leave, RFM segments. One query."""
    told: dict[int | None, dict[str, Any]] = {}
    with connection.cursor() as cursor:
        cursor.execute(PROFILE, {"run": run.pk})
        for group, what, segment, count, value, churn in cursor.fetchall():
            one = told.setdefault(group, {"segments": []})
            if what == "figures":
                one |= {"scored": count, "value": value, "churn": churn}
            else:
                one["segments"].append([segment, count])
    for one in told.values():
        one["segments"] = sorted(one["segments"], key=lambda pair: (-pair[1], pair[0]))[:MOST_SEGMENTS]
    for group in groups:
        group.profile = told.get(group.pk, {})
    ServiceGroup.objects.bulk_update(groups, ["profile"])
    run.overall |= {"profile": told.get(None, {})}
    run.save(update_fields=["overall"])


def _tidy(run: ServiceRun, now: datetime) -> None:
    """Customers of older groups go where no strategy needs them; of older runs the newest stay, and all that somebody
    decided about."""
    needed = ServiceStrategy.objects.filter(
        Q(withdrawn_at=None) | Q(withdrawn_at__gt=now - timedelta(days=PUT_BACK_DAYS))
    ).values("group")
    ServiceMember.objects.exclude(group__run=run).exclude(group__in=needed).delete()
    kept = list(ServiceRun.objects.order_by("-as_of", "-pk").values_list("pk", flat=True)[:KEEP_RUNS])
    ServiceRun.objects.exclude(pk__in=kept).exclude(groups__strategies__isnull=False).delete()
