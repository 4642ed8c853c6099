"""Model files that are missing, cut, flipped, of another format, useless or left over: somebody always answers."""

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from catalog.models import Product
from core import health, model_health
from core import model_registry as registry
from core.alerts import checks
from core.exceptions import DomainError
from core.models import Alert, ModelVersion
from recommender import selectors
from recommender.choices import RECOMMENDER
from recommender.ml import serving
from tests.recommender.damage import FAULTS, flipped, folder_of, publish_again


@pytest.fixture
def two_versions(trained, settings) -> tuple[ModelVersion, ModelVersion]:
    """The second is active."""
    first = ModelVersion.objects.get()
    second = publish_again(first)
    assert second.is_active
    registry.forget_loaded()
    return first, second


@pytest.fixture(autouse=True)
def looks_every_time(monkeypatch):
    monkeypatch.setattr(registry, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(model_health, "_seen_whole", {})


@pytest.mark.parametrize("damage", FAULTS)
def test_a_process_that_has_a_model_serves_on_with_it(trained, settings, damage: Callable[[Path], None]):
    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"
    first = ModelVersion.objects.get()

    second = publish_again(first)
    damage(folder_of(second, settings.MODEL_ROOT))
    answer = selectors.recommend(visitor=trained.visitor)

    assert (answer.model_version, answer.source) == ("recommender.v1", "popular")
    assert registry.load_error(RECOMMENDER).startswith("recommender.v2: ")


@pytest.mark.parametrize("damage", FAULTS)
def test_a_fresh_process_takes_the_version_before(two_versions, trained, settings, damage: Callable[[Path], None]):
    damage(folder_of(two_versions[1], settings.MODEL_ROOT))

    answer = selectors.recommend(visitor=trained.visitor)

    assert (answer.model_version, answer.source) == ("recommender.v1", "popular")
    assert len(answer.items) == 10


def test_without_any_healthy_version_the_newest_products_are_a_fallback(two_versions, trained, settings):
    for version in two_versions:
        flipped(folder_of(version, settings.MODEL_ROOT))

    answer = selectors.recommend(visitor=trained.visitor)

    assert (answer.model_version, answer.source) == (None, "fallback")
    assert len(answer.items) == 10


def test_another_format_is_not_read(two_versions, trained):
    ModelVersion.objects.filter(pk=two_versions[1].pk).update(schema_version=2)

    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"
    assert registry.load_error(RECOMMENDER) == "recommender.v2: this program reads format 1."


def test_files_that_are_put_back_serve_again(two_versions, trained, settings, monkeypatch):
    monkeypatch.setattr(registry, "TRY_AGAIN_SECONDS", 0.0)
    folder = folder_of(two_versions[1], settings.MODEL_ROOT)
    aside = folder.with_name("aside")
    folder.rename(aside)
    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"

    aside.rename(folder)

    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v2"
    assert registry.load_error(RECOMMENDER) == ""


def with_column(pairs, column, values):
    pairs[:, column] = values
    return pairs


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("popularity", lambda array: np.full_like(array, np.nan)),
        ("pairs", lambda array: with_column(array, 1, np.full(len(array), np.inf, np.float32).view(np.int32))),
        ("pairs", lambda array: with_column(array, 0, 1_000_000)),
        ("item_ids", lambda array: array[::-1].copy()),
        ("starts", lambda array: array[:-1]),
    ],
)
def test_a_model_that_is_whole_and_useless_never_serves(trained, settings, name, spoil):
    first = ModelVersion.objects.get()
    arrays = registry.load(first).arrays
    if name not in arrays:  # of the neighbours of all voices
        name = f"near_{name}"
    spoiled = spoil(np.array(arrays[name]))

    with pytest.raises(registry.DamagedModel, match=r"^recommender\.v2: it cannot serve "):
        publish_again(first, **{name: spoiled})

    assert ModelVersion.objects.get() == first
    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"


def test_a_useless_model_that_got_past_the_gate_is_not_taken(two_versions, trained, monkeypatch):
    def trips(artifact: serving.Artifact) -> serving.ServingModel:
        if artifact.name == "recommender.v2":
            raise ZeroDivisionError
        return serving.ServingModel.from_arrays(artifact.arrays, artifact.meta)

    monkeypatch.setattr(serving, "build", trips)

    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"


