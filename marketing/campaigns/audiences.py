"""Groups of customers to write to: segments, a rule, a score, whom messages move, or an uploaded list.

Who is in one is asked anew each time; `freeze` keeps it for a campaign that is planned.
"""

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import redis
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import CustomerScore, ScoreRun, Segment
from analytics.models.runs import ScoreKind
from analytics.segments import compiling, counting, rules
from analytics.segments.counting import TooSlow
from catalog.models import Customer
from core import redis_client
from core.exceptions import BadInput, DomainError
from core.jobs import Job, enqueue
from core.models import ModelVersion, StaffUser
from marketing.campaigns import eligibility
from marketing.models import Audience, AudienceMember, Campaign, UpliftScore

LONGEST_UPLOAD = 5_000_000
MOST_UPLOADED = 200_000
MOST_LIVE, LIVE_MS = 3_000, 1_000
"""People who are counted while somebody waits, and how long the database may take to find them. Else a job counts."""
FREEZING = "10min"
"""How long a job may take to keep who is in an audience."""
LINES_SECONDS = 3_600
"""Lines of an upload that named nobody may be addresses: they are there to be fetched for an hour, and then gone."""
READ = "marketing.tasks.read_audience_list"
COUNT = "marketing.tasks.count_audience"
Source = Audience.Source


@dataclass(frozen=True)
class ScoreField:
    """A score by which an audience may be chosen. `is_money`: its limit is an amount, else a chance between 0 and 1."""

    title: Any
    column: str
    kind: str
    is_money: bool = False


SCORES: dict[str, ScoreField] = {
    "churn": ScoreField(gettext_lazy("Churn risk, 90 days"), "churn_90", ScoreKind.CHURN),
    "churn_60": ScoreField(gettext_lazy("Churn risk, 60 days"), "churn_60", ScoreKind.CHURN),
    "churn_30": ScoreField(gettext_lazy("Churn risk, 30 days"), "churn_30", ScoreKind.CHURN),
    "order": ScoreField(gettext_lazy("Chance of an order within 30 days"), "propensity_30", ScoreKind.PROPENSITY),
    "value": ScoreField(gettext_lazy("Lifetime value, 12 months"), "value", ScoreKind.VALUE, is_money=True),
}
TOP, ABOVE, BELOW = "top", "above", "below"


class InUse(DomainError):
    code = "audience_in_use"


def of_segment(segment: Segment, *, by: StaffUser | None = None) -> Audience:
    """The audience that a segment is; made when it is asked for the first time. It follows the segment."""
    found = Audience.objects.filter(source=Source.SEGMENT, segment=segment).order_by("pk").first()
    return found or Audience.objects.create(
        name=str(segment)[:120], source=Source.SEGMENT, segment=segment,
        definition={"segment": segment.public_id}, created_by=by,
    )  # fmt: skip


def of_rule(name: str, rule: Any, *, by: StaffUser | None = None) -> Audience:
    """An audience by a rule tree of its own. Raises BadRule."""
    return Audience.objects.create(
        name=_named(name), source=Source.RULE, definition=rule_definition(rule), created_by=by
    )  # fmt: skip


def rule_definition(rule: Any) -> dict[str, Any]:
    """Raises BadRule."""
    tree = rules.parse(rule)
    compiling.compiled(tree)
    return {"rule": rules.dump(tree)}


def of_score(name: str, definition: dict[str, Any], *, by: StaffUser | None = None) -> Audience:
    """An audience by a score: `{"score", "way": "top" | "above" | "below", "limit"}`. Raises BadInput."""
    return Audience.objects.create(
        name=_named(name), source=Source.SCORE, definition=score_definition(**definition), created_by=by
    )  # fmt: skip


def score_definition(*, score: str, way: str, limit: Any) -> dict[str, Any]:
    """A limit is a share (0 to 1) of those who have the score, a chance (0 to 1), or an amount."""
    found = SCORES.get(score)
    if found is None or way not in (TOP, ABOVE, BELOW):
        raise BadInput(_("There is no such score."), extra={"field": "score"})
    value = Decimal(str(limit))
    most = Decimal(1) if way == TOP or not found.is_money else Decimal(10) ** 12
    if not value.is_finite() or not 0 < value <= most:
        raise BadInput(_("This limit leaves nobody, or everybody."), extra={"field": "limit"})
    return {"score": score, "way": way, "limit": float(value)}


