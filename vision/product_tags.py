"""The tags of one product, and the readings that wait, each with who said so."""

from dataclasses import dataclass

from django.utils.translation import get_language

from catalog.models import Product, ProductTag
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion
from vision.tags import words_of

State = TagSuggestion.State


@dataclass(frozen=True)
class Standing:
    """A tag, or (without `tag`) a reading that waits for a person. Without `label` it is a word that no label has."""

    tag: ProductTag | None
    label: Label | None
    reading: TagSuggestion | None = None
    decision: ReviewDecision | None = None

    @property
    def name(self) -> str:
        """In the language of this request."""
        if self.label is not None:
            return self.label.name
        assert self.tag is not None
        told: dict[str, str] = self.tag.value_translations
        return told.get(get_language() or "en") or self.tag.value

    @property
    def group(self) -> str:
        if self.label is not None:
            return self.label.label_set.name
        return self.tag.kind if self.tag is not None else ""


def choosable() -> list[Label]:
    """Labels that staff may give here: all in use but categories, which have a field of their own. One query."""
    rows = Label.objects.in_use().exclude(label_set__kind=LabelSet.Kind.CATEGORY).select_related("label_set")
    return list(rows.order_by("label_set__position", "label_set_id", "position", "pk"))


def standing(product: Product, labels: list[Label]) -> list[Standing]:
    """Tags in the order of `labels`, words of others, then what waits, the surest first. Three queries."""
    kinds = {word: label.label_set_id for label in labels for word in words_of(label.label_set)}
    by_word = {(label.label_set_id, word): label for label in labels for word in words_of(label)}
    tags = list(ProductTag.objects.filter(product=product).select_related("model_version").order_by("kind", "value"))
    rows = TagSuggestion.objects.filter(product=product, state__in=(State.PENDING, State.APPLIED))
    readings = {row.label_id: row for row in rows.select_related("model_version").order_by("-confidence", "pk")}
    said: dict[int, ReviewDecision] = {}
    decided = ReviewDecision.objects.filter(product=product, is_right=True).select_related("decided_by")
    for decision in decided.order_by("decided_at", "pk"):
        said[decision.label_id] = decision
    found = []
    for tag in tags:
        label = by_word.get((kinds.get(tag.kind.casefold(), 0), tag.value.casefold()))
        reading = readings.pop(label.pk, None) if label is not None else None
        found.append(Standing(tag, label, reading, said.get(label.pk) if label is not None else None))
    place = {label.pk: at for at, label in enumerate(labels)}
    found.sort(key=lambda one: place[one.label.pk] if one.label is not None else len(place))
    by_pk = {label.pk: label for label in labels}
    waiting = [row for row in readings.values() if row.state == State.PENDING and row.label_id in by_pk]
    return [*found, *(Standing(None, by_pk[row.label_id], row) for row in waiting)]
