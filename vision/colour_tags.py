"""Colours as the first tags, on the first day and without any network: from what was counted on photos.

One photo speaks for a product: the first on a plain ground in good light, where what is sold can be told from what it
lies on; else the first that can be read, and then a person decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Max

from core.jobs import progress
from core.models import Job
from vision import label_sets, suggesting
from vision.choices import PLAIN, Issue
from vision.ml.colours import Colour, clearness
from vision.models import ImageAnalysis, Label, LabelSet, TagSuggestion
from vision.suggesting import Found, Written

KIND = "vision.colours"
BASE = 0.45
"""Confidence of a colour that hardly shows; its share is added: half of an even photo is enough to be sure."""
FURTHER = 0.3
"""The same of a second and third colour: shadows, straps and what the product stands on show that little, too. Such a
colour needs a third of an even photo to be suggested."""
MOST = 0.99
RESTLESS = 0.6
"""Of the confidence, so much is left where ground and product cannot be told apart, or where light bends colours."""
UNCLEAR, CLEAR = 0.7, 0.02
"""What is left of the confidence in a shade that lies between two names, and from which clearness on all of it."""
BENT = (Issue.DARK, Issue.BRIGHT, Issue.DULL)
AT_ONCE = 2_000


def unread() -> bool:
    """Whether photos were looked at since colours were last written."""
    since = _since()
    rows = ImageAnalysis.objects.filter(analysed_at__gte=since) if since else ImageAnalysis.objects.all()
    return rows.exists()


def write(*, products: Sequence[int] | None = None) -> Written:
    """Colours of these products, or of those with a photo that was looked at since the last run ended well. Safe to run
    twice and to end at any line."""
    label_sets.mirror_categories()
    labels = {label.key: label.pk for label in Label.objects.in_use().filter(label_set__kind=LabelSet.Kind.COLOUR)}
    ids = sorted(_waiting() if products is None else products)
    total = Written()
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        total += suggesting.write(_found(part, labels), read=part, source=TagSuggestion.Source.COLOURS)
        progress(start + len(part), len(ids))
    return total


def _waiting() -> set[int]:
    since = _since()
    rows = ImageAnalysis.objects.filter(image__product__deleted_at=None)
    if since is not None:
        rows = rows.filter(analysed_at__gte=since)
    return set(rows.values_list("image__product_id", flat=True))


def _since() -> datetime | None:
    """When the last run that ended well began: what was looked at before it was seen by it."""
    done = Job.objects.filter(kind=KIND, state=Job.State.DONE)
    found: datetime | None = done.aggregate(last=Max("started_at"))["last"]
    return found


def _found(products: Sequence[int], labels: dict[str, int]) -> list[Found]:
    photos: dict[int, list[ImageAnalysis]] = defaultdict(list)
    rows = ImageAnalysis.objects.filter(image__product_id__in=products, fingerprint__isnull=False)
    for row in (
        rows.defer("look").select_related("image").only("image__product_id", "colours", "evenness", "issues")
        .order_by("image__product_id", "image__position", "image_id")
    ):  # fmt: skip
        photos[row.image.product_id].append(row)
    return [one for pk, seen in photos.items() for one in _colours_of(pk, speaking(seen), labels)]


def speaking(photos: Iterable[ImageAnalysis]) -> ImageAnalysis:
    """The photo whose colours are those of the product. `photos`: at least one, in their order."""
    seen = list(photos)
    return next((one for one in seen if is_even(one)), seen[0])


def is_even(photo: ImageAnalysis) -> bool:
    return (photo.evenness or 0.0) >= PLAIN and not set(photo.issues) & set(BENT)


def confidence(photo: ImageAnalysis, colour: Colour, *, is_first: bool = True) -> float:
    """0 to 1: by its share of what the photo shows, whether another colour has more of it, by the ground, and by how
    clearly the shade has its name."""
    how = min(1.0, photo.evenness or 0.0) if is_even(photo) else RESTLESS
    clear = UNCLEAR + (1 - UNCLEAR) * min(max(clearness(colour) / CLEAR, 0.0), 1.0)
    return round(min(MOST, (BASE if is_first else FURTHER) + colour.share) * how * clear, 4)


def _colours_of(product_id: int, photo: ImageAnalysis, labels: dict[str, int]) -> list[Found]:
    return [
        Found(
            product_id, photo.pk, labels[one["name"]], confidence(photo, Colour(**one), is_first=place == 0),
            TagSuggestion.Source.COLOURS,
            [{"kind": "share", "share": one["share"], "code": one["code"]},
             {"kind": "even" if is_even(photo) else "restless"}],
        )
        for place, one in enumerate(photo.colours)
        if one["name"] in labels
    ]  # fmt: skip
