"""Clicks, baskets and purchases are credited to the list that led to them, and to nothing else."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from catalog.models import Interaction, Visitor
from catalog.search import ids as search_ids
from recommender.models import CreditState, RecommendationDay, RefusedCredit, ShownProduct, TouchedHour
from recommender.online import counting
from tests.factories import CustomerFactory, ExperimentFactory, ShopProfileFactory
from tests.recommender.online.conftest import NOW

TODAY = NOW.date()


def refused():
    return dict(RefusedCredit.objects.values_list("reason", "acts"))


def test_a_list_that_was_seen_twice_clicked_twice_and_put_into_the_basket_counts_once(scene, day):
    token = scene.token(1, source="personal")
    for hours in (1, 0.9):
        scene.act("ann", "impression", token, hours, shown=[scene.products[0].pk, scene.products[1].pk])
        scene.act("ann", "view", token, hours)
    scene.act("ann", "cart", token, 0.5)

    row = day()

    assert (row.day, row.placement, row.source, row.version_id, row.arm_id) == (TODAY, "home", "personal", 7, 0)
    assert (row.people, row.lists, row.slots, row.clicked, row.carted, row.bought) == (1, 1, 2, 1, 1, 0)


def test_a_click_counts_as_a_sight_where_the_impression_was_not_sent(scene, day):
    scene.act("ann", "view", scene.token(1), 0.5)

    row = day()

    assert (row.lists, row.clicked) == (1, 1)


def test_sums_of_squares_are_over_people(scene, day):
    for number in range(3):
        scene.act("ann", "impression", scene.token(number + 1), number + 1)
    scene.act("ann", "view", scene.token(1), 0.9)
    scene.act("bob", "impression", scene.token(1), 1)

    row = day()

    assert (row.people, row.lists, row.clicked) == (2, 4, 1)
    assert (row.lists_lists, row.clicked_clicked, row.lists_clicked) == (10.0, 1.0, 3.0)


def test_a_purchase_is_credited_to_the_last_list_that_led_to_the_product(scene):
    customer = CustomerFactory.create()
    scene.visitor("ann", customer)
    scene.act("ann", "view", scene.token(5, placement="home"), 4)
    scene.act("ann", "view", scene.token(3, placement="product"), 2)
    scene.act("ann", "view", scene.token(3, placement="cart"), 2, product=1)
    scene.buy(customer, product=0, hours_ago=1, price=80, quantity=2)

    counting.count_touched()

    bought = dict(RecommendationDay.objects.values_list("placement", "bought"))
    assert bought == {"home": 0, "product": 1, "cart": 0}
    assert RecommendationDay.objects.get(placement="product").revenue == Decimal(160)


def test_a_guests_order_is_credited_through_the_browser_in_which_it_was_placed(scene, day):
    scene.act("ann", "view", scene.token(3), 2)
    order = scene.buy(None, hours_ago=1, price=80)
    order.visitor = scene.visitor("ann")
    order.save()

    assert (day().bought, day().revenue) == (1, Decimal(80))


def test_what_was_given_back_is_no_revenue_and_the_day_is_counted_again(scene, day):
    customer = CustomerFactory.create()
    scene.visitor("ann", customer)
    scene.act("ann", "view", scene.token(3), 2)
    order = scene.buy(customer, hours_ago=1, price=80)
    assert day().revenue == Decimal(80)

    order.refunded_total = Decimal(60)
    order.save()

    assert day().revenue == Decimal(20)


def test_a_purchase_the_day_after_counts_on_its_own_day_and_is_nobody_elses(scene):
    customer, other = CustomerFactory.create_batch(2)
    scene.visitor("ann", customer)
    scene.act("ann", "view", scene.token(25), 24)
    scene.buy(customer, hours_ago=3)
    scene.buy(other, hours_ago=3)

    counting.count_touched()

    by_day = {row.day: (row.lists, row.clicked, row.bought) for row in RecommendationDay.objects.all()}
    assert by_day == {TODAY - timedelta(days=1): (1, 1, 0), TODAY: (0, 0, 1)}


@pytest.mark.parametrize(("hours", "bought"), [(1, 0), (24, 0), (72, 1)])
def test_the_operators_window_decides_and_another_one_counts_every_day_anew(scene, hours, bought):
    customer = CustomerFactory.create()
    scene.visitor("ann", customer)
    scene.act("ann", "view", scene.token(30.5), 30)
    scene.buy(customer, hours_ago=1)
    counting.count_touched()

    ShopProfileFactory.create(credit_hours=hours)
    counting.count_touched()

    assert sum(RecommendationDay.objects.values_list("bought", flat=True)) == bought
    assert CreditState.objects.get().hours == hours


def test_forged_foreign_and_late_ids_are_counted_as_such_and_credited_to_nothing(scene):
    customer = CustomerFactory.create()
    scene.visitor("eve", customer)
    arm = ExperimentFactory.create(state="running", target="cart").arms.first()
    good = scene.token(1)
    scene.act("eve", "view", good[:-3] + ("abc" if good[-3:] != "abc" else "xyz"), 0.5)
    scene.act("eve", "view", "hello", 0.5)
    scene.act("eve", "view", search_ids.make(__import__("uuid").uuid4()), 0.5)
    scene.act("eve", "view", scene.token(1, placement="preview"), 0.5)
    scene.act("eve", "view", scene.token(1, arm_id=arm.pk), 0.5)
    scene.act("eve", "view", scene.token(30), 0.5)
    scene.buy(customer, hours_ago=0.1)

    counting.count_touched()

    assert refused() == {"forged": 2, "foreign": 3, "expired": 1}
    assert not RecommendationDay.objects.exists()


def test_an_arm_of_this_placement_is_a_row_of_its_own(scene):
    arm = ExperimentFactory.create(state="running", target="home").arms.first()
    scene.act("ann", "impression", scene.token(1, arm_id=arm.pk, source="popular"), 0.5)
    scene.act("bob", "impression", scene.token(1, source="personal"), 0.5)

    counting.count_touched()

    found = RecommendationDay.objects.values_list("arm_id", "source", "lists")
    assert set(found) == {(arm.pk, "popular", 1), (0, "personal", 1)}


def test_products_seen_are_counted_once_for_each_person_and_list(scene):
    first, second, *_rest = (product.pk for product in scene.products)
    token = scene.token(1)
    for who in ("ann", "ann", "bob"):
        scene.act(who, "impression", token, 0.5, shown=[first, second])
    scene.act("bob", "impression", scene.token(0.9), 0.5, shown=[first, 10**9])

    counting.count_touched()

    assert dict(ShownProduct.objects.values_list("product", "times")) == {first: 3, second: 2}


def test_days_begin_at_midnight_in_the_shop(scene):
    ShopProfileFactory.create(time_zone="Asia/Shanghai")
    scene.act("ann", "impression", scene.token(21), 20.5)  # 15:30 in London, 23:30 in Shanghai
    scene.act("ann", "impression", scene.token(20), 19.5)

    counting.count_touched()

    days = RecommendationDay.objects.order_by("day").values_list("day", "lists")
    assert list(days) == [(date(2026, 6, 14), 1), (date(2026, 6, 15), 1)]


def busy(scene, order=lambda rows: rows):
    """Three days of forty people, in an order of arrival."""
    customers = {who: CustomerFactory.create() for who in range(0, 40, 4)}
    steps = []
    for who in range(40):
        scene.visitor(f"p{who}", customers.get(who))
        for hours in (70 - who / 2, 40 - who / 3, 12 - who / 5):
            token = scene.token(hours, placement=["home", "cart"][who % 2], source=["personal", "popular"][who % 3 % 2])
            shown = [scene.products[who % 4].pk, scene.products[(who + 1) % 4].pk]
            steps.append(lambda w=who, t=token, h=hours, s=shown: scene.act(f"p{w}", "impression", t, h, shown=s))
            if who % 3 == 0:
                steps.append(lambda w=who, t=token, h=hours: scene.act(f"p{w}", "view", t, h - 0.1, product=w % 4))
        if who in customers:
            steps.append(lambda w=who: scene.buy(customers[w], product=w % 4, hours_ago=1, price=30 + w))
    return order(steps)


def test_arriving_late_in_parts_or_counted_anew_gives_exactly_the_same_rows(scene):
    for number, step in enumerate(busy(scene, order=lambda rows: rows[::-1])):
        step()
        if number % 9 == 0:
            counting.count_touched()
    counting.count_touched()
    in_parts = scene.rows()
    shown = sorted(ShownProduct.objects.values_list("day", "placement", "arm_id", "product", "times"))

    counting.rebuild()
    anew = scene.rows()
    RecommendationDay.objects.all().delete()
    ShownProduct.objects.all().delete()
    CreditState.objects.all().delete()
    counting.count_touched()

    assert in_parts == anew == scene.rows()
    assert shown == sorted(ShownProduct.objects.values_list("day", "placement", "arm_id", "product", "times"))
    assert sum(row["bought"] for row in in_parts) > 0
    assert len(in_parts) > 8


def test_a_browser_that_is_joined_later_brings_its_clicks_and_its_day_is_counted_again(scene):
    customer = CustomerFactory.create()
    scene.act("ann", "view", scene.token(30), 29)
    scene.buy(customer, hours_ago=6)
    counting.count_touched()
    assert sum(RecommendationDay.objects.values_list("bought", flat=True)) == 0

    Visitor.objects.filter(key="ann").update(customer=customer)
    counting.count_touched()

    assert sum(RecommendationDay.objects.values_list("bought", flat=True)) == 1


def test_what_an_erasure_removes_is_no_longer_counted(scene, day):
    scene.act("ann", "view", scene.token(1), 0.5)
    scene.act("bob", "view", scene.token(1), 0.5)
    assert day().people == 2

    Interaction.objects.filter(visitor=scene.visitor("ann")).delete()

    assert day().people == 1


def test_acts_without_an_id_touch_nothing(scene):
    Interaction.objects.create(
        visitor=scene.visitor("ann"), kind="view", occurred_at=NOW, product=scene.products[0], context={}
    )

    assert not TouchedHour.objects.exists()


def test_hours_are_forgotten_only_with_their_days(scene, monkeypatch):
    scene.act("ann", "view", scene.token(1), 0.5)
    monkeypatch.setattr(counting, "count_day", lambda *_args: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        counting.count_touched()

    assert TouchedHour.objects.count() == 1


def test_a_day_is_read_through_the_index_of_acts_with_an_id(scene):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN " + counting.TOKENS, {"first": NOW - timedelta(days=1), "end": NOW})
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "context ? 'recommendation'" not in plan.replace("Index Cond", "")
    assert "occurred_at" in plan
