"""Consent counts from the moment it is certain, and ends the moment it is taken back."""

import json
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from catalog import merging, timeline
from catalog.models import Customer
from core.exceptions import NotFound
from core.ledger.verifying import verify
from core.ledger.words import Named
from core.models import LedgerEntry, OutgoingMail
from core.rights.erasing import erase
from marketing import addresses, ledger_names, links, services
from marketing.models import Consent, ConsentEvent, LedgerName, MarketingSettings, Recipient, Suppression
from marketing.models.consent import ConsentSource
from marketing.services import Proof, Word
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db
OFFERS = Word("offers", "email", given=True)


@pytest.fixture
def ana(shop_rules):
    return CustomerFactory.create(name="Ana Li", email="ana@shop.test", language="en")


def state(customer, purpose="offers", channel="email"):
    return Consent.objects.get(customer=customer, purpose=purpose, channel=channel).state


def number_of(customer):
    return LedgerName.objects.get(customer=customer).pk


def link_in_mail():
    return re.search(r"http://127.0.0.1:8000(/consent/\S+)", OutgoingMail.objects.latest("id").text)[1]


def test_a_consent_for_mail_waits_until_the_link_is_followed(ana, client):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.API))
    path = link_in_mail()

    assert state(ana) == "pending"
    assert client.get(path).status_code == 200
    assert state(ana) == "pending"  # looking is not agreeing: programs look at links
    assert client.post(path).status_code == 200
    assert state(ana) == "given"
    assert [event.state for event in ConsentEvent.objects.order_by("id")] == ["pending", "given"]


def test_the_page_of_a_confirmation_says_what_each_purpose_means_in_the_order_of_the_preferences(ana, client):
    services.tell(ana.pk, [Word("surveys", "email", given=True), OFFERS], Proof(ConsentSource.API))

    page = client.get(f"{link_in_mail()}?language=en").content.decode()

    said = re.sub(r"<[^>]+>", " ", page[page.index("<ul>") : page.index("</ul>")]).split()
    assert " ".join(said) == "Offers Discounts, coupons and sales. Surveys Short questions about your order."


def test_a_link_from_before_a_withdrawal_confirms_nothing(ana, client):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.API))
    path = link_in_mail()
    services.tell(ana.pk, [Word("offers", "email", given=False)], Proof(ConsentSource.API))

    page = client.post(path).content.decode()

    assert state(ana) == "withdrawn"
    assert "Nothing waits for a confirmation any more" in page
    assert "Thank you" not in page


def test_a_link_that_was_sent_to_another_address_confirms_nothing(ana, client):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.API))
    path = link_in_mail()
    before = ana.email
    Customer.objects.filter(pk=ana.pk).update(email="new@shop.test")

    page = client.post(path).content.decode()

    assert state(ana) == "pending"
    assert "Nothing waits for a confirmation any more" in page
    Customer.objects.filter(pk=ana.pk).update(email=before.upper())
    client.post(path)
    assert state(ana) == "given"


def test_confirming_twice_says_thank_you_twice(ana, client):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.API))
    path = link_in_mail()

    for _twice in range(2):
        assert "Thank you" in client.post(path).content.decode()


@pytest.mark.parametrize(
    ("proof", "double", "wanted"),
    [
        (Proof(ConsentSource.API, is_confirmed=True), True, "given"),
        (Proof(ConsentSource.STAFF), True, "given"),
        (Proof(ConsentSource.PREFERENCE_PAGE), True, "given"),
        (Proof(ConsentSource.API), False, "given"),
        (Proof(ConsentSource.API), True, "pending"),
    ],
)
def test_who_has_shown_that_the_mailbox_is_theirs_needs_no_link(ana, proof, double, wanted):
    MarketingSettings.current()
    MarketingSettings.objects.update(double_opt_in=double)

    services.tell(ana.pk, [OFFERS], proof)

    assert state(ana) == wanted


