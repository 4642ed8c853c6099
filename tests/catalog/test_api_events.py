import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Interaction, Visitor
from catalog.partitions import months_in_use
from tests.factories import ApiKeyFactory, CustomerFactory, ProductFactory, VisitorFactory
from tests.plugins.api import Caller

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(db):
    return ProductFactory.create(external_id="P1")


def view(**more):
    return {"kind": "view", "product": "ext:P1", "visitor": "v1", **more}


def refusals(response) -> list[tuple[int, str, str]]:
    assert response.status_code == 200, response.content
    return [(one["index"], one["field"], one["code"]) for one in response.json()["refused"]]


def test_events_of_a_browser_are_stored_under_its_visitor(browser, product):
    moment = timezone.now().replace(microsecond=0) - timedelta(minutes=3)
    event_id = uuid.uuid4()

    response = browser.post(
        "/events",
        {
            "events": [
                view(event_id=str(event_id), occurred_at=moment.isoformat(), recommendation="r1"),
                {"kind": "search", "query": "tea 茶", "visitor": "v1"},
                {"kind": "rating", "product": product.public_id, "visitor": "v2", "value": 4},
            ]
        },
    )

    assert response.json() == {"accepted": 3, "repeated": 0, "ignored": 0, "refused": []}
    stored = Interaction.objects.get(event_id=event_id)
    assert (stored.kind, stored.product, stored.occurred_at, stored.customer_id) == ("view", product, moment, None)
    assert (stored.visitor.key, stored.context) == ("v1", {"recommendation": "r1"})
    assert Interaction.objects.get(kind="search").context == {"query": "tea 茶"}
    assert Interaction.objects.get(kind="rating").value == 4.0
    assert sorted(Visitor.objects.values_list("key", flat=True)) == ["v1", "v2"]


def test_each_bad_event_is_named_and_the_good_ones_are_stored(browser, product):
    now = timezone.now()
    events = [
        view(),
        "not an event",
        view(kind="purchase"),
        view(kind="steal"),
        view(kind=["view"]),
        view(product=None),
        view(product="ext:none"),
        view(product="nonsense"),
        view(visitor=""),
        view(visitor="x" * 65),
        view(customer="ext:C1"),
        view(occurred_at="yesterday"),
        view(occurred_at=(now + timedelta(minutes=6)).isoformat()),
        view(occurred_at=(now - timedelta(days=800)).isoformat()),
        view(occurred_at="0001-01-01T00:00:00+14:00"),
        view(occurred_at=1),
        view(kind="rating"),
        view(kind="rating", value=6),
        view(kind="rating", value=True),
        view(value="many"),
        view(value=-0.01),
        view(value=10**10),
        view(query="x" * 201),
        view(event_id=7),
        view(kind="favourite"),
    ]

    response = browser.post("/events", {"events": events})

    assert response.json()["accepted"] == 2
    assert refusals(response) == [
        (1, "", "not_an_object"),
        (2, "kind", "purchase_by_order"),
        (3, "kind", "unknown_kind"),
        (4, "kind", "unknown_kind"),
        (5, "product", "required"),
        (6, "product", "unknown_product"),
        (7, "product", "unknown_product"),
        (8, "visitor", "required"),
        (9, "visitor", "too_long"),
        (10, "customer", "not_allowed"),
        (11, "occurred_at", "not_a_time"),
        (12, "occurred_at", "out_of_range"),
        (13, "occurred_at", "out_of_range"),
        (14, "occurred_at", "not_a_time"),
        (15, "occurred_at", "not_a_time"),
        (16, "value", "out_of_range"),
        (17, "value", "out_of_range"),
        (18, "value", "out_of_range"),
        (19, "value", "not_a_number"),
        (20, "value", "out_of_range"),
        (21, "value", "not_a_number"),
        (22, "query", "too_long"),
        (23, "event_id", "not_a_text"),
    ]
    assert sorted(Interaction.objects.values_list("kind", flat=True)) == ["favourite", "view"]


@pytest.mark.parametrize("with_time", [True, False])
def test_an_event_sent_again_is_stored_once(browser, product, with_time):
    event = view(event_id="my own id", **({"occurred_at": timezone.now().isoformat()} if with_time else {}))

    first = browser.post("/events", {"events": [event]})
    again = browser.post("/events", {"events": [event]})

    assert [(a.json()["accepted"], a.json()["repeated"]) for a in (first, again)] == [(1, 0), (0, 1)]
    assert Interaction.objects.count() == 1


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-9), timedelta(days=-20_000), timedelta(days=3), timedelta(0)])
def test_times_of_a_clock_set_wrong_are_corrected(browser, product, wrong_by):
    now = timezone.now()
    clock = now + wrong_by
    event = view(occurred_at=(clock - timedelta(minutes=30)).isoformat())

    answer = browser.post("/events", {"events": [event], "sent_at": clock.isoformat()})

    assert (answer.json()["accepted"], refusals(answer)) == (1, [])
    assert abs(Interaction.objects.get().occurred_at - (now - timedelta(minutes=30))) < timedelta(seconds=10)


