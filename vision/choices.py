"""Words that the rooms of vision share. The keys are those of `vision.ml`, which knows no languages."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from core.model_registry import ModelKind

VISION = ModelKind(name="vision", schema_version=1, primary_metric="accuracy", builder="vision.ml.serving.build_tagger")
"""Networks that read photos: see `vision.ml.serving` for what an artifact holds."""


class Issue(models.TextChoices):
    """What is wrong with a photo, worst first."""

    UNREADABLE = "unreadable", _("cannot be read")
    SMALL = "small", _("too small")
    BLURRED = "blurred", _("blurred")
    DARK = "dark", _("too dark")
    BRIGHT = "bright", _("overexposed")
    DULL = "dull", _("hardly any contrast")
    BUSY = "busy", _("restless ground")
    TINY_SUBJECT = "tiny_subject", _("product very small")
    CUT_OFF = "cut_off", _("product cut off")


ADVICE = {
    Issue.UNREADABLE: _("The file is gone or damaged. Upload the photo again."),
    Issue.SMALL: _("Upload a photo with at least 400 pixels on its shorter side."),
    Issue.BLURRED: _("Take it again with the camera at rest, or upload the original."),
    Issue.DARK: _("Take it again with more light, or raise the exposure."),
    Issue.BRIGHT: _("Take it again with less light: bright parts have lost their drawing."),
    Issue.DULL: _("Product and ground look nearly alike. Choose another ground or more light."),
    Issue.BUSY: _("A calm ground lets the product stand out and colours be told."),
    Issue.TINY_SUBJECT: _("Crop the photo so that the product fills it."),
    Issue.CUT_OFF: _("The product touches three edges. Take it again with some room around."),
}
"""What staff do about it."""


PLAIN = 0.7
"""Evenness from which a ground counts as plain; `vision.ml.colours` has the same."""


class ColourName(models.TextChoices):
    """Colours as people call them."""

    BLACK = "black", pgettext_lazy("colour", "black")
    GREY = "grey", pgettext_lazy("colour", "grey")
    WHITE = "white", pgettext_lazy("colour", "white")
    BEIGE = "beige", pgettext_lazy("colour", "beige")
    BROWN = "brown", pgettext_lazy("colour", "brown")
    RED = "red", pgettext_lazy("colour", "red")
    ORANGE = "orange", pgettext_lazy("colour", "orange")
    YELLOW = "yellow", pgettext_lazy("colour", "yellow")
    GREEN = "green", pgettext_lazy("colour", "green")
    OLIVE = "olive", pgettext_lazy("colour", "olive")
    TEAL = "teal", pgettext_lazy("colour", "teal")
    BLUE = "blue", pgettext_lazy("colour", "blue")
    NAVY = "navy", pgettext_lazy("colour", "navy")
    PURPLE = "purple", pgettext_lazy("colour", "purple")
    PINK = "pink", pgettext_lazy("colour", "pink")
    MAGENTA = "magenta", pgettext_lazy("colour", "magenta")


class Architecture(models.TextChoices):
    """Networks of `vision.ml.deep`."""

    PRODUCT = "product", _("residual network, about 1.2 million weights")
    PLAIN = "plain", _("plain network, for comparison")


class PictureSize(models.IntegerChoices):
    """Pixels a side at which a network learns and reads."""

    SMALL = 64, _("64 pixels a side: most epochs in the time")
    MEDIUM = 96, _("96 pixels: for fine patterns, with twice the time")
    LARGE = 160, _("160 pixels: on a graphics card, or with six times the time")


def in_a_row(first: str, second: str) -> str:
    """Two sentences; Chinese ones stand without a space between them."""
    return pgettext("two sentences", "%(first)s %(second)s") % {"first": first, "second": second}


METRICS = {
    "accuracy": _("Categories read right"),
    "macro_f1": _("Mean F1 of categories"),
    "top3": _("Right among the first three"),
    "parent_accuracy": _("Category above read right"),
    "ece": _("Confidence was off by"),
}
