"""Reply templates to begin with: whole, in both languages, for all stars, and never beside a shop's own."""

import json
from importlib import import_module

import pytest
from django.apps import apps

from reviews.models import ReplyTemplate
from reviews.services import unknown_tags
from tests.factories import ReplyTemplateFactory

pytestmark = pytest.mark.django_db
starter = import_module("reviews.migrations.0004_replies_to_begin_with")


@pytest.fixture(autouse=True)
def none_yet():
    ReplyTemplate.objects.all().delete()


def test_each_language_has_one_for_every_number_of_stars_and_knows_its_tags():
    starter.fill(apps, None)

    rows = list(ReplyTemplate.objects.all())
    assert len(rows) == len(json.loads(starter.STARTER.read_text("utf-8"))) == 16
    for language in ("en", "zh-hans"):
        for stars in range(1, 6):
            assert any(row.language == language and row.lowest <= stars <= row.highest for row in rows)
    for row in rows:
        row.full_clean()
        assert unknown_tags(row.text) == []
        assert "{shop}" in row.text


def test_a_shop_with_templates_gets_none_and_changed_ones_stay_when_they_are_taken_back():
    own = ReplyTemplateFactory.create()
    starter.fill(apps, None)
    assert list(ReplyTemplate.objects.all()) == [own]

    own.delete()
    starter.fill(apps, None)
    changed = ReplyTemplate.objects.first()
    ReplyTemplate.objects.filter(pk=changed.pk).update(text="Our own words")
    starter.empty(apps, None)
    assert list(ReplyTemplate.objects.all()) == [changed]