def of_uplift(name: str, share: Any, *, by: StaffUser | None = None) -> Audience:
    """The share of customers whom messages move most. Raises BadInput unless the guard lets the ranking be used."""
    return Audience.objects.create(
        name=_named(name), source=Source.UPLIFT, definition=uplift_definition(share), created_by=by
    )


def uplift_definition(share: Any) -> dict[str, Any]:
    value = Decimal(str(share))
    if ranking() is None:
        raise BadInput(_("No reliable ranking: write to all, or to some drawn by chance"), extra={"field": "limit"})
    if not value.is_finite() or not 0 < value <= 1:
        raise BadInput(_("This limit leaves nobody, or everybody."), extra={"field": "limit"})
    return {"share": float(value)}


def ranking() -> ModelVersion | None:
    """The version that ranks whom messages move: serving, and only if the guard said that it may be used."""
    from marketing.uplift.kinds import UPLIFT

    serving = ModelVersion.objects.of(UPLIFT.name).filter(state=ModelVersion.State.ACTIVE).first()
    return serving if serving is not None and serving.report.get("guard") == "use" else None


@transaction.atomic
def of_upload(name: str, text: str, *, by: StaffUser | None = None) -> Audience:
    """An audience of a list, one customer a line: the shop's own number, the public ID or the e-mail address. A long
    list is read by a job. Raises BadInput."""
    if len(text) > LONGEST_UPLOAD:
        raise BadInput(_("This list is too long."), extra={"field": "list"})
    names = list(dict.fromkeys(line.split(",")[0].strip().strip('"') for line in text.splitlines()))
    names = [one for one in names if one and "\x00" not in one]
    if not names:
        raise BadInput(_("The list names nobody."), extra={"field": "list"})
    if len(names) > MOST_UPLOADED:
        raise BadInput(_("A list names at most %(most)d customers.") % {"most": MOST_UPLOADED}, extra={"field": "list"})
    audience = Audience.objects.create(
        name=_named(name), source=Source.UPLOAD, definition={"lines": len(names)}, created_by=by
    )
    if len(names) <= MOST_LIVE:
        _read(audience, names)
    elif _put_aside(f"list:{audience.pk}", names):
        enqueue(READ, dedupe_key=f"marketing.list:{audience.pk}", created_by=by, audience_id=audience.pk)
    else:
        raise BadInput(_("A list of this length cannot be taken at the moment: try again in a minute."))
    return audience


def read_list(audience_id: int) -> dict[str, Any]:
    """Find the customers of a long list. Safe to run twice: what was read is not read again."""
    audience = Audience.objects.get(pk=audience_id)
    if audience.counted_at is not None:
        return {"customers": audience.size}
    names = _put_aside_as(f"list:{audience.pk}")
    if names is None:
        Audience.objects.filter(pk=audience.pk, counted_at=None).update(size=0)
        return {"gone": True}
    _read(audience, names)
    return {"customers": audience.size}


@transaction.atomic
def _read(audience: Audience, names: list[str]) -> None:
    """The addresses are compared and not kept; lines that name nobody can be fetched for an hour."""
    found: set[int] = set()
    missing: list[str] = []
    for start in range(0, len(names), 5_000):
        known = _known(names[start : start + 5_000])
        missing += [one for one in names[start : start + 5_000] if one.lower() not in known]
        found.update(known.values())
    AudienceMember.objects.bulk_create(
        [AudienceMember(audience=audience, customer_id=pk) for pk in sorted(found)], batch_size=5_000
    )
    audience.size, audience.counted_at = len(found), timezone.now()
    audience.definition |= {"missing": len(missing)}
    audience.save(update_fields=["size", "counted_at", "definition"])
    if missing:
        _put_aside(f"lines:{audience.pk}", missing)


def missing_lines(audience: Audience) -> list[str] | None:
    """Lines of its list that named nobody. None once the hour is over."""
    return _put_aside_as(f"lines:{audience.pk}") if audience.definition.get("missing") else None


def _put_aside(key: str, lines: list[str]) -> bool:
    """For an hour, where every process finds it and no table keeps it."""
    packed = zlib.compress("\n".join(lines).encode(), 1)
    try:
        return bool(redis_client.client().set(f"marketing:{key}", packed, ex=LINES_SECONDS))
    except (redis.RedisError, OSError):
        return False


