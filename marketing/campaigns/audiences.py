"""Groups of customers to write to: segments, a rule, or an uploaded list."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from analytics.models import Segment
from analytics.segments import compiling, rules
from catalog.models import Customer
from core.exceptions import BadInput
from core.models import StaffUser
from marketing.models import Audience, AudienceMember, Campaign

LONGEST_UPLOAD = 5_000_000
MOST_UPLOADED = 200_000


def of_segment(segment: Segment, *, by: StaffUser | None = None) -> Audience:
    """The audience that a segment is; made when it is asked for the first time. It follows the segment."""
    found = Audience.objects.filter(source=Audience.Source.SEGMENT, segment=segment).order_by("pk").first()
    return found or Audience.objects.create(
        name=str(segment)[:120], source=Audience.Source.SEGMENT, segment=segment,
        definition={"segment": segment.public_id}, created_by=by,
    )  # fmt: skip


def of_rule(name: str, rule: Any, *, by: StaffUser | None = None) -> Audience:
    """An audience by a rule tree of its own. Raises BadRule."""
    tree = rules.parse(rule)
    compiling.compiled(tree)
    return Audience.objects.create(
        name=_named(name), source=Audience.Source.RULE, definition={"rule": rules.dump(tree)}, created_by=by
    )


@transaction.atomic
def of_upload(name: str, text: str, *, by: StaffUser | None = None) -> tuple[Audience, int]:
    """An audience of a list, one customer a line: the shop's own number, the public ID or the e-mail address. The
    addresses are compared and not kept. Also how many lines named nobody. Raises BadInput."""
    if len(text) > LONGEST_UPLOAD:
        raise BadInput(_("This list is too long."), extra={"field": "list"})
    names = list(dict.fromkeys(line.split(",")[0].strip().strip('"') for line in text.splitlines()))
    names = [one for one in names if one and "\x00" not in one]
    if not names:
        raise BadInput(_("The list names nobody."), extra={"field": "list"})
    if len(names) > MOST_UPLOADED:
        raise BadInput(_("A list names at most %(most)d customers.") % {"most": MOST_UPLOADED}, extra={"field": "list"})
    audience = Audience.objects.create(
        name=_named(name), source=Audience.Source.UPLOAD, definition={"lines": len(names)}, created_by=by
    )
    found: set[int] = set()
    missing = 0
    for start in range(0, len(names), 5_000):
        known = _known(names[start : start + 5_000])
        missing += sum(1 for one in names[start : start + 5_000] if one.lower() not in known)
        found.update(known.values())
    AudienceMember.objects.bulk_create(
        [AudienceMember(audience=audience, customer_id=pk) for pk in sorted(found)], batch_size=5_000
    )
    audience.size = len(found)
    audience.save(update_fields=["size"])
    return audience, missing


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


def customers_of(audience: Audience) -> QuerySet[Customer]:
    """Who is in it now, without erased and merged records. Raises BadRule for a rule that is no longer valid."""
    if audience.source == Audience.Source.SEGMENT:
        if audience.segment is None:
            return Customer.objects.none()
        return compiling.of_segment(audience.segment).customers()
    if audience.source == Audience.Source.RULE:
        return compiling.compiled(rules.parse(audience.definition.get("rule"))).customers()
    members = AudienceMember.objects.filter(audience=audience, campaign=None).values("customer")
    return Customer.objects.existing().filter(pk__in=members)


@transaction.atomic
def freeze(campaign: Campaign) -> int:
    """Keep who is in the audience now, for this campaign. How many; once kept, the list stays as it is."""
    rows = AudienceMember.objects.filter(campaign=campaign)
    if rows.exists():
        return rows.count()
    assert campaign.audience is not None
    sql, values = customers_of(campaign.audience).order_by().values_list("pk").query.sql_with_params()
    with connection.cursor() as cursor:
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
