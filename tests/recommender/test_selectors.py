from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from catalog.models import Customer, Interaction, Product, Variant
from catalog.showcase import Card
from core import model_registry as registry
from core.models import ModelVersion
from recommender import selectors, tokens
from recommender.answers import Step, items_of
from recommender.ml.context import NO_DEVICE
from recommender.ml.serving import Candidate, ServingModel
from tests.recommender.conftest import NOW


def names(answer: selectors.Answer) -> list[str]:
    return [str(item.card["name"]) for item in answer.items]


def test_a_person_is_shown_more_of_what_people_alike_chose(trained):
    trained.act(trained.visitor, trained.green[0])
    trained.act(trained.visitor, trained.green[1])

    answer = selectors.recommend(visitor=trained.visitor, limit=5)

    assert answer.source == "personal"
    assert answer.model_version == "recommender.v1"
    assert all(name.startswith("green") for name in names(answer))


def test_the_last_event_changes_the_very_next_answer(trained):
    trained.act(trained.visitor, trained.green[0], at=NOW - timedelta(minutes=5))
    before = names(selectors.recommend(visitor=trained.visitor, limit=5))

    for product in trained.blue[:3]:
        trained.act(trained.visitor, product, "cart")
    after = names(selectors.recommend(visitor=trained.visitor, limit=5))

    assert before[0].startswith("green")
    assert after[0].startswith("blue")


def test_the_reason_names_the_product_and_what_the_person_did_with_it(trained):
    trained.act(trained.visitor, trained.green[0])

    first = selectors.recommend(visitor=trained.visitor, limit=1).items[0]

    assert first.reason.code == "because_you_viewed"
    assert first.reason.text == "Because you looked at green-0"
    assert first.reason.product_id == trained.green[0].pk


def test_reasons_are_in_the_language_of_the_reader(trained):
    from django.utils import translation

    trained.act(trained.visitor, trained.green[0])

    with translation.override("zh-hans"):
        text = selectors.recommend(visitor=trained.visitor, limit=1).items[0].reason.text

    assert "green-0" in text
    assert "Because" not in text


@pytest.mark.parametrize("way", ["hidden", "draft", "deleted", "sold out", "no variant"])
def test_what_may_not_be_sold_leaves_at_once(trained, way):
    trained.act(trained.visitor, trained.green[0])
    gone = trained.green[3]
    assert gone.name in names(selectors.recommend(visitor=trained.visitor, limit=20))

    match way:
        case "hidden" | "draft":
            Product.objects.filter(pk=gone.pk).update(status=way)
        case "deleted":
            Product.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
        case "sold out":
            Variant.objects.filter(product=gone).update(stock=0)
        case "no variant":
            Variant.objects.filter(product=gone).delete()

    assert gone.name not in names(selectors.recommend(visitor=trained.visitor, limit=20))
    assert gone.name not in names(selectors.similar(product=trained.green[0], limit=20))


def test_what_was_bought_lies_in_the_basket_is_looked_at_or_excluded_is_not_shown(trained):
    bought, basket, page, unwanted = trained.green[:4]
    trained.act(trained.visitor, bought, Interaction.Kind.PURCHASE)

    answer = selectors.recommend(
        visitor=trained.visitor, basket=[basket.pk], page_product_id=page.pk, exclude=[unwanted.pk], limit=20
    )

    assert not {bought.name, basket.name, page.name, unwanted.name} & set(names(answer))
    assert len(answer.items) == 16


def test_a_basket_alone_is_enough_to_be_personal(trained):
    answer = selectors.recommend(basket=[trained.blue[0].pk, trained.blue[1].pk], limit=3)

    assert answer.source == "personal"
    assert answer.items[0].reason.code == "because_of_your_basket"
    assert names(answer)[0].startswith("blue")


def test_somebody_unknown_sees_what_is_popular(trained):
    answer = selectors.recommend(limit=4)

    assert answer.source == "popular"
    assert {item.reason.code for item in answer.items} == {"popular"}


