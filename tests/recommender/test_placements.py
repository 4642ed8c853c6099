"""What staff save at a placement, and what the serving path makes of it."""

import math
import random
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Category, Product
from catalog.showcase import Showcase, showcase
from catalog.wares import Wares
from recommender import selectors, services, wishes
from recommender.arranging import arrange, seed_of
from recommender.exceptions import BadPlacement, ChangedMeanwhile
from recommender.models import Placement, PlacementRule, PlacementVersion
from recommender.shelf import shelf
from recommender.wishes import Target, Wish
from tests.factories import BrandFactory, CategoryFactory, ProductFactory, StaffUserFactory
from tests.recommender.conftest import NOW

pytestmark = pytest.mark.django_db
Kind = PlacementRule.Kind


@pytest.fixture(autouse=True)
def _look_again():
    wishes.forget()
    yield
    wishes.forget()


@pytest.fixture
def home():
    return Placement.objects.get(key="home")


def rule(kind, **more):
    return PlacementRule(kind=kind, **more)


def wares(*products):
    return showcase.wares([p.pk for p in products])


def shown(wish, products, *, slots=10, seed=0):
    found = arrange(
        [p.pk for p in products], wish=wish, wares=wares(*products), slots=slots, now=timezone.now(), seed=seed
    )  # fmt: skip
    names = {p.pk: p.name for p in products}
    return [names[pk] for pk in found.product_ids]


def test_a_new_shop_has_a_placement_for_each_surface():
    assert set(Placement.objects.values_list("key", flat=True)) == set(Placement.Surface.values)
    assert PlacementVersion.objects.filter(number=1).count() == 6


# --- saving ---------------------------------------------------------------------------------------------------------


def test_saving_makes_a_version_that_names_who_and_holds_everything(home):
    product, boss = ProductFactory.create(), StaffUserFactory.create()
    home.slots, home.price_min = 6, Decimal("5")
    ends = timezone.now() + timedelta(days=7)

    version = services.save_placement(
        home, [rule(Kind.PIN, product=product, slot=2, ends_at=ends, note="campaign")], by=boss, note="spring"
    )

    assert (version.number, version.saved_by, version.note) == (2, boss, "spring")
    assert (version.settings["slots"], version.settings["price_min"]) == (6, "5.00")
    assert version.settings["rules"] == [
        {
            "kind": "pin", "product": product.pk, "category": None, "brand": None, "slot": 2, "strength": 2.0,
            "starts_at": None, "ends_at": ends.isoformat(), "note": "campaign",
        }
    ]  # fmt: skip
    home.refresh_from_db()
    assert (home.slots, home.version, home.rules.count()) == (6, 2, 1)


def test_who_saves_an_older_version_is_told_and_nothing_changes(home):
    stale = Placement.objects.get(pk=home.pk)
    services.save_placement(home, [], by=None)
    stale.slots = 3

    with pytest.raises(ChangedMeanwhile):
        services.save_placement(stale, [], by=None)

    home.refresh_from_db()
    assert (home.slots, home.version) == (10, 2)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (lambda p: [rule(Kind.PIN, product=p[0])], "a product and a slot"),
        (lambda p: [rule(Kind.PIN, product=p[0], slot=11)], "Slot 11 does not exist"),
        (lambda p: [rule(Kind.PIN, product=p[0], slot=1), rule(Kind.PIN, product=p[1], slot=1)], "Two products"),
    ],
)
def test_rules_that_do_not_fit_together_are_refused_and_the_old_ones_stay(home, rules, words):
    products = ProductFactory.create_batch(2)
    services.save_placement(home, [rule(Kind.EXCLUDE, product=products[0])], by=None)

    with pytest.raises(BadPlacement, match=words):
        services.save_placement(home, rules(products), by=None)

    assert [one.kind for one in home.rules.all()] == ["exclude"]


def test_one_slot_may_be_pinned_twice_one_after_the_other(home):
    first, second = ProductFactory.create_batch(2)
    noon = timezone.now() + timedelta(hours=5)
    pins = [rule(Kind.PIN, product=first, slot=1, ends_at=noon), rule(Kind.PIN, product=second, slot=1, starts_at=noon)]

    services.save_placement(home, pins, by=None)

    assert wishes.resolved(home, pins).pinned(timezone.now()) == {0: first.pk}
    assert wishes.resolved(home, pins).pinned(noon) == {0: second.pk}


