"""Questions and answers for staff: few queries, a sentence explained, examples moved, articles published with a way
back."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import model_registry
from core.models import Job
from core.shop import current_shop
from reviews.answers import examples, library, training
from reviews.models import Article, IntentExample, ShopFact
from tests.factories import ArticleFactory, IntentExampleFactory, IntentFactory, ModelVersionFactory
from tests.reviews.answers.test_training import WORDS, said

pytestmark = pytest.mark.django_db
PAGE, INTENTS, EXAMPLES, ARTICLES = (
    "/admin/reviews/answers/", "/admin/reviews/intent/", "/admin/reviews/intentexample/", "/admin/reviews/article/",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_models(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path / "models"
    model_registry.forget_loaded()
    library.forget()
    yield
    model_registry.forget_loaded()
    library.forget()


def queries(client, path: str) -> int:
    current_shop()
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


def fill(size: int) -> None:
    for _ in range(size):
        intent, other = IntentFactory.create(), IntentFactory.create()
        twin = IntentExampleFactory.create(intent=intent)
        IntentExampleFactory.create(intent=intent, taken_for=other, confidence=0.7, nearest=twin, likeness=0.9)
        IntentExampleFactory.create(intent=None)
        ArticleFactory.create(intent=intent, published=True)


@pytest.mark.parametrize(
    "address",
    [PAGE, f"{PAGE}?try=where+is+it", INTENTS, EXAMPLES, f"{EXAMPLES}?view=mistaken", f"{EXAMPLES}?view=doubled",
     f"{EXAMPLES}?view=none", ARTICLES, f"{ARTICLES}?view=published", "/admin/reviews/facts/"],
)  # fmt: skip
def test_pages_ask_as_few_queries_for_many_rows_as_for_few(client, address):
    fill(1)
    client.get(address)
    few = queries(client, address)
    fill(4)
    library._slot.checked_at = 10**12  # what a process knows is another matter

    many = queries(client, address)

    assert many <= 12
    assert many == few


def test_a_sentence_is_explained(client):
    made = {key: IntentFactory.create(key=key, title_en=key.title()) for key in WORDS}
    examples.add(said(made), by=None)
    ArticleFactory.create(intent=made["refund"], body_en="In <b>3</b> days.", published=True)
    training.train()
    model_registry.forget_loaded()
    library.forget()

    page = client.get(PAGE, {"try": "refund the lamp"})

    tried = page.context["tried"]
    assert tried["candidates"][0]["title"] == "Refund"
    assert "refund" in tried["candidates"][0]["nearest"].text.lower()
    assert "In &lt;b&gt;3&lt;/b&gt; days." in page.content.decode()
    assert page.context["confused"] == []


@pytest.mark.parametrize(
    ("heard", "words"),
    [
        ({"is_used": True, "gained": 0.0231, "error": 0.004}, ("+2.3 points", "it has a say")),
        ({"is_used": False, "gained": -0.0104, "error": 0.004}, ("−1.0 points", "it has no say")),
        (None, ()),
    ],
)
def test_the_page_says_what_a_pretrained_transformer_adds(client, heard, words):
    ModelVersionFactory.create(kind="intents", report={"encoder": heard})

    text = client.get(PAGE).content.decode()

    assert ("Pretrained transformer" in text) is bool(words)
    assert all(word in text for word in words)


def test_confusions_lead_to_their_examples(client):
    own, other = IntentFactory.create(key="own"), IntentFactory.create(key="other")
    ModelVersionFactory.create(
        kind="intents", report={"confusions": [["own", "other", 3], ["own", "gone", 2]],
                                "intents": {"own": {"examples": {"en": 6}}}},
    )  # fmt: skip
    IntentExampleFactory.create(intent=own, taken_for=other)
    IntentExampleFactory.create(intent=other)

    (row,) = client.get(PAGE).context["confused"]

    assert (row["count"], row["share"]) == (3, "50%")
    found = client.get(row["url"]).context["cl"].result_list
    assert [one.taken_for for one in found] == [other]


def test_a_training_is_asked_for_once(client):
    IntentFactory.create()
    client.post(PAGE)
    client.post(PAGE)

    assert Job.objects.get().task == "reviews.tasks.train_intents"
    assert client.get(PAGE).context["can_train"] is False


def test_lines_become_examples_and_what_was_left_out_is_said(client):
    intent = IntentFactory.create()
    IntentExampleFactory.create(intent=intent, text="where is it")

    page = client.post(
        "/admin/reviews/examples/add/", {"intent": intent.pk, "lines": "Where is it\nwhere now\n" + "x" * 400}
    )

    assert intent.examples.count() == 2
    assert [len(page.context["done"].known), len(page.context["done"].refused)] == [1, 1]


@pytest.mark.parametrize(
    ("content", "count"),
    [
        ("text,intent\nwhere is it,track\nhello,\n", 2),
        ("text,intent\nwhere is it,nothing\n", 0),
        ("words,intent\nwhere is it,track\n", 0),
        ("", 0),
        (b"\xff\xfe\x00", 0),
    ],
)
def test_a_file_of_examples_is_read_or_refused_whole(client, content, count):
    IntentFactory.create(key="track")
    data = content if isinstance(content, bytes) else content.encode()

    page = client.post("/admin/reviews/examples/add/", {"file": SimpleUploadedFile("a.csv", data)})

    assert IntentExample.objects.count() == count
    assert page.status_code == (302 if count else 200)
    assert bool(count) or page.context["error"]


def test_an_edited_example_is_kept_in_its_form_and_forgets_what_was_found(client):
    other = IntentFactory.create()
    row = IntentExampleFactory.create(taken_for=other, confidence=0.5)
    IntentExampleFactory.create(text="taken already")
    form = {"intent": row.intent_id, "language": "en"}

    refused = client.post(f"{EXAMPLES}{row.pk}/change/", form | {"text": "TAKEN already"})
    client.post(f"{EXAMPLES}{row.pk}/change/", form | {"text": "call me at 13800138000 <b>now</b>"})

    assert refused.status_code == 200
    row.refresh_from_db()
    assert (row.text, row.normal, row.taken_for) == ("call me at [phone] now", "call me at [phone] now", None)


def test_examples_are_moved_by_the_list(client):
    own, other = IntentFactory.create(), IntentFactory.create()
    wrong = IntentExampleFactory.create(intent=own, taken_for=other)
    form = {"_selected_action": [wrong.pk]}

    client.post(EXAMPLES, form | {"action": "move_to_suggested"})
    wrong.refresh_from_db()
    assert wrong.intent == other

    assert client.post(EXAMPLES, form | {"action": "move_chosen"}).status_code == 200
    client.post(EXAMPLES, form | {"action": "move_chosen", "confirmed": "1", "to": str(own.pk)})
    wrong.refresh_from_db()
    assert wrong.intent == own


def test_the_page_of_an_intent_shows_its_examples_and_what_is_mistaken(client):
    own, other = IntentFactory.create(), IntentFactory.create(title_en="Elsewhere")
    row = IntentExampleFactory.create(intent=own, taken_for=other, confidence=0.61)

    text = client.get(f"{INTENTS}{own.pk}/change/").content.decode()
    assert "taken for “Elsewhere”" in text

    client.post("/admin/reviews/examples/add/", {"move": row.pk})
    row.refresh_from_db()
    assert row.intent == other


def test_an_article_is_published_and_put_back(client):
    article = ArticleFactory.create()

    page = client.post(f"{ARTICLES}{article.pk}/publish/", {"act": "publish"}, follow=True)
    assert Article.objects.get().is_published
    (told,) = page.context["messages"]
    client.post(f"{ARTICLES}undo/", {"key": __import__("json").loads(told.extra_tags)["fields"]["key"]})

    assert not Article.objects.get().is_published


def test_an_unknown_fact_is_refused_when_saving(client):
    article = ArticleFactory.create()
    form = {"key": article.key, "category": "returns", "title_en": "A", "body_en": "{nothing}"}

    page = client.post(f"{ARTICLES}{article.pk}/change/", form)

    assert page.status_code == 200
    assert "{nothing}" in str(page.context["adminform"].form.errors["body_en"])
    assert Article.objects.get().body_en != "{nothing}"


def test_the_editor_shows_the_preview_with_facts_filled_in_and_no_tags(client):
    ShopFact.objects.create(key="refund_days", value_en="3 days")
    article = ArticleFactory.create(body_en="<script>x</script> in **{refund_days}**", published=False)

    text = client.get(f"{ARTICLES}{article.pk}/change/").content.decode()

    assert "&lt;script&gt;x&lt;/script&gt; in <strong>3 days</strong>" in text
    assert "<script>x</script>" not in text


def test_questions_of_an_article_are_tried(client):
    ArticleFactory.create(title_en="Ways of paying", questions_en="Can I pay by card?", published=True)
    article = ArticleFactory.create(questions_en="Can I pay by card?\nHow long can I return it?", published=True)

    panel = client.get(f"{ARTICLES}{article.pk}/change/").content.decode()

    assert "Ways of paying" in panel
    assert "this article" in panel.lower()


def test_facts_are_saved_and_renew_articles(client):
    article = ArticleFactory.create(body_en="In {refund_days}.", body_zh="{refund_days}")
    form = {"refund_days_en": "3 days", "refund_days_zh": "3 天"}
    client.post("/admin/reviews/facts/", form)
    client.post(f"{ARTICLES}{article.pk}/publish/", {"act": "publish"})

    client.post("/admin/reviews/facts/", form | {"refund_days_en": "4 days"})

    article.refresh_from_db()
    assert article.live.texts["body_en"] == "In 4 days."
    assert client.post("/admin/reviews/facts/", {"refund_days_en": "{x}"}).context["error"]
