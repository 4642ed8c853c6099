"""Facts for other parties: written with the change they tell of, delivered afterwards."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import PublicIdModel, TimestampedModel


class OutboxMessage(models.Model):
    """One fact, such as `order.paid`. Ids and states only: whoever gets it asks the API for the rest."""

    event = models.CharField(_("event"), max_length=60, db_index=True)
    public_id = models.UUIDField(_("public ID"), unique=True)
    payload = models.JSONField(_("content"), default=dict)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    fanned_out_at = models.DateTimeField(_("handed to the receivers"), null=True, blank=True)

    class Meta:
        verbose_name = _("outbox message")
        verbose_name_plural = _("outbox")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(fanned_out_at=None), name="outbox_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.public_id}"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def hearing(self, event: str) -> Self:
        """Those that are on and want this event."""
        return self.filter(is_on=True, events__contains=[event])


class Webhook(TimestampedModel):
    """An address of another program that wants to hear of some events."""

    name = models.CharField(_("name"), max_length=80)
    url = models.URLField(_("address"), max_length=500)
    events = ArrayField(models.CharField(max_length=60), verbose_name=_("events"), default=list)
    secret = models.CharField(_("signing secret"), max_length=80, editable=False)
    old_secret = models.CharField(_("signing secret before"), max_length=80, blank=True, editable=False)
    old_secret_until = models.DateTimeField(_("old secret signs until"), null=True, blank=True, editable=False)
    is_on = models.BooleanField(_("on"), default=True)
    failures_in_a_row = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("created by")
    )

    objects = WebhookQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(PublicIdModel):
    """One message for one webhook: how often it was tried and what the receiver said."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("delivered")
        FAILED = "failed", _("given up")

    external_id = None  # type: ignore[assignment]
    webhook = models.ForeignKey(Webhook, models.CASCADE, verbose_name=_("webhook"), related_name="deliveries")
    message = models.ForeignKey(OutboxMessage, models.CASCADE, verbose_name=_("message"), related_name="deliveries")
    state = models.CharField(_("state"), max_length=7, choices=State, default=State.WAITING, db_index=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    status_code = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    duration_ms = models.PositiveIntegerField(_("took (ms)"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)
    response_excerpt = models.CharField(_("beginning of the answer"), max_length=500, blank=True)
    log = models.JSONField(
        _("tries"), default=list, blank=True, help_text=_("Time, answer, milliseconds and error of the last 20.")
    )
    is_replay = models.BooleanField(_("sent again by hand"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True, blank=True)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["webhook", "next_attempt_at"], condition=models.Q(state="waiting"), name="webhook_due"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "message"], condition=models.Q(is_replay=False), name="webhook_message_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.message_id}"