def test_a_time_ahead_of_its_own_clock_or_older_than_events_are_kept_is_refused_after_the_correction(browser, product):
    clock = timezone.now() - timedelta(days=700)
    events = [
        view(occurred_at=(clock + timedelta(minutes=6)).isoformat()),
        view(occurred_at=(clock + timedelta(minutes=4)).isoformat()),
        view(occurred_at=(clock - timedelta(days=800)).isoformat()),
        view(),
    ]

    answer = browser.post("/events", {"events": events, "sent_at": clock.isoformat()})

    assert refusals(answer) == [(0, "occurred_at", "out_of_range"), (2, "occurred_at", "out_of_range")]
    assert Interaction.objects.count() == 2


def test_without_the_senders_clock_a_wrong_one_is_refused_by_place(browser, product):
    ahead, behind = timezone.now() + timedelta(days=3), timezone.now() - timedelta(days=20_000)

    answer = browser.post(
        "/events", {"events": [view(), view(occurred_at=ahead.isoformat()), view(occurred_at=behind.isoformat())]}
    )

    assert refusals(answer) == [(1, "occurred_at", "out_of_range"), (2, "occurred_at", "out_of_range")]


@pytest.mark.parametrize("sent_at", ["soon", 5, {}, "0001-01-01T00:00:00+14:00"])
def test_a_clock_that_cannot_be_read_is_400_and_nothing_is_stored(browser, product, sent_at):
    answer = browser.post("/events", {"events": [view()], "sent_at": sent_at})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "sent_at")
    assert Interaction.objects.count() == 0


def test_the_same_id_with_another_body_is_a_repetition_and_the_first_stays(browser, product):
    first = browser.post("/events", {"events": [view(event_id="e1", occurred_at=timezone.now().isoformat())]}).json()
    second = browser.post("/events", {"events": [view(event_id="e1", kind="cart")]}).json()

    assert [(one["accepted"], one["repeated"]) for one in (first, second)] == [(1, 0), (0, 1)]
    assert Interaction.objects.get().kind == "view"


def test_the_same_event_twice_in_a_batch_is_stored_once(browser, product):
    event = view(event_id="e1", occurred_at=timezone.now().isoformat())

    answer = browser.post("/events", {"events": [event, event]}).json()

    assert (answer["accepted"], answer["repeated"]) == (1, 1)


@pytest.mark.parametrize("events", [[], None, {}, "x"])
def test_a_batch_has_1_to_500_events(browser, events):
    response = browser.post("/events", {"events": events})

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "events")


def test_501_events_are_400_and_nothing_is_stored(browser, product):
    assert browser.post("/events", {"events": [view()] * 501}).status_code == 400
    assert Interaction.objects.count() == 0


def test_500_events_cost_the_same_queries_as_one(browser, product, django_assert_max_num_queries):
    browser.post("/events", {"events": [view(visitor="warm")]})
    batch = [view(visitor=f"v{number % 50}", event_id=f"e{number}") for number in range(500)]

    # what is known, new visitors (savepoint, insert), their keys, ids without a time, savepoint around the insert
    with django_assert_max_num_queries(9):
        answer = browser.post("/events", {"events": batch}).json()

    assert answer["accepted"] == 500


def test_a_back_end_may_name_customers(server, product):
    customer = CustomerFactory.create(external_id="C1")

    response = server.post("/events", {"events": [view(customer="ext:C1"), view(customer="ext:none")]})

    assert refusals(response) == [(1, "customer", "unknown_customer")]
    stored = Interaction.objects.get()
    assert stored.customer == customer
    assert Visitor.objects.get(key="v1").customer == customer


def test_a_customer_token_says_who_it_is_and_names_nobody_else(as_customer, product):
    customer, other = CustomerFactory.create(), CustomerFactory.create()

    response = as_customer(customer).post(
        "/events", {"events": [view(), view(customer=customer.public_id), view(customer=other.public_id)]}
    )

    assert refusals(response) == [(2, "customer", "not_allowed")]
    assert [i.customer_id for i in Interaction.objects.all()] == [customer.pk] * 2
    assert Visitor.objects.get(key="v1").customer == customer


def test_a_visitor_stays_with_its_first_customer(as_customer, product):
    first, second = CustomerFactory.create(), CustomerFactory.create()
    for customer in (first, second):
        as_customer(customer).post("/events", {"events": [view()]})

    assert Visitor.objects.get(key="v1").customer == first


