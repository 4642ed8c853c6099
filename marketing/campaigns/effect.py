"""What became of a campaign: how far its messages came, and what it brought against people who got none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from catalog.experiment_metrics import BOUGHT
from core.experiments import reading
from core.experiments.reading import Reading
from core.models import Experiment, ExperimentArm, ExperimentLook
from marketing.campaigns.trials import OUTCOME_DAYS
from marketing.models import Campaign

FUNNEL = f"""
WITH mine AS (
    SELECT id, customer_id, state, sent_at, skip_reason FROM marketing_recipient WHERE campaign_id = %(campaign)s
), told AS (
    SELECT m.customer_id, bool_or(e.kind IN ('delivered', 'opened', 'clicked')) AS delivered,
        bool_or(e.kind = 'clicked') AS clicked, bool_or(e.kind = 'bounced') AS bounced,
        bool_or(e.kind = 'complained') AS complained, bool_or(e.kind <> 'clicked') AS reported
    FROM mine m JOIN marketing_messageevent e ON e.recipient_id = m.id GROUP BY m.customer_id
), ordered AS (
    SELECT DISTINCT m.customer_id FROM mine m JOIN catalog_order o ON o.customer_id = m.customer_id
    WHERE m.state = 'sent' AND o.status IN ({BOUGHT}) AND o.paid_at >= m.sent_at
        AND o.paid_at < m.sent_at + %(days)s * interval '1 day'
)
SELECT (SELECT count(DISTINCT customer_id) FROM mine WHERE state <> 'skipped'),
    (SELECT count(DISTINCT customer_id) FROM mine WHERE state = 'sent'),
    (SELECT count(*) FROM told WHERE delivered), (SELECT count(*) FROM told WHERE clicked),
    (SELECT count(*) FROM ordered), (SELECT count(*) FROM told WHERE bounced),
    (SELECT count(*) FROM told WHERE complained), (SELECT count(*) FROM mine WHERE state = 'sent'),
    (SELECT count(*) FROM mine WHERE state = 'unknown'), (SELECT count(*) FROM mine WHERE state = 'failed'),
    EXISTS (SELECT FROM told WHERE reported),
    (SELECT coalesce(json_agg(json_build_array(state, skip_reason, number)), '[]') FROM (
        SELECT state, skip_reason, count(*) AS number FROM mine
        WHERE state IN ('failed', 'unknown', 'skipped', 'cancelled') GROUP BY state, skip_reason) AS parts)
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class Funnel:
    """People by how far the campaign came with them. `ordered` is everybody who ordered after the message, whether
    because of it or not. `messages` counts messages; `delivered` is None while no provider said anything: a
    click comes from the shop's own page. `stopped`: state, reason and number of messages that did not go out, or of
    which nobody knows it."""

    planned: int
    sent: int
    delivered: int | None
    clicked: int
    ordered: int
    bounced: int
    complained: int
    messages: int
    unknown: int
    failed: int
    stopped: tuple[tuple[str, str, int], ...] = ()


def funnel(campaign: Campaign) -> Funnel:
    """One statement."""
    with connection.cursor() as cursor:
        cursor.execute(FUNNEL, {"campaign": campaign.pk, "days": OUTCOME_DAYS})
        (
            planned, sent, delivered, clicked, ordered, bounced, complained, messages, unknown, failed, has_word,
            stopped,
        ) = cursor.fetchone()  # fmt: skip
    return Funnel(
        planned, sent, delivered if has_word else None, clicked, ordered, bounced, complained, messages, unknown,
        failed, tuple((state, reason, number) for state, reason, number in stopped),
    )  # fmt: skip


LEFT_OUT = """
SELECT skip_reason, count(DISTINCT customer_id) FROM marketing_recipient
WHERE campaign_id = %s AND state = 'skipped' AND skip_reason <> '' GROUP BY skip_reason
"""


def left_out(campaign: Campaign) -> dict[str, int]:
    """People by the reason why they get nothing."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT_OUT, [campaign.pk])
        return dict(cursor.fetchall())


OFFERS = f"""
SELECT k.campaign_id, sum(k.amount), coalesce(sum(k.amount) FILTER (
    WHERE o.status IN ({BOUGHT}) AND o.paid_at >= r.due_at AND o.paid_at < r.due_at + %(days)s * interval '1 day'), 0)
FROM marketing_couponcode k LEFT JOIN catalog_order o ON o.id = k.order_id LEFT JOIN LATERAL (
    SELECT min(m.due_at) AS due_at FROM marketing_recipient m
    WHERE m.campaign_id = k.campaign_id AND m.customer_id = k.customer_id) r ON true
WHERE k.campaign_id = ANY(%(campaigns)s) AND k.used_at IS NOT NULL AND k.amount > 0 GROUP BY k.campaign_id
"""  # noqa: S608 (our own words only)


@dataclass(frozen=True)
class OfferCost:
    """What the offers of a campaign cost: what its codes took off orders, and what its points are worth. `in_revenue`
    is the part that more revenue is less by already, because those orders count."""

    whole: float = 0.0
    in_revenue: float = 0.0


def offer_costs(campaigns: Sequence[int]) -> dict[int, OfferCost]:
    """By campaign that gave something which was used. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(OFFERS, {"campaigns": list(campaigns), "days": OUTCOME_DAYS})
        return {pk: OfferCost(float(whole), float(part)) for pk, whole, part in cursor.fetchall()}


