"""What staff and programs do with segments: one function for each act."""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import Segment, SegmentSnapshot, SegmentVersion
from analytics.segments import compiling, counting, rules
from analytics.segments.rules import Group
from catalog.models import Customer
from core.exceptions import BadInput, DomainError
from core.jobs import Job, enqueue
from core.models import StaffUser

COUNT_TASK, TRAIN_TASK = "analytics.tasks.count_segment", "analytics.tasks.train_clusters"
LIST_TASK = "analytics.tasks.keep_list"
NOBODY = rules.parse({"field": "kept_list", "op": "in", "value": ["0" * 32]})
"""Until the list that a segment is of has its number."""


class ChangedMeanwhile(DomainError):
    code = "changed_meanwhile"


class InUse(DomainError):
    code = "segment_in_use"


@dataclass(frozen=True)
class Wanted:
    """What a segment is to be. `rule` is None for segments that follow no rule."""

    name: str
    rule: Group | None = None
    description: str = ""
    name_translations: dict[str, str] = field(default_factory=dict)
    is_shared: bool = True


@transaction.atomic
def create(wanted: Wanted, *, by: StaffUser | None) -> Segment:
    """A rule segment with its first version, counted by a job. Sent twice it is saved once.

    Raises BadRule, and BadInput for a second one of the same person under the same name with the same rule.
    """
    if wanted.rule is None:
        raise BadInput(_("A segment needs a rule."), extra={"field": "rule"})
    texts, found = _texts(wanted), compiling.compiled(wanted.rule)
    _take_turns(by)
    there = _saved_already(texts["name"], wanted.rule, by)
    if there is not None:
        if any(getattr(there, name) != value for name, value in texts.items()):
            raise BadInput(
                _("You have a segment of this name with the same rule. Change that one."), extra={"field": "name"}
            )
        return there
    segment = Segment.objects.create(owner=by, **texts)
    _new_version(segment, wanted.rule, refers_to=found.refers_to, by=by)
    ask_for_count(segment, by=by)
    return segment


@transaction.atomic
def change(segment: Segment, wanted: Wanted, *, by: StaffUser | None, opened: int | None = None) -> Segment:
    """Name, description and sharing; another rule becomes the next version. `opened` is the version that was read.

    Raises BadRule for a rule that leads back to this segment, ChangedMeanwhile when another version was saved since.
    """
    row = Segment.objects.select_for_update().get(pk=segment.pk)
    current: SegmentVersion = row.current  # type: ignore[assignment]
    if opened is not None and opened != current.number:
        raise ChangedMeanwhile(_("Somebody else changed this segment meanwhile. Open it again."))
    for name, value in _texts(wanted).items():
        setattr(row, name, value)
    row.save()
    if row.is_rule and wanted.rule is not None and rules.dump(wanted.rule) != current.rule:
        found = compiling.compiled(wanted.rule, within=row)
        _new_version(row, wanted.rule, refers_to=found.refers_to, by=by)
        ask_for_count(row, by=by)
    return row


@transaction.atomic
def go_back(version: SegmentVersion, *, by: StaffUser | None) -> Segment:
    """Make an earlier rule the current one again, as the newest version. Raises BadRule when it leads in a circle."""
    segment = Segment.objects.select_for_update().get(pk=version.segment_id)
    if not segment.is_rule:
        raise DomainError(_("Only rules can be taken back."))
    rule = rules.parse(version.rule)
    found = compiling.compiled(rule, within=segment)
    note = _("Back to version %(number)d") % {"number": version.number}
    _new_version(segment, rule, refers_to=found.refers_to, by=by, note=note)
    ask_for_count(segment, by=by)
    return segment


@transaction.atomic
def archive(segment: Segment, *, back: bool = False, by: StaffUser | None = None) -> None:
    """Take a segment out of the lists, or bring it back. Raises InUse while other segments stand on it, and names those
    that `by` may see."""
    if not segment.is_rule:
        raise DomainError(_("RFM segments and clusters come and go with the scores."))
    users = used_by(segment)
    if users and not back:
        seen = users if by is None else used_by(segment, person=by)
        if not seen:
            raise InUse(_("Segments of somebody else stand on this one."))
        names = ", ".join(str(one) for one in seen[:5])
        raise InUse(_("Other segments stand on this one: %(names)s.") % {"names": names})
    Segment.objects.filter(pk=segment.pk).update(archived_at=None if back else timezone.now())


@transaction.atomic
def freeze(segment: Segment, *, purpose: str, by: StaffUser | None) -> SegmentSnapshot:
    """Let a job keep who is in this version of the segment. Later uses read the list, whatever the segment becomes."""
    assert segment.current is not None
    return _list(segment, segment.current, purpose=purpose, by=by)


