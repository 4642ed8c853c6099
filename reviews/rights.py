"""What reviews contribute to people's rights."""

from functools import reduce
from operator import or_

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import CASCADE, ForeignObjectRel, Q

from catalog.models import Visitor
from core.rights.erasing import patterns
from core.rights.holdings import Identity
from reviews.models import IntentExample, Review, ReviewPhoto, ReviewReport, ReviewVote
from reviews.services.voices import browser_of, recount


def review_traces(who: Identity, label: str, pk: int) -> int:
    """What hangs on the reviews of a customer, and their votes and complaints; counts of others follow."""
    if label != "catalog.Customer":
        return 0
    own = Review.objects.filter(customer_id=pk)
    photos = ReviewPhoto.objects.filter(review__in=own)
    files = [name for name in photos.values_list("file", flat=True) if name]
    browsers = [browser_of(key) for key in Visitor.objects.filter(customer_id=pk).values_list("key", flat=True)]
    spoke = Q(customer_id=pk) | Q(browser__in=browsers)
    elsewhere = set[int]()
    for voice in (ReviewVote, ReviewReport):
        elsewhere |= set(voice.objects.filter(spoke).values_list("review_id", flat=True))  # type: ignore[attr-defined]
    gone = 0
    for rows in (
        ReviewVote.objects.filter(spoke | Q(review__in=own)),
        ReviewReport.objects.filter(spoke | Q(review__in=own)),
    ):
        gone += rows._raw_delete(rows.db)  # type: ignore[attr-defined]
    # Photos, the reply, what models made of it; also tables that no review leads to (related_name "+").
    for relation in Review._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is CASCADE:
            hanging = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": own})
            gone += hanging._raw_delete(hanging.db)
    recount(Review.objects.filter(pk__in=elsewhere))

    def delete_files() -> None:
        for name in files:
            default_storage.delete(name)

    transaction.on_commit(delete_files, robust=True)
    return gone


def example_traces(who: Identity, label: str, pk: int) -> int:
    """Examples out of conversations that name the person: numbers and addresses are masked when they are added, a name
    is not."""
    if not who.texts:
        return 0
    said = IntentExample.objects.filter(source=IntentExample.Source.CONVERSATION)
    found = reduce(or_, (Q(text__iregex=pattern) for pattern in patterns(who)), Q(pk=None))
    return said.filter(found).delete()[0]