def test_going_back_brings_wishes_and_rules_and_leaves_out_what_is_gone(home):
    kept, gone = ProductFactory.create(), BrandFactory.create()
    home.diversity = 0.7
    old = services.save_placement(home, [rule(Kind.BOOST, product=kept), rule(Kind.BURY, brand=gone)], by=None)
    home.diversity = 0.1
    services.save_placement(home, [], by=None)
    gone.delete()

    version, lost = services.restore_placement(old, by=None)

    home.refresh_from_db()
    assert (version.number, version.note, lost) == (4, "Back to version 2", 1)
    assert (home.diversity, [one.target for one in home.rules.all()]) == (0.7, [kept])


# --- serving --------------------------------------------------------------------------------------------------------


def test_wishes_are_read_once_and_a_change_is_seen(home, django_assert_num_queries):
    assert wishes.wish("home").slots == 10
    with django_assert_num_queries(0):
        wishes.wish("home")
        assert wishes.wish("nowhere") is None

    home.slots = 4
    services.save_placement(home, [], by=None)
    wishes._known.looked_at = float("-inf")

    assert wishes.wish("home").slots == 4


def test_the_places_of_every_storefront_are_there_without_a_row(home):
    home.delete()

    assert wishes.wish("home") == wishes.Wish("home")
    assert wishes.wish("nowhere") is None


def test_a_plain_placement_shows_what_the_arithmetic_would_show(home):
    products = ProductFactory.create_batch(6)
    ranked = [p.pk for p in products]
    wish = wishes.resolved(home, [])

    assert wish.is_plain
    assert (
        arrange(ranked, wish=wish, wares=wares(*products), slots=4, now=timezone.now(), seed=1).product_ids
        == ranked[:4]
    )
    for name, value in {"diversity": 0.1, "category_cap": 2, "exploration": 0.1, "price_min": Decimal(1)}.items():
        changed = Placement.objects.get(pk=home.pk)
        setattr(changed, name, value)
        assert not wishes.resolved(changed, []).is_plain
    assert not wishes.resolved(home, [rule(Kind.EXCLUDE, product=products[0])]).is_plain


def test_a_placement_that_is_off_wishes_nothing(home):
    home.is_on = False
    services.save_placement(home, [], by=None)

    assert wishes.wish("home") is None


def test_a_rule_on_a_category_reaches_all_below_it_also_after_the_tree_changed(home):
    cups, plates = CategoryFactory.create(name="Cups"), CategoryFactory.create(name="Plates")
    services.save_placement(home, [rule(Kind.EXCLUDE, category=cups)], by=None)
    below = Category.objects.add_child(Category.objects.get(pk=cups.pk), instance=Category(name="Espresso"))
    products = [
        ProductFactory.create(name="espresso", category=below), ProductFactory.create(name="plate", category=plates)
    ]  # fmt: skip
    wishes._known.looked_at = float("-inf")

    assert shown(wishes.wish("home"), products) == ["plate"]


def test_filters_keep_others_out_but_not_what_is_pinned_and_exclusions_beat_pins(home):
    lin, other = BrandFactory.create(), BrandFactory.create()
    cheap = ProductFactory.create(name="cheap", brand=lin, price=3)
    dear = ProductFactory.create(name="dear", brand=lin, price=90)
    foreign = ProductFactory.create(name="foreign", brand=other, price=50)
    good = ProductFactory.create(name="good", brand=lin, price=50)
    products = [cheap, dear, foreign, good]
    home.brand, home.price_min, home.price_max = lin, Decimal(10), Decimal(60)
    pins = [rule(Kind.PIN, product=foreign, slot=1), rule(Kind.PIN, product=cheap, slot=2)]
    barred = [rule(Kind.EXCLUDE, product=cheap)]

    assert shown(wishes.resolved(home, []), products) == ["good"]
    assert shown(wishes.resolved(home, [*pins, *barred]), products) == ["foreign", "good"]


def test_boosts_and_burials_count_only_while_they_are_in_force(home):
    products = [ProductFactory.create(name=name) for name in ("first", "second", "third")]
    yesterday, tomorrow = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    boost = {"product": products[2], "strength": 5.0}
    home.diversity = 0

    assert shown(wishes.resolved(home, [rule(Kind.BOOST, **boost)]), products) == ["third", "first", "second"]
    for dates in ({"starts_at": tomorrow}, {"ends_at": yesterday}):
        assert shown(wishes.resolved(home, [rule(Kind.BOOST, **boost, **dates)]), products)[0] == "first"
    assert shown(wishes.resolved(home, [rule(Kind.BURY, product=products[0], strength=3.0)]), products)[-1] == "first"


