"""Offers per group: what groups took up is read from orders and points, proposed, and decided by a person."""

import json
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analytics.models import Segment, SegmentMembership
from catalog.models import Order
from core.exceptions import BadInput
from crm.models import LoyaltyAccount
from crm.services import adjust
from marketing.models import Campaign, Offer, StrategyProposal, StrategyRun
from marketing.strategy import building, datasets, deciding, tastes, views
from tests.factories import (
    CategoryFactory,
    CouponCodeFactory,
    CustomerFactory,
    ModelVersionFactory,
    OfferFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    SegmentFactory,
    SegmentMembershipFactory,
    StaffUserFactory,
    StrategyProposalFactory,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SINCE = NOW - timedelta(days=365)
PAGE, ACT = "admin:marketing_strategy", "admin:marketing_strategy_act"


def group(key, kind="rfm"):
    """RFM segments are there from the beginning."""
    return Segment.objects.filter(kind=kind, key=key).first() or SegmentFactory.create(kind=kind, key=key)


def member(segment):
    one = CustomerFactory.create()
    SegmentMembershipFactory.create(segment=segment, customer=one, until=None)
    return one


def order(customer, *, products=100, discount=0, shipping=0, days_ago=10, **more):
    return OrderFactory.create(
        customer=customer, status=Order.Status.PAID, lines_total=products, discount=discount, shipping=shipping,
        total=products + shipping - discount, paid_at=NOW - timedelta(days=days_ago), **more
    )  # fmt: skip


def read(basis="rfm"):
    return datasets.people(basis, since=SINCE, until=NOW)


# --- what the facts hold --------------------------------------------------------------------------------------------


def test_discount_is_a_share_of_all_prices_with_what_was_taken_off_lines():
    ana = member(group("loyal"))
    first = order(ana, products=90, discount=10)
    OrderLineFactory.create(order=first, quantity=1, unit_price=100, discount=10)
    order(ana, products=100)
    order(ana, products=100, discount=99, days_ago=400)

    assert read().responses["discount"].tolist() == [pytest.approx(100 * 20 / 200)]


def test_a_code_for_free_shipping_is_no_discount_and_counts_as_free():
    ana = member(group("loyal"))
    free = OfferFactory.create(kind="free_shipping", unit="amount", value=0)
    by_code = order(ana, discount=5, shipping=5)
    CouponCodeFactory.create(offer=free, customer=ana, order=by_code, amount=5, used_at=NOW)
    order(ana, shipping=5)

    found = read().responses

    assert found["discount"].tolist() == [0]
    assert found["free_shipping"].tolist() == [0.5]


def test_nobody_met_free_shipping_where_nobody_is_charged():
    order(member(group("loyal")))

    assert np.isnan(read().responses["free_shipping"]).all()


def test_points_are_those_that_were_used_by_people_with_an_account():
    segment = group("loyal")
    ana, _ben = member(segment), member(segment)
    LoyaltyAccount.objects.create(customer=ana)
    adjust(customer_id=ana.pk, points=300, reason="gift", key="a")

    found = read()

    assert found.ids.tolist()[0] == ana.pk
    assert found.responses["bonus_points"][0] == 0
    assert np.isnan(found.responses["bonus_points"][1])


def test_groups_are_of_one_kind_and_hold_nobody_who_was_erased():
    loyal, other = group("loyal"), group("champions")
    ana, ben = member(loyal), member(other)
    SegmentMembershipFactory.create(segment=other, customer=ana, since=SINCE, until=NOW)
    SegmentMembershipFactory.create(segment=group("1", kind="cluster"), customer=ana, until=None)
    gone = member(other)
    gone.erased_at = NOW
    gone.save()

    found = read()

    assert dict(zip(found.ids.tolist(), found.labels.tolist(), strict=True)) == {
        ana.pk: found.segments.index(loyal.pk), ben.pk: found.segments.index(other.pk)
    }  # fmt: skip
    assert datasets.people("cluster", since=SINCE, until=NOW).ids.tolist() == [ana.pk]


# --- a look ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def planted():
    """Forty who take a quarter off and forty who pay for shipping and the full price."""
    hunters, others = group("hunters", kind="cluster"), group("others", kind="cluster")
    rng = np.random.default_rng(3)
    for number in range(40):
        order(member(hunters), discount=int(rng.integers(23, 28)), shipping=5)
        order(member(others), discount=int(rng.integers(0, 3)), shipping=5)
        if number % 4 == 0:
            order(member(hunters), discount=25)
    return hunters, others


def test_a_look_proposes_what_a_group_took_up_clearly_more_than_everybody(planted):
    hunters, others = planted
    version = ModelVersionFactory.create(kind="customer_clusters", state="active")

    assert building.build(now=NOW) == {"look": 1, "groups": 2, "customers": 90}

    first, second = StrategyProposal.objects.order_by("-size")
    assert (first.segment, first.size, first.kind) == (hunters, 50, "discount")
    assert 23 <= first.value <= 27
    assert (second.segment, second.kind) == (others, "")
    answer = first.answers["discount"]
    assert answer["low"] < answer["value"] < answer["high"]
    assert answer["low"] > answer["everybody"]
    assert (answer["strength"], answer["customers"]) == ("clear", 50)
    assert first.answers["bonus_points"]["strength"] == "thin"
    run = StrategyRun.objects.get()
    assert (run.basis, run.as_of, run.since) == ("cluster", NOW, SINCE)
    assert run.groups_version == version


@pytest.mark.usefixtures("planted")
def test_each_look_is_kept_and_without_groups_there_is_none():
    building.build(now=NOW)
    building.build(now=NOW)

    assert list(StrategyRun.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    SegmentMembership.objects.all().delete()
    assert building.build(now=NOW) == {"skipped": "no_groups"}


# --- what people decide ---------------------------------------------------------------------------------------------


def test_who_accepts_gets_an_offer_and_a_draft_to_the_group_with_some_left_out():
    by = StaffUserFactory.create()
    row = StrategyProposalFactory.create(kind="discount", value=15)

    done = deciding.accept(row.pk, kind="discount", value=Decimal(15), why="", by=by)

    assert (done.state, done.decided_by) == ("accepted", by)
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.audience.segment, campaign.holdout_share) == ("draft", row.segment, Decimal("0.1"))
    assert (campaign.offer.kind, campaign.offer.value) == ("discount", 15)
    with pytest.raises(deciding.Decided):
        deciding.refuse(row.pk, why="late", by=by)


def test_a_change_and_a_refusal_need_their_reason():
    by = StaffUserFactory.create()
    changed, refused = StrategyProposalFactory.create(kind="discount", value=15), StrategyProposalFactory.create()

    with pytest.raises(BadInput):
        deciding.accept(changed.pk, kind="points", value=Decimal(100), why=" ", by=by)
    with pytest.raises(BadInput):
        deciding.refuse(refused.pk, why="", by=by)
    assert not Offer.objects.exists()
    assert set(StrategyProposal.objects.values_list("state", flat=True)) == {"open"}

    assert deciding.accept(changed.pk, kind="points", value=Decimal(100), why="cheaper", by=by).state == "changed"
    assert deciding.refuse(refused.pk, why="too few", by=by).state == "refused"
    assert Offer.objects.get().unit == "points"


@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [
        ("discount", (0.3, 0.12, 0.48, 0.25), ("0.30%", "0.12% … 0.48%", "0.25%")),
        ("discount", (14.2, 9.6, 18.8, 3.1), ("14%", "10% … 19%", "3%")),
        ("free_shipping", (0.034, 0.021, 0.05, 0.0), ("3.4%", "2.1% … 5.0%", "0%")),
        ("bonus_points", (0.02, 0.0, 0.05, 0.3), ("0.02", "0 … 0.05", "0.30")),
        ("bonus_points", (1240.4, 800.0, 1600.0, 12.0), ("1,240", "800 … 1,600", "12")),
        ("bonus_points", (0, 0, 0, 0), ("0", "0 … 0", "0")),
        ("discount", (None, None, None, 0.04), ("–", "–", "0.040%")),
    ],
)
def test_small_means_keep_two_figures_and_a_row_its_decimals(name, said, shown):
    told = views._answer(name, dict(zip(("value", "low", "high", "everybody"), said, strict=True)))

    assert (told["value"], told["range"], told["everybody"]) == shown