def test_what_is_older_than_what_stands_changes_nothing_but_is_kept(ana):
    services.tell(ana.pk, [Word("offers", "email", given=False)], Proof(ConsentSource.API))
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.API, is_confirmed=True), at=timezone.now() - timedelta(days=1))

    assert state(ana) == "withdrawn"
    assert ConsentEvent.objects.count() == 2


def test_saying_the_same_twice_leaves_one_event_and_one_entry_in_the_ledger(ana):
    for _twice in range(2):
        services.tell(ana.pk, [Word("offers", "sms", given=True)], Proof(ConsentSource.API))

    entries = LedgerEntry.objects.filter(kind="consent", subject=f"marketing.consent:{number_of(ana)}")
    assert ConsentEvent.objects.count() == 1
    assert [json.loads(one.body)["after"]["state"] for one in entries] == ["given"]


def test_agreeing_anew_lifts_an_unsubscription_but_no_bounce(ana):
    services.suppress("email", ana.email, "unsubscribe")
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.STAFF))
    assert Suppression.objects.count() == 0

    services.suppress("email", ana.email, "bounce")
    services.tell(ana.pk, [Word("news", "email", given=True)], Proof(ConsentSource.STAFF))
    assert Suppression.objects.count() == 1


def test_the_hash_of_an_address_does_not_depend_on_how_it_is_written():
    assert addresses.hash_of("email", " ANA@Shop.test") == addresses.hash_of("email", "ana@shop.test")
    assert addresses.hash_of("sms", "+86 138-0000") == addresses.hash_of("sms", "＋861380000")
    assert addresses.hash_of("sms", "1380000") != addresses.hash_of("email", "1380000")


@pytest.mark.usefixtures("own_heads")
@pytest.mark.django_db(transaction=True)
def test_an_erasure_leaves_a_hash_and_a_whole_chain(ana):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.STAFF, details={"page": "Ana Li at ana@shop.test"}))
    Recipient.objects.create(customer=ana, key="k", purpose="offers", channel="email", due_at=timezone.now())
    hashed = addresses.hash_of("email", ana.email)

    erase("catalog.Customer", ana.pk)

    assert Consent.objects.count() == 0
    assert ConsentEvent.objects.get().proof == {}
    assert list(Suppression.objects.values_list("address_hash", "reason").filter(channel="email")) == [
        (hashed, "erased")
    ]
    assert Recipient.objects.get().state == "cancelled"
    verdict = verify()
    assert verdict.is_whole, verdict.reason


@pytest.mark.usefixtures("own_heads")
@pytest.mark.django_db(transaction=True)
def test_after_an_erasure_nothing_says_whose_entries_of_the_ledger_they_were(ana):
    services.tell(ana.pk, [OFFERS, Word("news", "sms", given=True)], Proof(ConsentSource.STAFF))
    services.restrict(ana.pk, wanted=True)
    subjects = {f"marketing.{about}:{number_of(ana)}" for about in ("consent", "restriction")}
    entries = LedgerEntry.objects.filter(kind="consent", subject__startswith="marketing.").order_by("id")
    assert {one.subject for one in entries} == subjects
    assert ledger_names.people([number_of(ana)]) == {number_of(ana): Named("Ana Li", ledger_names.PAGE, ana.pk)}
    assert ledger_names.find_people("ANA@shop.test") == [number_of(ana)]
    number = number_of(ana)

    erase("catalog.Customer", ana.pk)

    said = [json.loads(one.body).get("after", {}).get("state", "-") for one in entries.all()]
    assert said == ["given", "given", "-", "-", "-", "-"]
    assert {one.subject for one in entries.all()} == subjects
    assert LedgerName.objects.count() == 0
    assert ledger_names.people([number]) == {}
    own = LedgerEntry.objects.filter(subject=f"catalog.customer:{ana.pk}")
    assert not any(str(number) in one.body for one in own)
    assert set(own.values_list("kind", flat=True)) == {"consent", "rights"}  # personalisation, and that it was erased
    verdict = verify()
    assert verdict.is_whole, verdict.reason


