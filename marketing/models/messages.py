"""What messages say."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.models.base import NewPublicId, TimestampedModel
from core.shipped import told
from marketing.models.choices import Channel, Purpose


class Template(TimestampedModel):
    """A message in both languages. Texts are `{"en": …, "zh-hans": …}` with merge tags from a plain dictionary."""

    class Kind(models.TextChoices):
        MJML = "mjml", _("MJML")
        TEXT = "text", _("plain text")

    public_id = models.CharField(_("public ID"), max_length=32, unique=True, editable=False, db_default=NewPublicId())
    name = models.CharField(_("name"), max_length=120)
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose, default=Purpose.OFFERS)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, default=Channel.EMAIL)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind, default=Kind.MJML)
    subject = models.JSONField(_("subject"), default=dict, blank=True)
    preheader = models.JSONField(_("preview line"), default=dict, blank=True)
    body = models.JSONField(_("text"), default=dict, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = pgettext_lazy("table", "message template")
        verbose_name_plural = pgettext_lazy("table", "message templates")
        indexes = [models.Index(fields=["-updated_at", "-id"], name="template_newest")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """Its name; one that came with the demo shop in the language of the reader."""
        return told(self.name)


class TemplateVersion(models.Model):
    """A message as it was approved: it never changes. `html` is made from MJML when it is frozen."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="versions", verbose_name=_("message template"))
    number = models.PositiveIntegerField(_("version"))
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel)
    kind = models.CharField(_("kind"), max_length=4, choices=Template.Kind)
    subject = models.JSONField(_("subject"), default=dict)
    preheader = models.JSONField(_("preview line"), default=dict)
    body = models.JSONField(_("text"), default=dict)
    html = models.JSONField(_("HTML"), default=dict)
    text = models.JSONField(_("plain text part"), default=dict)
    frozen_at = models.DateTimeField(_("approved"), auto_now_add=True)
    frozen_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))

    class Meta:
        verbose_name = _("version of a message")
        verbose_name_plural = _("versions of messages")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="template_version_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="template_version_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.template_id} v{self.number}"
