"""Background work, as a ledger: the table is the truth, the broker only carries the news."""

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.said import Said


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> Self:
        return self.filter(state__in=Job.ACTIVE)

    def unpublished(self) -> Self:
        return self.filter(state=Job.State.QUEUED, published_at=None)


class Job(models.Model):
    """One piece of work. Written in the caller's transaction, so it is its own outbox."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")
        QUARANTINED = "quarantined", _("quarantined")

    class Origin(models.TextChoices):
        PERSON = "person", _("a person")
        SCHEDULE = "schedule", _("the schedule")
        COMMAND = "command", _("command line")
        SHOP = "shop", _("the shop itself")

    ACTIVE = (State.QUEUED, State.RUNNING)
    REPEATABLE = (State.FAILED, State.CANCELLED, State.QUARANTINED)

    kind = models.CharField(_("kind"), max_length=80, db_index=True)
    task = models.CharField(_("task"), max_length=120)
    queue = models.CharField(_("queue"), max_length=16)
    arguments = models.JSONField(_("arguments"), default=dict, blank=True)
    dedupe_key = models.CharField(_("dedupe key"), max_length=160, null=True, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED, db_index=True)
    lease = models.UUIDField(_("lease"), null=True, blank=True, editable=False)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)
    checkpoint = models.JSONField(_("checkpoint"), default=dict, blank=True, db_default={})
    origin = models.CharField(_("asked for by"), max_length=8, choices=Origin, default=Origin.SHOP, db_default="shop")
    starts = models.PositiveSmallIntegerField(_("starts"), default=0)
    spared = models.PositiveSmallIntegerField(_("starts that ended with the whole worker"), default=0, db_default=0)
    worker = models.UUIDField(_("worker"), null=True, blank=True, editable=False)
    retries = models.PositiveSmallIntegerField(_("retries"), default=0, db_default=0)
    done = models.BigIntegerField(_("steps done"), default=0)
    total = models.BigIntegerField(_("steps in all"), null=True, blank=True)
    message = models.CharField(_("message"), max_length=300, blank=True)
    message_values = models.JSONField(_("values of the message"), default=dict, blank=True, db_default={})
    result = models.JSONField(_("result"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    request_id = models.CharField(_("request ID"), max_length=40, blank=True)
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("started by"), related_name="jobs"
    )
    cancel_requested_at = models.DateTimeField(_("cancel requested"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    published_at = models.DateTimeField(_("sent to a worker"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"], condition=models.Q(state__in=["queued", "running"]), name="job_once_while_active"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(state="queued", published_at=None), name="job_unpublished"
            ),
            models.Index(fields=["queue", "-id"], name="job_by_queue"),
            models.Index(fields=["state", "-id"], name="job_by_state"),
            models.Index(fields=["heartbeat_at"], condition=models.Q(state="running"), name="job_running"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"

    @property
    def asked_by(self) -> str:
        """Who or what wanted this work, for people. Read it with `created_by` at hand."""
        return str(self.created_by) if self.created_by else str(self.Origin(self.origin).label)

    @property
    def message_text(self) -> str:
        """The message in the language of the reader."""
        return str(Said(self.message, self.message_values))

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def share_done(self) -> float | None:
        """0 to 1, or None while the size of the work is unknown."""
        if self.state == self.State.DONE:
            return 1.0
        return min(1.0, self.done / self.total) if self.total else None


class Heartbeat(models.Model):
    """The last sign of life of a part that an installation has once, such as the scheduler."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    seen_at = models.DateTimeField(_("last sign of life"))

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
