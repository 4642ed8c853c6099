"""Accepting, rejecting, changing, labelling and taking back; two people at once."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import ProductTag
from tests.factories import (
    CategoryFactory,
    LabelFactory,
    ProductImageFactory,
    StaffUserFactory,
    TagSuggestionFactory,
)
from vision import deciding
from vision.exceptions import UndoExpired
from vision.models import Label, LabelSet, ReviewDecision, TagSuggestion

pytestmark = pytest.mark.django_db
State = TagSuggestion.State


@pytest.fixture
def striped(db) -> Label:
    return Label.objects.get(label_set__key="pattern", key="striped")


@pytest.fixture
def checked(db) -> Label:
    return Label.objects.get(label_set__key="pattern", key="checked")


@pytest.fixture
def image():
    return ProductImageFactory.create(content_sha256="a" * 64)


def model_tag(product, label, confidence=0.97) -> ProductTag:
    return ProductTag.objects.create(
        product=product, kind=label.label_set.key, value=label.name_en, source="model", confidence=confidence
    )


def tags(product) -> list[tuple[str, str, str]]:
    return list(product.tags.order_by("kind", "value").values_list("kind", "value", "source"))


def test_accepting_gives_the_tag_in_the_name_of_staff_and_teaches(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)

    outcome = deciding.decide([row.pk], is_right=True, by=boss)

    assert (outcome.count, outcome.late) == (1, 0)
    assert tags(image.product) == [("pattern", "Striped", "staff")]
    row.refresh_from_db()
    assert (row.state, row.decided_by) == (State.ACCEPTED, boss)
    decision = ReviewDecision.objects.get()
    assert (decision.is_right, decision.content_sha256, decision.came_from) == (True, "a" * 64, "queue")


def test_taking_back_puts_everything_as_it_was(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    outcome = deciding.decide([row.pk], is_right=True, by=boss)

    assert deciding.undo(outcome.undo, by=boss) == [row.pk]

    assert tags(image.product) == []
    assert not ReviewDecision.objects.exists()
    row.refresh_from_db()
    assert (row.state, row.decided_at, row.decided_by) == (State.PENDING, None, None)


def test_rejecting_leaves_no_tag_and_teaches(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)

    deciding.decide([row.pk], is_right=False, by=boss)

    assert tags(image.product) == []
    assert ReviewDecision.objects.get().is_right is False


def test_many_are_decided_and_taken_back_at_once(boss, striped):
    rows = TagSuggestionFactory.create_batch(5, label=striped)

    outcome = deciding.decide([row.pk for row in rows], is_right=True, by=boss)
    assert (outcome.count, ProductTag.objects.count()) == (5, 5)

    assert sorted(deciding.undo(outcome.undo, by=boss)) == sorted(row.pk for row in rows)
    assert ProductTag.objects.count() == 0


def test_who_comes_second_changes_nothing_and_hears_it(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    deciding.decide([row.pk], is_right=True, by=boss)

    outcome = deciding.decide([row.pk], is_right=False, by=StaffUserFactory.create())

    assert outcome == deciding.Outcome(0, "", 1)
    assert tags(image.product) == [("pattern", "Striped", "staff")]
    assert deciding.change([row.pk], to=striped, by=boss).late == 1


@pytest.mark.django_db(transaction=True)
def test_eight_people_at_once_leave_one_decision(boss):
    label = LabelFactory.create()
    row = TagSuggestionFactory.create(label=label)
    started, counts = threading.Barrier(8), []

    def act(is_right: bool) -> None:
        started.wait()
        counts.append(deciding.decide([row.pk], is_right=is_right, by=boss).count)
        connection.close()

    threads = [threading.Thread(target=act, args=(n % 2 == 0,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == [0] * 7 + [1]
    decision = ReviewDecision.objects.get()
    assert ProductTag.objects.exists() is decision.is_right


def test_changing_rejects_the_one_and_gives_the_other(boss, image, striped, checked):
    row = TagSuggestionFactory.create(image=image, label=striped)

    outcome = deciding.change([row.pk], to=checked, by=boss)

    assert tags(image.product) == [("pattern", "Checked", "staff")]
    said = dict(ReviewDecision.objects.values_list("label__key", "is_right"))
    assert said == {"striped": False, "checked": True}

    assert deciding.undo(outcome.undo, by=boss) == [row.pk]
    assert tags(image.product) == []
    assert not ReviewDecision.objects.exists()


def test_in_a_set_with_one_answer_other_readings_give_way_and_come_back(boss, image, striped, checked):
    TagSuggestionFactory.create(image=image, label=checked, state=State.APPLIED)
    model_tag(image.product, checked)
    row = TagSuggestionFactory.create(image=image, label=striped)

    outcome = deciding.decide([row.pk], is_right=True, by=boss)
    assert tags(image.product) == [("pattern", "Striped", "staff")]
    assert TagSuggestion.objects.get(label=checked).state == State.WITHDRAWN

    deciding.undo(outcome.undo, by=boss)
    assert tags(image.product) == [("pattern", "Checked", "model")]
    assert ProductTag.objects.get().confidence == 0.97
    assert TagSuggestion.objects.get(label=checked).state == State.APPLIED


def test_a_sampled_tag_that_is_wrong_goes_and_one_that_is_right_becomes_the_word_of_staff(boss, striped):
    wrong, right = (
        TagSuggestionFactory.create(label=striped, state=State.APPLIED, is_audit=True) for _each in range(2)
    )
    for row in (wrong, right):
        model_tag(row.product, striped)

    out = deciding.decide([wrong.pk], is_right=False, by=boss, came_from="audit")
    deciding.decide([right.pk], is_right=True, by=boss, came_from="audit")

    assert tags(wrong.product) == []
    assert tags(right.product) == [("pattern", "Striped", "staff")]
    deciding.undo(out.undo, by=boss)
    assert tags(wrong.product) == [("pattern", "Striped", "model")]


def test_applied_tags_outside_the_sample_are_not_decided_here(boss, striped):
    row = TagSuggestionFactory.create(label=striped, state=State.APPLIED)

    assert deciding.decide([row.pk], is_right=False, by=boss).late == 1


def test_rejecting_never_takes_what_staff_gave(boss, image, striped):
    ProductTag.objects.create(product=image.product, kind="pattern", value="Striped", source="staff")
    row = TagSuggestionFactory.create(image=image, label=striped)

    deciding.decide([row.pk], is_right=False, by=boss)

    assert tags(image.product) == [("pattern", "Striped", "staff")]


def test_accepting_a_category_moves_the_product_and_taking_back_moves_it_home(boss, image):
    category = LabelSet.objects.get(key="category")
    label = LabelFactory.create(label_set=category, category=CategoryFactory.create())
    home = image.product.category
    row = TagSuggestionFactory.create(image=image, label=label)

    outcome = deciding.decide([row.pk], is_right=True, by=boss)
    image.product.refresh_from_db()
    assert image.product.category == label.category

    deciding.undo(outcome.undo, by=boss)
    image.product.refresh_from_db()
    assert image.product.category == home


def test_taking_back_leaves_what_others_changed_meanwhile(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    outcome = deciding.decide([row.pk], is_right=True, by=boss)
    image.product.tags.update(source="import")

    deciding.undo(outcome.undo, by=boss)

    assert tags(image.product) == [("pattern", "Striped", "import")]


def test_only_who_decided_takes_it_back(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    outcome = deciding.decide([row.pk], is_right=True, by=boss)

    for by, key in ((StaffUserFactory.create(), outcome.undo), (boss, outcome.undo + "x")):
        with pytest.raises(UndoExpired):
            deciding.undo(key, by=by)
    assert tags(image.product) == [("pattern", "Striped", "staff")]


def test_labelling_photos_settles_what_was_suggested_of_them(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    other = ProductImageFactory.create()

    outcome = deciding.label_photos([image.pk, other.pk], striped, is_right=True, by=boss)

    assert outcome.count == 2
    row.refresh_from_db()
    assert row.state == State.ACCEPTED
    assert tags(other.product) == [("pattern", "Striped", "staff")]
    assert set(ReviewDecision.objects.values_list("came_from", flat=True)) == {"labelling"}


def test_a_photo_that_does_not_show_it_says_nothing_about_another_photo_of_the_product(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    model_tag(image.product, striped)
    second = ProductImageFactory.create(product=image.product)

    deciding.label_photos([second.pk], striped, is_right=False, by=boss)

    row.refresh_from_db()
    assert row.state == State.PENDING
    assert tags(image.product) == [("pattern", "Striped", "model")]


def test_decisions_since_a_moment_are_counted(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    before = timezone.now()
    deciding.decide([row.pk], is_right=True, by=boss)

    assert (deciding.decided_since(None), deciding.decided_since(before), deciding.decided_since(timezone.now())) == (
        1, 1, 0,
    )  # fmt: skip


def test_products_and_photos_that_go_take_their_readings_along_or_leave_them_without_a_photo(boss, image, striped):
    row = TagSuggestionFactory.create(image=image, label=striped)
    deciding.decide([row.pk], is_right=False, by=boss)

    image.delete()
    assert ReviewDecision.objects.get().content_sha256 == "a" * 64
    row.product.delete()
    assert not ReviewDecision.objects.exists()
    assert not TagSuggestion.objects.exists()


def test_correcting_an_error_takes_also_what_staff_said_before_and_can_be_taken_back(boss, image, striped, checked):
    ProductTag.objects.create(product=image.product, kind="pattern", value="Striped", source="staff")

    outcome = deciding.correct(image.pk, striped, to=checked, by=boss)
    assert tags(image.product) == [("pattern", "Checked", "staff")]

    deciding.undo(outcome.undo, by=boss)
    assert tags(image.product) == [("pattern", "Striped", "staff")]