def test_numbers_in_the_ledger_are_drawn_and_stay(ana):
    people = [ana, *CustomerFactory.create_batch(3)]
    for one in people:
        services.tell(one.pk, [OFFERS], Proof(ConsentSource.STAFF))
    before = {one.pk: number_of(one) for one in people}

    services.tell(ana.pk, [Word("offers", "email", given=False)], Proof(ConsentSource.API))
    Consent.objects.filter(customer=people[1]).delete()

    assert {one.pk: number_of(one) for one in people} == before
    assert len(set(before.values())) == 4
    assert max(before.values()) < 10**18
    assert max(before.values()) > 10**12  # not counted from 1: who came first is not told


def test_entries_of_a_merged_record_lead_to_the_kept_one_and_go_with_it(ana):
    other = CustomerFactory.create(name="A. Li")
    services.tell(other.pk, [OFFERS], Proof(ConsentSource.STAFF))
    number = number_of(other)

    merging.merge(kept_id=ana.pk, gone_id=other.pk)

    assert ledger_names.people([number]) == {number: Named("Ana Li", ledger_names.PAGE, ana.pk)}
    assert set(ledger_names.find_people(ana.public_id)) == {number, number_of(ana)}
    erase("catalog.Customer", ana.pk)
    assert LedgerName.objects.count() == 0


def test_whoever_is_removed_leaves_a_last_entry_under_a_number_of_its_own(ana):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.STAFF))
    LedgerName.objects.all().delete()

    Consent.objects.all().delete()

    assert LedgerName.objects.count() == 0
    assert LedgerEntry.objects.filter(kind="consent", subject__startswith="marketing.consent:").count() == 2


# --- records that were merged ---------------------------------------------------------------------------------------


@pytest.fixture
def merged(ana):
    """Two records of one person, both with a consent, and now one."""
    other = CustomerFactory.create(name="A. Li", email="ana@shop.test")
    for one in (ana, other):
        services.tell(one.pk, [OFFERS], Proof(ConsentSource.STAFF))

    def merge():
        merging.merge(kept_id=ana.pk, gone_id=other.pk)
        return other

    return merge


def test_the_link_of_a_record_that_was_merged_unsubscribes_the_kept_one(ana, merged, client):
    other = merged()
    path = links.unsubscribe(other.pk, "offers", "email")

    assert client.post(path).status_code == 200

    assert state(ana) == "withdrawn"
    assert state(other) == "withdrawn"  # a no also stands when they are taken apart again
    client.post(path, {"all": "1"})
    assert Suppression.objects.get().address_hash == addresses.hash_of("email", "ana@shop.test")


def test_everything_also_suppresses_the_address_that_the_message_went_to(ana, merged, client):
    Customer.objects.exclude(pk=ana.pk).update(email="old@shop.test")
    other = merged()

    client.post(links.unsubscribe(other.pk, "offers", "email"), {"all": "1"})

    hashes = {addresses.hash_of("email", one) for one in ("ana@shop.test", "old@shop.test")}
    assert set(Suppression.objects.values_list("address_hash", flat=True)) == hashes


def test_the_preference_page_of_a_record_that_was_merged_is_that_of_the_kept_one(ana, merged, client):
    other = merged()
    path = links.preferences(other.pk)

    assert client.get(path).content.decode().count("checked") == 1
    assert client.post(path, {"agreed": ["news.email"]}).status_code == 302

    assert (state(ana), state(ana, "news")) == ("withdrawn", "given")


def test_what_was_taken_back_on_a_merged_record_can_be_agreed_to_anew(ana, merged, client):
    other = merged()
    Consent.objects.filter(customer=other).update(state="withdrawn", at=timezone.now())
    path = links.preferences(ana.pk)

    assert client.get(path).content.decode().count("checked") == 0
    client.post(path, {"agreed": ["offers.email"]})

    assert client.get(path).content.decode().count("checked") == 1
    assert Consent.objects.get(customer=ana).at > Consent.objects.get(customer=other).at


