"""Articles: what customers read is a version that never changes, and nothing is published with a blank in it."""

import pytest

from core.models import RowChange, ShopProfile
from reviews.answers import articles, facts
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import Article, ArticleVersion, ShopFact
from tests.factories import ArticleFactory, ShopFactFactory

pytestmark = pytest.mark.django_db


def test_each_published_change_is_a_version_and_the_old_one_stays():
    article = ArticleFactory.create(published=True)
    article.body_en = "Within 14 days."
    article.save()

    assert articles.publish([article.pk], by=None).ids == [article.pk]

    assert list(article.versions.values_list("number", flat=True)) == [2, 1]
    assert article.versions.get(number=1).texts["body_en"] == "Within 30 days of delivery, unused."
    article.refresh_from_db()
    assert (article.version, article.live.texts["body_en"]) == (2, "Within 14 days.")


def test_publishing_what_is_published_already_makes_no_version():
    article = ArticleFactory.create(published=True)

    assert articles.publish([article.pk], by=None).ids == []

    assert article.versions.count() == 1


def test_a_draft_beside_a_published_version_is_not_what_customers_read():
    article = ArticleFactory.create(published=True)
    article.title_en = "Something else"
    article.save()

    again = Article.objects.select_related("live").get()

    assert again.has_changes
    assert again.live.texts["title_en"] == "Return a product"


def test_facts_are_filled_in_and_an_empty_one_keeps_the_article_a_draft():
    article = ArticleFactory.create(
        body_en="Back in {refund_days}, {return_days} days, {shop}.", body_zh="{refund_days}"
    )
    ShopFactFactory.create(key="refund_days", value_en="3 days", value_zh="")

    refused = articles.publish([article.pk], by=None)

    assert refused.ids == []
    assert "A refund arrives within" in refused.refused[0]
    assert not ArticleVersion.objects.exists()

    ShopFact.objects.update(value_zh="3 天")
    assert articles.publish([article.pk], by=None).ids == [article.pk]

    shop = ShopProfile.current()
    live = ArticleVersion.objects.get()
    assert live.texts["body_en"] == f"Back in 3 days, {shop.return_window_days} days, {shop.name}."
    assert live.texts["body_zh"] == "3 天"
    assert live.source["body_en"] == "Back in {refund_days}, {return_days} days, {shop}."


def test_another_value_makes_new_versions_of_exactly_the_articles_that_name_it():
    naming = ArticleFactory.create(body_en="Back in {refund_days}.", body_zh="{refund_days}")
    other = ArticleFactory.create(published=True)
    articles.write_facts({"refund_days": ("3 days", "3 天")})
    articles.publish([naming.pk], by=None)
    naming.refresh_from_db()
    naming.body_en = "A draft that nobody may read yet."
    naming.save()

    assert articles.write_facts({"refund_days": ("5 days", "5 天")}) == 1

    naming.refresh_from_db()
    assert (naming.version, naming.live.texts["body_en"]) == (2, "Back in 5 days.")
    assert other.versions.count() == 1
    assert not articles.are_old()
    assert articles.refresh() == 0


def test_another_return_window_is_noticed():
    ArticleFactory.create(body_en="{return_days} days", published=True)
    ShopProfile.objects.update(return_window_days=7)

    assert articles.are_old()
    assert articles.refresh() == 1
    assert ArticleVersion.objects.filter(number=2).get().texts["body_en"] == "7 days"


def test_a_fact_that_loses_its_value_leaves_what_customers_read():
    article = ArticleFactory.create(body_en="{refund_days}", body_zh="{refund_days}")
    articles.write_facts({"refund_days": ("3 days", "3 天")})
    articles.publish([article.pk], by=None)

    assert articles.write_facts({"refund_days": ("", "")}) == 0

    article.refresh_from_db()
    assert article.live.texts["body_en"] == "3 days"


@pytest.mark.parametrize("values", [{"nothing": ("a", "b")}, {"refund_days": ("{shop}", "b")}])
def test_what_is_no_fact_is_refused(values):
    with pytest.raises(BadInput):
        articles.write_facts(values)

    assert not ShopFact.objects.exists()


@pytest.mark.parametrize(
    "texts",
    [
        {"body_en": "{nothing}"},
        {"title_en": "", "body_en": "", "title_zh": "", "body_zh": ""},
        {"title_zh": ""},
        {"body_en": "   "},
    ],
)
def test_half_an_article_is_not_published(texts):
    article = ArticleFactory.create(**texts)

    assert len(articles.publish([article.pk], by=None).refused) == 1

    article.refresh_from_db()
    assert not article.is_published


def test_unpublishing_is_taken_back_with_the_same_version():
    article = ArticleFactory.create(published=True)

    done = articles.unpublish([article.pk])
    assert done.ids == [article.pk]
    assert articles.unpublish([article.pk]).ids == []
    assert articles.undo(done.undo) == 1
    assert articles.undo(done.undo) == 0

    article.refresh_from_db()
    assert (article.is_published, article.live.number) == (True, 1)


def test_publishing_is_taken_back_to_what_customers_read_before():
    article = ArticleFactory.create(published=True)
    Article.objects.update(body_en="Other")

    done = articles.publish([article.pk], by=None)

    assert articles.undo(done.undo) == 1
    article.refresh_from_db()
    assert (article.live.number, article.version, article.body_en) == (1, 2, "Other")
    assert articles.publish([article.pk], by=None).ids == [article.pk]
    assert Article.objects.get().live.number == 3


def test_an_act_that_another_followed_is_not_taken_back():
    article = ArticleFactory.create(published=True)
    Article.objects.update(body_en="Other")
    first = articles.publish([article.pk], by=None)
    Article.objects.update(body_en="Third")
    articles.publish([article.pk], by=None)

    assert articles.undo(first.undo) == 0
    with pytest.raises(UndoExpired):
        articles.undo("forged")


def test_an_earlier_version_goes_back_into_the_draft():
    article = ArticleFactory.create(published=True)
    Article.objects.update(body_en="Something else")

    assert articles.back_to(article.pk, 1).body_en == "Within 30 days of delivery, unused."
    with pytest.raises(BadInput):
        articles.back_to(article.pk, 9)


def test_changes_are_written_down_whoever_makes_them():
    article = ArticleFactory.create()
    Article.objects.update(body_en="Other")

    change = RowChange.objects.get(subject=f"reviews.article:{article.pk}")

    assert change.after == {"body_en": "Other"}


def test_names_in_braces_are_found_once_and_in_order():
    assert facts.names_in(["{b} {a}", "{b} {  } {"]) == ["b", "a", "  "]
    assert facts.unknown_in(["{shop} {nothing} {refund_days}"]) == ["nothing"]


def test_an_article_is_deleted_with_its_versions():
    article = ArticleFactory.create(published=True)

    article.delete()

    assert not ArticleVersion.objects.exists()
