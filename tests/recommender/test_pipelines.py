from datetime import datetime, timedelta

import numpy as np
import pytest
from django.db import connection

from catalog.devices import DEVICES
from catalog.models import Category, Customer, Interaction, ProductTag, Visitor
from core import model_registry as registry
from core.exceptions import DomainError
from core.jobs import enqueue, execute, retry, run_now, spec_of
from core.models import Job, ModelVersion
from recommender import datasets, pipelines
from recommender.choices import DEEP_TRAINING, NETWORK_ITEMS, RECOMMENDER
from recommender.ml.context import DEVICES as TABLE
from recommender.ml.context import NO_DEVICE
from recommender.ml.item_knn import ItemKnn
from recommender.ml.judging import Exam
from recommender.ml.sources import TOWER_ITEMS
from recommender.models import TrainingSettings
from tests.factories import StaffUserFactory
from tests.recommender.conftest import NOW, make_product


def test_training_rows_are_oldest_first_weighted_by_kind_and_without_those_who_said_no(shop):
    Interaction.objects.all().delete()
    quiet = Customer.objects.create(name="quiet", joined_at=NOW, is_personalised=False)
    shop.act(quiet, shop.green[0])
    shop.act(shop.customers[0], shop.green[1], "purchase", at=NOW - timedelta(days=1))
    shop.act(shop.visitor, shop.green[2], "view", at=NOW - timedelta(days=2))
    shop.act(shop.customers[1], shop.green[3], "remove_from_cart")
    Interaction.objects.create(
        product=shop.green[4], customer=shop.customers[1], kind="rating", value=2, occurred_at=NOW
    )

    frame = datasets.interactions(until=NOW)

    assert frame["item"].tolist() == [shop.green[2].pk, shop.green[1].pk]
    assert frame["customer"].tolist() == [-shop.visitor.pk, shop.customers[0].pk]
    assert frame["value"].tolist() == [1.0, 4.0]


def test_training_rows_say_on_which_device_where_that_is_known(shop):
    Interaction.objects.all().delete()
    for product, told in zip(
        shop.green, ({"device": "computer"}, {}, {"device": "watch"}, {"device": "phone"}), strict=False
    ):
        Interaction.objects.create(
            product=product, customer=shop.customers[0], kind="view", occurred_at=NOW, context=told
        )

    frame = datasets.interactions(until=NOW)

    assert len(DEVICES) == TABLE
    assert frame["device"].tolist() == [DEVICES.index("computer"), NO_DEVICE, NO_DEVICE, DEVICES.index("phone")]


def test_rows_later_than_asked_for_are_not_read(shop):
    shop.act(shop.visitor, shop.green[0], at=NOW)

    frame = datasets.interactions(until=NOW - timedelta(minutes=1))

    assert -shop.visitor.pk not in set(frame["customer"])


def test_training_publishes_a_version_with_what_it_learned_from(shop):
    version = pipelines.train_recommender(until=NOW, time_budget=5)

    assert version.is_active
    assert version.name == "recommender.v1"
    assert version.row_count == 320
    assert version.trained_until == Interaction.objects.order_by("-occurred_at").first().occurred_at
    assert set(version.report["strategies"]) >= {"popularity", "item_knn"}
    assert version.report["strategies"]["item_knn"]["ndcg@10"] > version.report["strategies"]["popularity"]["ndcg@10"]


def test_a_shop_where_nobody_did_anything_is_told_so(db):
    with pytest.raises(DomainError, match="Nobody looked at or bought anything yet"):
        pipelines.train_recommender(until=NOW)

    assert not ModelVersion.objects.exists()


def test_the_job_names_the_version_it_made(shop, settings):
    settings.JOB_HEARTBEAT_SECONDS = 0
    job = run_now("recommender.tasks.train")

    assert job.state == Job.State.DONE
    assert job.result == {"version": "recommender.v1", "passed": True}
    assert ModelVersion.objects.get().job == job


def test_the_deep_job_learns_a_network_too_and_publishes_through_the_same_gate(shop, settings, monkeypatch):
    settings.JOB_HEARTBEAT_SECONDS = 0
    monkeypatch.setattr(pipelines, "DEEP_BUDGET_SECONDS", 5.0)
    # A shop trains outside transactions; here the test's own one lies idle meanwhile, on a busy machine for minutes.
    connection.cursor().execute("SET LOCAL idle_in_transaction_session_timeout = 0")

    job = run_now("recommender.tasks.train_deep")

    assert job.state == Job.State.DONE
    version = ModelVersion.objects.get()
    assert "two_tower" in version.report["validation"]
    assert spec_of("recommender.tasks.train_deep").queue == "deep"


def test_where_staff_want_a_network_the_training_hands_over_to_the_queue_of_networks(shop, settings):
    settings.JOB_HEARTBEAT_SECONDS = 0
    TrainingSettings.objects.create(with_network=True)

    lin = StaffUserFactory.create()

    job = run_now("recommender.tasks.train", created_by=lin)

    deep = Job.objects.get(task=DEEP_TRAINING)
    assert job.result == {"job": deep.pk}
    assert deep.created_by == lin  # who asked for the training is told when it is over
    assert deep.state == Job.State.QUEUED
    assert not ModelVersion.objects.exists()


