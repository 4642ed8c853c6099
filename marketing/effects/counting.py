"""Counting by a job: one campaign by segment, and the campaigns of a year together.

Everybody counts in the group that chance put them in (intention to treat), and in the segments they were in when the
campaign was planned. All versions of a message count as one: against no message.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from analytics.models import Segment
from core.experiments import holdout, metrics
from core.experiments.looking import as_row
from core.jobs import guard, progress
from core.ml import experiments as ml
from core.ml.experiments import Comparison, Difference, Sums
from core.models import Experiment, Exposure
from marketing.campaigns.effect import OfferCost, offer_costs
from marketing.campaigns.trials import KIND
from marketing.ml import groups
from marketing.ml.groups import MESSAGE, NOTHING, GroupEffect
from marketing.models import Campaign, EffectLook, Recipient

MEASURES = ("conversion", "revenue")
EVERYBODY = "all"
NOBODYS = "none"
"""People in no segment when the campaign was planned: most never bought."""
YEAR = timedelta(days=365)
YEARS_PEOPLE = 50_000
"""People, counted once for each campaign, around whom the range of a year is narrowest; it holds at any number."""
CAP = 0.999
DIVIDED = """
SELECT e.subject, 'all' AS part FROM exposed e
UNION ALL
SELECT e.subject, m.segment_id::text FROM exposed e JOIN catalog_customer c ON c.public_id = e.subject
    JOIN analytics_segmentmembership m ON m.customer_id = c.id AND m.since <= e.exposed_at
        AND (m.until IS NULL OR m.until > e.exposed_at)
UNION ALL
SELECT e.subject, 'none' FROM exposed e JOIN catalog_customer c ON c.public_id = e.subject
WHERE NOT EXISTS (SELECT FROM analytics_segmentmembership m WHERE m.customer_id = c.id AND m.since <= e.exposed_at
    AND (m.until IS NULL OR m.until > e.exposed_at))
