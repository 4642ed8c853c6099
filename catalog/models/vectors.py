"""What a product is like, as numbers that others compare."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ProductVectorQuerySet(models.QuerySet["ProductVector"]):
    def of(self, kind: str) -> Self:
        return self.filter(kind=kind)


class ProductVector(models.Model):
    """A direction: `dimensions` numbers of 16 bits, of length one, that mean something only beside those of the same
    kind and version. All rows of a kind are of one version; whoever writes them sees to that. Can be made again."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("what its photos look like")

    product = models.ForeignKey("catalog.Product", models.CASCADE, related_name="vectors", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.IMAGE)
    vector = models.BinaryField(_("vector"))
    dimensions = models.PositiveSmallIntegerField(_("dimensions"))
    sources = models.PositiveIntegerField(_("sources"), default=1, help_text=_("Photos whose mean this is."))
    model_version = models.ForeignKey(
        "core.ModelVersion", models.CASCADE, related_name="+", verbose_name=_("model version")
    )
    computed_at = models.DateTimeField(_("computed"))

    objects = ProductVectorQuerySet.as_manager()

    class Meta:
        verbose_name = _("vector of a product")
        verbose_name_plural = _("vectors of products")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["product", "kind"], name="vector_once_per_product"),
            models.CheckConstraint(condition=Q(dimensions__gte=1, dimensions__lte=4096), name="vector_dimensions"),
        ]
        indexes = [models.Index(fields=["kind", "-computed_at"], name="vector_newest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.product_id}"
