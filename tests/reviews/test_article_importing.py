"""Articles come in by import as drafts; what customers read does not change by it."""

import pytest

from catalog.importing import runner
from catalog.models import ImportBatch
from reviews.models import Article
from tests.factories import ArticleFactory, IntentFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def bring(tmp_path):
    count = iter(range(9))

    def run(text):
        folder = tmp_path / f"in{next(count)}"
        folder.mkdir()
        (folder / "articles.csv").write_text(text, "utf-8")
        batch = ImportBatch.objects.create(format="native", source=str(folder))
        runner.run(batch.pk)
        batch.refresh_from_db()
        section = batch.report["sections"]["articles"]
        return [section[name] for name in ("new", "changed", "same", "refused")]

    return run


def test_articles_come_as_drafts_and_again_without_a_change(bring):
    IntentFactory.create(key="track_order")
    text = (
        "key,category,intent,title,body,questions,title_zh,body_zh\n"
        'tracking,delivery,track_order,Where is it?,"One.\n\nTwo.",Where is my parcel?,到哪了？,看订单页。\n'
    )

    assert bring(text) == [1, 0, 0, 0]
    found = Article.objects.get(key="tracking")
    assert (found.state, found.version, found.intent.key) == ("draft", 0, "track_order")
    assert (found.body_en, found.title_zh) == ("One.\n\nTwo.", "到哪了？")
    assert bring(text) == [0, 0, 1, 0]


def test_an_import_over_a_published_article_waits_to_be_published(bring):
    article = ArticleFactory.create(key="returns", published=True)

    assert bring("key,category,body_en\nreturns,returns,Within 60 days.\n") == [0, 1, 0, 0]

    article.refresh_from_db()
    assert (article.body_en, article.has_changes) == ("Within 60 days.", True)
    assert article.live.texts["body_en"] == "Within 30 days of delivery, unused."
    assert article.title_en == "Return a product"  # no such column: as it was


def test_rows_that_cannot_be_articles_are_refused(bring):
    assert bring(
        "key,category,intent,valid_from,valid_until\n"
        "Bad Key,returns,,,\n"
        "a,nothing,,,\n"
        "b,returns,unknown,,\n"
        "c,returns,,2026-02-01,2026-01-01\n"
    ) == [0, 0, 0, 4]
    assert not Article.objects.filter(key__in=["a", "b", "c"]).exists()
