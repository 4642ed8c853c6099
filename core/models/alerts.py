"""What needs a person: rules that watch, and alerts that stand until they are dealt with."""

from typing import Self

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from core.choices import Role
from core.models.staff import StaffUser
from core.said import Said


class AlertRule(models.Model):
    """How this shop wants to hear about one kind of trouble. The kinds come from `core.extensions.alert_rules`."""

    key = models.CharField(_("kind"), max_length=60, unique=True)
    is_on = models.BooleanField(_("on"), default=True)
    threshold = models.FloatField(_("threshold"), null=True, blank=True)
    roles = ArrayField(
        models.CharField(max_length=20, choices=Role), verbose_name=_("roles that are told"), default=list, blank=True
    )
    by_mail = models.BooleanField(_("also by e-mail"), default=True)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> Self:
        return self.filter(resolved_at=None)

    def unattended(self) -> Self:
        """Open, and nobody has taken them on."""
        return self.open().filter(acknowledged_at=None)

    def visible_to(self, user: StaffUser) -> Self:
        """Those whose rule names one of the person's roles; all for an owner."""
        if user.is_superuser:
            return self
        names = user.groups.annotate(role=Cast("name", models.CharField(max_length=20))).values("role")
        own = AlertRule.objects.filter(models.Q(roles__overlap=ArraySubquery(names)))
        return self.filter(
            models.Q(rule__in=own.values("key")) | models.Q(models.Exists(user.groups.filter(name=Role.OWNER)))
        )


class Alert(models.Model):
    """One trouble. While it is open, the same trouble (rule and key) only raises `count` and `last_seen_at`."""

    class Level(models.TextChoices):
        NOTICE = "notice", _("notice")
        WARNING = "warning", _("warning")
        CRITICAL = "critical", _("critical")

    rule = models.CharField(_("kind"), max_length=60)
    key = models.CharField(_("about"), max_length=120, blank=True)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    text = models.CharField(_("text"), max_length=300)
    text_values = models.JSONField(_("values of the text"), default=dict, blank=True)
    link = models.CharField(_("link"), max_length=300, blank=True)
    count = models.PositiveIntegerField(_("times seen"), default=1)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    last_seen_at = models.DateTimeField(_("last seen"), auto_now_add=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("acknowledged by"), related_name="+"
    )
    mailed_at = models.DateTimeField(_("told by e-mail"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("over"), null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "key"], condition=models.Q(resolved_at=None), name="alert_once_while_open"
            ),
        ]
        indexes = [models.Index(fields=["rule", "key", "-id"], name="alert_history")]

    def __str__(self) -> str:
        return str(self.said)

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_unattended(self) -> bool:
        return self.is_open and self.acknowledged_at is None

    @property
    def said(self) -> Said:
        """The text in the language of the reader."""
        return Said(self.text, self.text_values)