@pytest.mark.parametrize("who", ["customer without personalisation", "visitor who may not be tracked"])
def test_people_who_said_no_are_treated_as_unknown(trained, who):
    trained.act(trained.visitor, trained.green[0])
    trained.visitor.may_track = False
    customer = Customer.objects.first()
    customer.is_personalised = False

    if who.startswith("customer"):
        answer = selectors.recommend(customer=customer, limit=3)
    else:
        answer = selectors.recommend(visitor=trained.visitor, limit=3)

    assert answer.source == "popular"


def test_without_a_model_the_newest_are_shown_and_the_answer_says_so(shop):
    answer = selectors.recommend(visitor=shop.visitor, limit=3)

    assert (answer.source, answer.model_version, answer.as_of) == ("fallback", None, None)
    assert names(answer) == ["blue-9", "blue-8", "blue-7"]
    assert tokens.read(answer.id).version_id == 0


def test_a_removed_model_still_gives_an_answer(trained, tmp_path):
    version = ModelVersion.objects.get()
    for path in Path(tmp_path / version.folder).iterdir():
        path.unlink()
    registry.forget_loaded()

    answer = selectors.recommend(visitor=trained.visitor, limit=3)

    assert answer.source == "fallback"
    assert len(answer.items) == 3


def test_an_empty_shop_gets_an_empty_answer(db):
    registry.forget_loaded()

    answer = selectors.recommend(limit=3)

    assert answer.items == []


def test_the_id_carries_placement_and_version_and_cannot_be_forged(trained):
    answer = selectors.recommend(placement="cart", limit=1)
    read = tokens.read(answer.id)

    assert (read.placement, read.version_id) == ("cart", ModelVersion.objects.get().pk)
    assert tokens.read(answer.id.replace("cart", "home")) is None


def test_an_answer_costs_a_fixed_number_of_queries(trained, django_assert_max_num_queries):
    trained.act(trained.visitor, trained.green[0])
    selectors.recommend(visitor=trained.visitor, limit=2)

    with django_assert_max_num_queries(4):
        selectors.recommend(visitor=trained.visitor, limit=2)
    with django_assert_max_num_queries(9):  # each further step looks once for what may be sold
        selectors.recommend(visitor=trained.visitor, limit=15)


def test_similar_products_are_of_the_same_kind(trained):
    answer = selectors.similar(product=trained.green[0], limit=3)

    assert all(name.startswith("green") for name in names(answer))
    assert answer.items[0].reason.text == "Often chosen together with green-0"


def test_the_model_is_told_when_and_where_an_answer_is_read_and_mail_is_read_at_another_hour(trained, monkeypatch):
    told = []

    def listen(model, *args, at=None, device=NO_DEVICE, **more):
        told.append((at, device))
        return answer(model, *args, at=at, device=device, **more)

    answer = ServingModel.ranked
    selectors.recommend(limit=1)  # loads the model, which then gives a first answer to nobody
    monkeypatch.setattr(ServingModel, "ranked", listen)
    monkeypatch.setattr(timezone, "now", lambda: NOW)

    selectors.recommend(customer=trained.customers[0], limit=3, device="computer")
    selectors.recommend(customer=trained.customers[0], placement="email", limit=3)

    assert told == [(NOW.timestamp(), 2), (None, NO_DEVICE)]


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        ("view", "because_you_viewed", "You looked at this before"),
        ("cart", "because_of_your_basket", "You had this in your basket"),
        ("favourite", "because_you_liked", "You liked this"),
        ("purchase", "because_you_bought", "You bought this before"),
    ],
)
def test_a_product_that_speaks_for_itself_is_not_its_own_reason_by_name(trained, kind, code, text):
    """A product that somebody met may come back; "because you looked at X" below X helps nobody."""
    green = trained.green[0]
    act = selectors.Act(green.pk, kind, 0, 1.0)
    card = Card({"id": green.public_id, "name": green.name})
    itself = Candidate(green.pk, 1.0, "item_knn", green.pk, 1.0)

    said = {green.pk: (Step("personal", [itself]), itself)}
    (item,) = items_of([green.pk], said, {}, {green.pk: act}, {green.pk: card})

    assert (item.source, item.reason.code, item.reason.text) == ("personal", code, text)
