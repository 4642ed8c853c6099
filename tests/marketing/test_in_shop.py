"""Offers that the shop shows on its own pages: nobody is written to, a no counts, and what is seen is counted."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Customer
from core.jobs import execute
from core.models import OutgoingMail, ShopProfile
from core.shop import forget_shop
from marketing import links, offers, services
from marketing.campaigns import effect, lifecycle, planning
from marketing.models import (
    AudienceMember,
    Campaign,
    Consent,
    CouponCode,
    MarketingSettings,
    MessageEvent,
    Offer,
    OfferAllocation,
    Recipient,
    Template,
)
from marketing.models.consent import ConsentSource
from marketing.sending import reconciling, testing, working
from marketing.sending.claiming import claim
from tests.factories import (
    AllocatedOfferFactory,
    AudienceFactory,
    CampaignFactory,
    ConsentFactory,
    CustomerFactory,
    OfferAllocationFactory,
    OfferFactory,
    StaffUserFactory,
    TemplateFactory,
)

pytestmark = pytest.mark.django_db
WORDS = {
    "en": "{{name}}, {{offer_title}} with {{coupon_code}}",
    "zh-hans": "{{name}}，{{offer_title}}：{{coupon_code}}",
}


@pytest.fixture
def people(shop_rules):
    ShopProfile.objects.update(holdout_percent=0)
    forget_shop()
    return [CustomerFactory.create(name=name, email="", language=code) for name, code in (("Ana", "en"), ("Bo", "zh"))]


@pytest.fixture
def offer():
    return OfferFactory.create(name="Spring", value=10, title={"en": "A tenth off", "zh-hans": "春季九折"})


@pytest.fixture
def campaign(people, offer):
    audience = AudienceFactory.create(source="upload", size=len(people), counted_at=timezone.now())
    AudienceMember.objects.bulk_create([AudienceMember(audience=audience, customer=one) for one in people])
    made = CampaignFactory.create(channel="in_site", audience=audience, offer=offer, name="Spring")
    template = TemplateFactory.create(
        channel="in_site", kind="text", subject={"en": "Spring is here", "zh-hans": "春天来了"}, body=WORDS
    )
    lifecycle.set_steps(made, [{"template": template, "arms": []}])
    return made


def run(campaign):
    """As staff take it from the draft until it runs, and the job until nothing waits."""
    lifecycle.mark_checked(campaign, by=None)
    Campaign.objects.filter(pk=campaign.pk).update(state="approved")
    planning.plan(campaign.pk)
    Campaign.objects.filter(pk=campaign.pk).update(state="running", started_at=timezone.now())
    working.run()
    campaign.refresh_from_db()


@pytest.fixture
def offers_of(as_customer):
    return lambda person: as_customer(person).get("/me/offers").json()["results"]


@pytest.fixture
def acts(as_customer):
    def said(person, offer, act):
        return as_customer(person).post(f"/me/offers/{offer.public_id}/acts", {"act": act}).status_code

    return said


def test_it_is_shown_to_who_is_signed_in_in_their_language_and_nothing_is_sent(campaign, people, offer, offers_of):
    run(campaign)

    (ana,), (bo,) = offers_of(people[0]), offers_of(people[1])
    assert (ana["message"]["title"], bo["message"]["title"]) == ("Spring is here", "春天来了")
    assert ana["message"]["text"] == f"Ana, A tenth off with {ana['code']}"
    assert (ana["reason"]["kind"], ana["campaign"]) == ("shown", campaign.public_id)
    assert set(Recipient.objects.values_list("state", "provider", "channel")) == {("sent", "shop", "in_site")}
    assert not OutgoingMail.objects.exists()


def test_it_asks_for_no_yes_but_a_no_counts_before_and_afterwards(campaign, people, offer, offers_of, acts):
    ana, bo = people
    ConsentFactory.create(customer=ana, purpose="offers", channel="in_site", state="withdrawn")

    run(campaign)

    assert lifecycle.count(campaign) == {"all": 2, "reachable": 1, "no_consent": 1}
    assert offers_of(ana) == []
    assert offers_of(bo)[0]["message"] is not None
    word = services.Word("offers", "in_site", given=False)
    services.tell(bo.pk, [word], services.Proof(ConsentSource.API))
    assert offers_of(bo)[0]["message"] is None
    assert acts(bo, offer, "seen") == 404


def test_who_does_not_want_to_be_followed_is_shown_nothing(campaign, people, offers_of):
    Customer.objects.filter(pk=people[0].pk).update(is_personalised=False)

    run(campaign)

    assert lifecycle.count(campaign) == {"all": 2, "reachable": 1, "no_consent": 1}
    assert offers_of(people[0]) == []


def test_no_said_on_a_merged_record_counts_and_a_later_yes_of_the_kept_one_overrules_it(campaign, people, offers_of):
    ana, bo = people
    for kept in people:
        gone = CustomerFactory.create(merged_into=kept)
        ConsentFactory.create(
            customer=gone, channel="in_site", state="withdrawn", at=timezone.now() - timedelta(days=2)
        )
    ConsentFactory.create(customer=bo, channel="in_site", state="given", at=timezone.now())

    run(campaign)

    assert lifecycle.count(campaign) == {"all": 2, "reachable": 1, "no_consent": 1}
    assert (offers_of(ana), len(offers_of(bo))) == ([], 1)


def test_no_is_said_between_the_plan_and_the_moment_it_goes_up(campaign, people):
    lifecycle.mark_checked(campaign, by=None)
    Campaign.objects.update(state="approved")
    planning.plan(campaign.pk)
    ConsentFactory.create(customer=people[0], channel="in_site", state="withdrawn")
    Campaign.objects.update(state="running")

    working.run()

    said = dict(Recipient.objects.values_list("customer", "skip_reason"))
    assert said == {people[0].pk: "no_consent", people[1].pk: ""}
    assert CouponCode.objects.count() == 1


def test_the_holdout_is_shown_nothing(campaign, people, offers_of):
    Campaign.objects.filter(pk=campaign.pk).update(holdout_share="0.5")
    more = [CustomerFactory.create(email="") for _number in range(30)]
    AudienceMember.objects.bulk_create([AudienceMember(audience=campaign.audience, customer=one) for one in more])
    campaign.refresh_from_db()

    run(campaign)

    held = set(Recipient.objects.filter(is_holdout=True).values_list("customer", flat=True))
    assert 5 < len(held) < 27
    assert held.isdisjoint(CouponCode.objects.values_list("customer", flat=True))
    assert offers_of(next(one for one in more if one.pk in held)) == []


def test_what_is_seen_and_followed_is_counted_once_in_the_funnel(campaign, people, offer, offers_of, acts):
    run(campaign)
    ana, bo = people

    assert [acts(ana, offer, act) for act in ("seen", "seen", "clicked", "clicked")] == [204] * 4
    assert acts(bo, offer, "seen") == 204
    assert acts(bo, offer, "bought") == 400
    assert acts(CustomerFactory.create(), offer, "seen") == 404

    assert offers_of(ana)[0]["message"]["seen"] is True
    told = effect.funnel(campaign)
    assert (told.planned, told.sent, told.delivered, told.clicked) == (2, 2, 2, 1)
    assert MessageEvent.objects.count() == 3


def test_it_comes_down_while_paused_cancelled_or_switched_off_and_the_code_stays(campaign, people, offers_of):
    run(campaign)

    for state, is_shown in (("paused", False), ("done", True), ("cancelled", False), ("running", True)):
        Campaign.objects.update(state=state)
        assert bool(offers_of(people[0])[0]["message"]) is is_shown
    MarketingSettings.objects.update(is_sending=False)
    (mine,) = offers_of(people[0])
    assert (mine["message"], bool(mine["code"])) == (None, True)


def test_it_counts_for_no_cap_and_waits_for_no_hour(campaign, people):
    MarketingSettings.objects.update(quiet_from="00:00", quiet_until="23:59", cap_messages=1)

    run(campaign)

    assert set(Recipient.objects.values_list("state", flat=True)) == {"sent"}
    ana = people[0]
    Customer.objects.filter(pk=ana.pk).update(email="ana@shop.test")
    ConsentFactory.create(customer=ana)
    mail = CampaignFactory.create(audience=campaign.audience)
    assert lifecycle.count(mail)["reachable"] == 1


def test_without_an_offer_or_with_points_it_is_not_checked(campaign, offer):
    def stops():
        campaign.refresh_from_db()
        return [one.text for one in lifecycle.findings(campaign)[0] if one.level == "stop"]

    assert stops() == []
    lifecycle.change(campaign, offer=OfferFactory.create(kind="points", unit="points", value=50))
    assert any("Points are booked at once" in one for one in stops())
    lifecycle.change(campaign, offer=None)
    assert any("needs an offer" in one for one in stops())


def test_words_that_were_written_for_mails_are_not_shown_as_they_are(campaign):
    written = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>"
    Template.objects.update(body=dict.fromkeys(WORDS, written))

    said = [one.text for one in lifecycle.findings(campaign)[0] if one.level == "stop"]

    assert len([one for one in said if "this is MJML" in one]) == 2


def test_the_offer_that_was_allocated_to_somebody_is_the_one_that_is_shown(campaign, people, offer, offers_of):
    other = OfferFactory.create(value=20, title={"en": "A fifth off"})
    lifecycle.change(campaign, offer=None)
    found = OfferAllocationFactory.create(
        campaign=campaign, audience=campaign.audience, state=OfferAllocation.State.ACCEPTED, holdout_share=0,
        results={"offers": {str(other.pk): {"people": 1}}},
    )  # fmt: skip
    AllocatedOfferFactory.create(allocation=found, customer=people[0], offer=other)

    run(campaign)

    assert offers_of(people[0])[0]["message"]["text"].startswith("Ana, A fifth off with ")
    assert offers_of(people[1]) == []


def test_after_a_crash_the_code_says_whether_it_was_put_up(campaign, people):
    lifecycle.mark_checked(campaign, by=None)
    Campaign.objects.update(state="approved")
    planning.plan(campaign.pk)
    Campaign.objects.update(state="running")
    claimed = claim(campaign.pk).claimed
    offers.issue(campaign.offer_id, [claimed[0].customer_id], at=timezone.now(), campaign_id=campaign.pk)

    reconciling.settle(lost_seconds=0)

    assert set(Recipient.objects.values_list("pk", "state")) == {
        (claimed[0].recipient_id, "sent"), (claimed[1].recipient_id, "failed"),
    }  # fmt: skip


def test_the_page_of_choices_asks_for_a_no_and_takes_it_back(people, client):
    page = links.preferences(people[0].pk)
    assert "checked" not in client.get(page).content.decode()

    client.post(page, {"not_in_shop": "1"})

    rows = Consent.objects.filter(channel="in_site")
    assert set(rows.values_list("purpose", "state")) == {
        (purpose, "withdrawn") for purpose in ("offers", "news", "care", "surveys")
    }  # fmt: skip
    assert client.get(page).content.decode().count("checked") == 1
    client.post(page, {})
    assert set(rows.values_list("state", flat=True)) == {"given"}
    client.post(page, {"none": "1"})
    assert set(rows.values_list("state", flat=True)) == {"withdrawn"}


def test_recommended_products_are_refused_at_the_check(campaign):
    Template.objects.update(body={code: f"{text} {{{{recommended count=2}}}}" for code, text in WORDS.items()})

    found, _ready = lifecycle.findings(campaign)

    assert [(one.level, one.text) for one in found if "recommended" in one.text] == [
        ("stop", f"{name}: “{{{{recommended}}}}” stays empty in the shop, whose own pages recommend: take it out.")
        for name in lifecycle.languages().values()
    ]
    with pytest.raises(lifecycle.NotReady):
        lifecycle.mark_checked(campaign, by=None)


def test_a_test_shows_the_words_of_the_shop_in_a_mail_without_the_ways_out_of_mails(campaign):
    lin = StaffUserFactory.create(email="lin@shop.test", first_name="Lin", last_name="")
    Template.objects.update(subject={"en": "", "zh-hans": "春天来了"})
    job = testing.ask(campaign, "1a", by=lin)

    execute(job.pk)

    mails = {mail.language: mail for mail in OutgoingMail.objects.all()}
    assert (mails["en"].to, mails["en"].subject) == ("lin@shop.test", "[Test] A tenth off")
    assert mails["en"].text == (
        "This is a test of what stands in the shop beside the offer. Nothing is counted.\n\n"
        "Lin, A tenth off with TEA-2345-6789"
    )
    assert mails["zh-hans"].subject == "[测试] 春天来了"
    assert "退订" not in mails["zh-hans"].text
    assert not Recipient.objects.exists()
    assert not CouponCode.objects.exists()


def test_a_field_that_the_offer_leaves_empty_is_found_at_the_check(campaign, offer):
    Template.objects.update(body=dict.fromkeys(WORDS, "{{coupon_code}} {{coupon_ends}} {{offer_from}}"))
    Offer.objects.update(ends_at=None, valid_days=None, least_order=0)

    found, _ready = lifecycle.findings(campaign)

    assert [one.text for one in found if one.field == "offer"] == [
        f"“{{{{{name}}}}}” stays empty: the offer “Spring” says nothing of it."
        for name in ("coupon_ends", "offer_from")
    ]
    Offer.objects.update(valid_days=7, least_order=50)
    assert not [one for one in lifecycle.findings(campaign)[0] if one.field == "offer"]
