"""One code for each person, within the limits of the offer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from crm.models import LoyaltyAccount, LoyaltyTransaction
from marketing import offers
from marketing.models import CouponCode, Offer
from marketing.offers import keeping
from tests.factories import CampaignFactory, CustomerFactory, OfferFactory

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def people(count: int) -> list[int]:
    return [one.pk for one in CustomerFactory.create_batch(count)]


def counters(offer: Offer) -> tuple[int, int, Decimal, Decimal]:
    offer.refresh_from_db()
    return offer.given, offer.used, offer.spent, offer.promised


def test_each_customer_gets_one_code_however_often_it_is_asked_for(ten_percent):
    ana, ben = people(2)

    first = offers.issue(ten_percent.pk, [ana, ana], at=NOW)
    again = offers.issue(ten_percent.pk, [ana, ben], at=NOW)

    assert list(first) == [ana]
    assert again[ana] == first[ana]
    assert again[ben] != again[ana]
    assert CouponCode.objects.count() == 2
    assert counters(ten_percent) == (2, 0, 0, 0)


def test_codes_have_twelve_letters_that_nobody_confuses_and_do_not_repeat(ten_percent):
    codes = list(offers.issue(ten_percent.pk, people(300), at=NOW).values())

    assert len(set(codes)) == 300
    assert {len(code) for code in codes} == {12}
    assert not set("".join(codes)) & set("01ILO")
    assert offers.spoken("K7QM2XPA94TZ") == "K7QM-2XPA-94TZ"
    assert offers.plain(" k7qm-2xpa 94tz ") == "K7QM2XPA94TZ"


def test_no_code_while_an_offer_is_closed_not_begun_or_over(shop):
    day = timedelta(days=1)
    for more in ({"is_active": False}, {"starts_at": NOW + day}, {"ends_at": NOW}):
        offer = OfferFactory.create(**more)

        assert offers.issue(offer.pk, people(1), at=NOW) == {}
        assert counters(offer)[0] == 0
    assert not CouponCode.objects.exists()


def test_a_code_that_was_given_is_told_after_the_offer_was_closed(ten_percent):
    ana, ben = people(2)
    given = offers.issue(ten_percent.pk, [ana], at=NOW)
    offers.close(ten_percent.pk)

    assert offers.issue(ten_percent.pk, [ana, ben], at=NOW) == given


def test_a_code_that_was_used_or_ran_out_is_told_nobody_any_more(shop):
    offer = OfferFactory.create(value=10, valid_days=7)
    used, over, good = people(3)
    offers.issue(offer.pk, [over], at=NOW - timedelta(days=8))
    given = offers.issue(offer.pk, [used, good], at=NOW)
    CouponCode.objects.filter(customer=used).update(used_at=NOW)

    assert offers.issue(offer.pk, [used, over, good], at=NOW) == {good: given[good]}
    assert counters(offer)[0] == 3


def test_a_code_ends_with_the_offer_or_after_its_days_whichever_comes_first(shop):
    ana = people(1)
    open_end = OfferFactory.create()
    both = OfferFactory.create(ends_at=NOW + timedelta(days=30), valid_days=7)
    near = OfferFactory.create(ends_at=NOW + timedelta(days=3), valid_days=7)

    for offer in (open_end, both, near):
        offers.issue(offer.pk, ana, at=NOW)

    ends = [CouponCode.objects.get(offer=offer).expires_at for offer in (open_end, both, near)]
    assert ends == [None, NOW + timedelta(days=7), NOW + timedelta(days=3)]


def test_people_who_were_erased_or_merged_get_none_and_take_no_place(shop):
    offer = OfferFactory.create(max_codes=1)
    ana = CustomerFactory.create()
    gone = CustomerFactory.create(erased_at=NOW)
    merged = CustomerFactory.create(merged_into=ana)

    assert list(offers.issue(offer.pk, [gone.pk, merged.pk, ana.pk], at=NOW)) == [ana.pk]
    assert counters(offer)[0] == 1


def test_the_budget_pays_for_every_code_even_if_all_are_used(shop):
    five = OfferFactory.create(unit="amount", value=5, budget=17)
    percent = OfferFactory.create(value=10, most_off=4, budget=17)

    assert len(offers.issue(five.pk, people(9), at=NOW)) == 3
    assert len(offers.issue(percent.pk, people(9), at=NOW)) == 4
    assert counters(five) == (3, 0, 0, 15)
    assert counters(percent) == (4, 0, 0, 16)


def test_a_promise_that_ran_out_leaves_its_money_to_others(shop):
    offer = OfferFactory.create(unit="amount", value=5, budget=5, valid_days=7)
    ana, ben = people(2)
    offers.issue(offer.pk, [ana], at=NOW - timedelta(days=8))
    assert offers.issue(offer.pk, [ben], at=NOW) == {}

    assert keeping.release() == 1

    assert list(offers.issue(offer.pk, [ben], at=NOW)) == [ben]
    assert counters(offer) == (2, 0, 0, 5)


def test_the_campaign_of_a_code_is_kept(ten_percent):
    campaign = CampaignFactory.create()

    offers.issue(ten_percent.pk, people(1), at=NOW, campaign_id=campaign.pk)

    assert CouponCode.objects.get().campaign == campaign


# --- points ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("programme")
def test_points_are_booked_once_in_the_ledger_and_count_as_used(shop):
    offer = OfferFactory.create(kind="points", unit="points", value=200, budget=5)
    three = people(3)

    first = offers.issue(offer.pk, three, at=NOW)
    offers.issue(offer.pk, three, at=NOW)

    assert list(first) == three[:2]  # 2.00 each
    assert [LoyaltyAccount.objects.get(customer=one).balance for one in three[:2]] == [200, 200]
    assert not LoyaltyAccount.objects.filter(customer=three[2]).exists()
    assert list(LoyaltyTransaction.objects.values_list("points", "reason")) == [(200, "offer")] * 2
    assert counters(offer) == (2, 2, Decimal(4), 0)


def test_no_points_while_the_programme_is_off(shop):
    offer = OfferFactory.create(kind="points", unit="points", value=200)

    assert offers.issue(offer.pk, people(1), at=NOW) == {}
    assert not LoyaltyTransaction.objects.exists()
    assert counters(offer) == (0, 0, 0, 0)


# --- at the same time -----------------------------------------------------------------------------------------------


def at_once(offer: Offer, groups: list[list[int]]) -> list[dict[int, str]]:
    def give(group: list[int]) -> dict[int, str]:
        try:
            found: dict[int, str] = {}
            for one in group:
                found |= offers.issue(offer.pk, [one], at=NOW)
            return found
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(give, groups))


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_never_pass_a_limit(shop):
    for limits in ({"max_codes": 37}, {"unit": "amount", "value": 5, "budget": 187}):
        offer = OfferFactory.create(**limits)
        everybody = people(120)

        found = at_once(offer, [everybody[place::8] for place in range(8)])

        assert sum(map(len, found)) == CouponCode.objects.filter(offer=offer).count() == 37
        assert counters(offer)[0] == 37
        assert counters(offer)[3] == (0 if "max_codes" in limits else 185)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("programme")
def test_eight_at_once_give_the_same_person_the_same_code_and_points_once(ten_percent):
    points = OfferFactory.create(kind="points", unit="points", value=50)
    few = people(5)

    found = at_once(ten_percent, [few] * 8)
    at_once(points, [few] * 8)

    assert found == [found[0]] * 8
    assert counters(ten_percent)[0] == 5
    assert list(LoyaltyAccount.objects.values_list("balance", flat=True)) == [50] * 5
    assert counters(points)[:2] == (5, 5)
