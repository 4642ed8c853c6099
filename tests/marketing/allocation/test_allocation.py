"""Offers within a budget: learned from campaigns that left some out, allocated by a job, decided by a person."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.urls import reverse
from django.utils import timezone

from catalog.models import Customer, Order
from core.exceptions import BadInput
from core.jobs import run_now
from core.models import Job, ModelVersion, ShopProfile
from core.shop import forget_shop
from marketing.admin import allocations
from marketing.admin.allocation_forms import AllocationForm
from marketing.allocation import deciding, learning, working
from marketing.campaigns import effect, eligibility, lifecycle, planning
from marketing.models import AllocatedOffer, AudienceMember, Campaign, Consent, CouponCode, OfferAllocation, Recipient
from marketing.sending.claiming import Claimed
from marketing.sending.writing import Unwritable, Writer
from tests.analytics.customers.conftest import noon, place
from tests.core.admin.conftest import boss, client, client_of, shop  # noqa: F401 (fixtures)
from tests.factories import (
    AudienceFactory,
    CampaignFactory,
    CategoryFactory,
    CouponCodeFactory,
    CustomerFactory,
    OfferAllocationFactory,
    OfferFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    RecipientFactory,
    StaffUserFactory,
    TemplateFactory,
)
from tests.marketing.uplift.conftest import sent_out
from tests.planner import analysed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nobody_held_out")]
MARGIN = Decimal("0.5")


@pytest.fixture
def nobody_held_out(shop):  # noqa: F811 (fixture)
    ShopProfile.objects.update(holdout_percent=0)
    forget_shop()


def audience_of(customers):
    """A list of customers who agreed and have an address."""
    now = timezone.now()
    Customer.objects.filter(pk__in=[one.pk for one in customers]).update(country="CN")
    for one in customers:
        one.email = f"a{one.pk}@shop.example"
    Customer.objects.bulk_update(customers, ["email"], batch_size=500)
    Consent.objects.bulk_create(
        [Consent(customer=one, purpose="offers", channel="email", state="given", source="api", at=now)
         for one in customers]
    )  # fmt: skip
    found = AudienceFactory.create(source="upload", size=len(customers), counted_at=now)
    AudienceMember.objects.bulk_create([AudienceMember(audience=found, customer=one) for one in customers])
    analysed(Customer, Order, Consent, AudienceMember)
    return found


def shoppers(count, *, spent=50):
    customers = Customer.objects.bulk_create(CustomerFactory.build_batch(count))
    Order.objects.bulk_create([place(one, noon(9), spent, f"s-{one.pk}") for one in customers])
    return customers


def draft(customers, **more):
    made = CampaignFactory.create(
        audience=audience_of(customers), holdout_share=more.pop("holdout_share", "0.1"), **more
    )
    lifecycle.set_steps(made, [{"template": TemplateFactory.create(
        body={"en": "{{coupon_code}} {{unsubscribe_url}}", "zh-hans": "{{coupon_code}} {{unsubscribe_url}}"}
    ), "arms": []}])  # fmt: skip
    return made


def asked(campaign, offers, budget="100"):
    return deciding.ask(campaign, offers=[one.pk for one in offers], budget=Decimal(budget), margin=MARGIN, by=None)


def worked_out(campaign, offers, budget="100"):
    row = asked(campaign, offers, budget)
    working.work_out(row.pk)
    row.refresh_from_db()
    return row


def past(offer, moved, **more):
    """A campaign that is over and gave this offer to half of its people; whoever of them ordered used the code."""
    found = sent_out(moved, **more)
    Campaign.objects.filter(pk=found.pk).update(offer=offer)
    orders = Order.objects.filter(
        number__endswith="-after", customer__campaign_messages__campaign=found,
        customer__campaign_messages__is_holdout=False,
    )  # fmt: skip
    CouponCode.objects.bulk_create(
        [CouponCode(offer=offer, customer_id=one.customer_id, code=f"C{one.pk}", campaign=found, order=one,
                    used_at=one.paid_at, amount=1) for one in orders]
    )  # fmt: skip
    return found


# --- what is learned ------------------------------------------------------------------------------------------------


def test_of_each_offer_the_newest_campaign_with_enough_people_is_learned_and_only_once():
    ten, same, other = OfferFactory.create(value=10), OfferFactory.create(value=10), OfferFactory.create(value=20)
    past(ten, (0.0, 0.0), people=400, days_ago=40)
    newer = past(same, (0.3, 0.3), people=400, name="Newer", seed=1)
    past(other, (0.1, 0.1), people=60, name="Few", seed=2)

    version = learning.current()

    assert list(version.report["offers"]) == ["discount|percent|10|0|"]
    told = version.report["offers"]["discount|percent|10|0|"]
    assert (told["campaign"], told["people"] + told["left_out"]) == (newer.public_id, 400)
    assert told["effect"][1] < 0.3 < told["effect"][2]
    assert told["effect"][1] > 0.1
    assert learning.current() == version
    assert ModelVersion.objects.filter(kind="offer_effects").count() == 1


def test_nothing_is_learned_while_orders_may_come_or_nobody_was_left_out():
    offer = OfferFactory.create()
    late = past(offer, (0.2, 0.2), people=300)
    Campaign.objects.filter(pk=late.pk).update(ended_at=timezone.now() - timedelta(days=3))
    whole = past(offer, (0.2, 0.2), people=300, name="Whole", seed=1)
    Campaign.objects.filter(pk=whole.pk).update(holdout_share=0)

    assert learning.current() is None
    assert not ModelVersion.objects.exists()


# --- who gets what --------------------------------------------------------------------------------------------------


def test_where_the_ranking_is_proved_the_budget_goes_to_those_whom_the_offer_moves():
    offer = OfferFactory.create(kind="discount", unit="amount", value=2)
    past(offer, (0.0, 0.4))
    people = list(Customer.objects.order_by("pk"))
    often = set(
        Order.objects.filter(number__endswith="-3").values_list("customer_id", flat=True)
    )  # the fourth order before the message
    campaign = draft(people)

    row = worked_out(campaign, [offer], budget="150")

    assert (row.state, row.basis, row.model_version.kind) == ("proposed", "ranking", "offer_effects")
    given = set(row.people.values_list("customer_id", flat=True))
    assert len(given & often) > 0.95 * len(given)
    assert 100 < len(given) < len(often)
    titles = [str(column.title) for column in allocations._table(row, {str(offer.pk): offer}, {}).columns]
    assert titles[-1] == "People are chosen by"  # nothing fits better where there is one offer
    said = row.results
    assert said["cost"] == pytest.approx(150, rel=0.02)
    assert said["gain"] <= said["at_most"] + 1e-3
    at_budget = np.interp(150, *[[point[at] for point in said["curve"]] for at in (0, 1)])
    drawn = np.interp(150, *[[point[at] for point in said["curve"]] for at in (0, 2)])
    assert said["gain"] == pytest.approx(at_budget, rel=0.02)
    assert said["gain"] > 1.5 * drawn


def test_without_a_reliable_ranking_everybody_counts_with_the_mean_and_chance_chooses():
    offer, dear = OfferFactory.create(unit="amount", value=1), OfferFactory.create(unit="amount", value=15)
    past(offer, (0.2, 0.2), people=600)
    past(dear, (0.2, 0.2), people=600, name="Dear", seed=1)
    people = shoppers(120)
    campaign = draft(people)

    row = worked_out(campaign, [offer, dear], budget="10")

    assert row.basis == "mean"
    said = row.results["offers"]
    assert said[str(dear.pk)]["people"] == 0
    chosen = list(row.people.values_list("customer_id", flat=True))
    assert 0 < len(chosen) == said[str(offer.pk)]["people"] < 120
    assert row.results["cost"] <= 10
    assert len(set(row.people.values_list("gain", flat=True))) == 1
    by_chance = sorted(people, key=lambda one: working.share_of(campaign.salt.encode() + b":budget", one.public_id))
    assert set(chosen) == {one.pk for one in by_chance[: len(chosen)]}


def test_where_nothing_is_measured_chance_draws_people_and_offers_and_no_gain_is_invented():
    offers = [OfferFactory.create(unit="amount", value=5), OfferFactory.create(unit="percent", value=20)]
    campaign = draft(shoppers(60, spent=50), holdout_share="0")

    row = worked_out(campaign, offers, budget="200")

    assert (row.basis, row.model_version) == ("chance", None)
    assert (row.results["gain"], row.results["curve"]) == (None, [])
    assert set(row.people.values_list("gain", flat=True)) == {None}
    assert set(row.people.values_list("cost", flat=True)) == {5.0, 10.0}
    assert 190 <= row.results["cost"] <= 200
    assert row.results["cost"] == row.results["all_used"]


def test_an_unmeasured_offer_beside_a_measured_one_gets_nobody_and_is_named():
    known, unknown = OfferFactory.create(unit="amount", value=1), OfferFactory.create(value=30)
    past(known, (0.2, 0.2), people=600)
    row = worked_out(draft(shoppers(30)), [known, unknown])

    assert row.results["unmeasured"] == [unknown.pk]
    assert set(row.people.values_list("offer_id", flat=True)) == {known.pk}


def test_of_offers_that_are_alike_each_gets_the_one_about_what_they_bought(client, page):  # noqa: F811
    bags, shoes = CategoryFactory.create(name="Bags"), CategoryFactory.create(name="Shoes")
    offers = [OfferFactory.create(unit="amount", value=2, name=one.name) for one in (bags, shoes)]
    for offer, category in zip(offers, (bags, shoes), strict=True):
        offer.categories.set([category])
    people = shoppers(20)
    for number, order in enumerate(Order.objects.filter(customer__in=people).order_by("customer")):
        if number < 16:
            product = ProductFactory.create(category=(bags, shoes)[number % 2])
            OrderLineFactory.create(order=order, product=product)

    drawn = worked_out(draft(people, holdout_share="0"), offers, budget="1000")

    assert drawn.basis == "chance"
    by_customer = dict(drawn.people.values_list("customer", "offer"))
    assert [by_customer[one.pk] for one in people[:16]] == [offers[number % 2].pk for number in range(16)]
    assert set(drawn.people.filter(fit__isnull=False).values_list("customer", flat=True)) == {
        one.pk for one in people[:16]
    }  # fmt: skip
    said = drawn.results["offers"][str(offers[0].pk)]
    assert said["fit"] > said["fit_everybody"] > 0
    assert f"{said['fit']:.2f}, everybody {said['fit_everybody']:.2f}" in page(drawn.campaign)

    past(offers[0], (0.2, 0.2), people=600)
    Job.objects.update(state="done")
    known = worked_out(drawn.campaign, offers, budget="1000")

    assert known.basis == "mean"
    given = dict(known.people.values_list("customer", "offer"))
    assert [given[one.pk] for one in people[:16]] == [offers[number % 2].pk for number in range(16)]


def test_who_cannot_be_reached_takes_nothing_of_the_budget():
    people = shoppers(10)
    campaign = draft(people, holdout_share="0")
    Consent.objects.filter(customer__in=people[:4]).update(state="withdrawn")

    row = worked_out(campaign, [OfferFactory.create(unit="amount", value=5)], budget="1000")

    assert (row.results["people"], row.results["reachable"], row.results["given"]) == (10, 6, 6)


def test_what_is_decided_is_not_worked_out_again():
    row = worked_out(draft(shoppers(5)), [OfferFactory.create(unit="amount", value=5)])
    before = set(row.people.values_list("pk", flat=True))

    assert working.work_out(row.pk) == {"skipped": "proposed"}
    assert set(row.people.values_list("pk", flat=True)) == before


# --- what a person decides ------------------------------------------------------------------------------------------


def test_who_accepts_gives_the_offers_to_recipients_and_only_to_them():
    by = StaffUserFactory.create()
    people = shoppers(20)
    offers = [OfferFactory.create(unit="amount", value=5), OfferFactory.create(unit="amount", value=6)]
    campaign = draft(people, holdout_share="0")
    row = worked_out(campaign, offers, budget="60")

    deciding.accept(row.pk, by=by)

    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("accepted", by)
    event = campaign.events.get()
    assert (event.before, event.after, event.by) == ("draft", "draft", by)
    given = dict(row.people.values_list("customer_id", "offer_id"))
    assert 8 <= len(given) <= 12
    lifecycle.mark_checked(campaign, by=by)
    campaign.refresh_from_db()
    assert campaign.counts["reachable"] == len(given)
    assert campaign.counts["no_offer"] == 20 - len(given)
    lifecycle.approve(campaign, by=StaffUserFactory.create())
    run_now("marketing.tasks.plan_campaign", campaign_id=campaign.pk)
    rows = dict(Recipient.objects.filter(campaign=campaign).values_list("customer_id", "skip_reason"))
    assert {pk for pk, reason in rows.items() if not reason} == set(given)
    assert {reason for pk, reason in rows.items() if pk not in given} == {"no_offer"}
    writer = Writer()
    for one in Recipient.objects.filter(campaign=campaign).order_by("customer"):
        claimed = Claimed(
            one.pk, campaign.pk, one.customer_id, one.step_id, one.template_version_id, "offers", "email", one.arm,
            "a@shop.example", "Ana", "en", f"<m{one.pk}>",
        )  # fmt: skip
        if one.customer_id in given:
            assert writer.write(claimed).text
        else:
            with pytest.raises(Unwritable):
                writer.write(claimed)
    assert dict(CouponCode.objects.filter(campaign=campaign).values_list("customer_id", "offer_id")) == given


def test_a_draft_that_changed_since_is_not_accepted_and_says_so():
    campaign = draft(shoppers(5))
    row = worked_out(campaign, [OfferFactory.create(unit="amount", value=5)])
    lifecycle.change(campaign, holdout_share=Decimal("0.2"))

    with pytest.raises(deciding.Outdated):
        deciding.accept(row.pk, by=None)

    lifecycle.change(campaign, holdout_share=Decimal("0.1"))
    deciding.accept(row.pk, by=None)
    other = AudienceFactory.create(source="upload", size=0, counted_at=timezone.now())
    lifecycle.change(campaign, audience=other)
    campaign.refresh_from_db()
    found = lifecycle.findings(campaign)[0]
    assert "Offers were allocated to another audience: work them out again, or take them back." in [
        one.text for one in found if one.level == "stop"
    ]


def test_an_allocation_and_another_offer_of_the_campaign_stop_the_check():
    offer = OfferFactory.create(unit="amount", value=5)
    campaign = draft(shoppers(5), offer=offer)
    row = worked_out(campaign, [offer])
    deciding.accept(row.pk, by=None)
    campaign.refresh_from_db()
    assert campaign.offer is None
    assert not [one for one in lifecycle.findings(campaign)[0] if one.level == "stop"]

    lifecycle.change(campaign, offer=offer)

    campaign.refresh_from_db()
    stops = [one.field for one in lifecycle.findings(campaign)[0] if one.level == "stop"]
    assert stops == ["offer"]


def test_what_is_taken_back_or_worked_out_anew_leaves_one_that_counts():
    offer = OfferFactory.create(unit="amount", value=5)
    campaign = draft(shoppers(5))
    first = worked_out(campaign, [offer])
    deciding.accept(first.pk, by=None)
    Job.objects.update(state="done")
    second = worked_out(campaign, [offer], budget="7")
    deciding.accept(second.pk, by=None)

    states = dict(OfferAllocation.objects.values_list("pk", "state"))
    assert states == {first.pk: "dropped", second.pk: "accepted"}
    assert set(AllocatedOffer.objects.values_list("allocation", flat=True)) == {second.pk}

    deciding.drop(second.pk, by=None)

    assert not AllocatedOffer.objects.exists()
    assert eligibility.Question.of(campaign).allocation is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"budget": Decimal(0)}, "budget"), ({"budget": Decimal("NaN")}, "budget"), ({"margin": Decimal(0)}, "margin"),
        ({"margin": Decimal("1.1")}, "margin"), ({"offers": []}, "offers"), ({"offers": [0]}, "offers"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_not_asked(said, field):
    campaign = draft(shoppers(1))
    good = {"offers": [OfferFactory.create().pk], "budget": Decimal(10), "margin": MARGIN, "by": None}

    with pytest.raises(BadInput) as refused:
        deciding.ask(campaign, **{**good, **said})

    assert refused.value.extra["field"] == field
    assert not OfferAllocation.objects.exists()


def test_a_campaign_that_was_checked_or_has_a_trigger_gets_no_allocation():
    offer = OfferFactory.create()
    campaign = draft(shoppers(1))
    lifecycle.change(campaign, trigger="first_order")
    with pytest.raises(BadInput):
        asked(campaign, [offer])

    Campaign.objects.filter(pk=campaign.pk).update(trigger="", state="checked")

    with pytest.raises(deciding.Outdated):
        asked(campaign, [offer])


def test_people_of_an_allocation_are_compared_within_their_offer():
    cheap, dear = OfferFactory.create(unit="amount", value=1), OfferFactory.create(unit="amount", value=2)
    campaign = sent_out((0.3, 0.3), people=500)
    row = OfferAllocationFactory.create(campaign=campaign, state="accepted")
    ids = list(Recipient.objects.filter(campaign=campaign).order_by("customer").values_list("customer_id", flat=True))
    AllocatedOffer.objects.bulk_create(
        [AllocatedOffer(allocation=row, customer_id=pk, offer=cheap if at < 260 else dear, cost=1)
         for at, pk in enumerate(ids)]
    )  # fmt: skip

    told = learning.current().report["offers"]

    assert {key: one["people"] + one["left_out"] for key, one in told.items()} == {
        "discount|amount|1|0|": 260, "discount|amount|2|0|": 240,
    }  # fmt: skip


# --- cost in the effect ---------------------------------------------------------------------------------------------


def test_what_codes_took_off_is_a_cost_and_counted_once():
    begin = timezone.now() - timedelta(days=5)
    campaign = CampaignFactory.create()
    customer = CustomerFactory.create()
    RecipientFactory.create(campaign=campaign, customer=customer, due_at=begin)
    order = OrderFactory.create(customer=customer, status=Order.Status.PAID, paid_at=begin + timedelta(days=1))
    late = OrderFactory.create(customer=customer, status=Order.Status.PAID, paid_at=begin + timedelta(days=8))
    for amount, of in ((7, order), (5, late), (3, None)):
        CouponCodeFactory.create(campaign=campaign, customer=customer, amount=amount, used_at=begin, order=of)
    CouponCodeFactory.create(campaign=campaign, customer=customer)

    assert effect.offer_costs([campaign.pk]) == {campaign.pk: effect.OfferCost(15.0, 7.0)}
    assert effect.returned_of((23.0, 8.0, 38.0), 15.0, 7.0) == (1.0, 0.0, 2.0)
    assert effect.returned_of((23.0, 8.0, 38.0), 0.0, 0.0) is None


# --- the page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(client):  # noqa: F811 (fixture)
    def read(campaign):
        return client.get(reverse("admin:marketing_campaign_offers", args=[campaign.pk])).content.decode()

    return read


def test_the_page_shows_curve_evidence_and_version_and_accepts(client, page, django_assert_max_num_queries):  # noqa: F811
    offer, unknown = OfferFactory.create(unit="amount", value=2, name="Two off"), OfferFactory.create(name="Unknown")
    past(offer, (0.2, 0.2), people=600, name="Spring")
    campaign = draft(shoppers(40))
    address = reverse("admin:marketing_campaign_offers_act", args=[campaign.pk])
    said = {"act": "ask", "budget": "20", "margin": "50", "offers": [offer.pk, unknown.pk]}
    assert client.post(address, said).status_code == 302
    assert "Working out who gets which offer" in page(campaign)
    row = campaign.allocations.get()
    assert (row.budget, row.margin) == (20, Decimal("0.5"))
    working.work_out(row.pk)
    Job.objects.update(state="done")

    with django_assert_max_num_queries(12):
        text = page(campaign)

    row.refresh_from_db()
    assert "No reliable ranking: who gets an offer is drawn by chance" in text
    assert "Expected margin by budget" in text
    assert "Two off" in text
    assert "Spring: " in text
    assert "nobody gets it here: Unknown" in text
    assert row.model_version.name in text
    assert client.post(address, {"act": "accept", "allocation": row.pk}).status_code == 302
    row.refresh_from_db()
    assert row.state == "accepted"
    form = client.get(reverse("admin:marketing_campaign_change", args=[campaign.pk])).content.decode()
    assert f"Allocated: {row.results['given']} people get an offer" in form


def test_refusals_stand_at_their_field_and_a_campaign_of_somebody_else_is_not_touched(client, page):  # noqa: F811
    offer = OfferFactory.create()
    campaign, other = draft(shoppers(1)), draft(shoppers(1))
    row = worked_out(other, [offer])
    address = reverse("admin:marketing_campaign_offers_act", args=[campaign.pk])

    text = client.post(address, {"act": "ask", "budget": "0", "margin": "50", "offers": [offer.pk]}).content.decode()
    client.post(address, {"act": "accept", "allocation": row.pk})

    assert "Say how much the offers may cost, more than 0." in text
    row.refresh_from_db()
    assert row.state == "proposed"
    assert "No offers allocated" not in page(campaign)


def test_without_an_audience_the_page_says_what_to_do_first(page):
    assert "Choose an audience first" in page(CampaignFactory.create())


def test_planning_draws_arms_among_those_with_an_offer():
    campaign = draft(shoppers(60), holdout_share="0.5")
    row = worked_out(campaign, [OfferFactory.create(unit="amount", value=5)], budget="60")
    deciding.accept(row.pk, by=None)
    Campaign.objects.filter(pk=campaign.pk).update(state="approved")

    planning.plan(campaign.pk)

    rows = Recipient.objects.filter(campaign=campaign)
    assert set(rows.exclude(arm="").values_list("customer_id", flat=True)) == set(
        row.people.values_list("customer_id", flat=True)
    )
    assert rows.filter(arm="control").exists()


def test_without_any_offer_nothing_is_asked_that_leads_nowhere(page):
    text = page(draft(shoppers(3)))

    assert "There is no offer yet." in text
    assert ('name="budget"' in text, 'name="margin"' in text) == (False, False)


def test_the_form_says_how_many_codes_an_offer_has_left():
    OfferFactory.create(name="Spring", value=10, max_codes=5, given=4)
    OfferFactory.create(name="Tea", value=5)

    names = [
        name for _pk, name in AllocationForm(campaign=CampaignFactory.create(), shown=None).fields["offers"].choices
    ]

    assert names == ["Tea · 5% off", "Spring · 10% off · 1 code left"]
