"""What no answer may ever hold, whatever the state of the shop, the rules and the step of the chain that gave it."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog import kept
from catalog.models import Customer, CustomerTrait, Interaction, Product, Variant
from catalog.partitions import drop_expired, ensure_partitions
from core import model_registry as registry
from core.models import ModelVersion
from recommender import lists, mailing, selectors, services, wishes
from recommender.answers import CHAIN
from recommender.models import ListCount, Placement, PlacementRule, ServedList
from tests.factories.catalog import CustomerFactory, OrderFactory, OrderLineFactory
from tests.recommender.conftest import NOW

STATES = ("hidden", "draft", "deleted", "sold out", "no variant")
PLACES = st.integers(0, 19)
RULES = st.tuples(st.sampled_from(PlacementRule.Kind.values), PLACES, st.integers(1, 4), st.sampled_from([-1, 0, 1]))
WISHES = st.fixed_dictionaries(
    {
        "strategy": st.sampled_from(Placement.Strategy.values),
        "fallback": st.sampled_from(Placement.Fallback.values),
        "repeats_allowed": st.booleans(),
        "diversity": st.sampled_from([0.0, 0.5]),
        "category_cap": st.sampled_from([None, 2]),
        "exploration": st.sampled_from([0.0, 0.3]),
        "price_max": st.sampled_from([None, 10, 5]),
    }
)
EXAMPLES = settings(
    max_examples=120, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


def spoil(product: Product, state: str) -> None:
    match state:
        case "hidden" | "draft":
            Product.objects.filter(pk=product.pk).update(status=state)
        case "deleted":
            Product.objects.filter(pk=product.pk).update(deleted_at=timezone.now())
        case "sold out":
            Variant.objects.filter(product=product).update(stock=0)
        case "no variant":
            Variant.objects.filter(product=product).delete()


def steer(wanted: dict, rules: list, products: list[Product]) -> tuple[Placement, set[int], set[int]]:
    """A placement with these rules; second the products that its exclusions bar now, third those pinned now."""
    placement, _is_new = Placement.objects.get_or_create(key="here", defaults={"surface": "home", "name": "Here"})
    for name, value in wanted.items():
        setattr(placement, name, value)
    placement.slots = 6
    now, made, barred, pinned, slots = timezone.now(), [], set(), set(), set()
    for kind, place, slot, when in rules:  # -1 over, 0 in force, 1 still to come
        if kind == "pin" and slot in slots:
            continue
        slots |= {slot} if kind == "pin" else set()
        start = None if when == 0 else now + timedelta(days=2 * when)
        made.append(
            PlacementRule(
                kind=kind, product=products[place], slot=slot if kind == "pin" else None, starts_at=start,
                ends_at=None if start is None else start + timedelta(days=1),
            )
        )  # fmt: skip
        if when == 0:
            barred |= {products[place].pk} if kind == "exclude" else set()
            pinned |= {products[place].pk} if kind == "pin" else set()
    services.save_placement(placement, made, by=None)
    wishes.forget()
    return placement, barred, pinned


def list_everything(products: list[Product]) -> None:
    """Every list for everybody holds every product, in an order of its own."""
    ids = [product.pk for product in products]
    ListCount.objects.create(pk=1, counted_until=NOW, whole_at=NOW, version=1)
    kinds = [("trending", "", 1), ("rising", "", 2), ("segment", "regulars", 3)]
    kinds += [("category", products[0].category_id, 4), *(("together", pk, 5) for pk in ids)]
    for kind, key, turn in kinds:
        turned = ids[turn:] + ids[:turn]
        ServedList.objects.create(
            kind=kind, key=str(key), product_ids=turned, lifts=[2.0] * len(turned) if kind == "together" else [],
            version=1,
        )  # fmt: skip
    lists.forget()


@pytest.mark.parametrize("with_model", [True, False], ids=["with a model", "without a model"])
@pytest.mark.parametrize("with_lists", [True, False], ids=["with lists", "without lists"])
def test_nothing_that_may_not_be_shown_is_ever_shown(trained, with_model, with_lists):
    products = [*trained.green, *trained.blue]
    customer = Customer.objects.create(name="Somebody", joined_at=NOW)
    CustomerTrait.objects.create(customer=customer, kind="segment", value="regulars", as_of=NOW)
    if with_lists:
        list_everything(products)
    if not with_model:
        ModelVersion.objects.all().delete()
        registry.forget_loaded()

    @given(
        states=st.dictionaries(PLACES, st.sampled_from(STATES), max_size=20),
        bought=st.sets(PLACES, max_size=6), viewed=st.sets(PLACES, max_size=6), basket=st.lists(PLACES, max_size=3),
        exclude=st.sets(PLACES, max_size=8), page=st.none() | PLACES, wanted=WISHES,
        rules=st.lists(RULES, max_size=5), limit=st.none() | st.integers(1, 25), known=st.booleans(),
    )  # fmt: skip
    @EXAMPLES
    def holds(states, bought, viewed, basket, exclude, page, wanted, rules, limit, known):
        with transaction.atomic():
            for place, state in states.items():
                spoil(products[place], state)
            for place in bought:
                trained.act(customer, products[place], Interaction.Kind.PURCHASE)
            for place in viewed:
                trained.act(customer, products[place], at=NOW - timedelta(hours=place + 1))
            placement, barred, pinned = steer(wanted, rules, products)
            ask = {
                "placement": "here", "customer": customer if known else None, "limit": limit,
                "basket": [products[place].pk for place in basket],
                "exclude": [products[place].pk for place in exclude],
                "page_product_id": None if page is None else products[page].pk,
            }  # fmt: skip

            answer, again = selectors.recommend(**ask), selectors.recommend(**ask)
            shown = [item.product_id for item in answer.items]

            never = {products[place].pk for place in states} | barred
            never |= set(ask["basket"]) | set(ask["exclude"]) | {ask["page_product_id"]}
            if known and not wanted["repeats_allowed"]:
                never |= {products[place].pk for place in bought}
            assert not never & set(shown)
            if wanted["price_max"] == 5:
                assert set(shown) <= pinned
            assert len(shown) == len(set(shown))
            most = limit or placement.slots
            assert len(shown) <= most
            assert bool(answer.shortfall) == (len(shown) < most)
            assert shown == [item.product_id for item in again.items]
            assert all(item.source in CHAIN and item.reason.text for item in answer.items)
            may = {product.pk for product in products} - never
            if wanted["fallback"] != "nothing" and wanted["category_cap"] is None and wanted["price_max"] != 5:
                assert len(shown) == min(most, len(may))  # nothing that may be shown is forgotten
            transaction.set_rollback(True)
        wishes.forget()

    holds()


@pytest.mark.parametrize("is_kept", [True, False], ids=["from the row", "from the table"])
def test_what_was_bought_never_comes_back_however_much_was_done_since(trained, is_kept):
    products = [*trained.green, *trained.blue]
    customer = Customer.objects.create(name="Somebody", joined_at=NOW)

    @given(
        bought=st.sets(PLACES, min_size=1, max_size=6), since=st.integers(40, 120), seen=PLACES, again=PLACES,
        is_customer=st.booleans(), page=st.none() | PLACES,
    )  # fmt: skip
    @settings(EXAMPLES, max_examples=30)
    def holds(bought, since, seen, again, is_customer, page):
        with transaction.atomic():
            side = {"customer": customer} if is_customer else {"visitor": trained.visitor}
            for place in bought:
                trained.act(next(iter(side.values())), products[place], "purchase", at=NOW - timedelta(days=3))
            Interaction.objects.bulk_create(
                Interaction(
                    product=products[seen if number % 2 else again], kind="view",
                    occurred_at=NOW - timedelta(minutes=number), **side,
                )
                for number in range(since)
            )  # fmt: skip
            if is_kept:
                kept.refresh(quiet=0.0)
            never = {products[place].pk for place in bought}
            who = selectors.person(**({"customer": customer} if is_customer else {"visitor": "somebody"}))

            answers = [
                selectors.recommend(**side, limit=20),
                selectors.recommend(who=who, limit=20, page_product_id=None if page is None else products[page].pk),
                selectors.similar(product=products[seen], who=who, limit=20),
                selectors.bought_together(product=products[seen], who=who, limit=20),
            ]

            for answer in answers:
                assert not never & {item.product_id for item in answer.items}
            assert len(answers[0].items) == 20 - len(never)
            transaction.set_rollback(True)

    holds()


@pytest.mark.parametrize("way", [selectors.similar, selectors.bought_together])
def test_lists_of_a_product_page_keep_the_same_promises(trained, way):
    products = [*trained.green, *trained.blue]
    list_everything(products)

    @given(
        page=PLACES, states=st.dictionaries(PLACES, st.sampled_from(STATES)), exclude=st.sets(PLACES),
        limit=st.integers(1, 25),
    )  # fmt: skip
    @settings(EXAMPLES, max_examples=50)
    def holds(page, states, exclude, limit):
        with transaction.atomic():
            for place, state in states.items():
                spoil(products[place], state)
            never = {products[place].pk for place in {*states, *exclude, page}}

            answer = way(product=products[page], limit=limit, exclude=[products[place].pk for place in exclude])
            shown = [item.product_id for item in answer.items]

            assert not never & set(shown)
            assert len(shown) == len(set(shown)) == min(limit, 20 - len(never))
            assert bool(answer.shortfall) == (len(shown) < limit)
            transaction.set_rollback(True)

    holds()


# --- what people send over HTTP -------------------------------------------------------------------------------------


def test_an_empty_history_one_item_and_a_customer_without_orders_get_a_full_answer(trained, server):
    Customer.objects.create(name="New", joined_at=NOW, external_id="new")
    trained.act(trained.visitor, trained.green[0])

    for query in ({"visitor": "never seen"}, {"visitor": "somebody"}, {"customer": "ext:new"}):
        body = server.get("/recommendations", limit=5, **query).json()

        assert len(body["items"]) == 5, query
        assert body["shortfall"] is None


def test_a_shop_of_hidden_products_answers_with_nothing_and_says_why(trained, server):
    trained.act(trained.visitor, trained.green[0])
    Product.objects.update(status="hidden")

    body = server.get("/recommendations", visitor="somebody").json()

    assert (body["items"], body["shortfall"], body["source"]) == ([], "nothing_left", "newest")


def test_ten_thousand_exclusions_are_refused_and_the_limit_is_named(trained, server):
    answer = server.get("/recommendations", exclude=",".join(f"ext:{n}" for n in range(10_000)))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "exclude"
    assert "60" in answer.json()["errors"][0]["message"]


def test_an_unknown_placement_is_404_by_its_own_code(trained, server):
    answer = server.get("/recommendations", placement="nowhere")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_placement")


def test_numbers_that_are_none_never_leave_the_server(trained, server, monkeypatch):
    """A model whose scores are not numbers is passed over; the answer stays JSON."""
    import json

    from recommender.ml.serving import Candidate, Ranking, ServingModel

    trained.act(trained.visitor, trained.green[0])
    broken = [Candidate(p.pk, float("nan"), "item_knn", trained.green[0].pk, float("inf")) for p in trained.blue]
    monkeypatch.setattr(ServingModel, "ranked", lambda *_args, **_more: Ranking.of(broken))

    answer = server.get("/recommendations", visitor="somebody", limit=20)

    assert answer.status_code == 200
    json.loads(answer.content, parse_constant=lambda name: pytest.fail(name))
    assert len(answer.json()["items"]) == 20


def test_a_model_of_another_catalogue_costs_nobody_an_answer(trained, server):
    """Products of the model that are not in the shop are never shown; the chain goes on with those that are."""
    for product in Product.objects.all():
        product.variants.all().delete()
        Interaction.objects.filter(product=product).delete()
    Product.objects.all().delete()
    lists.forget()
    strange = Product.objects.create(name="From here", price=1, status="live", published_at=NOW)
    Variant.objects.create(product=strange, sku="here", stock=1)

    body = server.get("/recommendations", visitor="somebody").json()

    assert [item["product"]["name"] for item in body["items"]] == ["From here"]
    assert (body["source"], body["items"][0]["source"]) == ("newest", "newest")


@pytest.mark.parametrize("is_kept", [True, False], ids=["from the row", "from the table"])
def test_what_was_ordered_before_the_oldest_month_of_events_never_comes_back(trained, is_kept, settings):
    settings.EVENT_RETENTION_MONTHS = 1
    mine, others = (CustomerFactory.create() for _ in range(2))
    then = timezone.now() - timedelta(days=150)
    ensure_partitions(then.date(), timezone.now().date())
    once, sent_back = trained.green[0], trained.green[1]
    for who, product, status in (
        (mine, once, "delivered"),
        (mine, sent_back, "cancelled"),
        (others, trained.blue[0], "paid"),
    ):
        order = OrderFactory.create(customer=who, placed_at=then, status=status)
        OrderLineFactory.create(order=order, variant=product.variants.get())
    trained.act(mine, once, "purchase", at=then)
    trained.act(mine, trained.green[2], "view", at=timezone.now())
    if is_kept:
        kept.refresh(quiet=0.0)
    assert drop_expired()
    if is_kept:
        kept.refresh(quiet=0.0)

    who = selectors.person(customer=mine)
    answers = [selectors.recommend(customer=mine, limit=20), selectors.recommend(who=who, limit=20)]

    assert who.bought == {once.pk}
    assert [act.product_id for act in who.acts] == [trained.green[2].pk]  # nothing about taste
    for answer in answers:
        shown = {item.product_id for item in answer.items}
        assert once.pk not in shown
        assert {sent_back.pk, trained.blue[0].pk} <= shown
    assert mailing._bought([mine.pk], [once.pk, sent_back.pk]) == {(mine.pk, once.pk)}


def test_a_profile_that_was_renewed_forgets_old_orders_too(trained, settings):
    mine = CustomerFactory.create(profile_since=timezone.now())
    then = timezone.now() - timedelta(days=150)
    order = OrderFactory.create(customer=mine, placed_at=then, status="delivered")
    OrderLineFactory.create(order=order, variant=trained.green[0].variants.get())

    assert selectors.person(customer=mine).bought == frozenset()
    assert mailing._bought([mine.pk], [trained.green[0].pk]) == set()
