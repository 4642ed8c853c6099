"""What the assistant keeps beside its messages."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class LookupTry(models.Model):
    """Failed look-ups of orders by one caller, or for one number, whatever it is: a keyed hash and a count, nothing
    that says who or which. Rows of ended times are removed daily."""

    subject = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("tries to look up an order")
        verbose_name_plural = _("tries to look up orders")
        indexes = [models.Index(fields=["since"], name="lookup_try_since")]

    def __str__(self) -> str:
        return f"{self.subject[:8]}: {self.failures}"


class AnswerProposal(models.Model):
    """Questions that only people could answer: an article that could be written. The words stand in the messages and
    go with them; here are only their numbers."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("proposal", "open")
        ACCEPTED = "accepted", pgettext_lazy("proposal", "draft made")
        REFUSED = "refused", pgettext_lazy("proposal", "not worth an article")

    language = models.CharField(_("language"), max_length=2)
    message_ids = models.JSONField(default=list)
    reply = models.ForeignKey("crm.Message", models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    article = models.ForeignKey("reviews.Article", models.SET_NULL, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey("core.StaffUser", models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("proposed article")
        verbose_name_plural = _("proposed articles")
        indexes = [models.Index(fields=["state", "language"], name="proposal_by_state")]

    def __str__(self) -> str:
        return f"#{self.pk}"