def _put_aside_as(key: str) -> list[str] | None:
    try:
        packed = redis_client.client().get(f"marketing:{key}")
    except (redis.RedisError, OSError):
        return None
    return zlib.decompress(packed).decode().split("\n") if isinstance(packed, bytes) else None


def _known(names: list[str]) -> dict[str, int]:
    """Lower-case name → customer; whoever was merged stands for the record that was kept."""
    lower = [one.lower() for one in names]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT lower(n.name), coalesce(c.merged_into_id, c.id) FROM unnest(%s::text[]) n (name)
            JOIN catalog_customer c ON c.erased_at IS NULL AND
                (c.external_id = n.name OR c.public_id = n.name OR upper(c.email) = upper(n.name))
            """,
            [names],
        )
        found = dict(cursor.fetchall())
    return {one: found[one] for one in lower if one in found}


# --- who is in it -------------------------------------------------------------------------------------------------


def customers_of(audience: Audience) -> QuerySet[Customer]:
    """Who is in it now, without erased and merged records. Raises BadRule for a rule that is no longer valid, BadInput
    for a ranking that may not be used any more."""
    match audience.source:
        case Source.SEGMENT:
            if audience.segment is None:
                return Customer.objects.none()
            return compiling.of_segment(audience.segment).customers()
        case Source.RULE:
            return compiling.compiled(rules.parse(audience.definition.get("rule"))).customers()
        case Source.SCORE:
            return _by_score(audience.definition)
        case Source.UPLIFT:
            return _by_uplift(audience.definition)
    members = AudienceMember.objects.filter(audience=audience, campaign=None).values("customer")
    return Customer.objects.existing().filter(pk__in=members)


def _by_score(definition: dict[str, Any]) -> QuerySet[Customer]:
    column, limit = SCORES[definition["score"]].column, definition["limit"]
    rows: Any = CustomerScore.objects.filter(
        **{f"{column}__isnull": False}, customer__erased_at=None, customer__merged_into=None
    )
    match definition["way"]:
        case "above":
            rows = rows.filter(**{f"{column}__gte": limit})
        case "below":
            rows = rows.filter(**{f"{column}__lt": limit})
        case _:
            rows = rows.order_by(f"-{column}", "customer_id")[: math.ceil(limit * rows.count())]
    return Customer.objects.existing().filter(pk__in=rows.values("customer_id"))


def _by_uplift(definition: dict[str, Any]) -> QuerySet[Customer]:
    version = ranking()
    if version is None:
        raise BadInput(_("No reliable ranking: write to all, or to some drawn by chance"))
    rows = UpliftScore.objects.filter(
        model_version=version, customer__erased_at=None, customer__merged_into=None
    )  # fmt: skip
    best = rows.order_by("-value", "customer_id")[: math.ceil(definition["share"] * rows.count())]
    return Customer.objects.existing().filter(pk__in=best.values("customer_id"))


@dataclass(frozen=True)
class Evidence:
    """What an audience by a score stands on: as of when, by which version. `problem`: why nobody can be found."""

    as_of: Any = None
    version: ModelVersion | None = None
    problem: str = ""


def evidence(audience: Audience) -> Evidence | None:
    """None for audiences that no model has a part in."""
    if audience.source == Source.SCORE:
        score = SCORES[audience.definition["score"]]
        run = ScoreRun.objects.filter(kind=score.kind).select_related("model_version").order_by("-finished_at").first()
        # Of churn a young shop has the shorter horizons only.
        is_there = run is not None and score.column in run.figures.get("bins", {score.column: []})
        if run is None or run.model_version is None or not is_there:
            return Evidence(problem=_("Nobody has this score yet."))
        return Evidence(run.as_of, run.model_version)
    if audience.source == Source.UPLIFT:
        version = ranking()
        if version is None:
            return Evidence(problem=_("No reliable ranking: write to all, or to some drawn by chance"))
        newest = UpliftScore.objects.filter(model_version=version).order_by("-as_of").first()
        return Evidence(newest.as_of if newest is not None else None, version)
    return None


# --- counting -----------------------------------------------------------------------------------------------------


def live_ids(audience: Audience) -> list[int] | None:
    """Who is in it, when they are few and quickly found. None: ask for a count by a job. Raises BadRule, BadInput."""
    try:
        with counting.time_limit(LIVE_MS):
            found = list(customers_of(audience).order_by().values_list("pk", flat=True)[: MOST_LIVE + 1])
    except TooSlow:
        return None
    return sorted(found) if len(found) <= MOST_LIVE else None


def ask_for_count(audience: Audience, *, purpose: str, channel: str, by: StaffUser | None) -> Job:
    return enqueue(
        COUNT, dedupe_key=count_key(audience, purpose, channel), created_by=by, audience_id=audience.pk,
        purpose=purpose, channel=channel,
    )  # fmt: skip


def count_key(audience: Audience, purpose: str, channel: str) -> str:
    return f"marketing.count:{audience.pk}:{purpose}:{channel}"


def last_count(audience: Audience, purpose: str, channel: str) -> Job | None:
    """The job that counts it for this, or counted it last."""
    key = count_key(audience, purpose, channel)
    return Job.objects.filter(kind="marketing.count", dedupe_key=key).order_by("-pk").first()


def keep_count(audience: Audience, said: dict[str, int], *, purpose: str, channel: str) -> None:
    """Beside the audience: how many there were, and why some of them cannot be reached."""
    audience.counts = {"purpose": purpose, "channel": channel, **said}
    audience.size, audience.counted_at = said["all"], timezone.now()
    Audience.objects.filter(pk=audience.pk).update(
        counts=audience.counts, size=audience.size, counted_at=audience.counted_at
    )


def counted_for(audience: Audience, purpose: str, channel: str) -> dict[str, int] | None:
    """What was counted last, if it was for this purpose and channel."""
    said = dict(audience.counts)
    if (said.pop("purpose", ""), said.pop("channel", "")) != (purpose, channel):
        return None
    return said


def count_now(
    audience: Audience, *, purpose: str, channel: str, ids: Iterable[int] | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> dict[str, int]:  # fmt: skip
    """Ask about everybody of it, in batches, and keep what was found. `ids`: who is in it, when that is known."""
    question = eligibility.Question.of(Campaign(purpose=purpose, channel=channel))
    said = eligibility.count(ids_of(customers_of(audience)) if ids is None else ids, question, told=told)
    keep_count(audience, said, purpose=purpose, channel=channel)
    return said


# --- changes ------------------------------------------------------------------------------------------------------


@transaction.atomic
def change(audience: Audience, *, name: str, definition: dict[str, Any] | None = None) -> Audience:
    """Another name, or others in it. Raises InUse while a campaign that was checked and not yet planned stands on it:
    what was approved would not be what is written to."""
    row = Audience.objects.select_for_update().get(pk=audience.pk)
    row.name = _named(name)
    if definition is not None and definition != row.definition:
        waiting = row.campaigns.filter(state__in=[Campaign.State.CHECKED, Campaign.State.APPROVED])
        if (campaign := waiting.order_by("pk").first()) is not None:
            raise InUse(_("“%(campaign)s” was checked with it: take that back to the draft first.") % {
                "campaign": campaign
            })  # fmt: skip
        row.definition, row.counts, row.size, row.counted_at = definition, {}, None, None
    row.save()
    return row


@transaction.atomic
def freeze(campaign: Campaign) -> int:
    """Keep who is in the audience now, for this campaign. How many; once kept, the list stays as it is until the
    campaign is a draft again."""
    rows = AudienceMember.objects.filter(campaign=campaign)
    if rows.exists():
        return rows.count()
    assert campaign.audience is not None
    sql, values = customers_of(campaign.audience).order_by().values_list("pk").query.sql_with_params()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{FREEZING}'")  # one statement, of a million people, too
        cursor.execute(
            "INSERT INTO marketing_audiencemember (audience_id, campaign_id, customer_id) "  # noqa: S608 (the ORM's own)
            f"SELECT %s, %s, found.id FROM ({sql}) AS found (id)",
            [campaign.audience_id, campaign.pk, *values],
        )
        return int(cursor.rowcount)


def ids_of(rows: QuerySet[Customer]) -> Iterable[int]:
    """Keys in order, never all rows in memory."""
    return rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10_000)


def _named(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 120:
        raise BadInput(_("A name has 1 to 120 characters."), extra={"field": "name"})
    return name
