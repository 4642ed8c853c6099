"""What a message is expected to change."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class UpliftScore(models.Model):
    """Expected difference that one arm makes for a customer, written by the model's job."""

    customer = models.ForeignKey(
        "catalog.Customer", models.CASCADE, related_name="uplift_scores", verbose_name=_("customer")
    )
    model_version = models.ForeignKey(
        "core.ModelVersion", models.CASCADE, related_name="+", verbose_name=_("model version")
    )
    arm = models.CharField(_("arm"), max_length=20)
    value = models.FloatField(_("expected difference"))
    as_of = models.DateTimeField(_("as of"))

    class Meta:
        verbose_name = _("uplift score")
        verbose_name_plural = _("uplift scores")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["customer", "model_version", "arm"], name="uplift_score_once")
        ]  # fmt: skip
        indexes = [models.Index(fields=["model_version", "arm", "-value"], name="uplift_best")]

    def __str__(self) -> str:
        return f"{self.arm}: {self.value:.3f}"