def test_two_thousand_shelves_obey_their_rules_as_the_plain_reading_of_them_does():
    rng = random.Random(3)
    moments = (None, NOW - timedelta(days=1), NOW + timedelta(days=1))

    def some(most):
        return frozenset(rng.sample(range(12), rng.randrange(most)))

    def target():
        return Target(some(4), some(3), some(3), rng.choice(moments), rng.choice(moments))

    def meets(one, pk, category, brand):
        return pk in one.products or category in one.categories or brand in one.brands

    def drawn():
        return {
            pk: (rng.choice([None, *range(4)]), rng.choice([None, *range(4)]))
            for pk in rng.sample(range(12), rng.randrange(1, 12))
        }

    for turn in range(2_000):
        if turn % 2 == 0:  # the second shelf meets what the first one left in the memory of the rules
            wish = Wish(
                "home", excluded=tuple(target() for _ in range(rng.randrange(3))),
                factors=tuple((target(), rng.choice([0.5, 2.0, 3.0])) for _ in range(rng.randrange(4))),
            )  # fmt: skip
        drew = drawn()
        wares = Wares.of((pk, 0.0, category, brand, 10.0) for pk, (category, brand) in drew.items())

        barred = [one for one in wish.excluded if one.is_in_force(NOW)]
        expected = {pk for pk, kind in drew.items() if not any(meets(one, pk, *kind) for one in barred)}
        standing = wish.standing(wares, NOW)
        assert set(wares.ids[standing[:-1] > 0].tolist()) == expected
        candidates = wish.candidates([*drew, 99], wares, NOW)
        kept = candidates.items.tolist()
        assert kept == [pk for pk in drew if pk in expected]
        assert candidates.groups.tolist() == [-1 if drew[pk][0] is None else drew[pk][0] for pk in kept]
        for pk, kind in drew.items():
            own = math.prod(by for one, by in wish.factors if one.is_in_force(NOW) and meets(one, pk, *kind))
            assert standing[wares.rows(np.array([pk]))[0]] == (own if pk in expected else 0.0)
            assert pk not in expected or candidates.factors[kept.index(pk)] == own


def test_rules_are_read_anew_when_one_begins_or_a_product_changes():
    soon = NOW + timedelta(days=1)
    wish = Wish("home", factors=((Target(brands=frozenset({7}), starts_at=soon), 2.0),), brand_id=7,
                pins=((1, 3, Target(ends_at=soon)),))  # fmt: skip
    wares = Wares.of([(1, 0.0, None, 7, 5.0), (2, 0.0, None, 8, 5.0), (3, 0.0, None, 8, 5.0)])

    assert wish.standing(wares, NOW).tolist() == [1.0, 0.0, 1.0, 0.0]
    assert wish.standing(wares, NOW) is wish.standing(wares, NOW)
    assert wish.standing(wares, soon).tolist() == [2.0, 0.0, 0.0, 0.0]
    changed = wares.changed([2], Wares.of([(2, 0.0, None, 7, 5.0)], wares.told))
    assert wish.standing(changed, NOW).tolist() == [1.0, 1.0, 1.0, 0.0]


def test_what_is_not_for_sale_is_not_shown_even_when_pinned(home):
    here, gone = ProductFactory.create(name="here"), ProductFactory.create(name="gone")
    wish = wishes.resolved(home, [rule(Kind.PIN, product=gone, slot=1)])

    found = arrange([gone.pk, here.pk], wish=wish, wares=wares(here), slots=5, now=timezone.now(), seed=0)

    assert found.product_ids == [here.pk]


def test_new_products_are_tried_and_named_as_such(home):
    old = [ProductFactory.create(published_at=timezone.now() - timedelta(days=90)) for _ in range(4)]
    new = ProductFactory.create(published_at=timezone.now())
    home.exploration = 0.5
    wish = wishes.resolved(home, [])

    found = arrange(
        [p.pk for p in [*old, new]], wish=wish, wares=wares(*old, new), slots=2, now=timezone.now(), seed=3
    )  # fmt: skip

    assert new.pk in found.product_ids
    assert found.why == {new.pk: "explored"}


def test_the_seed_changes_with_person_placement_and_hour():
    noon = timezone.now().replace(minute=0)
    same = seed_of("home", "v:1", noon)

    assert same == seed_of("home", "v:1", noon + timedelta(minutes=59))
    assert len({same, seed_of("cart", "v:1", noon), seed_of("home", "v:2", noon),
                seed_of("home", "v:1", noon + timedelta(hours=1))}) == 4  # fmt: skip


# --- in the answer --------------------------------------------------------------------------------------------------


def save(key, rules=(), **wanted):
    placement = Placement.objects.get(key=key)
    for name, value in wanted.items():
        setattr(placement, name, value)
    services.save_placement(placement, list(rules), by=None)
    wishes.forget()