@transaction.atomic
def keep_list(source: dict[str, Any], *, name: str, by: StaffUser | None) -> Segment:
    """A segment of exactly the people that a report shows and no rule can say. A job writes down who they are, from the
    `source` (`analytics.reports.kept`); the segment stays what it is then. Asked twice while the job has not written
    them down, it is the segment there."""
    _take_turns(by)
    texts = _texts(Wanted(name[:300]))
    same = Segment.objects.alive().filter(owner=by, name=texts["name"])
    there = same.filter(snapshots__source=source, snapshots__is_ready=False).first()
    if there is not None:
        return there
    segment = Segment.objects.create(owner=by, **texts)
    version = _new_version(segment, NOBODY, refers_to=[], by=by)
    snapshot = _list(segment, version, purpose=name, by=by, source=source)
    rule = rules.parse({"field": "kept_list", "op": "in", "value": [snapshot.public_id]})
    version.rule, version.fingerprint = rules.dump(rule), rules.fingerprint(rule)
    version.save(update_fields=["rule", "fingerprint"])
    return segment


def _list(
    segment: Segment, version: SegmentVersion, *, purpose: str, by: StaffUser | None,
    source: dict[str, Any] | None = None,
) -> SegmentSnapshot:  # fmt: skip
    snapshot = SegmentSnapshot.objects.create(
        segment=segment, version=version, purpose=purpose[:120], source=source or {}, size=0, is_ready=False,
        as_of=timezone.now(), made_by=by,
    )  # fmt: skip
    enqueue(LIST_TASK, dedupe_key=f"analytics.list:{snapshot.pk}", created_by=by, snapshot_id=snapshot.pk)
    return snapshot


def used_by(segment: Segment, *, person: Any = None) -> list[Segment]:
    """Segments whose current rule asks for this one; of those that `person` may see, where one is given."""
    rows = Segment.objects.alive().filter(current__refers_to__contains=[segment.pk])
    if person is not None:
        rows = rows.visible_to(person)
    return list(rows.order_by("name", "id"))


def same_rule(rule: Group, *, apart_from: Segment | None = None, person: Any = None) -> list[Segment]:
    """Segments that say the same, in whatever order."""
    rows = Segment.objects.alive().filter(current__fingerprint=rules.fingerprint(rule))
    if person is not None:
        rows = rows.visible_to(person)
    if apart_from is not None:
        rows = rows.exclude(pk=apart_from.pk)
    return list(rows.order_by("id")[:5])


def segments_of(customer: Customer, segments: list[Segment]) -> list[Segment]:
    """Those of the segments that a customer is in. One query."""
    if not segments:
        return []
    one: Any = Customer.objects.filter(pk=customer.pk)
    found = one.aggregate(
        **{f"s{segment.pk}": counting.when_in(compiling.of_segment(segment).q) for segment in segments}
    )
    return [segment for segment in segments if found[f"s{segment.pk}"]]


def ask_for_count(segment: Segment, *, by: StaffUser | None) -> Job:
    """Let a job count the segment now."""
    return enqueue(COUNT_TASK, dedupe_key=f"analytics.segment:{segment.pk}", created_by=by, segment_id=segment.pk)


def ask_for_clusters(*, by: StaffUser | None) -> Job:
    """Let a job find the clusters anew."""
    return enqueue(TRAIN_TASK, dedupe_key="analytics.clusters", created_by=by)


# --- parts --------------------------------------------------------------------------------------------------------


def _take_turns(by: StaffUser | None) -> None:
    """Two clicks of one person are answered one after the other, so that the second finds what the first saved."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"analytics.segments:{by and by.pk}"])


def _saved_already(name: str, rule: Group, by: StaffUser | None) -> Segment | None:
    rows = Segment.objects.alive().filter(kind=Segment.Kind.RULE, owner=by, name=name)
    return rows.filter(current__fingerprint=rules.fingerprint(rule)).order_by("id").first()


def _texts(wanted: Wanted) -> dict[str, Any]:
    name = wanted.name.strip()
    if not name or len(name) > 300:
        raise BadInput(_("A segment needs a name of at most 300 characters."), extra={"field": "name"})
    return {
        "name": name,
        "name_translations": wanted.name_translations,
        "description": wanted.description.strip()[:2_000],
        "is_shared": wanted.is_shared,
    }


def _new_version(
    segment: Segment, rule: Group, *, refers_to: list[int], by: StaffUser | None, note: str = ""
) -> SegmentVersion:
    last = SegmentVersion.objects.filter(segment=segment).order_by("-number").values_list("number", flat=True).first()
    version = SegmentVersion.objects.create(
        segment=segment, number=(last or 0) + 1, rule=rules.dump(rule), fingerprint=rules.fingerprint(rule),
        refers_to=refers_to, made_by=by, note=note[:300],
    )  # fmt: skip
    segment.current = version
    segment.size = segment.revenue = segment.revenue_share = segment.counted_at = None
    segment.save(update_fields=["current", "size", "revenue", "revenue_share", "counted_at", "updated_at"])
    return version