"""


def due(now: datetime | None = None) -> list[Campaign]:
    """Campaigns with a comparison that were not counted since their last orders came in."""
    now = now or timezone.now()
    rows = (
        Campaign.objects.filter(experiment__kind=KIND)
        .exclude(experiment__state=Experiment.State.DRAFT)
        .select_related("experiment")
        .annotate(counted=Max("effect_looks__looked_at"))
        .order_by("pk")
    )
    return [one for one in rows if one.counted is None or not _is_final(one, one.counted)]


def _is_final(campaign: Campaign, counted: datetime) -> bool:
    experiment = campaign.experiment
    assert experiment is not None
    if experiment.stopped_at is None:
        return False
    return counted >= experiment.stopped_at + timedelta(days=experiment.outcome_days)


def count_all() -> dict[str, Any]:
    """Every campaign that may have changed, then the year. Safe to run twice and to be cut off."""
    campaigns = due()
    for done, campaign in enumerate(campaigns):
        progress(done, len(campaigns))
        count(campaign)
    return {"campaigns": len(campaigns), **count_year()}


def count(campaign: Campaign, *, now: datetime | None = None) -> EffectLook | None:
    """One campaign: everybody and each segment. None when there is nothing to compare."""
    experiment, now = campaign.experiment, now or timezone.now()
    if experiment is None:
        return None
    arms = {arm.pk: arm for arm in experiment.arms.all()}
    people = dict(Exposure.objects.filter(experiment=experiment).values_list("arm").annotate(Count("id")))
    if not people:
        return None
    control = next((pk for pk, arm in arms.items() if arm.is_control), 0)
    told: dict[str, dict[str, Any]] = {}
    for measure in MEASURES:
        metric = metrics.known(measure)
        if metric is not None:
            sums = metrics.count_in_groups(experiment, metric, DIVIDED, now=now)
            told[measure] = {part: _pair(found, control) for part, found in sums.items()}
    tuned = experiment.planned_people
    results: dict[str, Any] = {
        "people": {MESSAGE: sum(n for pk, n in people.items() if pk != control), NOTHING: people.get(control, 0)},
        "sample_ratio_p": ml.sample_ratio([people.get(pk, 0) for pk in arms], [arm.weight for arm in arms.values()]),
        "days": experiment.outcome_days,
        "all": {
            measure: as_row(groups.two(found[EVERYBODY], tuned_for=tuned)) | _chance(found[EVERYBODY], tuned)
            | {"nonzero": [found[EVERYBODY][arm].nonzero for arm in (MESSAGE, NOTHING)]}
            for measure, found in told.items() if EVERYBODY in found
        },
        "segments": _segments(told, tuned),
    }  # fmt: skip
    with transaction.atomic():
        guard()
        look, _new = EffectLook.objects.update_or_create(
            campaign=campaign, defaults={"looked_at": now, "results": results}
        )
    return look


def _pair(found: Mapping[int, Sums], control: int) -> dict[str, Sums]:
    """All versions of the message as one, against nothing."""
    empty = Sums(0, 0.0, 0.0)
    message = sum((one for arm, one in found.items() if arm != control), empty)
    return {MESSAGE: message, NOTHING: found.get(control, empty)}


def _chance(pair: Mapping[str, Sums], tuned: int) -> dict[str, Any]:
    return {"p": groups.chance(groups.two(pair, tuned_for=tuned), tuned_for=tuned)}


def _segments(told: Mapping[str, Mapping[str, Any]], tuned: int) -> list[dict[str, Any]]:
    """Divisions are asked together: the RFM segments with those in none, and the clusters."""
    parts = {part for found in told.values() for part in found} - {EVERYBODY}
    kinds = dict(
        Segment.objects.filter(pk__in=[int(part) for part in parts if part != NOBODYS]).values_list("pk", "kind")
    )
    divisions: dict[str, list[str]] = {}
    for part in sorted(parts, key=lambda part: (part == NOBODYS, part)):
        kind = Segment.Kind.RFM if part == NOBODYS else kinds.get(int(part))
        if kind is not None:
            divisions.setdefault(str(kind), []).append(part)
    asked = {
        (kind, measure): {part: told[measure][part] for part in names if part in told[measure]}
        for kind, names in sorted(divisions.items(), reverse=True)
        for measure in told
    }
    found: dict[tuple[str, str], dict[str, Any]] = {}
    place = {part: kind for kind, names in divisions.items() for part in names}
    for one in groups.judge(asked, tuned_for=tuned):
        row = found.setdefault((place[one.group], one.group), {"segment": one.group, "division": place[one.group]})
        row[one.measure] = as_json(one)
    return list(found.values())


def as_json(one: GroupEffect) -> dict[str, Any]:
    return as_row(one.told) | {
        "p": one.p, "p_holm": one.p_holm, "apart": one.apart, "p_apart_holm": one.p_apart_holm
    }  # fmt: skip


# --- a year ---------------------------------------------------------------------------------------------------------


def count_year(now: datetime | None = None) -> dict[str, Any]:
    """All campaigns that were planned in the last 365 days: what they brought together, and the shop's holdout."""
    now = now or timezone.now()
    looks = list(
        EffectLook.objects.filter(campaign__experiment__started_at__gt=now - YEAR)
        .select_related("campaign__experiment")
        .order_by("pk")
    )
    counted, sent = {look.campaign_id for look in looks}, _sent(now - YEAR)
    prices = dict(Campaign.objects.filter(pk__in={*counted, *sent}).values_list("pk", "cost_per_message"))
    offers = offer_costs(list(prices))
    costs = {
        pk: float(price) * sent.get(pk, 0) + offers.get(pk, OfferCost()).whole for pk, price in prices.items()
    }  # fmt: skip
    rows = [_row(look, sent, costs, offers) for look in looks]
    parts: dict[str, list[Comparison]] = {measure: [] for measure in MEASURES}
    events = [0, 0]
    for row in rows:
        if row["is_broken"]:
            continue
        for measure in MEASURES:
            if (told := row[measure]) and told["n"] > 1 and told["n_control"] > 1:
                parts[measure].append(_comparison(told))
        if told := row["conversion"]:
            events = [have + more for have, more in zip(events, told["nonzero"], strict=True)]
    judged = [row for row in rows if not row["is_broken"]]
    for row, p in zip(judged, ml.holm([_p(row) for row in judged]), strict=True):
        row["p_holm"] = p if row["conversion"] and row["conversion"]["p"] is not None else None
    sizes = [sum(getattr(one, name) for one in parts["conversion"]) for name in ("n", "n_control")]
    enough = all(ml.is_long_enough(n, nonzero) for n, nonzero in zip(sizes, events, strict=True))
    others = [pk for pk in sent if pk not in counted]
    results: dict[str, Any] = {
        "since": (now - YEAR).isoformat(),
        "campaigns": rows,
        "unmeasured": len(others),
        "cost_unmeasured": sum(costs[pk] for pk in others),
        "cost": sum(row["cost_counted"] for row in judged),
        "in_revenue": sum(row["in_revenue"] for row in judged),
        "people": sizes,
        "total": {
            measure: _total(groups.total(found, tuned_for=YEARS_PEOPLE, is_enough=enough))
            for measure, found in parts.items()
        },
        "holdout": against_holdout(now),
    }
    with transaction.atomic():
        guard()
        EffectLook.objects.update_or_create(campaign=None, defaults={"looked_at": now, "results": results})
    return {"measured": len(judged)}


