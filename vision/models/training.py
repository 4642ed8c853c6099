"""How the shop learns from its photos, and what the live model made of each."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from vision.choices import Architecture, PictureSize

SECONDS = 300
LEAST_SECONDS, MOST_SECONDS = 20, 3_600


class VisionSettings(models.Model):
    """What the next training learns with: one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    architecture = models.CharField(
        _("architecture"), max_length=20, choices=Architecture, default=Architecture.PRODUCT
    )  # fmt: skip
    cpu_seconds = models.PositiveIntegerField(
        _("time for a training"), default=SECONDS, help_text=_("Seconds of the processor, of all its cores together."),
        validators=[MinValueValidator(LEAST_SECONDS), MaxValueValidator(MOST_SECONDS)],
    )  # fmt: skip
    size = models.PositiveSmallIntegerField(_("size of photos"), choices=PictureSize, default=PictureSize.SMALL)
    may_unfreeze = models.BooleanField(
        _("weights of the file learn on"), default=True,
        help_text=_("Where VISION_WEIGHTS names a file: otherwise only what stands on them is learned."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("settings of learning from photos")
        verbose_name_plural = _("settings of learning from photos")
        default_permissions = ("change",)
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="vision_settings_once"),
            models.CheckConstraint(
                condition=Q(cpu_seconds__range=(LEAST_SECONDS, MOST_SECONDS)), name="vision_settings_seconds_in_range"
            ),
            models.CheckConstraint(condition=Q(size__in=PictureSize.values), name="vision_settings_size_known"),
        ]

    def __str__(self) -> str:
        return f"{self.architecture}, {self.size} px, {self.cpu_seconds} s"

    @classmethod
    def current(cls) -> "VisionSettings":
        """The row, or what holds while there is none."""
        return cls.objects.first() or cls()


class ImageReading(models.Model):
    """Which version read a picture, and what it took it for. Can be thrown away: the picture is then read again."""

    image = models.OneToOneField(
        "catalog.ProductImage", models.CASCADE, primary_key=True, related_name="reading", verbose_name=_("picture")
    )
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    model_version = models.ForeignKey(
        "core.ModelVersion", models.CASCADE, related_name="+", verbose_name=_("model version")
    )
    category = models.CharField(
        _("read as"), max_length=60, blank=True, help_text=_("Public id of a category; empty: it cannot be read.")
    )
    confidence = models.FloatField(_("confidence"), default=0.0)
    read_at = models.DateTimeField(_("read"))

    class Meta:
        verbose_name = _("reading of a photo")
        verbose_name_plural = _("readings of photos")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.image_id}: {self.category}"