def test_scoring_that_fails_costs_nobody_the_answer(trained, monkeypatch):
    monkeypatch.setattr(serving.ServingModel, "ranked", lambda *_args, **_named: 1 / 0)
    registry.forget_loaded()

    answer = selectors.recommend(visitor=trained.visitor)

    assert (answer.source, len(answer.items)) == ("fallback", 10)


def test_a_model_that_cannot_say_why_costs_nobody_the_answer(trained, monkeypatch):
    before = selectors.recommend(customer=trained.customers[0], limit=4)
    monkeypatch.setattr(serving.ServingModel, "_told", lambda *_args, **_named: 1 / 0)

    after = selectors.recommend(customer=trained.customers[0], limit=3)

    assert before.source == "personal"
    assert [item.product_id for item in after.items] == [item.product_id for item in before.items[:3]]
    assert {(item.source, item.reason.code) for item in after.items} == {("popular", "popular")}


@pytest.mark.parametrize("damage", FAULTS)
def test_staff_hear_of_it_once_and_that_it_is_over(two_versions, settings, damage: Callable[[Path], None], tmp_path):
    folder = folder_of(two_versions[1], settings.MODEL_ROOT)
    shutil.copytree(folder, tmp_path / "copy")
    checks.check_models()
    assert not Alert.objects.filter(rule="model_damaged").exists()

    damage(folder)
    checks.check_models()
    checks.check_models()

    alert = Alert.objects.open().get(rule="model_damaged")
    assert (alert.key, alert.count) == ("recommender", 2)
    assert alert.text_values == {"model": "recommender.v2"}
    assert alert.link.startswith("/admin/core/modelversion/?kind=recommender")

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tmp_path / "copy", folder)
    checks.check_models()

    assert not Alert.objects.open().filter(rule="model_damaged").exists()
    assert health.damaged_models() == []


def test_a_crash_between_the_files_and_the_row_leaves_nothing_that_serves(trained, settings, monkeypatch):
    first = ModelVersion.objects.get()

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "_lock", dies)
    with pytest.raises(KeyboardInterrupt):
        publish_again(first)
    folders = list((settings.MODEL_ROOT / "recommender").iterdir())
    assert len(folders) == 2
    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"

    assert model_health.tidy() == 0  # too young: its row may just be on its way
    assert model_health.tidy(older_than=-1) == 1

    assert [folder.name for folder in (settings.MODEL_ROOT / "recommender").iterdir()] == [first.folder.split("/")[1]]
    assert ModelVersion.objects.get() == first


def test_threads_that_read_while_versions_switch_see_one_whole_model(trained, settings):
    """The name in an answer belongs to the model that was asked."""
    first = registry.active(RECOMMENDER)
    assert first is not None
    stop = threading.Event()
    wrong: list[str] = []

    def read() -> None:
        while not stop.is_set():
            loaded = registry._slots[RECOMMENDER.name].model
            model = loaded.built(serving.build)
            if len(model) != len(loaded.arrays["item_ids"]):
                wrong.append(loaded.name)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _round in range(3):
        publish_again(ModelVersion.objects.get(state="active"))
        registry.active(RECOMMENDER)
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join(5)

    assert wrong == []
    assert registry.active(RECOMMENDER).name == "recommender.v4"


def test_a_model_of_another_catalogue_is_refused_with_the_reason_and_the_live_one_serves_on(trained):
    first = ModelVersion.objects.get()
    strange = np.array(registry.load(first).arrays["item_ids"]) + 1_000_000

    with pytest.raises(DomainError, match="of another catalogue: of 20 of its products 0 are in this shop") as refused:
        publish_again(first, item_ids=strange)

    assert refused.value.code == "foreign_model"
    assert ModelVersion.objects.get() == first
    assert selectors.recommend(visitor=trained.visitor).model_version == "recommender.v1"


def test_a_model_that_knows_products_which_left_the_shop_is_still_its_own(trained):
    Product.objects.filter(pk__in=[p.pk for p in trained.blue]).update(status="hidden", deleted_at=timezone.now())

    assert publish_again(ModelVersion.objects.get()).is_active
