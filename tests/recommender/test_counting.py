"""Lists for everybody: counted from the facts, brought up to date by what happened a moment ago."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Customer, Interaction, Order, Product
from recommender import counting, lists, pipelines, tasks
from recommender.models import ItemDay, ListCount, ServedList
from tests.factories import (
    CategoryFactory,
    CustomerFactory,
    CustomerTraitFactory,
    InteractionFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    VisitorFactory,
)

pytestmark = pytest.mark.django_db
Kind = ServedList.Kind


def looked_at(product: Product, people: int, *, days_ago: float = 0.0, **more: object) -> None:
    at = timezone.now() - timedelta(days=days_ago, seconds=1)
    for _number in range(people):
        InteractionFactory.create(
            product=product, kind="view", customer=CustomerFactory.create(), occurred_at=at, **more
        )


def order_of(*products: Product, days_ago: float = 0.0, status: str = Order.Status.PAID) -> Order:
    at = timezone.now() - timedelta(days=days_ago)
    order = OrderFactory.create(status=status, placed_at=at, paid_at=at)
    for line, product in enumerate(products):
        OrderLineFactory.create(order=order, product=product, line=line)
    return order


def of(kind: str, key: object = "") -> list[int]:
    return ServedList.objects.get(kind=kind, key=str(key)).product_ids


def test_popular_right_now_counts_people_and_lets_old_days_fade():
    old, new, few = (ProductFactory.create() for _ in range(3))
    looked_at(old, 6, days_ago=28)  # 6 / 4
    looked_at(new, 2)
    looked_at(few, 1)

    pipelines.count_lists()

    assert of(Kind.TRENDING) == [new.pk, old.pk, few.pk]


def test_one_person_counts_once_a_day_however_busy():
    busy, liked = ProductFactory.create(), ProductFactory.create()
    one = CustomerFactory.create()
    for _number in range(5):
        InteractionFactory.create(product=busy, customer=one, kind="view", occurred_at=timezone.now())
    looked_at(liked, 2)

    pipelines.count_lists()

    assert of(Kind.TRENDING) == [liked.pk, busy.pk]
    assert sorted(ItemDay.objects.values_list("people", flat=True)) == [1, 2]


def test_people_who_said_no_and_stars_below_four_are_not_counted():
    product = ProductFactory.create()
    now = timezone.now()
    InteractionFactory.create(product=product, customer=CustomerFactory.create(is_personalised=False), occurred_at=now)
    InteractionFactory.create(
        product=product, customer=None, visitor=VisitorFactory.create(may_track=False), occurred_at=now
    )
    InteractionFactory.create(
        product=product, customer=CustomerFactory.create(), kind="rating", value=2, occurred_at=now
    )

    pipelines.count_lists()

    assert not ItemDay.objects.exists()


def test_a_product_counts_in_its_category_and_in_all_above_it():
    root = CategoryFactory.create()
    below = CategoryFactory.create(parent=root)
    deep, high = ProductFactory.create(category=below), ProductFactory.create(category=root)
    looked_at(deep, 1)
    looked_at(high, 2)

    pipelines.count_lists()

    assert of(Kind.CATEGORY, root.pk) == [high.pk, deep.pk]
    assert of(Kind.CATEGORY, below.pk) == [deep.pk]


def test_what_a_segment_chooses_is_found_and_without_segments_there_is_none():
    product, other = ProductFactory.create(), ProductFactory.create()
    looked_at(product, 2)
    looked_at(other, 3)
    pipelines.count_lists()
    assert not ServedList.objects.filter(kind=Kind.SEGMENT).exists()

    for customer in Customer.objects.filter(pk__in=Interaction.objects.filter(product=product).values("customer")):
        CustomerTraitFactory.create(customer=customer, kind="segment", value="regulars")
    pipelines.count_lists()

    assert of(Kind.SEGMENT, "regulars") == [product.pk]


def test_bought_together_has_lift_and_a_minimum_support_and_counts_paid_orders_only():
    tea, cup, milk, soap = (ProductFactory.create() for _ in range(4))
    for _number in range(3):
        order_of(tea, cup)
    for _number in range(2):
        order_of(tea, milk)
    for _number in range(5):
        order_of(tea, soap, status=Order.Status.CANCELLED)
        order_of(soap)

    pipelines.count_lists()
    row = ServedList.objects.get(kind=Kind.TOGETHER, key=str(tea.pk))

    assert (row.product_ids, row.total) == ([cup.pk], 5)
    assert row.lifts == [2.0]  # 3 · 10 / (5 · 3)
    assert ListCount.objects.get().orders == 10


def test_an_act_changes_the_lists_at_the_next_refresh_and_a_second_refresh_changes_nothing():
    category = CategoryFactory.create()
    first, second = ProductFactory.create(), ProductFactory.create(category=category)
    looked_at(first, 2)
    pipelines.count_lists()
    version = ListCount.objects.get().version

    looked_at(second, 3)

    assert counting.refresh() is True
    assert of(Kind.TRENDING) == [second.pk, first.pk]
    assert of(Kind.CATEGORY, category.pk) == [second.pk]
    assert ListCount.objects.get().version == version + 1
    assert counting.refresh() is False
    assert ListCount.objects.get().version == version + 1


def test_a_refresh_and_a_whole_count_agree():
    products = [ProductFactory.create() for _ in range(4)]
    looked_at(products[0], 2, days_ago=3)
    for _number in range(3):
        order_of(products[0], products[1], days_ago=2)
        order_of(products[3], days_ago=2)
    pipelines.count_lists()
    looked_at(products[2], 2)
    for _number in range(4):
        order_of(products[0], products[2])

    counting.refresh()
    quick = {(row.kind, row.key): row.product_ids for row in ServedList.objects.all()}
    pipelines.count_lists()
    whole = {(row.kind, row.key): row.product_ids for row in ServedList.objects.all()}

    assert quick == whole
    assert products[2].pk in whole[Kind.TOGETHER, str(products[0].pk)]


def test_an_act_that_comes_late_counts_and_one_that_is_much_too_late_waits_for_the_night():
    product, other = ProductFactory.create(), ProductFactory.create()
    looked_at(other, 1)
    pipelines.count_lists()

    looked_at(product, 1, days_ago=10 / 1440)
    counting.refresh()
    assert product.pk in of(Kind.TRENDING)

    third = ProductFactory.create()
    looked_at(third, 1, days_ago=2)
    counting.refresh()
    assert third.pk not in of(Kind.TRENDING)
    pipelines.count_lists()
    assert third.pk in of(Kind.TRENDING)


def test_lists_that_are_empty_now_leave_with_the_whole_count():
    product = ProductFactory.create(category=CategoryFactory.create())
    looked_at(product, 1)
    pipelines.count_lists()
    assert lists.of("category", product.category_id) == [product.pk]

    Product.objects.filter(pk=product.pk).update(status="hidden")
    pipelines.count_lists()
    lists._known.looked_at = float("-inf")

    assert lists.of("category", product.category_id) == []
    assert lists.of("trending") == []


def test_a_process_reads_only_lists_that_changed(django_assert_num_queries):
    looked_at(ProductFactory.create(), 1)
    pipelines.count_lists()
    lists.of("trending")

    with django_assert_num_queries(0):
        lists.of("trending")
    lists._known.looked_at = float("-inf")
    with django_assert_num_queries(1):
        lists.of("trending")


def test_the_first_refresh_asks_for_a_whole_count(django_capture_on_commit_callbacks):
    from core.models import Job

    assert counting.refresh() is None
    tasks.keep_lists_fresh()

    assert Job.objects.get().kind == "recommender.lists"


def test_a_shop_without_a_past_has_empty_lists():
    assert pipelines.count_lists() == 2

    assert of(Kind.TRENDING) == of(Kind.RISING) == []
    assert lists.partners([1]) == []


def test_events_sent_to_the_api_change_what_other_visitors_see(server):
    """The whole way: event, table, refresh, another visitor's answer. No training, no whole count in between."""
    first, second = ProductFactory.create(external_id="first"), ProductFactory.create(external_id="second")
    looked_at(first, 2)
    pipelines.count_lists()
    before = server.get("/recommendations", visitor="other", limit=1).json()

    events = [{"kind": "view", "product": "ext:second", "visitor": f"v{number}"} for number in range(3)]
    assert server.post("/events", {"events": events}).status_code == 200
    tasks.keep_lists_fresh()
    lists._known.looked_at -= lists.FRESH_SECONDS  # which pass
    after = server.get("/recommendations", visitor="other", limit=1).json()

    assert before["items"][0]["product"]["id"] == first.public_id
    assert after["items"][0]["product"]["id"] == second.public_id
    assert (after["items"][0]["source"], after["items"][0]["reason"]["code"]) == ("trending", "popular_now")
