"""What was counted, as pages and the API say it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.models import Segment
from core.components.pills import Meaning
from core.components.words import MINUS, figure, points
from core.experiments import metrics
from core.experiments.reading import ALPHA, share_text, signed_share
from core.ml.experiments import MINIMUM_PER_ARM
from core.ml.experiments.sequences import MINIMUM_EVENTS
from marketing.campaigns.effect import returned_of
from marketing.models import Campaign, EffectLook

Ends = tuple[float, float, float]
"""Estimate, low, high."""
NOBODYS = "none"


@dataclass(frozen=True)
class Said:
    """`kind` is works, hurts, open, few or broken. `apart`: more, less or "" against everybody else."""

    kind: str
    sentence: str
    apart: str = ""

    @property
    def meaning(self) -> Meaning:
        return {"works": Meaning.GOOD, "hurts": Meaning.STOPPED, "broken": Meaning.STOPPED}.get(
            self.kind, Meaning.MOVING if self.kind == "open" else Meaning.IDLE
        )

    @property
    def word(self) -> str:
        return {
            "works": _("works"), "hurts": _("hurts"), "broken": _("do not use"), "open": _("too early"),
            "few": pgettext("people", "too few"),
        }[self.kind]  # fmt: skip


@dataclass(frozen=True)
class SegmentEffect:
    """One segment as it was when the campaign was planned. Shares of people who ordered; `orders` is people who would
    not have ordered without it, money is the shop's."""

    segment_id: int | None
    public_id: str
    title: str
    division: str
    people: int
    people_control: int
    share: float | None
    share_control: float | None
    orders: Ends | None
    revenue: Ends | None
    said: Said
    p_holm: float | None


@dataclass(frozen=True)
class BySegment:
    """`questions` is how many were asked at once."""

    looked_at: datetime
    rows: Sequence[SegmentEffect]
    questions: int
    is_broken: bool


def by_segment(campaign: Campaign) -> BySegment | None:
    """What the newest count says of each segment: what is proved first, then the largest. Two queries."""
    look = EffectLook.objects.filter(campaign=campaign).first()
    if look is None:
        return None
    rows: list[dict[str, Any]] = look.results["segments"]
    ids = [int(row["segment"]) for row in rows if row["segment"] != NOBODYS]
    known = Segment.objects.in_bulk(ids) if ids else {}
    found = [_segment(row, known) for row in rows if row["segment"] == NOBODYS or int(row["segment"]) in known]
    rank = {"works": 0, "hurts": 0, "open": 1, "few": 2}
    found.sort(key=lambda one: (one.division != Segment.Kind.RFM, rank[one.said.kind], -one.people))
    questions = sum(1 for row in rows for name in ("conversion", "revenue") if name in row)
    return BySegment(look.looked_at, found, questions, is_broken(look.results["sample_ratio_p"]))


def _segment(row: Mapping[str, Any], known: Mapping[int, Segment]) -> SegmentEffect:
    segment = None if row["segment"] == NOBODYS else known[int(row["segment"])]
    told, money = row.get("conversion"), row.get("revenue")
    return SegmentEffect(
        segment_id=segment.pk if segment is not None else None,
        public_id=segment.public_id if segment is not None else "",
        title=str(segment) if segment is not None else _("In no segment"), division=row["division"],
        people=told["n"] if told else 0, people_control=told["n_control"] if told else 0,
        share=told["mean"] if told and told["n"] else None,
        share_control=told["mean_control"] if told and told["n_control"] else None,
        orders=times(told), revenue=times(money), said=read(told), p_holm=told.get("p_holm") if told else None,
    )  # fmt: skip


def is_broken(sample_ratio_p: float) -> bool:
    """A split that cannot be chance."""
    from core.ml.experiments import MISMATCH_BELOW

    return sample_ratio_p < MISMATCH_BELOW


def times(row: Mapping[str, Any] | None) -> Ends | None:
    """The difference of one person, for all who were to get it."""
    if row is None or row["always_valid_interval"] is None:
        return None
    low, high = row["always_valid_interval"]
    return row["difference"] * row["n"], low * row["n"], high * row["n"]


def read(row: Mapping[str, Any] | None, measure: str = "conversion", p_holm: float | None = None) -> Said:
    """What one comparison says. "Works" and "hurts" only when they also stand after Holm's correction."""
    if row is None or row["always_valid_interval"] is None:
        return Said("few", _few(row))
    p_holm = row.get("p_holm") if p_holm is None else p_holm
    low, high = row["always_valid_interval"]
    relative = row["always_valid_relative_interval"]
    if p_holm is None or p_holm > ALPHA or low <= 0 <= high:
        return Said("open", _("Not decided: anywhere from %(low)s to %(high)s.") % _ends_text(relative, low, high))
    metric = metrics.known(measure)
    assert metric is not None
    near, far = sorted(abs(end) for end in (relative or (low, high)))
    span = _("%(low)s to %(high)s") % {"low": _size(relative, near), "high": _size(relative, far)}
    change = str(metric.more if low > 0 else metric.fewer) % {"range": span}
    apart = ""
    if row.get("p_apart_holm") is not None and row["p_apart_holm"] <= ALPHA:
        apart = "more" if row["apart"] > 0 else "less"
    if low > 0:
        return Said("works", _("Works: likely %(change)s") % {"change": change}, apart)
    return Said("hurts", _("Hurts: likely %(change)s") % {"change": change}, apart)


