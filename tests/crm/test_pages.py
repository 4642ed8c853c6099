"""Staff pages about points."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.models import Job
from crm import demo, services
from crm.models import LoyaltyAccount, LoyaltyProgramme, LoyaltyTier, LoyaltyTransaction, PastGrant, Reward
from tests.crm.conftest import final, finish
from tests.factories import CustomerFactory, OrderFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    def sign_in(role: Role = Role.OWNER) -> Client:
        client = Client()
        client.force_login(StaffUserFactory.create(role=role))
        return client

    return sign_in


def panel(client: Client, customer) -> str:
    return client.get(reverse("admin:catalog_customer_panel", args=[customer.pk, "crm.loyalty"])).content.decode()


def test_the_list_of_accounts_stays_within_twelve_queries(staff, programme, django_assert_max_num_queries):
    tier = LoyaltyTier.objects.create(name_en="Silver", threshold=1)
    for number in range(12):
        customer = CustomerFactory.create(name=f"Ana {number}")
        final(customer, 100 + number)
    LoyaltyAccount.objects.update(tier=tier)
    client = staff()
    address = reverse("admin:crm_loyaltyaccount_changelist")
    client.get(address)

    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()

    assert page.count("Ana ") >= 12
    assert "¥1.11" in page
    assert "Ana 7" in client.get(f"{address}?q=Ana+7").content.decode()


def test_the_report_says_what_is_owed_and_its_rows_add_up(staff, customer, buy, django_assert_max_num_queries):
    finish(buy(customer, 300))
    buy(customer, 40)
    services.redeem(customer_id=customer.pk, points=120)
    services.recount()
    client = staff()
    address = reverse("admin:crm_liability")
    client.get(address)

    with django_assert_max_num_queries(16):
        page = client.get(address).content.decode()

    assert "1 customer holds 220 points, worth ¥2.20" in page
    assert "Adds up" in page
    file = client.post(reverse("admin:crm_liability_export")).getvalue().decode()
    month = services.account_of(customer.pk).lots.get(points=300).expires_at - timedelta(seconds=1)
    assert f"{month:%Y-%m}-01,180,1.0,1.8,1" in file
    assert "Pending,40,,0.4," in file


def test_an_empty_report_leads_to_the_programme(staff, db):
    page = staff().get(reverse("admin:crm_liability")).content.decode()

    assert reverse("admin:crm_loyaltyprogramme_changelist") in page


def test_switching_on_notes_the_moment_and_history_takes_a_change_back(staff, db):
    client = staff(Role.MARKETER)
    address = reverse("admin:crm_loyaltyprogramme_change", args=[1])
    LoyaltyProgramme.current()
    form = {
        "is_on": "on", "points_per_unit": "2", "rounding": "down", "undelivered_days": "60", "point_value": "0.01",
        "least_redeemed": "50", "code_days": "30", "expiry_months": "12", "tier_basis": "spend",
    }  # fmt: skip

    assert client.post(address, form).status_code == 302

    programme = LoyaltyProgramme.current()
    assert (programme.is_on, programme.points_per_unit, programme.least_redeemed) == (True, 2, 50)
    assert programme.started_at is not None
    assert timezone.now() - programme.started_at < timedelta(minutes=1)


def test_a_correction_shows_on_the_customers_page_and_is_taken_back_there(staff, customer, programme):
    client = staff(Role.SUPPORT)
    send = {"points": "+120", "reason": "late parcel", "key": "k"}
    adjust = reverse("admin:crm_loyaltyaccount_adjust", args=[customer.pk])
    for _twice in range(2):
        client.post(adjust, send)
    assert "late parcel" in panel(client, customer)
    assert LoyaltyAccount.objects.get(customer=customer).balance == 120

    done = LoyaltyTransaction.objects.get(kind="adjust")
    for _twice in range(2):
        client.post(reverse("admin:crm_loyaltyaccount_undo"), {"done": done.pk})

    assert LoyaltyAccount.objects.get(customer=customer).balance == 0
    assert "taken back" in panel(client, customer)


@pytest.mark.parametrize("points", ["", "x", "0", "-5", "1,5", "9" * 13, "1e3", "٣"])
def test_points_that_are_no_number_or_not_there_change_nothing(points, staff, customer, programme):
    client = staff(Role.SUPPORT)
    client.post(
        reverse("admin:crm_loyaltyaccount_adjust", args=[customer.pk]), {"points": points, "reason": "x", "key": "k"}
    )

    assert not LoyaltyTransaction.objects.exists()


def test_who_may_only_look_gets_no_form(staff, customer, programme):
    final(customer, 30)
    client = staff(Role.ANALYST)

    assert "crm/loyaltyaccount" not in panel(client, customer)
    assert client.post(reverse("admin:crm_loyaltyaccount_adjust", args=[customer.pk])).status_code == 403


def test_past_orders_are_counted_on_the_page_before_anything_is_granted(staff, customer, buy, programme):
    start = timezone.now() - timedelta(days=10)
    LoyaltyProgramme.objects.update(started_at=start)
    buy(customer, 100, paid_at=start - timedelta(days=50))
    client = staff(Role.MARKETER)
    address = reverse("admin:crm_past")
    assert client.post(address, {"since": "soon"}).status_code == 200
    client.post(address, {"since": "2020-01-01"})
    grant = PastGrant.objects.get()
    assert Job.objects.filter(kind="crm.count_past").count() == 1
    services.count_past(grant.pk)

    page = client.get(address).content.decode()

    assert "1 orders of 1 customers: 100 points, worth ¥1.00" in page
    client.post(address, {"grant": grant.pk})
    client.post(address, {"grant": grant.pk})
    assert Job.objects.filter(kind="crm.grant_past").count() == 1
    services.run_past(grant.pk)
    assert "Granted" in client.get(address).content.decode()


def test_a_rule_or_reward_without_what_it_needs_is_refused_at_its_field(staff, db):
    client = staff(Role.MARKETER)
    reward = {"name_en": "Off", "name_zh": "", "kind": "amount", "is_on": "on", "cost": "100", "stock": ""}
    client.post(reverse("admin:crm_reward_add"), reward)
    assert not Reward.objects.exists()

    client.post(reverse("admin:crm_reward_add"), {**reward, "amount": "5"})
    assert Reward.objects.get().amount == 5


def test_the_demo_shop_begins_with_a_programme_and_the_points_of_its_orders(db):
    ShopProfileFactory.create(is_demo=True)
    OrderFactory.create(customer=CustomerFactory.create(), status="paid", paid_at=timezone.now() - timedelta(days=90))
    for _twice in range(2):
        demo.first()

    assert LoyaltyProgramme.current().is_on
    assert (LoyaltyTier.objects.count(), Reward.objects.count(), PastGrant.objects.count()) == (3, 3, 1)
    assert Job.objects.filter(kind="crm.grant_past").count() == 1


def test_a_real_shop_begins_without(db):
    ShopProfileFactory.create(is_demo=False)
    demo.first()

    assert not LoyaltyProgramme.current().is_on
    assert not LoyaltyTier.objects.exists()