# --- the page -------------------------------------------------------------------------------------------------------


def staff(*rights):
    user = StaffUserFactory.create(is_superuser=not rights)
    for right in rights:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="marketing", codename=right))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.usefixtures("planted")
def test_the_page_shows_evidence_beside_everybody_and_what_was_decided(django_assert_max_num_queries):
    client = staff()
    assert "Nothing looked at yet" in client.get(reverse(PAGE)).content.decode()
    assert client.post(reverse(ACT), {"act": "look"}).status_code == 302
    building.build(now=NOW)
    first = StrategyProposal.objects.get(kind="discount")
    client.get(reverse(PAGE))

    with django_assert_max_num_queries(12):
        page = client.get(reverse(PAGE)).content.decode()

    assert f"Proposed: {first.value.normalize():f}% off" in page
    assert "They took clearly more discount than everybody." in page
    assert "Differs from everybody" in page
    assert "No offer proposed" in page
    said = {"act": "accept", "proposal": first.pk, "kind": "discount", "value": str(first.value)}
    answer = client.post(reverse(ACT), said)
    assert answer["Location"] == reverse("admin:marketing_campaign_change", args=[Campaign.objects.get().pk])
    building.build(now=NOW)
    assert "Decided before" in client.get(reverse(PAGE)).content.decode()


