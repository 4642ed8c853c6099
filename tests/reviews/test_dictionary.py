"""Staff edit the dictionary of aspects: what changes, what comes back, and which reviews are read again."""

import pytest
from django.core import signing

from core.models import Job
from reviews import aspect_updating, reading
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import Aspect, AspectTerm, ReviewAspect
from reviews.services import dictionary
from tests.factories import AspectTermFactory, CategoryFactory, ProductFactory, ReviewFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
State = AspectTerm.State


@pytest.fixture
def editor():
    return StaffUserFactory.create()


def named(review):
    rows = ReviewAspect.objects.filter(review=review).order_by("start")
    return list(rows.values_list("aspect__key", "term"))


def test_reviews_that_a_new_term_touches_are_read_again_and_no_others():
    touched = ReviewFactory.create(text="The zipper is superb, fast delivery")
    other = ReviewFactory.create(text="Fast delivery")
    unread = ReviewFactory.create(text="Zipper fine")
    reading.read([touched.pk, other.pk])
    kept = ReviewAspect.objects.get(review=other).pk
    AspectTermFactory.create(aspect=Aspect.objects.get(key="quality"), term="zipper")

    assert aspect_updating.update() == {"seen": 2, "read": 1}

    assert named(touched) == [("quality", "zipper"), ("delivery", "delivery")]
    assert ReviewAspect.objects.get(review=other).pk == kept
    assert named(unread) == []
    assert AspectTerm.objects.get(term="zipper").mentions == 1
    assert AspectTerm.objects.get(term="delivery").mentions == 2
    assert aspect_updating.update() == {"seen": 2, "read": 0}


def test_a_dictionary_that_changes_meanwhile_is_followed_in_another_round(monkeypatch):
    review = ReviewFactory.create(text="The zipper is superb")
    reading.read([review.pk])
    found = iter(["before", "after", "same", "same"])
    monkeypatch.setattr(aspect_updating, "fingerprint", lambda: next(found))

    assert aspect_updating.update() == {"seen": 2, "read": 0}


def test_a_term_of_one_category_touches_the_reviews_below_it_alone():
    tea = CategoryFactory.create()
    inside = ReviewFactory.create(text="Good leaves", product=ProductFactory.create(category=tea))
    outside = ReviewFactory.create(text="Good leaves")
    reading.read([inside.pk, outside.pk])
    AspectTermFactory.create(aspect=Aspect.objects.get(key="taste"), term="leaves", category=tea)

    aspect_updating.update()

    assert (named(inside), named(outside)) == ([("taste", "leaves")], [])


def test_terms_move_and_come_back(editor):
    term = AspectTerm.objects.get(term="box")
    looks = Aspect.objects.get(key="looks")

    change = dictionary.move([term.pk], looks, by=editor)
    term.refresh_from_db()
    assert (change.count, term.aspect, term.state) == (1, looks, State.IN_USE)
    assert Job.objects.get(kind="reviews.aspects").state == Job.State.QUEUED

    assert dictionary.undo_change(change.undo, by=editor) == 1
    term.refresh_from_db()
    assert (term.aspect.key, Job.objects.filter(kind="reviews.aspects").count()) == ("packaging", 1)


def test_what_changed_again_since_is_not_put_back(editor):
    term = AspectTerm.objects.get(term="box")
    change = dictionary.move([term.pk], Aspect.objects.get(key="looks"), by=editor)
    dictionary.move([term.pk], Aspect.objects.get(key="price"), by=editor)

    assert dictionary.undo_change(change.undo, by=editor) == 0
    assert AspectTerm.objects.get(pk=term.pk).aspect.key == "price"


def test_aspects_merge_and_part_again(editor):
    packaging, delivery = Aspect.objects.get(key="packaging"), Aspect.objects.get(key="delivery")
    count = packaging.terms.count()

    change = dictionary.merge([packaging, delivery], delivery, by=editor)

    packaging.refresh_from_db()
    assert (change.count, packaging.is_active, packaging.terms.count()) == (count, False, 0)
    dictionary.undo_change(change.undo, by=editor)
    packaging.refresh_from_db()
    assert (packaging.is_active, packaging.terms.count()) == (True, count)


def test_an_aspect_is_not_merged_into_itself(editor):
    one = Aspect.objects.get(key="price")

    with pytest.raises(BadInput):
        dictionary.merge([one], one, by=editor)

    assert Aspect.objects.get(key="price").is_active


@pytest.mark.parametrize("key", ["", "nonsense"])
def test_an_undo_that_is_none_is_refused(editor, key):
    with pytest.raises(UndoExpired):
        dictionary.undo_change(key, by=editor)


def test_nobody_undoes_what_somebody_else_did(editor):
    change = dictionary.dismiss([AspectTerm.objects.get(term="box").pk], by=editor)

    with pytest.raises(UndoExpired):
        dictionary.undo_change(change.undo, by=StaffUserFactory.create())

    assert AspectTerm.objects.get(term="box").state == State.DISMISSED
    assert signing.loads(change.undo, salt=dictionary.UNDO_SALT)["by"] == editor.pk