@pytest.mark.parametrize(("kept_mailbox", "wanted"), [("ana@shop.test", "given"), ("li@shop.test", "pending")])
def test_a_confirmation_counts_for_the_kept_record_if_the_mailbox_is_the_same(ana, client, kept_mailbox, wanted):
    Customer.objects.filter(pk=ana.pk).update(email=kept_mailbox)
    other = CustomerFactory.create(email="ana@shop.test", language="en")
    services.tell(other.pk, [OFFERS], Proof(ConsentSource.API))
    path = link_in_mail()
    merging.merge(kept_id=ana.pk, gone_id=other.pk)

    client.post(path)

    assert state(ana) == wanted


def test_a_confirmation_of_a_merged_record_does_not_outdo_a_later_no(ana, client):
    other = CustomerFactory.create(email="ana@shop.test", language="en")
    services.tell(other.pk, [OFFERS], Proof(ConsentSource.API))
    path = link_in_mail()
    services.tell(ana.pk, [Word("offers", "email", given=False)], Proof(ConsentSource.API))
    merging.merge(kept_id=ana.pk, gone_id=other.pk)

    client.post(path)

    assert state(ana) == "withdrawn"


def test_what_nobody_confirmed_on_a_merged_record_takes_nothing_back_on_the_kept_one(ana):
    other = CustomerFactory.create(email="ana@shop.test", language="en")
    services.tell(other.pk, [OFFERS], Proof(ConsentSource.API))
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.STAFF))
    merging.merge(kept_id=ana.pk, gone_id=other.pk)
    Consent.objects.filter(customer=other).update(at=timezone.now() - timedelta(days=60))

    assert services.forget_unconfirmed() == 0

    assert state(ana) == "given"


# --- the API ------------------------------------------------------------------------------------------------------


def test_the_back_end_hands_in_a_confirmed_consent_with_its_proof(ana, server):
    body = {"consents": [{"purpose": "offers", "channel": "email", "given": True}]}

    vague = server.put(f"/customers/{ana.public_id}/consents", {**body, "confirmed": True})
    assert (vague.status_code, state_of(vague)) == (400, None)
    done = server.put(
        f"/customers/{ana.public_id}/consents", {**body, "confirmed": True, "wording_version": "v3", "page": "checkout"}
    )

    assert (done.status_code, state_of(done)) == (200, "given")
    assert ConsentEvent.objects.get().proof == {"page": "checkout", "confirmed": True}
    assert ConsentEvent.objects.get().wording_version == "v3"


def state_of(answer):
    said = {(one["purpose"], one["channel"]): one["state"] for one in answer.json().get("consents", [])}
    return said.get(("offers", "email"))


# --- pages --------------------------------------------------------------------------------------------------------


def test_unsubscribing_by_one_click_needs_no_cookie_and_looking_changes_nothing(ana):
    services.tell(ana.pk, [OFFERS, Word("news", "email", given=True)], Proof(ConsentSource.STAFF))
    path = links.unsubscribe(ana.pk, "offers", "email")
    strict = Client(enforce_csrf_checks=True)

    assert strict.get(path).status_code == 200
    assert state(ana) == "given"
    answer = strict.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")

    assert (answer.status_code, answer.cookies) == (200, {})
    assert state(ana) == "withdrawn"
    assert state(ana, "news") == "given"


def test_everything_suppresses_the_address(ana, client):
    services.tell(ana.pk, [OFFERS, Word("news", "email", given=True)], Proof(ConsentSource.STAFF))

    client.post(links.unsubscribe(ana.pk, "offers", "email"), {"all": "1"})

    assert {row.state for row in Consent.objects.filter(channel="email")} == {"withdrawn"}
    assert Suppression.objects.get().reason == "unsubscribe"


def test_the_page_of_preferences_shows_and_keeps_what_is_chosen(ana, client):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.STAFF))
    path = links.preferences(ana.pk)

    page = client.get(path, headers={"accept-language": "en"}).content.decode()
    assert "ana@shop.test" not in page
    assert "a…@shop.test" in page
    assert page.count("checked") == 1
    answer = client.post(path, {"agreed": ["news.email", "care.sms"]})

    assert answer.status_code == 302
    kept = set(Consent.objects.values_list("purpose", "channel", "state"))
    assert kept == {("offers", "email", "withdrawn"), ("news", "email", "given"), ("care", "sms", "given")}