def names(answer):
    return [item.card["name"] for item in answer.items]


def test_excluded_products_leave_the_answer_and_pinned_ones_stand_in_their_slot(trained):
    person = trained.customers[1]
    first = selectors.recommend(customer=person, placement="home").items[0]
    green = trained.green[7]
    pin = rule(Kind.PIN, product=green, slot=2)

    save("home", [pin, rule(Kind.EXCLUDE, product_id=first.product_id)])
    answer = selectors.recommend(customer=person, placement="home")

    assert first.card["name"] not in names(answer)
    assert names(answer)[1] == green.name
    assert (answer.items[1].source, answer.items[1].reason.code) == ("pinned", "chosen_by_the_shop")


def test_a_pinned_product_that_is_sold_out_is_not_shown(trained):
    green = trained.green[7]
    save("home", [rule(Kind.PIN, product=green, slot=1)])
    green.variants.update(stock=0)

    assert green.name not in names(selectors.recommend(placement="home"))


def test_a_placement_for_one_price_band_is_full_of_it(trained):
    for product in trained.blue[:3]:
        product.price = 99
        product.save(update_fields=["price"])

    save("home", price_min=Decimal(50), fallback="popular")

    assert sorted(names(selectors.recommend(customer=trained.customers[0], placement="home"))) == [
        "blue-0", "blue-1", "blue-2",
    ]  # fmt: skip


def test_without_a_fallback_a_list_is_shorter_rather_than_padded(trained):
    save("home", fallback="nothing")

    assert selectors.recommend(placement="home").items == []
    assert {item.source for item in selectors.recommend(customer=trained.customers[0], placement="home").items} == {
        "personal"
    }


def test_what_was_bought_is_shown_again_only_where_staff_allow_it(trained):
    person, product = trained.customers[1], trained.blue[0]
    trained.act(person, product, "purchase", NOW)

    assert product.name not in names(selectors.recommend(customer=person, placement="home", limit=20))

    save("home", repeats_allowed=True)

    assert product.name in names(selectors.recommend(customer=person, placement="home", limit=20))


@pytest.mark.parametrize("strategy", ["popular", "newest"])
def test_a_placement_of_another_strategy_knows_nobody(trained, strategy):
    save("home", strategy=strategy)

    lists = [names(selectors.recommend(customer=person, placement="home")) for person in trained.customers[:2]]

    assert lists[0] == lists[1]
    assert {item.source for item in selectors.recommend(placement="home").items} == {strategy}


def test_an_unknown_placement_and_one_that_is_off_are_not_found(trained, browser):
    save("cart", is_on=False)

    for key in ("nowhere", "cart"):
        answer = browser.get("/recommendations", placement=key)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_placement")


def test_the_slots_of_the_placement_are_the_default_and_a_limit_overrides_them(trained, browser):
    save("cart", slots=3)

    assert len(browser.get("/recommendations", placement="cart").json()["items"]) == 3
    assert len(browser.get("/recommendations", placement="cart", limit=5).json()["items"]) == 5


def test_the_filter_of_a_placement_asks_memory_and_not_the_table_of_products(trained, monkeypatch):
    monkeypatch.setattr(Showcase, "_remembers", staticmethod(lambda: True))
    Product.objects.filter(pk__in=[one.pk for one in trained.blue]).update(price=50)
    showcase.forget()
    save("home", price_max=20)
    who = selectors.Person(acts=[selectors.Act(trained.green[0].pk, "view", 0, 1.0)])
    first = selectors.recommend(who=who, limit=8)

    with CaptureQueriesContext(connection) as seen:
        again = selectors.recommend(who=who, limit=8)

    assert {one.name.split("-")[0] for one in Product.objects.filter(pk__in=[i.product_id for i in first.items])} == {
        "green"
    }
    assert [i.product_id for i in again.items] == [i.product_id for i in first.items]
    assert len(first.items) == 8
    assert [one["sql"] for one in seen if "catalog_product" in one["sql"] and "LIMIT" not in one["sql"]] == []


def test_an_answer_without_the_database_leaves_out_what_is_excluded(trained, settings):
    settings.WEB_PROCESS = True
    blue = Category.objects.add_root(instance=Category(name="Blue"))
    for product in trained.blue:
        product.category = blue
        product.save(update_fields=["category"])
    save("home", [rule(Kind.EXCLUDE, category=blue)])
    wishes.wish("home")
    shelf.renew()

    answer = selectors.from_memory(placement="home", limit=20)
    shelf.empty()

    assert {name.split("-")[0] for name in names(answer)} == {"green"}
