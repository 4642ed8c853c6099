"""Pages of offers: the list, the form with its refusals, closing, and what others see."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from marketing import offers
from marketing.models import CouponCode, Offer
from tests.factories import CategoryFactory, CustomerFactory, OfferFactory, StaffUserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shop")]
NOW = timezone.now()
LIST = "admin:marketing_offer_changelist"


def staff(*rights):
    user = StaffUserFactory.create(is_superuser=not rights)
    for right in rights:
        user.user_permissions.add(Permission.objects.get(content_type__app_label="marketing", codename=right))
    client = Client()
    client.force_login(user)
    return client


def said(**more):
    return {"name": "Spring", "title_en": "A tenth off", "title_zh_hans": "九折", "kind": "discount",
            "unit": "percent", "value": "10", **more}  # fmt: skip


def page_of(offer):
    return reverse("admin:marketing_offer_change", args=[offer.pk])


def act(client, offer, name):
    return client.post(reverse("admin:marketing_offer_act", args=[offer.pk]), {"act": name}).status_code


def test_a_marketer_makes_an_offer_in_both_languages():
    client = staff("add_offer", "view_offer", "change_offer")

    answer = client.post(
        reverse("admin:marketing_offer_add"),
        said(most_off="20", budget="500", max_codes="40", valid_days="14", least_order="30", ends="2027-03-01T00:00"),
    )

    made = Offer.objects.get()
    assert answer["Location"] == page_of(made)
    assert made.title == {"en": "A tenth off", "zh-hans": "九折"}
    assert (made.value, made.most_off, made.budget, made.least_order) == (10, 20, 500, 30)
    assert (made.max_codes, made.valid_days) == (40, 14)
    assert made.ends_at.isoformat() == "2027-02-28T16:00:00+00:00"
    form = client.get(page_of(made)).context["form"]
    assert (form["value"].value(), form["budget"].value(), form["title_zh_hans"].value()) == ("10", "500", "九折")


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"value": "101"}, "value", "Between 0 and 100 percent."),
        ({"value": ""}, "value", "Between 0 and 100 percent."),
        ({"unit": "amount", "value": "0"}, "value", "More than 0."),
        ({"unit": "points"}, "unit", "A discount is in percent or an amount."),
        ({"budget": "50"}, "most_off", "With a budget, say how much one order gets off at most."),
        ({"starts": "2027-01-02T00:00", "ends": "2027-01-01T00:00"}, "ends", "An offer ends after it starts."),
        ({"kind": "points", "value": "1.5"}, "value", "Say how many points, at least 1."),
        ({"kind": "points", "least_order": "5"}, "least_order", "Points are booked at once, so no order comes first."),
        ({"max_codes": "0"}, "max_codes", "At least 1, or empty."),
        ({"most_off": "-1"}, "most_off", "More than 0, or empty."),
        ({"name": ""}, "name", "This field is required."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(wrong, field, words):
    answer = staff().post(reverse("admin:marketing_offer_add"), said(**wrong))

    assert answer.status_code == 200
    assert answer.context["form"].errors == {field: [words]}
    assert not Offer.objects.exists()


def test_what_codes_say_stays_and_limits_hold_what_was_given():
    offer = OfferFactory.create(value=10, most_off=5, ends_at=NOW + timedelta(days=3), title={"en": "Old"})
    ana = CustomerFactory.create()
    offers.issue(offer.pk, [ana.pk], at=NOW)
    client = staff()

    client.post(page_of(offer), said(value="50", most_off="500", ends="2036-01-01T00:00", title_en="New"))

    offer.refresh_from_db()
    assert (offer.value, offer.most_off, offer.title["en"]) == (10, 5, "New")
    assert CouponCode.objects.get().expires_at == offer.ends_at
    refused = client.post(page_of(offer), said(budget="4"))
    assert refused.context["form"].errors == {"budget": ["More than that is spent or promised already."]}


def test_closing_stops_giving_and_ending_codes_is_an_act_of_its_own():
    offer = OfferFactory.create(unit="amount", value=5, budget=50)
    offers.issue(offer.pk, [CustomerFactory.create().pk, CustomerFactory.create().pk], at=NOW)
    client = staff()

    assert act(client, offer, "close") == 302
    offer.refresh_from_db()
    assert (offer.is_active, offer.promised) == (False, 10)
    assert act(client, offer, "reopen") == 302
    assert "End 2 codes that were not used?" in client.get(page_of(offer)).content.decode()
    assert act(client, offer, "end") == 302

    offer.refresh_from_db()
    assert (offer.is_active, offer.promised) == (False, 0)
    assert not CouponCode.objects.filter(expires_at__gt=timezone.now()).exists()


def test_lists_show_what_was_given_used_and_spent(django_assert_max_num_queries):
    for number in range(12):
        offer = OfferFactory.create(unit="amount", value=5, budget=50, max_codes=8, used=number)
        offers.issue(offer.pk, [CustomerFactory.create(name=f"Ana {number}").pk], at=NOW)
    Offer.objects.update(spent=Decimal("12.50"))
    client = staff()
    client.get(reverse(LIST))

    with django_assert_max_num_queries(12):
        page = client.get(reverse(LIST)).content.decode()
    with django_assert_max_num_queries(12):
        codes = client.get(reverse("admin:marketing_couponcode_changelist")).content.decode()

    assert "€12.50 of €50.00" in page
    assert "1 of 8" in page
    assert "€5.00 off" in page
    assert "Ana 11" in codes
    code = offers.spoken(CouponCode.objects.first().code)
    found = client.get(reverse("admin:marketing_couponcode_changelist") + f"?q={code.lower()}").content.decode()
    assert code in found
    assert found.count("zg-link") < codes.count("zg-link")


def test_who_may_only_see_cannot_change(ten_percent):
    client = staff("view_offer")
    offers.issue(ten_percent.pk, [CustomerFactory.create(name="Ana Lima").pk], at=NOW)

    page = client.get(page_of(ten_percent)).content.decode()

    assert "Save offer" not in page
    assert "Ana Lima" not in page
    assert client.post(page_of(ten_percent), said(name="Mine")).status_code == 403
    assert act(client, ten_percent, "close") == 403
    assert client.get(reverse("admin:marketing_offer_add")).status_code == 403
    ten_percent.refresh_from_db()
    assert (ten_percent.name, ten_percent.is_active) == ("Spring", True)


def test_the_page_of_a_customer_shows_offers_and_codes(ten_percent, django_assert_max_num_queries):
    ana = CustomerFactory.create()
    code = offers.issue(ten_percent.pk, [ana.pk], at=NOW)[ana.pk]
    client = staff()
    address = reverse("admin:catalog_customer_panel", args=[ana.pk, "marketing.offers"])
    client.get(address)

    with django_assert_max_num_queries(8):
        panel = client.get(address).content.decode()

    assert offers.spoken(code) in panel
    assert "10% off" in panel
    assert "Not used" in panel


def test_what_an_offer_is_about_is_chosen_and_may_change_when_codes_are_given():
    shoes = CategoryFactory.create(name="Shoes")
    boots, bags = CategoryFactory.create(parent=shoes, name="Boots"), CategoryFactory.create(name="Bags")
    client = staff()

    client.post(reverse("admin:marketing_offer_add"), said(categories=[boots.pk]))

    offer = Offer.objects.get()
    assert list(offer.categories.all()) == [boots]
    assert "Shoes › Boots" in client.get(page_of(offer)).content.decode()
    offers.issue(offer.pk, [CustomerFactory.create().pk], at=NOW)
    client.post(page_of(offer), said(categories=[bags.pk]))
    assert list(offer.categories.all()) == [bags]