def returned_of(
    revenue: tuple[float, float, float] | None, cost: float, in_revenue: float
) -> tuple[float, float, float] | None:
    """(revenue before offers − cost) / cost: estimate, low, high. What codes took off is counted once: revenue is net
    of it, so it is added before the cost is taken. None without a cost."""
    if revenue is None or not cost:
        return None
    first, low, high = ((value + in_revenue - cost) / cost for value in revenue)
    return first, low, high


@dataclass(frozen=True)
class Brought:
    """What one version of the message brought, of everybody it was planned for. Ends hold at any look; None while
    there are too few people. `orders` is people who would not have ordered without it, money is the shop's."""

    arm: str
    name: str
    people: int
    people_control: int
    share: float | None
    share_control: float | None
    orders: tuple[float, float, float] | None
    revenue: tuple[float, float, float] | None
    revenue_change: tuple[float, float, float] | None
    """Relative."""


@dataclass(frozen=True)
class Effect:
    """`look` None: nothing was counted yet. `broken` says that the split cannot be chance."""

    experiment: Experiment
    look: ExperimentLook | None
    verdict: Reading
    broken: Reading | None
    arms: list[Brought]
    readings: Sequence[Reading]
    messages_cost: float
    offers: OfferCost

    @property
    def cost(self) -> float:
        """Of messages and offers."""
        return self.messages_cost + self.offers.whole

    @property
    def total(self) -> tuple[float, float, float] | None:
        """Revenue that the campaign brought: estimate, low, high. With several versions the ends are added up, which
        is wider than needed and never too narrow."""
        found = [one.revenue for one in self.arms]
        known = [one for one in found if one is not None]
        if not known or len(known) < len(found):
            return None
        low, high = sum(one[1] for one in known), sum(one[2] for one in known)
        return sum(one[0] for one in known), low, high

    @property
    def returned(self) -> tuple[float, float, float] | None:
        """(revenue before offers − cost) / cost: estimate, low, high."""
        return returned_of(self.total, self.cost, self.offers.in_revenue)


def effect(campaign: Campaign, *, messages: int) -> Effect | None:
    """By intention to treat, from the newest look. None when nobody was left out. Four queries."""
    experiment = campaign.experiment
    if experiment is None:
        return None
    look = experiment.looks.first()
    arms = {arm.key: arm for arm in experiment.arms.all()}
    control = next((arm for arm in arms.values() if arm.is_control), None)
    broken = reading.mismatch(experiment, look) if look is not None else None
    results = {result["metric"]: result for result in look.results} if look is not None and broken is None else {}
    brought = []
    for key, arm in arms.items():
        if arm is control:
            continue
        conversion, revenue = (_row(results.get(metric), key) for metric in ("conversion", "revenue"))
        people = look.exposed.get(key, 0) if look is not None else 0
        brought.append(
            Brought(
                arm=key, name=title_of(arm), people=people,
                people_control=look.exposed.get(control.key, 0) if look is not None and control is not None else 0,
                share=conversion["mean"] if conversion and conversion["n"] else None,
                share_control=conversion["mean_control"] if conversion and conversion["n_control"] else None,
                orders=_times(conversion), revenue=_times(revenue), revenue_change=_relative(revenue),
            )
        )  # fmt: skip
    return Effect(
        experiment, look, reading.verdict(experiment, look), broken, brought,
        reading.readings(experiment, look) if look is not None else [],
        float(campaign.cost_per_message) * messages,
        offer_costs([campaign.pk]).get(campaign.pk, OfferCost()),
    )  # fmt: skip


def title_of(arm: ExperimentArm) -> str:
    """What staff call a version: one without a name of its own is named by its key, as in the editor."""
    return _("Version %(key)s") % {"key": arm.key.upper()} if arm.title in ("", arm.key) else arm.title


def _row(result: dict[str, Any] | None, arm: str) -> dict[str, Any] | None:
    return next((row for row in result["comparisons"] if row["arm"] == arm), None) if result else None


def _times(row: dict[str, Any] | None) -> tuple[float, float, float] | None:
    """The difference of one person, for all that are counted."""
    if row is None or row["always_valid_interval"] is None:
        return None
    low, high = row["always_valid_interval"]
    return row["difference"] * row["n"], low * row["n"], high * row["n"]


def _relative(row: dict[str, Any] | None) -> tuple[float, float, float] | None:
    if row is None or row["always_valid_relative_interval"] is None or row["relative"] is None:
        return None
    low, high = row["always_valid_relative_interval"]
    return row["relative"], low, high


def sentence(found: Effect | None) -> str:
    """The answer in one sentence."""
    if found is None:
        return _("Not measured: nobody was left out by chance, so nobody can say what the campaign brought.")
    return found.verdict.sentence
