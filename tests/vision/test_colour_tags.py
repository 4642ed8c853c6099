"""Colours that were counted on photos as the first tags."""

import pytest
from django.utils import timezone

from catalog.models import ProductTag
from core.jobs import Job
from tests.factories import ImageAnalysisFactory, JobFactory, ProductFactory, ProductImageFactory
from vision import colour_tags, tasks
from vision.ml.colours import Colour
from vision.models import ImageAnalysis, Label, TagSuggestion

pytestmark = pytest.mark.django_db


CODES = {
    "red": "#c8102e",
    "white": "#ffffff",
    "grey": "#808080",
    "blue": "#1c4fd8",
    "green": "#006400",
    "teal": "#008080",
}


def photo(product=None, *, colours, **seen):
    image = ProductImageFactory.create(product=product or ProductFactory.create(), position=seen.pop("position", 0))
    rows = [{"name": name, "share": share, "code": CODES[name]} for name, share in colours]
    return ImageAnalysisFactory.create(
        image=image, colours=rows, main_colour=rows[0]["name"], fingerprint=1, look=bytes(432), **seen
    )


def applied() -> set[tuple[int, str]]:
    return set(ProductTag.objects.values_list("product_id", "value"))


def test_a_main_colour_on_an_even_ground_is_applied_a_second_one_waits_and_a_trace_is_left_out():
    one = photo(colours=[("red", 0.5), ("white", 0.4), ("grey", 0.08)], evenness=1.0)

    colour_tags.write()

    assert applied() == {(one.image.product_id, "Red")}
    waiting = TagSuggestion.objects.pending().get()
    assert (waiting.label.key, waiting.confidence) == ("white", 0.7)


def test_a_shadow_of_a_fifth_is_no_colour_of_the_product():
    photo(colours=[("red", 0.75), ("grey", 0.2)], evenness=1.0)

    colour_tags.write()

    assert not TagSuggestion.objects.pending().exists()


@pytest.mark.parametrize(("how", "confidence"), [({"evenness": 0.4}, 0.594), ({"issues": ["dark"]}, 0.594)])
def test_colours_on_a_restless_ground_or_in_bad_light_are_not_applied(how, confidence):
    one = photo(colours=[("red", 0.9)], **how)

    colour_tags.write()

    assert applied() == set()
    assert colour_tags.confidence(one, Colour("red", 0.9, CODES["red"])) == confidence


def test_the_first_even_photo_speaks_for_a_product():
    product = ProductFactory.create()
    photo(product, colours=[("green", 0.9)], evenness=0.3, position=0)
    photo(product, colours=[("red", 0.9)], position=1)
    photo(product, colours=[("blue", 0.9)], position=2)

    colour_tags.write()

    assert applied() == {(product.pk, "Red")}


def test_a_new_photo_changes_the_colours():
    one = photo(colours=[("red", 0.9)])
    colour_tags.write()
    one.colours = [{"name": "blue", "share": 0.9, "code": "#0000ff"}]
    one.save()

    colour_tags.write()

    assert applied() == {(one.image.product_id, "Blue")}


def test_only_products_with_photos_looked_at_since_the_last_run_are_read():
    before = photo(colours=[("red", 0.9)], analysed_at=timezone.now())
    assert colour_tags.unread()
    JobFactory.create(kind=colour_tags.KIND, state=Job.State.DONE, started_at=timezone.now())
    assert not colour_tags.unread()
    since = photo(colours=[("blue", 0.9)], analysed_at=timezone.now())

    colour_tags.write()

    assert applied() == {(since.image.product_id, "Blue")}
    assert before.image.product_id != since.image.product_id


def test_a_shop_without_photos_has_nothing_to_read():
    assert not colour_tags.unread()
    assert colour_tags.write().applied == 0


def test_a_label_that_staff_switched_off_is_not_given():
    photo(colours=[("red", 0.9)])
    Label.objects.filter(key="red").update(is_active=False)

    colour_tags.write()

    assert applied() == set()


def test_colours_are_asked_for_when_photos_were_looked_at():
    photo(colours=[("red", 0.9)], content_sha256="")

    tasks.keep_looking()
    assert Job.objects.filter(kind="vision.look").exists() or Job.objects.filter(kind=colour_tags.KIND).exists()


def test_a_shade_between_two_names_waits_for_a_person():
    photo(colours=[("teal", 0.9)])
    between = ImageAnalysis.objects.get()
    between.colours[0]["code"] = "#37a892"
    between.save()

    colour_tags.write()

    assert applied() == set()
    assert TagSuggestion.objects.pending().count() == 1
