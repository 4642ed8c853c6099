"""Campaigns: to whom, what, when, and who said so."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models.base import MoneyField, NewPublicId, TimestampedModel
from core.models.experiments import new_salt
from core.shipped import told
from marketing.models.choices import Channel, Purpose, Trigger
from marketing.models.messages import TemplateVersion


class Audience(TimestampedModel):
    """A group of customers to write to. `definition` says how it is found; planning freezes who it was."""

    class Source(models.TextChoices):
        SEGMENT = "segment", _("segment")
        RULE = "rule", pgettext_lazy("source of an audience", "rule")
        UPLOAD = "upload", pgettext_lazy("source of an audience", "uploaded list")
        SCORE = "score", pgettext_lazy("source of an audience", "score")
        UPLIFT = "uplift", pgettext_lazy("source of an audience", "whom messages move")

    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    name = models.CharField(_("name"), max_length=120)
    source = models.CharField(_("source"), max_length=7, choices=Source)
    definition = models.JSONField(
        _("definition"), default=dict, help_text=_("Keys of segments, a rule, a score with its limit.")
    )
    segment = models.ForeignKey(
        "analytics.Segment", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("segment")
    )
    size = models.PositiveIntegerField(_("size"), null=True, editable=False)
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    counts = models.JSONField(
        _("who can be reached"), default=dict, blank=True, editable=False,
        help_text=_("How many there are, can be reached, and cannot for each reason; for which purpose and channel."),
    )  # fmt: skip
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = pgettext_lazy("table", "audience")
        verbose_name_plural = pgettext_lazy("table", "audiences")
        indexes = [models.Index(fields=["-updated_at", "-id"], name="audience_newest")]

    def __str__(self) -> str:
        """What is called as its segment is, is called so in the reader's language."""
        segment = self.segment if self.segment_id is not None else None
        if segment is not None and self.name in {name[:120] for name in _names(segment)}:
            return str(segment)
        return self.name


def _names(segment: Any) -> list[str]:
    return [segment.name, *(segment.name_translations or {}).values()]


class Campaign(TimestampedModel):
    """One campaign. It is edited as a draft only; what runs is what was approved."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("campaign", "draft")
        CHECKED = "checked", pgettext_lazy("campaign", "checked")
        APPROVED = "approved", pgettext_lazy("campaign", "approved")
        PLANNED = "planned", pgettext_lazy("campaign", "planned")
        RUNNING = "running", pgettext_lazy("campaign", "running")
        PAUSED = "paused", pgettext_lazy("campaign", "paused")
        DONE = "done", pgettext_lazy("campaign", "done")
        CANCELLED = "cancelled", pgettext_lazy("campaign", "cancelled")

    ENDED = (State.DONE, State.CANCELLED)

    class ShiftBy(models.TextChoices):
        """What later batches follow, where a campaign shifts towards the better version (marketing.shifting)."""

        NONE = "", pgettext_lazy("how versions are given", "by fixed shares")
        CLICKED = "clicked", pgettext_lazy("how versions are given", "towards what is clicked more")
        ORDERED = "ordered", pgettext_lazy("how versions are given", "towards what is ordered more")

    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    name = models.CharField(_("name"), max_length=120)
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose, default=Purpose.OFFERS)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.EMAIL)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.DRAFT, editable=False)
    audience = models.ForeignKey(
        Audience, models.PROTECT, null=True, blank=True, related_name="campaigns", verbose_name=_("audience")
    )
    trigger = models.CharField(_("trigger"), max_length=14, choices=Trigger, blank=True, default=Trigger.NONE)
    trigger_settings = models.JSONField(
        _("settings of the trigger"), default=dict, db_default={}, blank=True, editable=False,
        help_text=_("Hours, days and shares by name (marketing.triggers)."),
    )  # fmt: skip
    holdout_share = models.DecimalField(
        _("share that gets nothing"), max_digits=4, decimal_places=3, default=0,
        help_text=_("Between 0 and 0.5. Without them nobody knows what the campaign brought."),
    )  # fmt: skip
    salt = models.CharField(_("salt"), max_length=32, default=new_salt, editable=False)
    cap_messages = models.PositiveSmallIntegerField(
        _("at most this many messages"), null=True, blank=True, help_text=_("Empty: as the shop says.")
    )
    cap_days = models.PositiveSmallIntegerField(_("within this many days"), null=True, blank=True)
    planned_for = models.DateTimeField(_("starts"), null=True, blank=True)
    send_within = models.PositiveSmallIntegerField(
        _("each at their own hour, within hours"), null=True, blank=True,
        help_text=_("Empty: everybody at the planned moment."),
    )  # fmt: skip
    timing = models.JSONField(
        _("hours of the shop"), default=dict, db_default={}, blank=True, editable=False,
        help_text=_("What the plan knew of hours, as of when, and how many got which; names nobody."),
    )  # fmt: skip
    shift_by = models.CharField(
        _("versions"), max_length=7, choices=ShiftBy, blank=True, default=ShiftBy.NONE, db_default="",
        help_text=_("Goes out in batches; later ones follow what the earlier ones brought."),
    )  # fmt: skip
    shift_hours = models.PositiveSmallIntegerField(_("hours between batches"), default=24, db_default=24)
    batches_out = models.PositiveSmallIntegerField(
        _("batches let go"), default=0, db_default=0, editable=False,
        help_text=_("Nobody of a later batch is taken before its versions are chosen."),
    )  # fmt: skip
    cost_per_message = MoneyField(_("cost of a message"), default=0)
    offer = models.ForeignKey(
        "marketing.Offer", models.PROTECT, null=True, blank=True, related_name="campaigns", verbose_name=_("offer")
    )
    counts = models.JSONField(
        _("who can be reached"), default=dict, blank=True, editable=False,
        help_text=_("How many there are, can be reached, and cannot for each reason."),
    )  # fmt: skip
    counted_at = models.DateTimeField(_("counted"), null=True, editable=False)
    experiment = models.OneToOneField(
        "core.Experiment", models.SET_NULL, null=True, blank=True, editable=False, related_name="+",
        verbose_name=_("experiment"), help_text=_("What the plan drew by chance, and what it is judged by."),
    )  # fmt: skip
    pause_reason = models.CharField(_("why it is paused"), max_length=200, blank=True, editable=False)
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )
    checked_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("checked by")
    )
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    approved_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, editable=False)

    class Meta:
        verbose_name = pgettext_lazy("table", "campaign")
        verbose_name_plural = pgettext_lazy("table", "campaigns")
        permissions = [
            ("approve_campaign", _("Can approve a campaign")),
            ("run_campaign", _("Can start, pause and cancel a campaign")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(holdout_share__gte=0, holdout_share__lte=0.5), name="campaign_holdout_at_most_half"
            ),
            models.CheckConstraint(
                condition=Q(cap_messages=None, cap_days=None) | Q(cap_messages__gte=1, cap_days__gte=1),
                name="campaign_cap_whole",
            ),
            models.CheckConstraint(
                condition=Q(send_within=None) | Q(send_within__gte=2, send_within__lte=72, trigger=""),
                name="campaign_send_within_three_days",
            ),
            models.CheckConstraint(
                condition=Q(shift_by="") | Q(shift_hours__gte=2, shift_hours__lte=24, trigger="", send_within=None),
                name="campaign_shift_within_a_day",
            ),
        ]
        indexes = [
            models.Index(fields=["-updated_at", "-id"], name="campaign_newest"),
            models.Index(fields=["id"], condition=Q(state="running"), name="campaign_running"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its name; one that came with the demo shop in the language of the reader."""
        return told(self.name)


