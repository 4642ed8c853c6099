"""The one door for whoever answers customers: what is meant, what is said to it, and why."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import model_registry
from core.shop import current_shop
from reviews.answers import articles, examples, library, training
from reviews.models import Article, Intent
from reviews.understanding import ANSWER, ASK, HAND_OVER, Why, understand
from tests.factories import ArticleFactory, IntentFactory
from tests.reviews.answers.test_training import THINGS, WORDS, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> dict[str, Intent]:
    """Three intents in English, one of which goes to a person, with one article in both languages."""
    made = {key: IntentFactory.create(key=key) for key in WORDS}
    made["danger"] = IntentFactory.create(key="danger", hand_over=True)
    lines = said(made)
    hurt = ("I was hurt by", "got burned by", "it smokes,", "we had an accident with", "poisoned by", "bleeding after")
    lines += [(f"{start} {thing}", made["danger"].pk) for start in hurt for thing in THINGS]
    lines += [(f"{noun} {verb}", None) for noun in ("tigers", "poems", "stars") for verb in ("sing", "rhyme", "fall")]
    examples.add(lines, by=None)
    ArticleFactory.create(
        key="refunds", intent=made["refund"], title_en="Money back", title_zh="退款多久到账",
        body_en="First paragraph.\n\nA refund arrives within **3 days**.", body_zh="退款 3 天内到账。",
        questions_en="When do I get my money?", questions_zh="退款什么时候到", published=True,
    )  # fmt: skip
    training.train()
    model_registry.forget_loaded()
    library.forget()
    return made


def test_what_is_meant_is_answered_word_for_word_with_link_and_version(shop):
    found = understand("refund that jacket")

    assert (found.act, found.why, found.language) == (ANSWER, Why.INTENT, "en")
    assert found.candidates[0].intent == shop["refund"]
    assert found.model_version == "intents.v1"
    passage = found.passages[0]
    assert (passage.key, passage.version) == ("refunds", 1)
    assert passage.quote == "A refund arrives within **3 days**."
    assert passage.body == "First paragraph.\n\nA refund arrives within **3 days**."
    assert passage.link == "/api/v1/articles/refunds?version=1"


def test_a_risk_goes_to_a_person_whatever_else_is_likely(shop):
    found = understand("I was hurt by the lamp")

    assert (found.act, found.why) == (HAND_OVER, Why.PERSON)
    assert found.passages == []


def test_an_intent_without_an_article_is_handed_over(shop):
    found = understand("track these shoes")

    assert found.candidates[0].intent == shop["track"]
    assert (found.act, found.why) == (HAND_OVER, Why.NO_ANSWER)


def test_an_intent_with_words_of_its_own_says_them(shop):
    Intent.objects.filter(key="track").update(answers_with="words", words_en="Look at your account.", words_zh="看账户")
    library.forget()

    assert understand("track these shoes").words == "Look at your account."
    assert understand("track these shoes", "zh-hans").words == "看账户"


def test_an_article_is_found_by_its_words_where_the_intents_know_nothing(shop):
    found = understand("退款什么时候到")

    assert (found.act, found.why, found.language) == (ANSWER, Why.ARTICLE, "zh")
    assert found.passages[0].quote == "退款 3 天内到账。"


def test_what_nothing_is_like_is_handed_over_and_never_a_crash(shop):
    tags, long = "<script>alert(1)</script>", "哈" * 1_000_000
    for text in ("", "  ", "😀", "\u200b", "tigers sing loudly", "أين النمر", tags, "\ud800", long):
        found = understand(text)

        assert (found.act, found.why) == (HAND_OVER, Why.UNKNOWN), text[:20]


def test_a_draft_is_not_read_and_a_new_version_is_within_a_second(shop):
    article = Article.objects.get()
    Article.objects.update(body_en="Nobody may read this yet.")
    assert understand("refund that jacket").passages[0].version == 1

    articles.publish([article.pk], by=None)
    library._slot.checked_at = 0.0
    found = understand("refund that jacket").passages[0]
    assert (found.version, found.quote) == (2, "Nobody may read this yet.")

    articles.unpublish([article.pk])
    library._slot.checked_at = 0.0
    assert understand("refund that jacket").why == Why.NO_ANSWER


def test_an_intent_that_is_out_of_use_is_not_answered(shop):
    Intent.objects.get(key="refund").delete()
    library.forget()

    assert all(one.intent.key != "refund" for one in understand("refund that jacket").candidates)


def test_an_article_out_of_its_days_is_not_read(shop):
    Article.objects.update(valid_from="2020-01-01", valid_until="2020-01-31")
    library.forget()

    assert understand("refund that jacket").passages == []


def test_before_the_first_training_articles_alone_answer():
    ArticleFactory.create(published=True)

    found = understand("How long can I return it?")

    assert (found.act, found.why, found.model_version) == (ANSWER, Why.ARTICLE, "")
    assert understand("tigers").act == HAND_OVER


def test_several_likely_ones_are_asked_about(shop, monkeypatch):
    loaded = understand("refund that jacket")
    assert loaded.thresholds is not None
    monkeypatch.setattr("reviews.ml.intents.act", lambda confidence, thresholds: ASK)

    assert understand("refund that jacket").act == ASK


def test_a_second_utterance_within_the_second_asks_the_database_nothing(shop):
    understand("refund that jacket")
    current_shop()

    with CaptureQueriesContext(connection) as asked:
        understand("track the parcel")

    assert len(asked) == 0
