"""Mail that the product itself sends: invitations, password resets, alerts. Campaigns have their own tables."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _


class OutgoingMail(models.Model):
    """One mail, written in the caller's transaction and sent by a job of the queue `mail`.

    Texts and addresses are removed after a while (`core.mail.forget_old`), because they hold links and names. `secret`
    is the part of the text that opens an account: it goes as soon as the mail is sent.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("sending")
        SENT = "sent", _("sent")
        KEPT = "kept", _("kept here")
        UNCERTAIN = "uncertain", _("perhaps sent")
        FAILED = "failed", _("failed")

    RESENDABLE = (State.KEPT, State.UNCERTAIN, State.FAILED)

    kind = models.CharField(_("kind"), max_length=40)
    to = models.CharField(_("to"), max_length=254)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=200)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML part"), blank=True, db_default="", default="")
    headers = models.JSONField(_("headers"), blank=True, db_default={}, default=dict)
    secret = models.CharField(_("link"), max_length=500, blank=True)
    account = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, verbose_name=_("account"), related_name="mails"
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.WAITING, db_index=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    history = models.JSONField(_("history"), default=list, blank=True)
    message_id = models.CharField(_("message ID"), max_length=120, unique=True)
    job = models.ForeignKey("core.Job", models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        ordering = ["-id"]
        indexes = [
            GinIndex(OpClass(Upper("subject"), name="gin_trgm_ops"), name="mail_subject_trgm"),
            GinIndex(OpClass(Upper("to"), name="gin_trgm_ops"), name="mail_to_trgm"),
            models.Index(fields=["kind", "-id"], name="mail_by_kind"),
        ]

    def __str__(self) -> str:
        return self.subject
