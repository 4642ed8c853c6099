"""What the network sees on a picture, as a direction."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ImageVector(models.Model):
    """One picture as the network of one version sees it: numbers of 16 bits, of length one. While a new version reads
    the shop, rows of two versions stand beside each other; products are compared by one of them (vision.embedding)."""

    image = models.OneToOneField(
        "catalog.ProductImage", models.CASCADE, primary_key=True, related_name="image_vector", verbose_name=_("picture")
    )
    version = models.ForeignKey("core.ModelVersion", models.CASCADE, related_name="+", verbose_name=_("model version"))
    vector = models.BinaryField(_("vector"))
    content_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    computed_at = models.DateTimeField(_("computed"))

    class Meta:
        verbose_name = _("vector of a picture")
        verbose_name_plural = _("vectors of pictures")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.image_id)