def test_what_waits_for_its_link_is_left_alone_by_another_choice(ana, client):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.API))

    client.post(links.preferences(ana.pk), {"agreed": ["news.email"]})

    assert (state(ana), state(ana, "news")) == ("pending", "given")
    client.post(links.preferences(ana.pk), {"none": "1"})
    assert state(ana) == "withdrawn"


def test_a_link_that_came_by_no_mail_does_not_show_that_the_mailbox_is_theirs(ana, as_customer, client):
    """Whoever signed up with a foreign address gets to the page by the account."""
    address = urlsplit(as_customer(ana).get("/me/consents").json()["preferences_url"]).path
    client.post(address, {"agreed": ["offers.email", "news.sms"]})

    assert (state(ana), state(ana, "news", "sms")) == ("pending", "given")
    assert OutgoingMail.objects.get().kind == "consent_confirmation"
    client.post(links.preferences(ana.pk), {"agreed": ["offers.email"]})
    assert state(ana) == "given"


def test_channels_that_somebody_was_asked_about_are_on_the_page_too(ana, client):
    path = links.preferences(ana.pk)
    assert "WeChat" not in client.get(path).content.decode()
    services.tell(ana.pk, [Word("news", "wechat", given=True)], Proof(ConsentSource.API))

    assert "WeChat" in client.get(path).content.decode()
    client.post(path, {"none": "1"})

    assert state(ana, "news", "wechat") == "withdrawn"


def test_the_page_speaks_the_language_of_the_customer(client):
    person = CustomerFactory.create(language="zh-CN")

    assert "您" in client.get(links.preferences(person.pk)).content.decode()
    english = links.preferences(person.pk) + "?language=en"
    assert "What you hear from us" in client.get(english).content.decode()
    assert "Saved. It counts from now on." in client.post(english, {}, follow=True).content.decode()


@pytest.mark.parametrize("path", ["/unsubscribe/{}", "/preferences/{}", "/consent/{}", "/t/{}"])
@pytest.mark.parametrize("token", ["x", "WzEsMl0:1vMabc:AAAA", "%00", "a" * 700, "..%2F..", "https:%2F%2Fevil.example"])
def test_a_token_that_is_not_ours_opens_nothing(client, path, token):
    assert client.get(path.format(token)).status_code in (400, 404)
    assert client.post(path.format(token)).status_code in (400, 404, 405)


def test_a_token_of_one_page_opens_no_other(ana, client):
    token = links.preferences(ana.pk).split("/")[-1]

    assert client.get(f"/unsubscribe/{token}").status_code == 404
    assert client.get(f"/t/{token}").status_code == 404


def test_consent_to_messages_is_not_told_as_consent_to_personalisation(ana):
    services.tell(ana.pk, [OFFERS], Proof(ConsentSource.IMPORT, is_confirmed=True))
    later = timezone.now() + timedelta(minutes=1)
    assert timeline.consent(ana, later, 10) == []

    Customer.objects.filter(pk=ana.pk).update(is_personalised=not ana.is_personalised)

    assert len(timeline.consent(ana, later, 10)) == 1


@pytest.mark.parametrize("before", [True, False])
def test_a_restriction_switches_personalisation_off_and_its_end_brings_back_what_was(before):
    customer = CustomerFactory.create(is_personalised=before)

    assert services.restrict(customer.pk, wanted=True)
    assert not services.restrict(customer.pk, wanted=True)
    customer.refresh_from_db()
    assert not customer.is_personalised

    assert services.restrict(customer.pk, wanted=False)
    assert not services.restrict(customer.pk, wanted=False)
    customer.refresh_from_db()
    assert customer.is_personalised is before


def test_nobody_can_restrict_a_customer_who_is_gone():
    with pytest.raises(NotFound):
        services.restrict(0, wanted=True)
