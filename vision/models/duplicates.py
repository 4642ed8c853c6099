"""Pictures that look the same, and what staff said about it."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class DuplicatePair(models.Model):
    """Two pictures that look the same; open until somebody keeps both (`kept_at`) or removes one. Each picture stands
    in a few pairs with its nearest; groups follow from chains of pairs."""

    one = models.ForeignKey("catalog.ProductImage", models.CASCADE, related_name="+", verbose_name=_("first picture"))
    other = models.ForeignKey(
        "catalog.ProductImage", models.CASCADE, related_name="+", verbose_name=_("second picture")
    )
    bits = models.PositiveSmallIntegerField(_("bits apart"), help_text=_("Of the 64 of the fingerprint."))
    apart = models.FloatField(_("difference"), help_text=_("Mean of the small pictures, of 255."))
    is_mirrored = models.BooleanField(_("mirrored"), default=False)
    is_exact = models.BooleanField(_("the same file"), default=False)
    found_at = models.DateTimeField(_("found"))
    kept_at = models.DateTimeField(_("both kept"), null=True, blank=True)

    class Meta:
        verbose_name = _("pair of duplicates")
        verbose_name_plural = _("pairs of duplicates")
        default_permissions = ()
        permissions = [("decide_duplicates", _("Can tell duplicates apart and remove them"))]
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=Q(one__lt=F("other")), name="duplicate_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.one_id} = {self.other_id}"


class NotDuplicates(models.Model):
    """Two contents that somebody decided to keep beside each other. Kept for ever: it speaks of what the files hold,
    so it counts when products are imported anew. The same content twice may be right, too: two products, one photo."""

    one_sha256 = models.CharField(max_length=64, editable=False)
    other_sha256 = models.CharField(max_length=64, editable=False)
    decided_at = models.DateTimeField(_("decided"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )

    class Meta:
        verbose_name = _("pictures that are no duplicates")
        verbose_name_plural = _("pictures that are no duplicates")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["one_sha256", "other_sha256"], name="not_duplicates_once"),
            models.CheckConstraint(condition=Q(one_sha256__lte=F("other_sha256")), name="not_duplicates_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.one_sha256[:8]} ≠ {self.other_sha256[:8]}"
