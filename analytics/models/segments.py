"""Groups of customers: how each is defined, who was in it when, how large it was, and what was frozen for a use."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.base import NamedModel
from core.models import MoneyField, PublicIdModel, TimestampedModel


class SegmentQuerySet(models.QuerySet["Segment"]):
    def alive(self) -> "SegmentQuerySet":
        return self.filter(archived_at=None)

    def visible_to(self, person: Any) -> "SegmentQuerySet":
        """What a member of staff may see: what is shared, and their own."""
        return self.filter(Q(is_shared=True) | Q(owner=person.pk))


class Segment(NamedModel, PublicIdModel, TimestampedModel):
    """One group of customers. `size`, `revenue` and `revenue_share` are those of `counted_at`.

    A rule segment follows its rule at every moment. Who is in a segment of kind RFM or cluster was said by the last
    run and stands in `CustomerScore` and `SegmentMembership`.
    """

    class Kind(models.TextChoices):
        RULE = "rule", _("rule")
        RFM = "rfm", _("RFM")
        CLUSTER = "cluster", _("cluster")

    external_id = None  # type: ignore[assignment]
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.RULE)
    key = models.CharField(
        _("key"), max_length=20, blank=True, help_text=_("Of RFM segments and clusters: stays from run to run.")
    )
    description = models.TextField(_("description"), blank=True)
    owner = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("owner")
    )
    is_shared = models.BooleanField(_("shared"), default=True, help_text=_("Off: only the owner sees it."))
    current = models.ForeignKey(
        "analytics.SegmentVersion", models.RESTRICT, null=True, blank=True, related_name="+",
        verbose_name=_("current version"),
    )  # fmt: skip
    archived_at = models.DateTimeField(_("archived"), null=True, blank=True)
    size = models.PositiveIntegerField(_("customers"), null=True, blank=True)
    revenue = MoneyField(_("revenue"), null=True, blank=True)
    revenue_share = models.FloatField(_("share of revenue"), null=True, blank=True)
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["-size", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], condition=~Q(key=""), name="segment_key_once"),
            models.CheckConstraint(
                condition=Q(kind="rule", key="") | (~Q(kind="rule") & ~Q(key="")), name="segment_key_unless_rule"
            ),
        ]
        indexes = [models.Index(fields=["kind", "id"], name="segment_by_kind")]

    @property
    def is_rule(self) -> bool:
        return self.kind == self.Kind.RULE


class SegmentVersion(models.Model):
    """What a segment was after one change: the rule of a rule segment, or where a cluster lay and what set it apart."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="versions", verbose_name=_("segment"))
    number = models.PositiveIntegerField(_("version"))
    rule = models.JSONField(_("rule"), default=dict, blank=True)
    fingerprint = models.CharField(
        _("fingerprint"), max_length=64, blank=True, db_index=True, help_text=_("The same for rules that say the same.")
    )
    refers_to = ArrayField(models.BigIntegerField(), verbose_name=_("segments in the rule"), default=list, blank=True)
    profile = models.JSONField(_("profile"), default=dict, blank=True)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("model version")
    )
    made_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    made_at = models.DateTimeField(_("saved"), auto_now_add=True)
    note = models.CharField(_("what was changed"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("segment version")
        verbose_name_plural = _("segment versions")
        ordering = ["segment", "-number"]
        constraints = [models.UniqueConstraint(fields=["segment", "number"], name="segment_version_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} v{self.number}"


class SegmentMembership(models.Model):
    """One customer in one RFM segment or cluster, from one run to another; `until` is empty while it lasts.

    Today's value is also the customer's trait and score, written in the same transaction.
    """

    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="segment_memberships", verbose_name=_("customer")
    )
    segment = models.ForeignKey(
        Segment, models.CASCADE, related_name="memberships", db_index=False, verbose_name=_("segment")
    )
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("membership in a segment")
        verbose_name_plural = _("memberships in segments")
        constraints = [
            models.UniqueConstraint(fields=["segment", "customer"], condition=Q(until=None), name="membership_once"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="membership_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["segment", "since"], name="membership_of_segment")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.segment_id}"


class SegmentSize(models.Model):
    """How large a segment was on one day, and what its members had brought by then."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes", verbose_name=_("segment"))
    day = models.DateField(_("day"))
    size = models.PositiveIntegerField(_("customers"))
    revenue = MoneyField(_("revenue"), default=0)

    class Meta:
        verbose_name = _("size of a segment")
        verbose_name_plural = _("sizes of segments")
        ordering = ["segment", "day"]
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="segment_size_once")]

    def __str__(self) -> str:
        return f"{self.segment_id} {self.day}: {self.size}"


class SegmentSnapshot(PublicIdModel):
    """The members of a segment at one moment, kept as they were for a use, such as a list that was handed on.

    With a `source` they are the people that a report showed (`analytics.reports.kept`). A job writes them down:
    `is_ready` when it has.
    """

    external_id = None  # type: ignore[assignment]
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="snapshots", verbose_name=_("segment"))
    version = models.ForeignKey(SegmentVersion, models.PROTECT, related_name="+", verbose_name=_("version"))
    purpose = models.CharField(_("what for"), max_length=120)
    source = models.JSONField(_("people of"), default=dict, blank=True)
    is_ready = models.BooleanField(_("ready"), default=True, db_default=True)
    size = models.PositiveIntegerField(_("customers"))
    as_of = models.DateTimeField(_("as of"))
    made_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("frozen list")
        verbose_name_plural = _("frozen lists")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.purpose


class SnapshotMember(models.Model):
    """One customer of a frozen list."""

    snapshot = models.ForeignKey(
        SegmentSnapshot, models.CASCADE, related_name="members", db_index=False, verbose_name=_("frozen list")
    )
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))

    class Meta:
        verbose_name = _("customer of a frozen list")
        verbose_name_plural = _("customers of frozen lists")
        constraints = [models.UniqueConstraint(fields=["snapshot", "customer"], name="snapshot_member_once")]

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.customer_id}"
