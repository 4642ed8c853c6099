"""What keys in reports are called now, in the language of the reader."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalog.models import Category
from core.components import figure
from vision.ml.examples import CATEGORY
from vision.models import Label, LabelSet


class Names:
    """Categories and labels by the keys that models know. Three queries; what is gone is called by its key."""

    def __init__(self) -> None:
        self.categories = {row.public_id: row.localised("name") for row in Category.objects.all()}
        self.sets = {row.key: row.name for row in LabelSet.objects.all()}
        self.labels = {
            (row.label_set.key, row.key): row.name for row in Label.objects.select_related("label_set").exclude(
                label_set__kind=LabelSet.Kind.CATEGORY
            )
        }  # fmt: skip

    def category(self, key: str) -> str:
        return self.categories.get(key, key or _("none"))

    def label(self, row: Mapping[str, Any]) -> str:
        """Of a row with `set` and `key`."""
        if row["set"] == CATEGORY:
            return self.category(row["key"])
        return self.labels.get((row["set"], row["key"]), row["key"])

    def set_name(self, key: str) -> str:
        return _("category") if key == CATEGORY else self.sets.get(key, key)


def left_out_words(counts: Mapping[str, int]) -> str:
    """Why photos are not among the examples, the commonest reason first."""
    reasons = {
        "unlabelled": _("without category and tags"),
        "small_category": _("category with too few products"),
        "denied": _("staff said they show something else"),
        "two_categories": _("the same photo in two categories"),
        "unreadable": _("cannot be read"),
        "not_looked_at": _("not looked at yet"),
        "beyond_most": _("more than are learned at once"),
    }
    found = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{figure(count)} {reasons.get(reason, reason)}" for reason, count in found]
    return _("Left out: %(words)s.") % {"words": ", ".join(words)} if words else ""
