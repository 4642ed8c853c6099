"""Each occasion becomes a message once, and what happened since takes it back."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from catalog.models import Customer, Product, Variant, Visitor
from core.exceptions import BadInput
from core.models import Exposure, OutgoingMail
from marketing import triggers
from marketing.campaigns import lifecycle
from marketing.models import Campaign, Consent, MarketingSettings, Occasion, Recipient, Template, TriggerMark
from marketing.sending import working
from marketing.sending.claiming import claim
from marketing.triggers import enrolling, finding
from tests.factories import (
    AudienceFactory,
    AudienceMemberFactory,
    CustomerScoreFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    VariantFactory,
)
from tests.marketing.triggers.conftest import NAMED, ago, commit

pytestmark = pytest.mark.django_db


def states(made: Campaign) -> list[tuple[str, str]]:
    return sorted(Recipient.objects.filter(campaign=made).values_list("state", "skip_reason"))


# --- a cart left behind ---------------------------------------------------------------------------------------------


def test_a_cart_left_behind_is_written_about_once_with_its_products(trigger, person, act):
    ana, tea, cup = person(), ProductFactory.create(name="Tea"), ProductFactory.create(name="Cup")
    made = trigger("abandoned_cart", text=NAMED, wait_hours=4)
    act(ana, "cart", tea, at=ago(hours=6))
    act(ana, "cart", cup, at=ago(hours=5))

    assert enrolling.run(made.pk) == {"planned": 1}
    assert enrolling.run(made.pk) == {}
    assert working.run().sent == 1

    mail = OutgoingMail.objects.get()
    assert mail.text.startswith("Cup, Tea at http://127.0.0.1:8000/t/")
    assert Occasion.objects.get().facts == {"products": [cup.pk, tea.pk]}


@pytest.mark.parametrize("hours", [3.9, 29])
def test_a_cart_is_left_behind_after_the_wait_and_within_a_day_of_it(trigger, person, act, hours):
    made = trigger("abandoned_cart", wait_hours=4)
    act(person(), "cart", ProductFactory.create(), at=ago(hours=hours))

    assert enrolling.run(made.pk) == {}


def test_whoever_still_shops_took_it_out_or_ordered_has_no_cart_left_behind(trigger, person, act):
    tea = ProductFactory.create()
    made = trigger("abandoned_cart", wait_hours=4)
    shops, took_out, ordered, by_browser = (person(name) for name in ("Shops", "Out", "Ordered", "Browser"))
    for one in (shops, took_out, ordered, by_browser):
        act(one, "cart", tea, at=ago(hours=6))
    act(shops, "cart", ProductFactory.create(), at=ago(hours=1))
    act(took_out, "remove_from_cart", tea, at=ago(hours=5.5))
    OrderFactory.create(customer=ordered, placed_at=ago(hours=5))
    visitor = Visitor.objects.create(key="browser-1", customer=by_browser)
    OrderFactory.create(customer=None, visitor=visitor, placed_at=ago(hours=5))

    assert enrolling.run(made.pk) == {}


def test_acts_of_a_browser_count_for_who_signed_in_with_it_unless_it_may_not_be_followed(trigger, person, act):
    tea, made = ProductFactory.create(), trigger("abandoned_cart", wait_hours=1)
    followed, hidden = person("Followed"), person("Hidden")
    for one, may_track in ((followed, True), (hidden, False)):
        visitor = Visitor.objects.create(key=f"b-{one.pk}", customer=one, may_track=may_track)
        act(None, "cart", tea, at=ago(hours=2), visitor=visitor)

    assert enrolling.run(made.pk) == {"planned": 1}
    assert Recipient.objects.get().customer == followed


def test_who_does_not_want_to_be_followed_takes_no_part_and_forgotten_acts_do_not_count(trigger, person, act):
    tea, made = ProductFactory.create(), trigger("abandoned_cart", wait_hours=1)
    act(person("No", is_personalised=False), "cart", tea, at=ago(hours=2))
    act(person("Forgot", profile_since=ago(hours=1.5)), "cart", tea, at=ago(hours=2))

    assert enrolling.run(made.pk) == {}


def test_an_order_between_finding_and_sending_takes_the_message_back(trigger, person, act):
    ana = person()
    made = trigger("abandoned_cart", wait_hours=1, text=NAMED)
    act(ana, "cart", ProductFactory.create(), at=ago(hours=2))
    enrolling.run(made.pk)
    OrderFactory.create(customer=ana)

    assert working.run().sent == 0
    assert states(made) == [("cancelled", "over")]
    assert OutgoingMail.objects.count() == 0


def test_an_order_between_two_rounds_takes_back_the_second_step(trigger, person, act):
    ana = person()
    made = trigger("abandoned_cart", wait_hours=1, steps=2)
    act(ana, "cart", ProductFactory.create(), at=ago(hours=2))
    enrolling.run(made.pk)
    working.run()
    assert states(made) == [("planned", ""), ("sent", "")]
    OrderFactory.create(customer=ana)

    assert claim(made.pk, now=timezone.now() + timedelta(hours=25)).claimed == ()

    assert states(made) == [("cancelled", "over"), ("sent", "")]


@pytest.mark.parametrize("gone", ["removed", "sold_out", "hidden"])
def test_a_cart_of_which_nothing_is_left_is_not_written_about(trigger, person, act, gone):
    ana, tea = person(), ProductFactory.create()
    made = trigger("abandoned_cart", wait_hours=1)
    act(ana, "cart", tea, at=ago(hours=2))
    enrolling.run(made.pk)
    if gone == "removed":
        act(ana, "remove_from_cart", tea)
    elif gone == "sold_out":
        Variant.objects.update(stock=0)
    else:
        Product.objects.update(status="hidden")

    working.run()

    assert states(made) == [("cancelled", "over")]


def test_a_second_cart_counts_again_after_the_days_and_not_before(trigger, person, act):
    ana, tea = person(), ProductFactory.create()
    made = trigger("abandoned_cart", wait_hours=1, repeat_days=7)
    now = timezone.now()
    act(ana, "cart", tea, at=now - timedelta(hours=2))
    enrolling.run(made.pk, now=now)
    act(ana, "cart", tea, at=now + timedelta(days=3))
    assert enrolling.run(made.pk, now=now + timedelta(days=3, hours=2)) == {}
    act(ana, "cart", tea, at=now + timedelta(days=8))

    assert enrolling.run(made.pk, now=now + timedelta(days=8, hours=2)) == {"planned": 1}
    assert Recipient.objects.filter(campaign=made, customer=ana).count() == 2


def test_whoever_could_not_be_reached_is_not_held_back_later(trigger, person, act):
    ana, tea = person(), ProductFactory.create()
    made = trigger("abandoned_cart", wait_hours=1)
    now = timezone.now()
    Consent.objects.update(state="withdrawn")
    act(ana, "cart", tea, at=now - timedelta(hours=2))
    assert enrolling.run(made.pk, now=now) == {"no_consent": 1}
    Consent.objects.update(state="given")
    act(ana, "cart", tea, at=now + timedelta(hours=4))

    assert enrolling.run(made.pk, now=now + timedelta(hours=6)) == {"planned": 1}


def test_an_event_that_comes_late_counts(trigger, person, act):
    made = trigger("abandoned_cart", wait_hours=1)
    now = timezone.now()
    enrolling.run(made.pk, now=now)
    act(person(), "cart", ProductFactory.create(), at=now - timedelta(hours=1.5))

    assert enrolling.run(made.pk, now=now + timedelta(minutes=3)) == {"planned": 1}


def test_a_clock_that_jumps_loses_nothing_and_sends_nothing_twice(trigger, person, act):
    ana, ben, tea = person("Ana"), person("Ben"), ProductFactory.create()
    made = trigger("abandoned_cart", wait_hours=1)
    now = timezone.now()
    act(ana, "cart", tea, at=now - timedelta(hours=2))
    assert enrolling.run(made.pk, now=now) == {"planned": 1}
    assert enrolling.run(made.pk, now=now + timedelta(days=2)) == {}  # the clock was wrong
    act(ben, "cart", tea, at=now - timedelta(minutes=70))

    assert enrolling.run(made.pk, now=now + timedelta(minutes=3)) == {"planned": 1}
    assert Recipient.objects.count() == 2


# --- prices and stock -----------------------------------------------------------------------------------------------


def lower(product: Product, price: str) -> None:
    Product.objects.filter(pk=product.pk).update(price=price)
    commit()


def test_a_lower_price_of_a_favourite_is_told_with_both_prices(trigger, person, act):
    ana, tea = person(), ProductFactory.create(name="Tea", price="12.00")
    made = trigger("price_drop", text="{{products}} {{price_before}} {{price_now}}. {{unsubscribe_url}}")
    act(ana, "favourite", tea)
    act(person("Ben"), "view", tea)
    lower(tea, "9.00")

    assert enrolling.run(made.pk) == {"planned": 1}
    working.run()

    assert OutgoingMail.objects.get().text.startswith("Tea ¥12.00 ¥9.00.")


@pytest.mark.parametrize(
    ("prices", "count"),
    [(["11.50"], 0), (["11.40"], 1), (["13.00"], 0), (["6.00", "12.00"], 0), (["11.80", "11.00"], 1)],
)
def test_how_much_lower_the_first_price_and_the_last_one_say(trigger, person, act, prices, count):
    tea = ProductFactory.create(price="12.00")
    made = trigger("price_drop", least_percent=5)
    act(person(), "favourite", tea)
    for price in prices:
        lower(tea, price)

    assert enrolling.run(made.pk) == ({"planned": count} if count else {})


def test_a_variant_with_a_price_of_its_own_drops_too(trigger, person, act):
    tea = ProductFactory.create(price="12.00", stock=0)
    small = VariantFactory.create(product=tea, price="8.00")
    made = trigger("price_drop", text="{{price_before}} {{price_now}}. {{unsubscribe_url}}")
    act(person(), "favourite", tea)
    Variant.objects.filter(pk=small.pk).update(price="5.00")
    commit()

    assert enrolling.run(made.pk) == {"planned": 1}
    working.run()

    assert OutgoingMail.objects.get().text.startswith("¥8.00 ¥5.00.")


def test_a_sale_is_one_message_for_each_customer(trigger, person, act):
    ana, made = person(), trigger("price_drop")
    for product in ProductFactory.create_batch(3, price="10.00"):
        act(ana, "favourite", product)
    Product.objects.update(price="5.00")
    commit()

    assert enrolling.run(made.pk) == {"planned": 1}
    assert len(Occasion.objects.get().facts["products"]) == 3


@pytest.mark.parametrize("change", ["dearer", "sold_out", "bought"])
def test_a_price_that_no_longer_holds_is_not_told(trigger, person, act, change):
    ana, tea = person(), ProductFactory.create(price="12.00")
    made = trigger("price_drop")
    act(ana, "favourite", tea)
    lower(tea, "9.00")
    enrolling.run(made.pk)
    if change == "dearer":
        Product.objects.update(price=Decimal("12.50"))
    elif change == "sold_out":
        Variant.objects.update(stock=0)
    else:
        OrderLineFactory.create(order=OrderFactory.create(customer=ana), variant=tea.variants.get(), product=tea)

    working.run()

    assert states(made) == [("cancelled", "over")]


def test_prices_of_before_the_start_and_of_a_long_pause_are_not_told(trigger, person, act):
    ana, tea = person(), ProductFactory.create(price="12.00")
    act(ana, "favourite", tea)
    lower(tea, "9.00")
    made = trigger("price_drop")
    assert enrolling.run(made.pk) == {}
    lower(tea, "6.00")

    assert enrolling.run(made.pk, now=timezone.now() + timedelta(hours=25)) == {}
    assert TriggerMark.objects.get().ledger_index > 0


def test_what_is_back_in_stock_is_told_once_to_those_who_liked_and_did_not_buy_it(trigger, person, act):
    ana, ben, tea = person("Ana"), person("Ben"), ProductFactory.create(name="Tea", stock=0)
    made = trigger("back_in_stock", text=NAMED)
    act(ana, "favourite", tea, at=ago(days=3))
    act(ben, "favourite", tea, at=ago(days=3))
    OrderLineFactory.create(
        order=OrderFactory.create(customer=ben, placed_at=ago(days=2)), variant=tea.variants.get(), product=tea
    )
    Variant.objects.update(stock=4)
    commit()

    assert enrolling.run(made.pk) == {"planned": 1}
    assert enrolling.run(made.pk) == {}
    working.run()

    assert OutgoingMail.objects.get().text.startswith("Tea at ")


def test_one_more_size_of_what_was_there_is_no_occasion_and_two_at_once_are_one(trigger, person, act):
    there, gone = ProductFactory.create(), ProductFactory.create(stock=0)
    sizes = [VariantFactory.create(product=one, stock=0) for one in (there, gone)]
    made = trigger("back_in_stock")
    for product in (there, gone):
        act(person(f"P{product.pk}"), "favourite", product)
    Variant.objects.filter(pk__in=[one.pk for one in sizes]).update(stock=3)
    gone.variants.update(stock=3)
    commit()

    assert enrolling.run(made.pk) == {"planned": 1}
    assert Occasion.objects.get().facts == {"products": [gone.pk]}


@pytest.mark.parametrize("which", [0, 1])
def test_variants_that_come_back_in_two_looks_are_told_once(trigger, person, act, monkeypatch, which):
    """Both are back when the first look reads the table, and only one of them stands in its part of the ledger."""
    tea = ProductFactory.create(name="Tea", stock=0)
    VariantFactory.create(product=tea, stock=0)
    made = trigger("back_in_stock")
    act(person(), "favourite", tea)
    for variant in tea.variants.order_by("pk" if which == 0 else "-pk"):
        Variant.objects.filter(pk=variant.pk).update(stock=3)
        commit()
    monkeypatch.setattr(finding, "ENTRIES", 1)

    assert enrolling.run(made.pk) == {"planned": 1}
    assert Occasion.objects.get().facts == {"products": [tea.pk]}


# --- orders ---------------------------------------------------------------------------------------------------------


def paid(customer: Customer, **span: float):
    return OrderFactory.create(customer=customer, status="paid", placed_at=ago(**span), paid_at=ago(**span))


def test_the_first_order_and_no_other_is_thanked_for(trigger, person):
    made = trigger("first_order", wait_hours=24)
    first, second = person("First"), person("Second")
    order = paid(first, hours=30)
    paid(second, days=90)
    paid(second, hours=30)
    paid(person("Early"), hours=3)

    assert enrolling.run(made.pk) == {"planned": 1}
    assert Occasion.objects.get().key == f"order:{order.pk}"
    order.status = "cancelled"
    order.save()
    working.run()
    assert states(made) == [("cancelled", "over")]


def test_a_first_order_stays_the_only_one_for_good(trigger, person):
    made, ana = trigger("first_order", wait_hours=0), person()
    paid(ana, hours=1)
    enrolling.run(made.pk)
    Occasion.objects.update(key="order:0", found_at=ago(days=900))

    assert enrolling.run(made.pk) == {}


def test_who_did_not_order_for_so_long_is_won_back_until_they_order(trigger, person):
    made = trigger("win_back", days=60)
    ana, ben, cai = person("Ana"), person("Ben"), person("Cai")
    paid(ana, days=61)
    paid(ben, days=61)
    OrderFactory.create(customer=ben, placed_at=ago(days=2))  # not paid yet, but they are back
    paid(cai, days=80)

    assert enrolling.run(made.pk) == {"planned": 1}
    assert Recipient.objects.get().customer == ana
    OrderFactory.create(customer=ana)
    working.run()
    assert states(made) == [("cancelled", "over")]


def test_with_a_score_the_risk_decides_and_without_one_the_days(trigger, person):
    made = trigger("win_back", days=60, least_churn=70)
    high, low, none = person("High"), person("Low"), person("None")
    for one, risk in ((high, 0.8), (low, 0.6)):
        CustomerScoreFactory.create(customer=one, churn_90=risk, scored_at=timezone.now())
    for one in (high, low, none):
        paid(one, days=61)

    assert enrolling.run(made.pk) == {"planned": 2}
    assert set(Recipient.objects.values_list("customer", flat=True)) == {high.pk, none.pk}
    assert Occasion.objects.get(customer=high).facts["churn"] == 0.8


# --- what holds for all ---------------------------------------------------------------------------------------------


def test_chance_leaves_the_same_people_out_each_time_and_notes_them_once(trigger, person, act):
    tea, made = ProductFactory.create(), trigger("abandoned_cart", wait_hours=1, repeat_days=1, holdout="0.5")
    people = [person(f"P{number}") for number in range(40)]
    now = timezone.now()
    for days in (0, 2):
        for one in people:
            act(one, "cart", tea, at=now + timedelta(days=days, hours=-2))
        said = enrolling.run(made.pk, now=now + timedelta(days=days))
        assert sum(said.values()) == 40
        assert 8 <= said["drawn"] <= 32

    arms = {}
    for customer, arm in Recipient.objects.values_list("customer", "arm"):
        arms.setdefault(customer, set()).add(arm)
    assert all(len(one) == 1 for one in arms.values())
    assert Exposure.objects.filter(experiment=made.experiment).count() == 40
    assert set(Recipient.objects.filter(arm="control").values_list("state", "skip_reason", "is_holdout")) == {
        ("skipped", "holdout", True)
    }


def test_an_audience_narrows_a_trigger(trigger, person, act):
    made, tea = trigger("abandoned_cart", wait_hours=1), ProductFactory.create()
    ana, ben = person("Ana"), person("Ben")
    made.audience = AudienceFactory.create()
    made.save()
    AudienceMemberFactory.create(audience=made.audience, customer=ana)
    for one in (ana, ben):
        act(one, "cart", tea, at=ago(hours=2))

    assert enrolling.run(made.pk) == {"planned": 1}
    assert Recipient.objects.get().customer == ana


@pytest.mark.parametrize("state", ["paused", "planned", "cancelled", "draft"])
def test_only_a_running_campaign_looks(trigger, person, act, state):
    made = trigger("abandoned_cart", wait_hours=1)
    act(person(), "cart", ProductFactory.create(), at=ago(hours=2))
    Campaign.objects.update(state=state)

    assert enrolling.run_all() == {}
    assert Occasion.objects.count() == 0
    assert lifecycle.finish(made) is False


def test_it_goes_on_running_when_nobody_waits(trigger):
    made = trigger("abandoned_cart")
    lifecycle.finish_all()
    made.refresh_from_db()
    assert made.state == "running"


def test_quiet_hours_over_a_clock_change_move_it_and_an_order_meanwhile_takes_it_back(trigger, person, act):
    MarketingSettings.objects.update(quiet_from=time(21), quiet_until=time(8))
    ana, made = person(country="United Kingdom"), trigger("abandoned_cart", wait_hours=1)
    night = datetime(2026, 3, 28, 23, 10, tzinfo=UTC)
    act(ana, "cart", ProductFactory.create(), at=night - timedelta(hours=2))
    enrolling.run(made.pk, now=night)

    assert claim(made.pk, now=night).later == 1
    row = Recipient.objects.get()
    assert row.due_at == datetime(2026, 3, 29, 7, tzinfo=UTC)
    OrderFactory.create(customer=ana, placed_at=datetime(2026, 3, 29, 6, tzinfo=UTC))

    assert claim(made.pk, now=row.due_at).claimed == ()
    assert states(made) == [("cancelled", "over")]


def test_what_could_not_go_for_two_days_is_left_out(trigger, person, act):
    made = trigger("abandoned_cart", wait_hours=1)
    act(person(), "cart", ProductFactory.create(), at=ago(hours=2))
    enrolling.run(made.pk)

    claim(made.pk, now=timezone.now() + timedelta(days=2, minutes=1))

    assert states(made) == [("skipped", "too_late")]


def test_fields_of_an_occasion_stop_a_campaign_that_does_not_fill_them_in(shop_rules):
    message = Template.objects.create(
        name="m", kind="text", subject={"en": "{{price_before}}", "zh-hans": "x"},
        body={"en": NAMED, "zh-hans": NAMED},
    )  # fmt: skip
    for key, empty in (("price_drop", 0), ("abandoned_cart", 1), ("win_back", 3), ("", 3)):
        made = Campaign.objects.create(name="m", trigger=key, audience=AudienceFactory.create())
        lifecycle.set_steps(made, [{"template": message}])
        found = [one for one in lifecycle.findings(made)[0] if "stays empty" in one.text]
        assert len(found) == empty, key


def test_settings_of_a_trigger_are_whole_numbers_within_bounds():
    assert triggers.cleaned("abandoned_cart", {"wait_hours": "6", "repeat_days": ""}) == {"wait_hours": 6}
    assert triggers.cleaned("", {"wait_hours": 6}) == {}
    for key, given in (("abandoned_cart", {"wait_hours": "x"}), ("price_drop", {"least_percent": 0}), ("moon", {})):
        with pytest.raises(BadInput):
            triggers.cleaned(key, given)


def test_a_customer_who_was_erased_has_no_occasions_to_come(trigger, person, act):
    made, ana = trigger("abandoned_cart", wait_hours=1), person()
    act(ana, "cart", ProductFactory.create(), at=ago(hours=2))
    Customer.objects.filter(pk=ana.pk).update(erased_at=timezone.now())

    assert enrolling.run(made.pk) == {}
