"""The shipped set: whole, brought once, and never over what staff did."""

import json

import pytest

from reviews.answers import articles, facts, starter
from reviews.models import Article, Intent, IntentExample, ShopFact
from reviews.models.articles import LANGUAGES, TEXTS
from tests.factories import ShopProfileFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Two intents and four examples, as a newer program might bring more of."""
    monkeypatch.setattr(starter, "FOLDER", tmp_path)
    intents = json.loads((starter.Path(starter.__file__).parents[1] / "starter" / "intents.json").read_text("utf-8"))
    (tmp_path / "intents.json").write_text(json.dumps(intents[:2]), "utf-8")
    (tmp_path / "answers.json").write_text("{}", "utf-8")
    (tmp_path / "articles.json").write_text("[]", "utf-8")
    for language in LANGUAGES:
        (tmp_path / f"examples_{language}.csv").write_text(f"text,intent\nhello {language},greeting\n", "utf-8")
        (tmp_path / f"background_{language}.csv").write_text(f"text\nweather {language}\n", "utf-8")
    return tmp_path


def test_a_second_time_brings_nothing(few):
    assert starter.bring() == {"intents": 2, "examples": 4, "articles": 0}
    assert starter.bring() == {"intents": 0, "examples": 0, "articles": 0}

    assert Intent.objects.count() == 2
    assert IntentExample.objects.filter(intent__key="greeting", source="shipped").count() == 2
    assert IntentExample.objects.background().count() == 2


def test_a_newer_set_adds_what_is_new_and_leaves_what_staff_did(few):
    starter.bring()
    Intent.objects.filter(key="greeting").update(title_en="Saying hello")
    Intent.objects.exclude(key="greeting").delete()
    IntentExample.objects.filter(text="hello en").delete()
    (few / "examples_en.csv").write_text("text,intent\nhello en,greeting\ngood day,greeting\n", "utf-8")

    assert starter.bring() == {"intents": 0, "examples": 1, "articles": 0}

    assert Intent.objects.get().title_en == "Saying hello"
    assert not IntentExample.objects.filter(text="hello en").exists()


def test_the_shipped_articles_are_whole_and_drafts_until_the_shop_fills_in_its_facts():
    Intent.objects.bulk_create(Intent(key=one["key"]) for one in starter._json("intents"))

    assert starter._bring_articles(set()) == 22

    rows = list(Article.objects.all())
    assert all(getattr(row, name) for row in rows for name in TEXTS)
    assert all(row.intent_id for row in rows)
    assert all(articles.check_texts(row.source) == {} for row in rows)
    assert not Article.objects.published().exists()
    named = facts.names_in(row.source[name] for row in rows for name in TEXTS)
    assert set(facts.FACTS) <= set(named)


def test_both_languages_of_a_shipped_article_name_the_same_facts():
    for one in starter._json("articles"):
        texts = {code: ["\n".join(one[f"{part}_{code}"]) for part in ("body", "questions")] for code in LANGUAGES}
        assert set(facts.names_in(texts["en"])) == set(facts.names_in(texts["zh"])), one["key"]


def test_a_demo_shop_shows_its_articles_filled_in():
    ShopProfileFactory.create(is_demo=True)

    starter._bring_articles(set())

    assert ShopFact.objects.count() == len(facts.FACTS)
    assert Article.objects.published().count() == 22


def test_words_of_their_own_belong_to_intents_that_exist():
    keys = {one["key"] for one in starter._json("intents")}
    for key, one in starter._json("answers").items():
        assert key in keys
        assert one["answers_with"] in Intent.AnswersWith.values
        assert (one["answers_with"] == "words") == ("words_zh" in one and "words_en" in one)