def _row(
    look: EffectLook, sent: Mapping[int, int], costs: Mapping[int, float], offers: Mapping[int, OfferCost]
) -> dict[str, Any]:
    """One campaign of the year. `cost_counted` is of those whose orders are in, as only these are compared, and
    `in_revenue` is the part of it that revenue is net of."""
    campaign, told = look.campaign, look.results
    assert campaign is not None
    assert campaign.experiment is not None
    assert campaign.experiment.started_at is not None
    cost, people = costs.get(campaign.pk, 0.0), told["people"][MESSAGE]
    measures = {measure: told["all"].get(measure) for measure in MEASURES}
    done = measures["conversion"]["n"] if measures["conversion"] else 0
    counted = min(1.0, done / people) if people else 0.0
    return {
        "campaign": campaign.pk, "started_at": campaign.experiment.started_at.isoformat(), "people": told["people"],
        "is_broken": told["sample_ratio_p"] < ml.MISMATCH_BELOW, "messages": sent.get(campaign.pk, 0), "cost": cost,
        "cost_counted": cost * counted, "in_revenue": offers.get(campaign.pk, OfferCost()).in_revenue * counted,
        **measures,
    }  # fmt: skip


def _p(row: Mapping[str, Any]) -> float:
    found = (row["conversion"] or {}).get("p")
    return 1.0 if found is None else float(found)


def _sent(since: datetime) -> dict[int, int]:
    """Messages by campaign; those that were perhaps sent were perhaps paid for."""
    rows = Recipient.objects.filter(
        Q(state=Recipient.State.SENT) | Q(state=Recipient.State.UNKNOWN), campaign__isnull=False, due_at__gt=since
    )
    return dict(rows.values_list("campaign").annotate(Count("id")))


def _comparison(row: Mapping[str, Any]) -> Comparison:
    """What was stored, as far as it is added up."""
    told = Difference(row["difference"], row["error"], (0.0, 0.0), 1.0, "", None, None)
    return Comparison("", row["n"], row["n_control"], row["mean"], row["mean_control"], told, None, None, row["alpha"])


def _total(found: groups.Total) -> dict[str, Any]:
    return {
        "value": found.value, "people": found.people,
        "interval": list(found.interval) if found.interval is not None else None,
    }  # fmt: skip


