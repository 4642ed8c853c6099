"""Intents, their examples, and articles."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from reviews import models
from reviews.ml.text import normalise


class IntentFactory(DjangoModelFactory):
    class Meta:
        model = models.Intent

    key = factory.Sequence(lambda n: "intent_" + "".join(chr(97 + int(digit)) for digit in str(n)))
    title_en = factory.Sequence(lambda n: f"Intent {n}")
    title_zh = factory.Sequence(lambda n: f"意图{n}")


class IntentExampleFactory(DjangoModelFactory):
    class Meta:
        model = models.IntentExample

    intent = factory.SubFactory(IntentFactory)
    language = "en"
    text = factory.Sequence(lambda n: f"where is parcel {n}")
    normal = factory.LazyAttribute(lambda row: normalise(row.text))


class ArticleFactory(DjangoModelFactory):
    class Meta:
        model = models.Article
        skip_postgeneration_save = True

    key = factory.Sequence(lambda n: f"article-{n}")
    category = models.Article.Category.RETURNS
    title_en = "Return a product"
    title_zh = "退货"
    body_en = "Within 30 days of delivery, unused."
    body_zh = "签收后 30 天内，未使用。"
    questions_en = "How long can I return it?"
    questions_zh = "多久之内可以退？"

    @factory.post_generation
    def published(self: Any, create: bool, extracted: bool, **_kwargs: Any) -> None:
        """`published=True`: its first version is what customers read."""
        if create and extracted:
            from reviews.answers import articles

            articles.publish([self.pk], by=None)
            self.refresh_from_db()


class ArticleVersionFactory(DjangoModelFactory):
    class Meta:
        model = models.ArticleVersion

    article = factory.SubFactory(ArticleFactory)
    number = factory.Sequence(lambda n: n + 1)
    source = factory.LazyAttribute(lambda row: row.article.source)
    texts = factory.LazyAttribute(lambda row: row.article.source)


class ArticleHelpFactory(DjangoModelFactory):
    class Meta:
        model = models.ArticleHelp

    article = factory.SubFactory(ArticleFactory)
    version = 1
    language = "en"
    helped = 2
    did_not = 1


class ShopFactFactory(DjangoModelFactory):
    class Meta:
        model = models.ShopFact

    key = factory.Sequence(lambda n: f"fact_{n}")
    value_en = "2 to 4 working days"
    value_zh = "2 至 4 个工作日"


class StarterItemFactory(DjangoModelFactory):
    class Meta:
        model = models.StarterItem

    key = factory.Sequence(lambda n: f"intent:{n}")
