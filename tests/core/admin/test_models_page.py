"""Models: the live version, what the gate said, going forward and back."""

import numpy as np
import pytest
from django.test import Client

from core import model_registry as registry
from core.jobs import enqueue
from core.model_registry import ModelKind
from core.models import Job, ModelVersion
from tests.factories import ModelVersionFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/modelversion/"
PAGE = f"{LIST}?kind=recommender"
KIND = ModelKind(name="recommender", schema_version=1, primary_metric="ndcg@10")
ROWS = {"indices": np.zeros(0, np.int64), "weights": np.zeros(0, np.float32)}
SMALLEST = {
    "item_ids": np.zeros(0, np.int64), "popularity": np.zeros(0, np.float32), "indptr": np.zeros(1, np.int64),
    "similar_indptr": np.zeros(1, np.int64), **ROWS, **{f"similar_{name}": value for name, value in ROWS.items()},
}  # fmt: skip
"""A recommender that knows no product: it loads and serves nothing."""


@pytest.fixture(autouse=True)
def models_in_a_folder_of_their_own(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    registry.forget_loaded()


def publish(score: float, **report) -> ModelVersion:
    return registry.publish_if_better(
        KIND, SMALLEST, meta={}, trained_until=None, margin=0.01, row_count=1200,
        report={"metrics": {"ndcg@10": score, "map@10": score / 2}, **report},
    )  # fmt: skip


def live() -> int:
    return ModelVersion.objects.active().get().number


def test_without_a_version_the_page_says_so_and_offers_training(client):
    page = client.get(PAGE).content.decode()

    assert "No model yet" in page
    assert "Train now" in page


def test_the_page_shows_the_live_version_with_verdict_and_measures(client, shop):
    publish(0.2)
    publish(0.25)

    page = client.get(PAGE).content.decode()

    assert "v2 passed the gate: 0.25 against 0.2 of v1" in page
    assert "Ranking of the first 10" in page
    assert "0.125" in page
    assert "1,200" in page
    assert "Roll back to v1" in page
    before = client.get(f"{PAGE}&version=1").content.decode()
    assert "Activate v1" in before
    assert "Roll back" not in before


def test_a_refused_version_stands_beside_the_live_one_and_cannot_be_activated(client, shop):
    publish(0.25)
    refused = publish(0.1)

    page = client.get(f"{LIST}?kind=recommender&version=2").content.decode()
    client.post(f"{LIST}{refused.pk}/activate/")

    assert "The gate refused v2: 0.1 against 0.25 of v1" in page
    assert "−0.1500" in page
    assert "disabled" in page
    assert live() == 1


def test_a_version_that_another_check_refused_is_not_said_to_be_worse(client):
    gate = {"passed": False, "active": 0.57, "active_version": "vision.v1", "candidate": 0.54, "margin": 0.09}
    ModelVersionFactory.create(kind="vision", state="refused", gate=gate)

    page = client.get("/admin/core/modelversion/?kind=vision").content.decode()

    assert "for something else: 0.54 against 0.57 of v1 would do." in page
    assert "is allowed" not in page


def test_groups_of_the_chosen_strategy_are_shown_in_words(client, shop):
    groups = {
        "item_knn": {"new": {"ndcg@10": 0.11}, "many": {"ndcg@10": 0.31}},
        "popularity": {"new": {"ndcg@10": 0.9}},
    }
    publish(0.2, groups=groups, chosen="item_knn")

    page = client.get(PAGE).content.decode()

    assert "New customers" in page
    assert '<td class="zg-right">0.3100</td>' in page
    assert page.index("New customers") < page.index("Customers with 5 products and more")
    assert "0.9<" not in page


@pytest.mark.parametrize(
    ("strategy", "english", "chinese"),
    [
        ("blend", "several methods together", "多种方法合用"),
        ("item_knn", "item neighbours", "商品近邻"),
        ("popularity_recent", "popularity of late", "近期热度"),
    ],
)
def test_the_strategy_is_named_in_words_of_both_languages(client, boss, strategy, english, chinese):
    publish(0.2, chosen=strategy)

    for language, words in (("en", english), ("zh-hans", chinese)):
        boss.language = language
        boss.save()
        page = client.get(PAGE).content.decode()

        assert f"<dd>{words}</dd>" in page
        assert strategy not in page


def test_a_quick_first_model_says_so(client, shop):
    publish(0.2, quick=True)
    publish(0.3, quick=False)

    assert "quick, so that the shop could open" in client.get(f"{PAGE}&version=1").content.decode()
    assert "so that the shop could open" not in client.get(f"{PAGE}&version=2").content.decode()


def test_rolling_back_puts_the_version_before_back_and_offers_to_undo(client, boss):
    publish(0.2)
    second = publish(0.25)

    page = client.post(f"{LIST}kind/recommender/back/", follow=True).content.decode()

    assert live() == 1
    assert ModelVersion.objects.active().get().activated_by == boss
    assert "v1 is live" in page
    assert f'action="{LIST}{second.pk}/activate/"' in page
    client.post(f"{LIST}{second.pk}/activate/")
    assert live() == 2


def test_a_version_whose_files_are_damaged_is_refused_in_words_and_the_live_one_stays(client, shop, tmp_path):
    first = publish(0.2)
    publish(0.25)
    (tmp_path / first.folder / "popularity.npy").write_bytes(b"broken")

    page = client.post(f"{LIST}{first.pk}/activate/", follow=True).content.decode()

    assert "popularity.npy was changed" in page
    assert live() == 2


def test_the_job_that_a_training_hands_over_to_is_shown_as_the_training(client, boss):
    publish(0.2)
    enqueue("recommender.tasks.train_deep", dedupe_key="recommender.train_deep")

    assert "A new version is being trained" in client.get(PAGE).content.decode()


def test_training_is_queued_once_however_often_it_is_asked_for(client, boss):
    client.post(f"{LIST}kind/recommender/train/")
    client.post(f"{LIST}kind/recommender/train/")

    job = Job.objects.get()
    assert (job.task, job.created_by) == ("recommender.tasks.train", boss)
    assert "A new version is being trained" in client.get(PAGE).content.decode()


def test_a_reader_sees_the_page_without_buttons_and_cannot_act(person_with, shop):
    publish(0.2)
    second = publish(0.25)
    reader = Client()
    reader.force_login(person_with("core.view_modelversion"))

    page = reader.get(LIST).content.decode()

    assert "Roll back" not in page
    assert "Train now" not in page
    for path in (f"{second.pk}/activate/", "kind/recommender/back/", "kind/recommender/train/"):
        assert reader.post(f"{LIST}{path}").status_code == 403
    assert live() == 2


def test_an_address_of_a_version_leads_to_its_page(client, shop):
    version = publish(0.2)
    assert client.get(f"{LIST}{version.pk}/change/")["Location"] == f"{LIST}?kind=recommender&version=1"
    assert client.get(f"{LIST}?kind=nothing").status_code == 404
    assert client.get(f"{LIST}999999/change/").status_code == 404


def test_the_page_asks_few_queries_with_many_versions(client, shop, django_assert_max_num_queries):
    ModelVersionFactory.create_batch(40, state=ModelVersion.State.RETIRED, metrics={"ndcg@10": 0.1})
    with django_assert_max_num_queries(12):
        assert client.get(PAGE).status_code == 200
