"""What staff and programs do with segments: one function for each act."""

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics.models import Segment, SegmentSnapshot, SegmentVersion, SnapshotMember
from analytics.segments import compiling, counting, rules
from analytics.segments.rules import Group
from catalog.models import Customer
from core.exceptions import BadInput, DomainError
from core.jobs import Job, enqueue
from core.models import StaffUser

COUNT_TASK, TRAIN_TASK = "analytics.tasks.count_segment", "analytics.tasks.train_clusters"


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
    """A rule segment with its first version, counted by a job. Raises BadRule and BadInput."""
    if wanted.rule is None:
        raise BadInput(_("A segment needs a rule."), extra={"field": "rule"})
    found = compiling.compiled(wanted.rule)
    segment = Segment.objects.create(owner=by, **_texts(wanted))
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
def archive(segment: Segment, *, back: bool = False) -> None:
    """Take a segment out of the lists, or bring it back. Raises InUse while other segments stand on it."""
    if not segment.is_rule:
        raise DomainError(_("RFM segments and clusters come and go with the scores."))
    users = used_by(segment)
    if users and not back:
        names = ", ".join(str(one) for one in users[:5])
        raise InUse(_("Other segments stand on this one: %(names)s.") % {"names": names})
    Segment.objects.filter(pk=segment.pk).update(archived_at=None if back else timezone.now())


@transaction.atomic
def freeze(segment: Segment, *, purpose: str, by: StaffUser | None) -> SegmentSnapshot:
    """Keep who is in the segment now. Later uses read this list, whatever the segment becomes."""
    assert segment.current is not None
    snapshot = SegmentSnapshot.objects.create(
        segment=segment, version=segment.current, purpose=purpose[:120], size=0, as_of=timezone.now(), made_by=by
    )
    members = compiling.of_segment(segment).customers().order_by().values_list("pk", flat=True)
    batch: list[SnapshotMember] = []
    for pk in members.iterator(chunk_size=10_000):
        batch.append(SnapshotMember(snapshot=snapshot, customer_id=pk))
        snapshot.size += 1
        if len(batch) == 10_000:
            SnapshotMember.objects.bulk_create(batch)
            batch = []
    SnapshotMember.objects.bulk_create(batch)
    snapshot.save(update_fields=["size"])
    return snapshot


def used_by(segment: Segment) -> list[Segment]:
    """Segments whose current rule asks for this one."""
    rows = Segment.objects.alive().filter(current__refers_to__contains=[segment.pk])
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
