"""Who gets what, and what became of it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from marketing.models.campaigns import Campaign, CampaignStep
from marketing.models.choices import Channel, Purpose
from marketing.models.messages import TemplateVersion
from marketing.models.triggers import Occasion

LEFT_OUT_LAST = models.Case(
    models.When(state="skipped", then=models.Value(1)), models.When(state="cancelled", then=models.Value(1)),
    default=models.Value(0), output_field=models.SmallIntegerField(),
)  # fmt: skip
"""One value after the other: PostgreSQL writes a list of them in another way after a backup was restored."""
LISTED = (LEFT_OUT_LAST, models.F("claimed_at").desc(nulls_last=True), models.F("id").desc())
"""The order of lists: what went out, or failed to, the newest first; then what waits; then those left out."""


class Recipient(models.Model):
    """One message to one customer: of a step of a campaign, for an occasion where it has a trigger, or a single one
    under a `key`.

    "sending" is committed before the provider is asked. A row that stays so after a crash becomes "unknown": perhaps
    the message went out, so it is never sent again by itself (marketing.sending).
    """

    class State(models.TextChoices):
        PLANNED = "planned", pgettext_lazy("message", "planned")
        SENDING = "sending", pgettext_lazy("message", "being sent")
        SENT = "sent", pgettext_lazy("message", "sent")
        UNKNOWN = "unknown", pgettext_lazy("message", "perhaps sent")
        FAILED = "failed", pgettext_lazy("message", "failed")
        SKIPPED = "skipped", pgettext_lazy("message", "left out")
        CANCELLED = "cancelled", pgettext_lazy("message", "cancelled")

    class Reason(models.TextChoices):
        """Why somebody gets nothing."""

        NONE = "", ""
        NO_CONSENT = "no_consent", _("no consent")
        SUPPRESSED = "suppressed", _("suppressed address")
        CAPPED = "capped", _("enough messages already")
        NO_OFFER = "no_offer", _("no offer within the budget")
        HOLDOUT = "holdout", pgettext_lazy("reason", "in the holdout")
        NO_ADDRESS = "no_address", _("no valid address")
        RESTRICTED = "restricted", _("processing restricted")
        GONE = "gone", _("erased or merged")
        ENDED = "ended", _("campaign ended")
        OVER = "over", _("no longer applies")
        ORDERED = "ordered", _("has ordered since")
        CLICKED = "clicked", _("has clicked the step before")
        TOO_LATE = "too_late", _("too late")
        REFUSED = "refused", _("refused by the provider")
        UNWRITTEN = "unwritten", _("message could not be written")
        NOT_HANDED_OVER = "not_handed_over", _("never reached the provider")

    class Timing(models.TextChoices):
        """Why somebody gets it at this hour, where each gets it at their own (marketing.timing)."""

        NONE = "", ""
        OWN = "own", pgettext_lazy("hour of a message", "their own hours")
        SHOP = "shop", pgettext_lazy("hour of a message", "hours of all customers, too few of their own")
        CONTROL = "control", pgettext_lazy("hour of a message", "the planned moment, drawn by chance to compare")
        PRIVATE = "private", pgettext_lazy("hour of a message", "the planned moment, does not want to be followed")
        UNKNOWN = "unknown", pgettext_lazy("hour of a message", "the planned moment, too little is known")
        QUIET = "quiet", pgettext_lazy("hour of a message", "the planned moment, all others are quiet hours")

    class Split(models.TextChoices):
        """Why somebody gets this version, where a campaign shifts towards the better one (marketing.shifting)."""

        NONE = "", ""
        FIRST = "first", pgettext_lazy("version of a message", "fixed shares, in the first batch")
        FIXED = "fixed", pgettext_lazy("version of a message", "fixed shares, drawn by chance to compare")
        SHIFTED = "shifted", pgettext_lazy("version of a message", "by what earlier batches brought")

    WENT_OUT = (State.SENDING, State.SENT, State.UNKNOWN)
    """States in which somebody has, or may have, the message."""

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, blank=True, related_name="recipients", verbose_name=_("campaign")
    )
    step = models.ForeignKey(
        CampaignStep, models.CASCADE, null=True, blank=True, related_name="recipients", verbose_name=_("step")
    )
    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="campaign_messages", verbose_name=_("customer")
    )
    occasion = models.ForeignKey(
        Occasion, models.CASCADE, null=True, blank=True, editable=False, related_name="recipients",
        verbose_name=pgettext_lazy("table", "occasion"),
    )  # fmt: skip
    key = models.CharField(_("key"), max_length=120, null=True, blank=True, unique=True, editable=False)
    template_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, null=True, blank=True, related_name="+",
        verbose_name=_("version of the message"),
    )  # fmt: skip
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    arm = models.CharField(_("arm"), max_length=20, blank=True)
    is_holdout = models.BooleanField(_("holdout"), default=False)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PLANNED)
    skip_reason = models.CharField(_("why not"), max_length=15, choices=Reason, blank=True, default=Reason.NONE)
    due_at = models.DateTimeField(_("due"))
    timing = models.CharField(
        _("why at this hour"), max_length=7, choices=Timing, blank=True, default=Timing.NONE, db_default="",
        editable=False,
    )  # fmt: skip
    timing_hour = models.PositiveSmallIntegerField(
        _("best hour"), null=True, editable=False, help_text=_("Of the customer's day.")
    )
    timing_events = models.PositiveIntegerField(_("hours it is known from"), null=True, editable=False)
    batch = models.PositiveSmallIntegerField(
        _("batch"), null=True, editable=False,
        help_text=_("Where a campaign goes out in batches; the version of a later one is chosen when it is let go."),
    )  # fmt: skip
    split = models.CharField(
        _("why this version"), max_length=7, choices=Split, blank=True, default=Split.NONE, db_default="",
        editable=False,
    )  # fmt: skip
    message_id = models.CharField(_("message ID"), max_length=120, null=True, blank=True, unique=True, editable=False)
    provider = models.CharField(_("provider"), max_length=40, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    claimed_at = models.DateTimeField(_("taken"), null=True, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, editable=False)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)

    class Meta:
        verbose_name = pgettext_lazy("table", "recipient")
        verbose_name_plural = pgettext_lazy("table", "recipients")
        permissions = [("settle_recipient", _("Can decide what became of a message"))]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "step", "customer"], condition=Q(occasion=None), name="recipient_once"
            ),
            models.UniqueConstraint(
                fields=["occasion", "step"], condition=Q(occasion__isnull=False), name="recipient_once_an_occasion"
            ),
            models.CheckConstraint(
                condition=Q(campaign__isnull=False, step__isnull=False, key=None)
                | Q(campaign=None, step=None, key__isnull=False),
                name="recipient_of_campaign_or_single",
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "due_at", "id"], condition=Q(state="planned"), name="recipient_due"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="recipient_in_flight"),
            models.Index(
                fields=["customer", "claimed_at"], condition=Q(state__in=["sending", "sent", "unknown"]),
                name="recipient_for_cap",
            ),
            models.Index(fields=["campaign", "state"], name="recipient_by_state"),
            models.Index(fields=["campaign", "batch", "id"], condition=Q(batch__isnull=False), name="recipient_batch"),
            models.Index(fields=["customer", "-id"], name="messages_of_customer"),
            models.Index(fields=["id"], condition=Q(state="unknown"), name="recipient_unknown"),
            models.Index(*LISTED, name="recipient_listed"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.campaign_id or self.key}: {self.customer_id}"


class MessageEvent(models.Model):
    """What a provider, or a click, says about a message. It may come before the message is known to be sent."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", pgettext_lazy("message", "delivered")
        OPENED = "opened", pgettext_lazy("message", "opened")
        CLICKED = "clicked", pgettext_lazy("message", "clicked")
        BOUNCED = "bounced", pgettext_lazy("message", "bounced")
        COMPLAINED = "complained", pgettext_lazy("message", "complaint")
        DEFERRED = "deferred", pgettext_lazy("message", "delayed")
        UNSUBSCRIBED = "unsubscribed", pgettext_lazy("message", "unsubscribed")

    recipient = models.ForeignKey(
        Recipient, models.CASCADE, null=True, blank=True, related_name="events", verbose_name=_("recipient")
    )
    message_id = models.CharField(_("message ID"), max_length=120, blank=True)
    provider = models.CharField(_("provider"), max_length=40)
    provider_event = models.CharField(_("event of the provider"), max_length=200)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    at = models.DateTimeField(_("at"))
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    raw = models.JSONField(_("details"), default=dict, help_text="Codes of the provider; nothing personal.")

    class Meta:
        verbose_name = _("event of a message")
        verbose_name_plural = _("events of messages")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["provider", "provider_event"], name="message_event_once")]
        indexes = [
            models.Index(fields=["recipient", "kind"], name="events_of_message"),
            models.Index(fields=["message_id"], condition=Q(recipient=None), name="events_before_message"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider_event}"


class TrackedLink(models.Model):
    """An address in a message, counted when it is followed (`/t/{token}`)."""

    campaign = models.ForeignKey(
        Campaign, models.CASCADE, null=True, blank=True, related_name="links", verbose_name=_("campaign")
    )
    template_version = models.ForeignKey(
        TemplateVersion, models.CASCADE, related_name="links", verbose_name=_("version of the message")
    )
    url = models.TextField(_("address"), max_length=2_000)

    class Meta:
        verbose_name = _("link in a message")
        verbose_name_plural = _("links in messages")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "template_version", "url"], name="tracked_link_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.url[:60]
