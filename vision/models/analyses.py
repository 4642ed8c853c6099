"""What was seen on each picture of a product."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from vision.choices import ColourName, Issue

METHOD = 2
"""Raised when pictures are looked at in another way: everything is then looked at again."""


class ImageAnalysisQuerySet(models.QuerySet["ImageAnalysis"]):
    def with_issue(self, issue: str) -> Self:
        return self.filter(issues__contains=[issue])

    def doubled(self) -> Self:
        return self.filter(duplicate_group__isnull=False)


class ImageAnalysis(models.Model):
    """One picture as arithmetic sees it: quality, colours, and by what it is found again. Can be thrown away and made
    again. Figures are null where the picture cannot be read."""

    image = models.OneToOneField(
        "catalog.ProductImage", models.CASCADE, primary_key=True, related_name="analysis", verbose_name=_("picture")
    )
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    method = models.PositiveSmallIntegerField(default=METHOD, editable=False)
    analysed_at = models.DateTimeField(_("looked at"))
    short_side = models.PositiveIntegerField(_("shorter side"), null=True, help_text=_("Pixels."))
    sharpness = models.FloatField(_("sharpness"), null=True, help_text=_("0 (blurred) to 1."))
    lightness = models.FloatField(_("lightness"), null=True, help_text=_("Of what is shown, 0 to 1."))
    contrast = models.FloatField(_("contrast"), null=True, help_text=_("Of the whole picture, 0 to 1."))
    evenness = models.FloatField(
        _("evenness of the ground"), null=True, help_text=_("Share of the edge that has one colour, 0 to 1.")
    )
    has_white_ground = models.BooleanField(_("white ground"), default=False)
    subject_share = models.FloatField(
        _("share of the product"), null=True, help_text=_("Of the picture, 0 to 1; 1 where the ground cannot be told.")
    )
    issues = ArrayField(models.CharField(max_length=16, choices=Issue), verbose_name=_("faults"), default=list)
    colours = models.JSONField(
        _("colours"), default=list, help_text=_("Name, share and shade of each, the largest first.")
    )
    main_colour = models.CharField(_("main colour"), max_length=10, choices=ColourName, blank=True)
    fingerprint = models.BigIntegerField(null=True, editable=False)
    look = models.BinaryField(null=True, editable=False)
    is_flat = models.BooleanField(default=False, editable=False)
    duplicate_group = models.BigIntegerField(
        null=True, editable=False, help_text=_("The smallest number of a picture among those that look the same.")
    )

    objects = ImageAnalysisQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-analysed_at", "-image"], name="analysis_newest"),
            models.Index(fields=["main_colour", "-image"], name="analysis_colour"),
            models.Index(
                fields=["duplicate_group", "image"], condition=Q(duplicate_group__isnull=False), name="analysis_doubled"
            ),
            GinIndex(fields=["issues"], name="analysis_issues"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(fingerprint__isnull=True, look__isnull=True)
                | Q(fingerprint__isnull=False, look__isnull=False),
                name="analysis_fingerprint_whole",
            ),
            models.CheckConstraint(
                condition=Q(duplicate_group__isnull=True) | Q(duplicate_group__lte=F("image")),
                name="analysis_group_begins_before",
            ),
        ]

    def __str__(self) -> str:
        return str(self.image)