def test_the_token_of_an_erased_customer_stores_nothing(as_customer, product):
    customer = CustomerFactory.create()
    caller = as_customer(customer)
    type(customer).objects.filter(pk=customer.pk).update(erased_at=timezone.now())

    response = caller.post("/events", {"events": [view()]})

    assert refusals(response) == [(0, "customer", "unknown_customer")]
    assert Interaction.objects.count() == 0


def test_a_visitor_who_does_not_want_to_be_followed_is_not(browser, product):
    VisitorFactory.create(key="v1", may_track=False)

    answer = browser.post("/events", {"events": [view(), view(visitor="v2")]}).json()

    assert (answer["accepted"], answer["ignored"]) == (1, 1)
    assert Interaction.objects.get().visitor.key == "v2"


def test_hidden_products_can_be_looked_at_but_deleted_ones_cannot(browser):
    ProductFactory.create(external_id="P1", status="hidden")
    ProductFactory.create(external_id="P2", deleted_at=timezone.now())

    response = browser.post("/events", {"events": [view(), view(product="ext:P2")]})

    assert refusals(response) == [(1, "product", "unknown_product")]


def test_an_event_of_a_month_without_a_partition_makes_it(browser, product):
    old = timezone.now() - timedelta(days=400)
    month = old.date().replace(day=1)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS catalog_interaction_{month:%Y_%m}")

    answer = browser.post("/events", {"events": [view(occurred_at=old.isoformat())]}).json()

    assert answer["accepted"] == 1
    assert month in months_in_use()


def test_a_beacon_is_read_as_json_whatever_it_is_called(product):
    key = ApiKeyFactory.create(publishable=True).value
    body = json.dumps({"key": key, "events": [view()]})

    response = Caller().client.post("/api/v1/events", body, content_type="text/plain")

    assert response.json()["accepted"] == 1


def test_a_list_that_was_seen_and_what_led_to_a_product_are_kept_with_the_event(browser, product):
    events = [
        {"kind": "impression", "visitor": "v1", "recommendation": "r1", "value": 8},
        view(search="s1", position=3),
        view(recommendation="r1", position=0),
    ]

    assert browser.post("/events", {"events": events}).json()["accepted"] == 3

    seen = Interaction.objects.get(kind="impression")
    assert (seen.product_id, seen.value, seen.context) == (None, 8.0, {"recommendation": "r1"})
    led = list(Interaction.objects.filter(kind="view").values_list("context", flat=True))
    assert sorted(led, key=str) == [{"recommendation": "r1", "position": 0}, {"search": "s1", "position": 3}]


def test_an_impression_names_the_products_that_were_shown_and_those_nobody_knows_are_passed_over(browser, product):
    seen = {"kind": "impression", "visitor": "v1", "recommendation": "r1"}
    events = [{**seen, "products": [product.public_id, "nobody", product.public_id]}]

    assert browser.post("/events", {"events": events}).json()["accepted"] == 1

    assert Interaction.objects.get().context == {"recommendation": "r1", "shown": [product.pk]}


@pytest.mark.parametrize(("products", "code"), [("p", "not_a_list"), ([1], "not_a_list"), (["p"] * 61, "too_many")])
def test_products_of_an_impression_that_are_no_short_list_are_refused(browser, product, products, code):
    events = [{"kind": "impression", "visitor": "v1", "recommendation": "r1", "products": products}]

    assert refusals(browser.post("/events", {"events": events})) == [(0, "products", code)]
    assert not Interaction.objects.exists()


@pytest.mark.parametrize("position", [-1, 1_001, "3", 1.5, True])
def test_an_impression_of_nothing_and_a_place_that_is_none_are_refused(browser, product, position):
    events = [{"kind": "impression", "visitor": "v1"}, view(position=position)]

    assert refusals(browser.post("/events", {"events": events})) == [
        (0, "recommendation", "required"),
        (1, "position", "out_of_range"),
    ]
    assert not Interaction.objects.exists()


PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (PHONE, "phone"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 12_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148", "tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "computer"),
        ("python-requests/2.31", None),
        ("", None),
    ],
)
def test_an_act_on_a_product_says_on_what_kind_of_device(browser, product, user_agent, device):
    events = [view(), {"kind": "search", "query": "tea", "visitor": "v1"}]

    browser.post("/events", {"events": events}, **{"User-Agent": user_agent})

    assert Interaction.objects.get(kind="view").context == ({"device": device} if device else {})
    assert Interaction.objects.get(kind="search").context == {"query": "tea"}


def test_servers_say_the_device_themselves(server, product):
    events = [view(device="tablet"), view(), view(device="toaster"), view(device=["phone"])]

    answer = server.post("/events", {"events": events}, **{"User-Agent": PHONE})

    assert refusals(answer) == [(2, "device", "unknown_device"), (3, "device", "unknown_device")]
    assert [one.context for one in Interaction.objects.order_by("context")] == [{}, {"device": "tablet"}]
