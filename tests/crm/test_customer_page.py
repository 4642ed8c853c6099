"""Timeline, interests, notes, tags, fields, worklists and the portrait of a customer."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import CustomerScore
from catalog import timeline
from catalog.models import Customer, Order
from catalog.selectors_admin import Purchases, customer_purchases
from core.choices import Role
from crm.exceptions import BadInput
from crm.models import CustomerNote, CustomerTag, Worklist, WorklistItem
from crm.people import notes, worklists
from crm.people.portrait import PARTS, portrait
from tests.factories import (
    CategoryFactory,
    ConversationFactory,
    CustomerFactory,
    CustomerNoteFactory,
    CustomerTraitFactory,
    CustomFieldFactory,
    CustomFieldValueFactory,
    InteractionFactory,
    LoyaltyAccountFactory,
    LoyaltyTierFactory,
    NextStepOutcomeFactory,
    OrderFactory,
    ProductFactory,
    RecommendationListFactory,
    RefundFactory,
    ReviewFactory,
    ReviewReadingFactory,
    SegmentFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
YES = lambda right: True  # noqa: E731


@pytest.fixture
def lin(db):
    return CustomerFactory.create(name="Lin", joined_at=timezone.now() - timedelta(days=400))


def sign_in(role=Role.SUPPORT):
    client = Client()
    client.force_login(StaffUserFactory.create(role=role))
    return client


def panel(client, customer, key):
    return client.get(reverse("admin:catalog_customer_panel", args=[customer.pk, key])).content.decode()


# --- timeline -------------------------------------------------------------------------------------------------------


def test_every_source_tells_its_part_newest_first(lin):
    now = timezone.now()
    order = OrderFactory.create(customer=lin)
    order.events.create(kind="placed", occurred_at=now - timedelta(days=3))
    for minutes in (1, 2):
        InteractionFactory.create(
            customer=lin, product=ProductFactory.create(), kind="view", occurred_at=now - timedelta(minutes=minutes)
        )
    ReviewFactory.create(customer=lin, rating=4, written_at=now - timedelta(days=2))
    ConversationFactory.create(customer=lin)
    notes.add_note(lin, "Calls on Mondays.")
    Customer.objects.filter(pk=lin.pk).update(is_personalised=False)

    story = timeline.story(lin, may=YES)

    assert {one.kind for one in story.moments} == {
        "orders", "visits", "reviews", "conversations", "notes", "consent", "record"
    }  # fmt: skip
    assert [one.at for one in story.moments] == sorted((one.at for one in story.moments), reverse=True)
    assert story.moments[-1].kind == "record"
    assert (story.older, list(story.failed)) == (None, [])


def test_a_page_goes_on_where_the_one_before_ended(lin):
    order = OrderFactory.create(customer=lin)
    start = timezone.now() - timedelta(days=30)
    for day in range(9):
        order.events.create(kind="note", note=f"day {day}", occurred_at=start + timedelta(days=day))
    told, before = [], None
    while True:
        story = timeline.story(lin, may=YES, before=before, kind="orders", limit=4)
        told += [one.detail for one in story.moments]
        if story.older is None:
            break
        before = story.older

    assert told == [f"day {day}" for day in range(8, -1, -1)]


def test_who_may_not_see_a_source_is_not_told_of_it(lin):
    notes.add_note(lin, "secret")
    OrderFactory.create(customer=lin).events.create(kind="placed", occurred_at=timezone.now())

    story = timeline.story(lin, may=lambda right: right == "catalog.view_order")

    assert {one.kind for one in story.moments} == {"orders"}
    client = sign_in(Role.ANALYST)
    page = client.get(reverse("admin:catalog_customer_timeline", args=[lin.pk])).content.decode()
    assert "secret" not in page
    for odd in ("x", "2026-01-01", "9" * 50):
        assert client.get(reverse("admin:catalog_customer_timeline", args=[lin.pk]), {"before": odd}).status_code == 200


# --- notes, tags, fields --------------------------------------------------------------------------------------------


def test_notes_tags_and_fields_are_written_on_the_page_and_taken_back(lin):
    client, address = sign_in(), reverse("admin:crm_customer_acts")
    CustomFieldFactory.create(key="size", title_en="Shirt size", kind="choice", choices="S\nM")
    CustomFieldFactory.create(key="visits", title_en="Visits", kind="number")

    def post(**fields):
        client.post(address, {"customer": lin.pk, **fields})
        return panel(client, lin, "crm.notes")

    assert "Calls on Mondays" in post(act="note", text="Calls on Mondays.")
    note = CustomerNote.objects.get()
    assert "Calls on Mondays" not in post(act="remove", note=note.pk)
    assert "Calls on Mondays" in post(act="bring_back", note=note.pk)
    for name in ("Wholesale", "wholesale "):
        assert "Wholesale" in post(act="tag", tag=name)
    assert CustomerTag.objects.count() == 1
    listed = client.get(reverse("admin:catalog_customer_changelist"), {"tag": CustomerTag.objects.get().pk})
    assert "Lin" in listed.content.decode()
    post(act="untag", tag="WHOLESALE")
    assert not CustomerTag.objects.exists()
    post(act="fields", **{"field-size": "M", "field-visits": "1,200.50", "field-unknown": "x"})
    assert {row.field.key: row.value for row in lin.custom_values.all()} == {"size": "M", "visits": "1200.50"}
    post(act="fields", **{"field-size": "XXL"})
    post(act="fields", **{"field-visits": ""})
    assert {row.field.key: row.value for row in lin.custom_values.all()} == {"size": "M"}


@pytest.mark.parametrize("text", ["", "   ", "\x00", "a" * 4_001])
def test_a_note_that_says_nothing_or_too_much_is_refused(text, lin):
    with pytest.raises(BadInput):
        notes.add_note(lin, text)


@pytest.mark.parametrize(
    ("kind", "value"), [("number", "NaN"), ("number", "1e9999999"), ("number", "x"), ("number", "1.234,5"),
                        ("day", "31.12."), ("yes_no", "maybe"), ("text", "a" * 201)],
)  # fmt: skip
def test_a_value_that_does_not_fit_changes_no_field(kind, value, lin):
    CustomFieldFactory.create(key="odd", kind=kind)
    CustomFieldFactory.create(key="fine")
    with pytest.raises(BadInput):
        notes.set_fields(lin, {"fine": "x", "odd": value})

    assert not lin.custom_values.exists()


def test_a_decimal_comma_is_no_group_of_thousands(lin):
    CustomFieldFactory.create(key="size", title_en="Size", kind="number")

    notes.set_fields(lin, {"size": "1,5"})
    with pytest.raises(BadInput, match=r"“Size” takes a number such as 1234\.5\."):
        notes.set_fields(lin, {"size": "1,2345"})

    assert lin.custom_values.get().value == "1.5"


# --- worklists ------------------------------------------------------------------------------------------------------


@pytest.fixture
def scored(db):
    rows = [CustomerFactory.create(name=f"C{n}") for n in range(20)]
    CustomerScore.objects.bulk_create(
        CustomerScore(customer=row, value=1_000 - n, churn_90=0.5) for n, row in enumerate(rows)
    )
    return rows


def test_a_list_takes_the_highest_and_leaves_some_alone(scored):
    Customer.objects.filter(pk=scored[0].pk).update(is_personalised=False)
    made = worklists.make(name="Most to lose", source="loss", size=10, compared_percent=20, seed=1)
    again = worklists.make(name="Next", source="loss", size=100, compared_percent=0)

    items = list(made.items.order_by("position"))
    assert [item.customer_id for item in items] == [row.pk for row in scored[1:11]]
    assert sum(item.is_compared for item in items) == 2
    assert again.items.count() == 9
    with pytest.raises(BadInput):
        worklists.make(name="None left", source="loss", size=5)


def test_outcomes_are_noted_and_orders_counted_for_both_groups(scored):
    made = worklists.make(name="Value", source="value", size=20, compared_percent=50, seed=1)
    worked = made.items.filter(is_compared=False)
    compared = made.items.filter(is_compared=True)
    for item in [*worked[:5], compared[0]]:
        OrderFactory.create(
            customer=item.customer, status=Order.Status.PAID, paid_at=timezone.now() + timedelta(days=1),
            lines_total=10, total=10, paid_total=10,
        )  # fmt: skip
    worklists.decide(worked[0].pk, "reached", note="happy")

    found = worklists.result(made)

    assert (found.worked.customers, found.worked.ordered, found.worked.revenue) == (10, 5, 50)
    assert (found.compared.customers, found.compared.ordered, found.compared.revenue) == (10, 1, 10)
    value, low, high = found.difference
    assert value == pytest.approx(0.4)
    assert (round(low, 3), round(high, 3)) == (-0.002, 0.676)
    assert not found.is_over


def test_the_list_is_worked_on_its_page(scored):
    client = sign_in(Role.MARKETER)
    form = {"name": "Value", "source": "value", "size": "5", "compared": "20", "days": "30"}
    assert client.post(reverse("admin:crm_worklists"), {**form, "size": "0"}).status_code == 200
    client.post(reverse("admin:crm_worklists"), form)
    made = Worklist.objects.get()
    address = f"{reverse('admin:crm_worklist')}?list={made.pk}"
    assert "0 of 4 done" in client.get(address).content.decode()
    item = made.items.filter(is_compared=False).first()
    hidden = made.items.get(is_compared=True)
    client.post(address, {"item": item.pk, "outcome": "refused", "note": "no calls"})
    client.post(address, {"item": hidden.pk, "outcome": "reached"})

    assert "no calls" in client.get(f"{address}&done=1").content.decode()
    assert WorklistItem.objects.exclude(outcome="").count() == 1
    client.post(address, {"item": item.pk, "outcome": ""})
    client.post(address, {"act": "close"})
    made.refresh_from_db()
    assert made.closed_at is not None
    assert not WorklistItem.objects.exclude(outcome="").exists()


# --- portrait and page ----------------------------------------------------------------------------------------------


def test_the_portrait_says_what_the_panels_say_and_hides_what_may_not_be_seen(lin, django_assert_max_num_queries):
    now = timezone.now()
    OrderFactory.create(customer=lin, status="paid", paid_at=now, lines_total=10, total=10, paid_total=10)
    shown = [ProductFactory.create(price=5, category=CategoryFactory.create()) for _each in range(3)]
    for product in shown:
        InteractionFactory.create(customer=lin, product=product, kind="view")
    SegmentFactory.create(is_shared=True)
    notes.tag(lin, "Wholesale")
    first, last = (CustomerNoteFactory.create(customer=lin, text=text) for text in ("Old", "New"))
    field = CustomFieldFactory.create(key="size")
    CustomFieldValueFactory.create(customer=lin, field=field, value="XL")
    CustomerTraitFactory.create(
        customer=lin, kind="churn", value={"chance": 0.25}, reasons=[{"text": "quiet"}], as_of=now
    )
    tier = LoyaltyTierFactory.create(name_en="Gold", name_zh="金卡")
    LoyaltyAccountFactory.create(customer=lin, balance=120, pending=30, tier=tier)
    RecommendationListFactory.create(
        customer=lin, product_ids=[shown[2].pk, 10**12, shown[0].pk], speaker_ids=[0, 0, 0], as_of=now
    )
    NextStepOutcomeFactory.create(customer=lin)
    portrait(lin, YES)
    with django_assert_max_num_queries(15):
        found = portrait(lin, YES)

    assert (found["facts"]["paid_orders"], found["facts"]["revenue"]) == (1, 10)
    assert found["staff_notes"] == {
        "tags": ["Wholesale"], "fields": {"size": "XL"},
        "notes": [{"text": one.text, "written_at": one.created_at} for one in (last, first)],
    }  # fmt: skip
    assert found["interests"]["acts"] == 3
    assert len(found["interests"]["categories"]) == 3
    assert found["scores"] == [{
        "kind": "churn", "value": {"chance": 0.25}, "reasons": [{"text": "quiet"}], "as_of": now, "model_version": None,
    }]  # fmt: skip
    assert found["recommended"] == {"as_of": now, "products": [shown[2].public_id, shown[0].public_id]}
    assert found["loyalty"] == {"balance": 120, "pending": 30, "owed": 0, "tier": "Gold"}
    assert found["tickets"] == {"count": 0, "open": 0}
    assert found["next_step"]["step"] == "first_order"
    assert all(portrait(lin, lambda right: False)[name] is None for name in PARTS)


def test_a_portrait_of_somebody_new_is_empty_and_whole(lin):
    found = portrait(lin, YES)

    assert (found["scores"], found["recommended"], found["loyalty"], found["next_step"]) == ([], None, None, None)
    assert found["reviews"] == {
        "count": 0, "average_rating": None, "one_or_two_stars": 0,
        "sentiments": {"positive": 0, "neutral": 0, "negative": 0, "mixed": 0},
    }  # fmt: skip
    assert found["staff_notes"] == {"tags": [], "fields": {}, "notes": []}


def test_reviews_in_the_portrait_are_counted_by_what_they_say(lin):
    for said in ("negative", "positive", "negative"):
        ReviewReadingFactory.create(review__customer=lin, predicted=said)
    ReviewReadingFactory.create(review__customer=lin, predicted="positive", corrected="mixed")
    ReviewFactory.create(customer=lin)

    found = portrait(lin, YES)["reviews"]

    assert (found["count"], found["sentiments"]) == (5, {"positive": 1, "neutral": 0, "negative": 2, "mixed": 1})


def test_facts_say_how_many_orders_were_refunded_and_what_was_given_back(lin, django_assert_num_queries):
    """Also where only a part was paid by then, and where an old system named no order."""
    paid = {"customer": lin, "status": "paid", "paid_at": timezone.now(), "lines_total": 50, "total": 50}
    OrderFactory.create(**paid, paid_total=50)
    OrderFactory.create(**paid, paid_total=50, refunded_total=20)
    OrderFactory.create(**paid, paid_total=50, refunded_total=10, currency="USD", base_rate=7)
    OrderFactory.create(customer=lin, lines_total=50, total=50, paid_total=5, refunded_total=5)
    OrderFactory.create(**paid | {"customer": CustomerFactory.create()}, paid_total=50, refunded_total=50)
    RefundFactory.create(order=None, customer=lin, amount="5.50", currency="CNY")
    RefundFactory.create(order=None, customer=lin, amount=1000, currency="USD")

    with django_assert_num_queries(1):
        found = customer_purchases([lin.pk], "CNY")[lin.pk]
    assert (found.orders, found.revenue) == (3, Decimal("354.50"))
    assert (found.returned, found.given_back) == (3, Decimal("100.50"))
    facts = portrait(lin, YES)["facts"]
    assert (facts["orders_with_refund"], facts["given_back"]) == (3, Decimal("100.50"))
    page = sign_in().get(reverse("admin:catalog_customer_change", args=[lin.pk])).content.decode()
    assert re.search(r"Orders with a refund\s*</[^>]+>\s*<[^>]+>\s*3\s*<", page)
    assert "¥100.50" in page


def test_who_never_paid_has_no_revenue_that_a_return_could_be_taken_off(lin):
    assert customer_purchases([lin.pk], "CNY") == {}
    RefundFactory.create(order=None, customer=lin, amount="5.50", currency="CNY")
    assert customer_purchases([lin.pk], "CNY") == {lin.pk: Purchases(given_back=Decimal("5.50"))}
    OrderFactory.create(customer=lin, lines_total=50, total=50, paid_total=5, refunded_total=5)
    both = Purchases(returned=1, given_back=Decimal("10.50"))
    assert customer_purchases([lin.pk], "CNY") == {lin.pk: both}
    page = sign_in().get(reverse("admin:catalog_customer_change", args=[lin.pk])).content.decode()
    assert "none yet" in page


def test_the_page_of_a_customer_asks_at_most_fifteen_questions(lin, django_assert_max_num_queries):
    client = sign_in(Role.OWNER)
    address = reverse("admin:catalog_customer_change", args=[lin.pk])
    client.get(address)

    with django_assert_max_num_queries(15):
        assert client.get(address).status_code == 200
    for key in ("catalog.timeline", "crm.notes", "recommender.interests"):
        assert "could not be loaded" not in panel(client, lin, key)


def test_many_of_the_same_kind_in_a_row_are_one_line_that_unfolds():
    now = timezone.now()

    def moment(minutes, title, kind="points"):
        return timeline.Moment(now - timedelta(minutes=minutes), kind, "loyalty", title, f"+{minutes}")

    many = [moment(number, "Points earned") for number in range(12)]
    story = timeline.Story(
        [*many, moment(20, "Note", "notes"), moment(30, "Points earned"), moment(31, "Points earned")], None
    )

    assert [(run.count, run.first.title) for run in story.runs] == [
        (12, "Points earned"), (1, "Note"), (1, "Points earned"), (1, "Points earned"),
    ]  # fmt: skip


def test_the_card_folds_and_the_page_of_all_does_too(lin):
    client = sign_in(Role.OWNER)
    for number in range(5):
        CustomerNoteFactory.create(customer=lin, text=f"Called about parcel {number}")

    for page in (
        reverse("admin:catalog_customer_panel", args=[lin.pk, "catalog.timeline"]),
        reverse("admin:catalog_customer_timeline", args=[lin.pk]),
    ):
        body = client.get(page).content.decode()
        assert "<summary>5 × Note</summary>" in body
        assert "Called about parcel 4" in body
