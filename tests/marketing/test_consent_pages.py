"""What staff see and write down of a customer's consent."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog import merging
from core.choices import Role
from core.models import LedgerEntry
from marketing import services
from marketing.models import Consent, ConsentEvent, Restriction, Suppression
from marketing.services import Proof, Word
from tests.factories import CustomerFactory, RecipientFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
OFFERS, NEWS = Word("offers", "email", given=True), Word("news", "email", given=True)


@pytest.fixture
def ana(shop_rules):
    made = CustomerFactory.create(name="Ana Li", email="ana@shop.test")
    proof = Proof("api", "v3", is_confirmed=True, details={"page": "checkout", "confirmed": True})
    services.tell(made.pk, [OFFERS, NEWS], proof)
    return made


def signed_in(role=Role.SUPPORT):
    client = Client()
    client.force_login(StaffUserFactory.create(role=role, username=f"lin-{role}"))
    return client


def panel(client, customer):
    address = reverse("admin:catalog_customer_panel", args=[customer.pk, "marketing.consent"])
    return client.get(address).content.decode()


def post(client, name, customer, **said):
    return client.post(reverse(f"admin:marketing_{name}"), {"customer": customer.pk, **said})


def test_the_proof_of_each_consent_is_on_the_page_of_the_customer(ana, django_assert_max_num_queries):
    client = signed_in()
    panel(client, ana)

    with django_assert_max_num_queries(11):
        page = panel(client, ana)

    assert page.count("v3") == 2
    for text in ("checkout", "Confirmed by the shop", "API", "Proof of each change"):
        assert text in page


def test_the_last_messages_lead_to_their_pages(ana):
    row = RecipientFactory.create(customer=ana)
    address = reverse("admin:marketing_recipient_change", args=[row.pk])

    assert f'href="{address}"' in panel(signed_in(), ana)


def test_support_takes_back_what_a_customer_no_longer_wants_and_the_page_says_who(ana):
    client = signed_in()

    answer = post(client, "consent_withdraw", ana, consent="offers.email")

    assert answer.url == reverse("admin:catalog_customer_change", args=[ana.pk])
    kept = set(Consent.objects.values_list("purpose", "state", "source"))
    assert kept == {("offers", "withdrawn", "staff"), ("news", "given", "api")}
    page = panel(client, ana)
    assert "lin-support" in page
    assert page.count('name="consent"') == 1
    entry = LedgerEntry.objects.filter(kind="consent").latest("id")
    assert entry.subject.startswith("marketing.consent:")


def test_everything_by_a_channel_is_taken_back_and_the_address_suppressed(ana):
    post(signed_in(), "consent_withdraw", ana, channel="email")

    assert set(Consent.objects.filter(channel="email").values_list("state", flat=True)) == {"withdrawn"}
    assert Suppression.objects.get().reason == "unsubscribe"


@pytest.mark.parametrize("said", [{}, {"consent": "offers"}, {"consent": "spam.email"}, {"channel": "pigeon"}])
def test_what_is_no_consent_changes_nothing(ana, said):
    assert post(signed_in(), "consent_withdraw", ana, **said).status_code == 302

    assert set(Consent.objects.values_list("state", flat=True)) == {"given"}
    assert ConsentEvent.objects.count() == 2


def test_support_restricts_and_lifts_it_again(ana):
    client = signed_in()

    post(client, "restrict", ana, wanted="1")
    post(client, "restrict", ana, wanted="1")

    ana.refresh_from_db()
    assert (Restriction.objects.get().by.username, ana.is_personalised) == ("lin-support", False)
    page = panel(client, ana)
    assert "Processing is restricted" in page
    assert "Lift restriction" in page
    post(client, "restrict", ana)
    ana.refresh_from_db()
    assert (Restriction.objects.count(), ana.is_personalised) == (0, True)
    entries = LedgerEntry.objects.filter(subject__startswith="marketing.restriction:")
    assert entries.count() == 2


def test_who_may_only_look_sees_no_buttons_and_changes_nothing(ana):
    client = signed_in(Role.MARKETER)

    page = panel(client, ana)

    assert "<form" not in page
    for name, said in (("consent_withdraw", {"consent": "offers.email"}), ("restrict", {"wanted": "1"})):
        assert post(client, name, ana, **said).status_code == 403
    assert set(Consent.objects.values_list("state", flat=True)) == {"given"}
    assert not Restriction.objects.exists()


def test_a_record_that_was_merged_has_no_page_and_its_changes_stand_with_the_kept_one(ana):
    other = CustomerFactory.create(email="ana@shop.test")
    services.tell(other.pk, [OFFERS], Proof("import", "v1", details={"import": "7"}))
    merging.merge(kept_id=ana.pk, gone_id=other.pk)

    assert post(signed_in(), "consent_withdraw", other, consent="offers.email").status_code == 404

    assert "v1" in panel(signed_in(Role.AUDITOR), ana)