ENTERED = """
WITH plans AS (
    SELECT c.id, greatest(max(e.at), c.planned_for) AS at
    FROM marketing_campaign c JOIN marketing_campaignevent e ON e.campaign_id = c.id AND e.after = 'planned'
    WHERE c.trigger = '' GROUP BY c.id
), entered AS MATERIALIZED (
    SELECT r.customer_id, min(p.at) AS at, bool_or(r.arm = '') AS is_held
    FROM marketing_recipient r JOIN plans p ON p.id = r.campaign_id
    WHERE p.at >= %(since)s AND p.at < %(now)s AND (r.arm <> '' OR r.skip_reason = 'holdout')
    GROUP BY r.customer_id HAVING bool_and(r.arm = '') = bool_or(r.arm = '')
), bought AS MATERIALIZED (
    SELECT n.customer_id,
        coalesce(sum((o.paid_total - o.refunded_total) * o.base_rate) FILTER (WHERE o.paid_at >= n.at), 0) AS revenue,
        coalesce(sum((o.paid_total - o.refunded_total) * o.base_rate) FILTER (WHERE o.paid_at < n.at), 0) AS before,
        count(*) FILTER (WHERE o.paid_at >= n.at) AS orders, count(*) FILTER (WHERE o.paid_at < n.at) AS orders_before
    FROM entered n JOIN catalog_order o ON o.customer_id = n.customer_id
        AND o.paid_at >= n.at - interval '365 days' AND o.paid_at < %(now)s AND o.status IN ({bought})
    GROUP BY n.customer_id
), told AS MATERIALIZED (
    SELECT n.is_held, coalesce(b.revenue, 0)::float8 AS y, coalesce(b.before, 0)::float8 AS x,
        (coalesce(b.orders, 0) > 0)::int::float8 AS did, (coalesce(b.orders_before, 0) > 0)::int::float8 AS had
    FROM entered n LEFT JOIN bought b USING (customer_id)
), cap AS (SELECT percentile_cont({cap}) WITHIN GROUP (ORDER BY y) AS at FROM told)
SELECT is_held, count(*), sum(least(y, at)), sum(least(y, at) ^ 2), sum(least(x, at)), sum(least(x, at) ^ 2),
    sum(least(x, at) * least(y, at)), count(*) FILTER (WHERE y <> 0), sum(did), sum(had), sum(did * had)
FROM told CROSS JOIN cap GROUP BY is_held
"""


def against_holdout(now: datetime) -> dict[str, Any] | None:
    """Customers in the shop's holdout, who got no message of any campaign (and nothing of what models decide), against
    all others who could be written to: from their first campaign on until now. None while the shop holds nobody out.

    What they bought in the 365 days before takes noise away (CUPED).
    """
    from catalog.experiment_metrics import BOUGHT

    round_ = Experiment.objects.running().filter(kind=holdout.KIND).prefetch_related("arms").first()
    if round_ is None or round_.started_at is None:
        return None
    share = next((arm.weight for arm in round_.arms.all() if arm.is_control), 0)
    since = max(round_.started_at, now - YEAR)
    with connection.cursor() as cursor:
        cursor.execute(ENTERED.format(bought=BOUGHT, cap=CAP), {"since": since, "now": now})
        rows = {NOTHING if row[0] else MESSAGE: row[1:] for row in cursor.fetchall()}
    found: dict[str, dict[str, Sums]] = {"revenue": {}, "conversion": {}}
    for arm in (MESSAGE, NOTHING):
        n, y, yy, x, xx, xy, bought, did, had, both = (float(one or 0) for one in rows.get(arm, (0,) * 10))
        shared = {"n": int(n), "d": n, "dd": n}
        found["revenue"][arm] = Sums(y=y, yy=yy, yd=y, x=x, xx=xx, xy=xy, xd=x, nonzero=int(bought), **shared)  # type: ignore[arg-type]
        found["conversion"][arm] = Sums(
            y=did, yy=did, yd=did, x=had, xx=had, xy=both, xd=had, nonzero=int(did), **shared  # type: ignore[arg-type]
        )  # fmt: skip
    sizes = [found["conversion"][arm].n for arm in (NOTHING, MESSAGE)]
    told, tuned = {}, holdout.PLANNED_PEOPLE
    chances = [groups.chance(groups.two(pair, tuned_for=tuned), tuned_for=tuned) for pair in found.values()]
    corrected = ml.holm([1.0 if p is None else p for p in chances])
    for (measure, pair), p, p_holm in zip(found.items(), chances, corrected, strict=True):
        compared = ml.compare(pair, control=NOTHING, tuned_for=tuned)
        told[measure] = as_row(compared.comparisons[0]) | {
            "removed": compared.removed, "p_holm": None if p is None else p_holm,
        }  # fmt: skip
    return {
        "since": since.isoformat(), "share": share, "sample_ratio_p": ml.sample_ratio(sizes, [share, 100 - share]),
        **told,
    }  # fmt: skip