def test_who_may_only_see_decides_nothing():
    row = StrategyProposalFactory.create(kind="discount", value=15)
    client = staff("view_campaign")

    page = client.get(reverse(PAGE)).content.decode()

    assert "Refuse proposal" not in page
    assert client.post(reverse(ACT), {"act": "refuse", "proposal": row.pk, "why": "no"}).status_code == 403
    row.refresh_from_db()
    assert row.state == "open"


# --- on files -------------------------------------------------------------------------------------------------------


def test_the_command_recovers_the_strategies_of_the_example_rows(tmp_path):
    data, out = tmp_path / "rows.csv", tmp_path / "out.json"
    rows = zip((10, 15, 20, 25, 30), (1, 1, 0, 1, 0), (50, 100, 150, 200, 250), strict=True)
    data.write_text("\n".join(["discount,free_shipping,bonus_points", *(",".join(map(str, row)) for row in rows)]))

    call_command("evaluate", "offer-strategy", "--data", str(data), "--seed", "42", "--json", str(out))

    groups = json.loads(out.read_text())["groups"]
    found = {(one["size"], one["discount"], one["free_shipping"], one["bonus_points"]) for one in groups}
    assert found == {(2, 12.5, True, 75.0), (2, 25.0, False, 200.0), (1, 25.0, True, 200.0)}


def test_what_a_group_likes_and_which_open_offer_fits_it_stand_beside_everybody():
    bags, shoes = CategoryFactory.create(name="Bags"), CategoryFactory.create(name="Shoes")
    loyal, new = group("loyal"), group("new")
    mine, theirs = [OfferFactory.create(name=f"About {one.name}") for one in (bags, shoes)]
    mine.categories.set([bags])
    theirs.categories.set([shoes])
    OfferFactory.create(name="Over", ends_at=NOW - timedelta(days=1)).categories.set([bags])
    products = {one.pk: ProductFactory.create(category=one) for one in (bags, shoes)}
    for segment, category in ((loyal, bags), (new, shoes)):
        for _number in range(tastes.FEWEST):
            OrderLineFactory.create(order=order(member(segment)), product=products[category.pk])

    building.build(now=NOW)

    said = StrategyProposal.objects.get(segment=loyal).answers["fits"]
    assert said["customers"] == tastes.FEWEST
    assert [(one["id"], one["share"], one["share_everybody"]) for one in said["categories"]] == [(bags.pk, 1.0, 0.5)]
    assert [(one["id"], one["fit"]) for one in said["offers"]] == [(mine.pk, 0.5)]
    text = staff().get(reverse(PAGE)).content.decode()
    assert "About Bags" in text
    assert "About Shoes" in text


def test_of_a_small_group_nothing_is_said():
    bags = CategoryFactory.create(name="Bags")
    OrderLineFactory.create(order=order(member(group("loyal"))), product=ProductFactory.create(category=bags))

    building.build(now=NOW)

    said = StrategyProposal.objects.get(segment=group("loyal")).answers["fits"]
    assert (said["customers"], said["categories"], said["offers"]) == (1, [], [])