def _ends_text(relative: Sequence[float] | None, low: float, high: float) -> dict[str, str]:
    if relative is not None:
        return {"low": signed_share(relative[0]), "high": signed_share(relative[1])}
    return {"low": points(low), "high": points(high)}


def _size(relative: Sequence[float] | None, value: float) -> str:
    return share_text(value) if relative is not None else points(value).lstrip(f"+{MINUS}")


def _few(row: Mapping[str, Any] | None) -> str:
    least = min(row["n"], row["n_control"]) if row is not None else 0
    if least < MINIMUM_PER_ARM:
        return _("Too few: needs %(needed)s people in each group, has %(has)s") % {
            "needed": figure(MINIMUM_PER_ARM), "has": figure(least),
        }  # fmt: skip
    return _("Too few: needs %(needed)s people in each group who ordered") % {"needed": figure(MINIMUM_EVENTS)}


# --- a year ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CampaignEffect:
    """One campaign of the year. `cost` is of messages and offers, `returned` is (revenue − cost) / cost with revenue
    as it was before codes took something off."""

    campaign_id: int
    public_id: str
    name: str
    started_at: datetime
    people: int
    people_control: int
    share: float | None
    share_control: float | None
    orders: Ends | None
    revenue: Ends | None
    messages: int
    cost: float
    returned: Ends | None
    said: Said
    relative: Ends | None
    p_holm: float | None


@dataclass(frozen=True)
class Year:
    """`total_*` are all measured campaigns together; None while there are too few people."""

    looked_at: datetime
    since: datetime
    campaigns: Sequence[CampaignEffect]
    people: int
    people_control: int
    cost: float
    total_orders: Ends | None
    total_revenue: Ends | None
    returned: Ends | None
    unmeasured: int
    cost_unmeasured: float
    holdout: Mapping[str, Any] | None


def year() -> Year | None:
    """The newest count, what is proved first. None before the first. Two queries."""
    look = EffectLook.objects.filter(campaign=None).first()
    if look is None:
        return None
    told = look.results
    known = Campaign.objects.only("name", "public_id").in_bulk([row["campaign"] for row in told["campaigns"]])
    rows = [_campaign(row, known[row["campaign"]]) for row in told["campaigns"] if row["campaign"] in known]
    rank = {"works": 0, "hurts": 0, "open": 1, "few": 2, "broken": 3}
    rows.sort(
        key=lambda one: (rank[one.said.kind], 1.0 if one.p_holm is None else one.p_holm, -one.started_at.timestamp())
    )  # fmt: skip
    revenue = _together(told["total"]["revenue"])
    return Year(
        looked_at=look.looked_at, since=datetime.fromisoformat(told["since"]), campaigns=rows,
        people=told["people"][0], people_control=told["people"][1], cost=told["cost"],
        total_orders=_together(told["total"]["conversion"]), total_revenue=revenue,
        returned=returned_of(revenue, told["cost"], told.get("in_revenue", 0.0)), unmeasured=told["unmeasured"],
        cost_unmeasured=told["cost_unmeasured"], holdout=told["holdout"],
    )  # fmt: skip


def _campaign(row: Mapping[str, Any], campaign: Campaign) -> CampaignEffect:
    told = None if row["is_broken"] else row["conversion"]
    revenue = None if row["is_broken"] else times(row["revenue"])
    said = (
        Said("broken", _("Do not use this result: the groups are not as large as planned."))
        if row["is_broken"] else read(told, p_holm=row.get("p_holm"))
    )  # fmt: skip
    ends = told["always_valid_relative_interval"] if told else None
    return CampaignEffect(
        campaign_id=campaign.pk, public_id=campaign.public_id, name=campaign.title,
        started_at=datetime.fromisoformat(row["started_at"]),
        people=row["people"]["message"], people_control=row["people"]["nothing"],
        share=told["mean"] if told and told["n"] else None,
        share_control=told["mean_control"] if told and told["n_control"] else None,
        orders=times(told), revenue=revenue, messages=row["messages"], cost=row["cost"],
        returned=returned_of(revenue, row["cost_counted"], row.get("in_revenue", 0.0)), said=said,
        relative=(told["relative"], ends[0], ends[1]) if told and ends and told["relative"] is not None else None,
        p_holm=row.get("p_holm"),
    )  # fmt: skip


def _together(total: Mapping[str, Any]) -> Ends | None:
    if total["interval"] is None:
        return None
    return total["value"], total["interval"][0], total["interval"][1]