class CampaignStep(models.Model):
    """One message of a campaign: what, how long after the one before, and to whom of those who got that.

    `arms` is a list of `{"key": "a", "weight": 1, …}` with what differs: subject, template (its own words), offer, and
    the template version once it is frozen.
    """

    class Condition(models.TextChoices):
        """Asked when the message is claimed, of what happened since the step before."""

        ALWAYS = "", pgettext_lazy("condition of a step", "everybody")
        NOT_ORDERED = "not_ordered", pgettext_lazy("condition of a step", "only who has not ordered since")
        NOT_CLICKED = "not_clicked", pgettext_lazy("condition of a step", "only who has not clicked the step before")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="steps", verbose_name=_("campaign"))
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    wait_hours = models.PositiveIntegerField(_("hours after the step before"), default=0)
    condition = models.CharField(
        _("to whom"), max_length=11, choices=Condition, blank=True, default=Condition.ALWAYS, db_default=""
    )
    template = models.ForeignKey(
        "marketing.Template", models.PROTECT, null=True, blank=True, related_name="steps", verbose_name=_("message")
    )
    template_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, null=True, blank=True, editable=False, related_name="steps",
        verbose_name=_("version of the message"),
    )  # fmt: skip
    arms = models.JSONField(_("arms"), default=list, blank=True)

    class Meta:
        verbose_name = _("step of a campaign")
        verbose_name_plural = _("steps of campaigns")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["campaign", "position"], name="campaign_step_once")]

    def __str__(self) -> str:
        return f"{self.campaign_id}/{self.position}"


class CampaignEvent(models.Model):
    """A change of a campaign's state, and who made it. Rows are only added."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="events", verbose_name=_("campaign"))
    before = models.CharField(_("before"), max_length=9, choices=Campaign.State, blank=True)
    after = models.CharField(_("after"), max_length=9, choices=Campaign.State)
    at = models.DateTimeField(_("at"), auto_now_add=True)
    by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("change of a campaign")
        verbose_name_plural = _("changes of campaigns")
        default_permissions = ()
        indexes = [models.Index(fields=["campaign", "-id"], name="campaign_history")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


class AudienceMember(models.Model):
    """Who belonged to an uploaded audience, or to a campaign's audience when it was planned."""

    audience = models.ForeignKey(Audience, models.CASCADE, related_name="members", verbose_name=_("audience"))
    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, blank=True, related_name="members", verbose_name=_("campaign")
    )
    customer = models.ForeignKey("catalog.Customer", models.CASCADE, related_name="+", verbose_name=_("customer"))

    class Meta:
        verbose_name = _("member of an audience")
        verbose_name_plural = _("members of audiences")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["audience", "campaign", "customer"], name="audience_member_once", nulls_distinct=False
            )
        ]
        indexes = [models.Index(fields=["customer"], name="audiences_of_customer")]

    def __str__(self) -> str:
        return f"{self.audience_id}: {self.customer_id}"
