"""An erased customer leaves no words, photos, votes or complaints; what others did stays counted."""

import pytest
from django.core.files.storage import default_storage

from core.rights import erasing
from reviews import services
from reviews.models import Review, ReviewAspect, ReviewPhoto, ReviewReply, ReviewReport, ReviewVote
from reviews.services import Voice
from tests.factories import (
    CustomerFactory,
    ReviewAspectFactory,
    ReviewFactory,
    ReviewPhotoFactory,
    ReviewReplyFactory,
    VisitorFactory,
)

pytestmark = pytest.mark.django_db


def test_erasing_a_customer_takes_all_of_it(settings, tmp_path, django_capture_on_commit_callbacks):
    settings.MEDIA_ROOT = tmp_path
    customer, other = CustomerFactory.create(), CustomerFactory.create()
    own = ReviewFactory.create(customer=customer, text="I live in Rose Street 5", published=True)
    ReviewAspectFactory.create(review=own, quote="I live in Rose Street 5")
    photo = ReviewPhotoFactory.create(review=own)
    ReviewReplyFactory.create(review=own)
    services.vote_helpful(own, Voice(other))
    theirs = ReviewFactory.create(customer=other, published=True)
    visitor = VisitorFactory.create(customer=customer)
    services.vote_helpful(theirs, Voice(customer))
    services.vote_helpful(theirs, Voice(visitor=visitor.key))
    services.vote_helpful(theirs, Voice(visitor="somebody else"))
    services.report_review(theirs, Voice(visitor=visitor.key), reason="abusive")

    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase("catalog.Customer", customer.pk)

    theirs.refresh_from_db()
    assert list(Review.objects.all()) == [theirs]
    assert (theirs.helpful_votes, theirs.open_reports) == (1, 0)
    gone = (ReviewAspect, ReviewPhoto, ReviewReply, ReviewReport)
    assert [model.objects.count() for model in gone] == [0, 0, 0, 0]
    assert ReviewVote.objects.count() == 1
    assert not default_storage.exists(photo.file.name)
