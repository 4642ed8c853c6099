"""Examples: no two say the same, nothing personal is kept, whatever people paste is an answer and never a crash."""

import pytest

from core.rights.holdings import Identity
from reviews.answers import examples
from reviews.exceptions import BadInput
from reviews.models import IntentExample
from reviews.rights import example_traces
from tests.factories import IntentExampleFactory, IntentFactory

pytestmark = pytest.mark.django_db


def test_lines_are_added_with_their_language_and_what_is_known_is_named():
    intent, other = IntentFactory.create(), IntentFactory.create(title_en="Cancel")
    IntentExampleFactory.create(intent=other, text="cancel my order")

    done = examples.add(
        [("where is it?", intent.pk), ("货到哪了", intent.pk), ("  ", intent.pk), ("Cancel my ORDER", intent.pk),
         ("WHERE is it?", intent.pk)],
        by=None,
    )  # fmt: skip

    assert done.count == 2
    assert [text for text, _title in done.known] == ["WHERE is it?", "Cancel my ORDER"]
    assert done.known[1][1] == "Cancel"
    assert done.refused == []
    assert set(intent.examples.values_list("text", "language", "source")) == {
        ("where is it?", "en", "staff"), ("货到哪了", "zh", "staff"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("my mail is ana@example.com and my phone 13800138000", "my mail is [mail] and my phone [phone]"),
        ("order 202611260001 is late", "order [number] is late"),
        ("<script>alert(1)</script>where is it", "where is it"),
        ("<b>where</b> is it", "where is it"),
        ("where\nis\u200b it", "where is it"),
        ("你好，请问 有人吗？", "你好，请问 有人吗？"),
        ("电话１３８００１３８０００，谢谢", "电话[phone],谢谢"),
    ],
)
def test_what_is_kept_has_no_tags_and_nothing_personal(text, kept):
    assert examples.add([(text, None)], by=None).count == 1

    assert IntentExample.objects.get().text == kept


@pytest.mark.parametrize("text", ["x" * 301, "好" * 1_000_000, "\u200b\u200d", "<p></p>"])
def test_what_nobody_can_read_or_is_too_long_is_refused_by_name(text):
    done = examples.add([(text, None)], by=None)

    assert done.count == 0
    assert len(done.refused) == 1
    assert not IntentExample.objects.exists()


@pytest.mark.parametrize("text", ["😀😀", "أين طلبي", "物流到哪裡了", "aaaaaaaaaaaa", "où est mon colis"])
def test_any_script_may_be_an_example(text):
    assert examples.add([(text, None)], by=None).count == 1


def test_traditional_characters_say_the_same_as_simplified_ones():
    examples.add([("物流到哪裡了", None)], by=None)

    assert examples.add([("物流到哪里了", None)], by=None).count == 0


def test_more_than_one_request_may_bring_is_refused_whole():
    with pytest.raises(BadInput):
        examples.add([("x", None)] * (examples.MOST_AT_ONCE + 1), by=None)

    assert not IntentExample.objects.exists()


def test_examples_move_to_where_they_were_taken_for():
    intent, other = IntentFactory.create(), IntentFactory.create()
    wrong = IntentExampleFactory.create(intent=intent, taken_for=other, confidence=0.7)
    right = IntentExampleFactory.create(intent=intent)

    assert examples.move_to_suggested([wrong.pk, right.pk]) == 1

    wrong.refresh_from_db()
    assert (wrong.intent, wrong.taken_for, wrong.confidence) == (other, None, None)
    assert intent.examples.get() == right


def test_examples_move_to_an_intent_and_to_none():
    intent, other = IntentFactory.create(), IntentFactory.create()
    row = IntentExampleFactory.create(intent=intent)

    assert examples.move([row.pk], other.pk) == 1
    assert examples.move([row.pk], other.pk) == 0
    assert examples.move([row.pk], None) == 1
    assert examples.move([row.pk], None) == 0
    assert examples.move([row.pk], intent.pk) == 1
    with pytest.raises(BadInput):
        examples.move([row.pk], other.pk + 1)


def test_an_erasure_takes_examples_out_of_conversations_that_name_the_person():
    conversation = IntentExample.Source.CONVERSATION
    named = IntentExampleFactory.create(text="this is Ana Castellano speaking", source=conversation)
    other = IntentExampleFactory.create(text="where is my order", source=conversation)
    shipped = IntentExampleFactory.create(text="ana castellano is a name", source="shipped")

    assert example_traces(Identity.of("Ana Castellano"), "catalog.Customer", 1) == 1

    assert set(IntentExample.objects.all()) == {other, shipped}
    assert named.pk not in IntentExample.objects.values_list("pk", flat=True)