def test_the_bar_of_a_training_says_what_comes_after_the_search(shop, monkeypatch):
    told = []
    monkeypatch.setattr(pipelines, "progress", lambda done, total, said: told.append((done, said.text)))

    pipelines.train_recommender(until=NOW, time_budget=5)

    search = [done for done, text in told if text == "Choosing how to rank"]
    assert (search[0], search[-1]) == (10, 45)
    assert [one for one in told if one[1] != "Choosing how to rank"] == [
        (0, "Reading what people did"), (45, "Judging it on later data"), (75, "Learning from everything"),
        (90, "Comparing with the live version"),
    ]  # fmt: skip


def test_what_staff_chose_counts_more_than_the_setting_of_the_server(db, settings):
    settings.RECOMMENDER_DEEP = True
    assert TrainingSettings.learns_with_network()
    TrainingSettings.objects.create(with_network=False)
    assert not TrainingSettings.learns_with_network()


def test_the_page_names_the_number_of_products_up_to_which_a_network_learns():
    assert NETWORK_ITEMS == TOWER_ITEMS


def test_the_gate_compares_on_events_that_neither_version_has_seen(trained, monkeypatch):
    monkeypatch.setattr(pipelines, "MIN_LATER_EVENTS", 20)
    for number, customer in enumerate(trained.customers):
        own = trained.blue if number % 2 else trained.green
        trained.act(customer, own[(number // 2 + 1) % 10], at=NOW + timedelta(minutes=number))

    version = pipelines.train_recommender(until=NOW + timedelta(days=1), time_budget=5)

    assert version.gate["same_data"] is True
    assert version.gate["active_version"] == "recommender.v1"
    assert version.kind == RECOMMENDER.name


def test_visitors_without_consent_are_not_learned_from(shop):
    stranger = Visitor.objects.create(key="stranger", may_track=False)
    shop.act(stranger, shop.green[0])

    assert -stranger.pk not in set(datasets.interactions(until=NOW)["customer"])


def test_a_training_that_was_cut_off_measures_nothing_twice_and_ends_with_the_same_version(shop, settings, monkeypatch):
    settings.JOB_HEARTBEAT_SECONDS = 0
    monkeypatch.setattr("celery.current_app.send_task", lambda name, **options: None)
    monkeypatch.setattr(pipelines, "STORE_EVERY_SECONDS", 0.0)
    settings.RECOMMENDER_SECONDS = 60.0
    measured = []
    judge = Exam.judge

    def counted(exam, model):
        if isinstance(model, ItemKnn):
            measured.append(model.params)
            if len(measured) == 4:
                raise MemoryError
        return judge(exam, model)

    monkeypatch.setattr(Exam, "judge", counted)
    cut_off = enqueue("recommender.tasks.train")
    execute(cut_off.pk)
    cut_off.refresh_from_db()
    stored = cut_off.checkpoint
    assert (cut_off.state, len(stored["trials"])) == (Job.State.FAILED, 3)

    again = retry(cut_off)
    execute(again.pk)

    again.refresh_from_db()
    assert again.state == Job.State.DONE
    assert len(measured) - 1 == len(set(measured))  # the one that was cut off is measured again, no other
    resumed = ModelVersion.objects.get()
    monkeypatch.undo()
    fresh = pipelines.train_recommender(until=datetime.fromisoformat(stored["until"]))
    assert resumed.report["parameters"] == fresh.report["parameters"]
    assert resumed.report["metrics"] == fresh.report["metrics"]


def test_what_the_catalogue_says_is_read_in_the_order_of_the_items(shop):
    things = Category.objects.get(name="Things")
    sub = Category.objects.add_child(things, {"name": "Small things"})
    product = shop.green[3]
    product.category, product.description, product.attributes = sub, "a cup", {"Colour": "Red", "sizes": [1, 2]}
    product.save()
    ProductTag.objects.create(product=product, kind="style", value="plain")

    facts = datasets.item_facts(np.array([shop.blue[0].pk, product.pk]))

    assert facts.texts[1].split()[0] == "green-3"
    assert "a cup" in facts.texts[1]
    assert facts.attributes[1] == [
        f"category={things.pk}", f"category={sub.pk}", f"brand={product.brand_id}", "colour=red", "style=plain",
    ]  # fmt: skip
    assert facts.attributes[0] == [f"category={things.pk}", f"brand={product.brand_id}"]


def test_a_product_that_nobody_met_yet_is_in_the_model(shop):
    fresh = make_product("green-new", shop.green[0].category, shop.green[0].brand)

    version = pipelines.train_recommender(until=NOW, time_budget=3)

    assert fresh.pk in registry.load(version).arrays["item_ids"]
    assert "content" in version.report["strategies"]
