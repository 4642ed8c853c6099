"""What marketing tells on the timeline of a customer, and in the portrait for programs."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from catalog import timeline
from core.choices import Role
from crm.people.portrait import portrait
from marketing.roles import CAMPAIGNS_SEEN, CODES_SEEN, CONSENT_SEEN, MESSAGES_SEEN
from tests.factories import (
    CampaignFactory,
    ConsentEventFactory,
    ConsentFactory,
    CouponCodeFactory,
    CustomerFactory,
    OfferFactory,
    RecipientFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
YES = lambda right: True  # noqa: E731


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def ana(now):
    return CustomerFactory.create(name="Ana", joined_at=now - timedelta(days=400))


@pytest.fixture
def tea():
    return CampaignFactory.create(name="Tea days")


@pytest.fixture
def told(ana, tea, now):
    """A message, a yes, a no and a coupon that was used."""

    def ago(days):
        return now - timedelta(days=days)

    RecipientFactory.create(customer=ana, campaign=tea, state="sent", claimed_at=ago(9), sent_at=ago(9))
    ConsentEventFactory.create(customer=ana, at=ago(10), source="double_opt_in")
    ConsentEventFactory.create(customer=ana, at=ago(5), state="withdrawn", channel="sms", source="unsubscribe")
    code = CouponCodeFactory.create(
        customer=ana, offer=OfferFactory.create(name="Ten off"), campaign=tea, used_at=ago(7), amount=Decimal(12)
    )
    type(code).objects.filter(pk=code.pk).update(created_at=ago(8))


def lines(customer, kinds=("messages", "consents", "coupons"), **more):
    story = timeline.story(customer, may=more.pop("may", YES), **more)
    assert list(story.failed) == []
    return [(one.kind, str(one.title), str(one.detail)) for one in story.moments if one.kind in kinds]


def test_messages_consents_and_coupons_are_told_in_words_newest_first(ana, told):
    assert lines(ana) == [
        ("consents", "Consent taken back", "Offers · SMS · unsubscribe link"),
        ("coupons", "Offer used", "Ten off · Tea days · ¥12.00"),
        ("coupons", "Offer given", "Ten off · Tea days"),
        ("messages", "Message by e-mail", "Tea days · sent"),
        ("consents", "Consent given", "Offers · e-mail · confirmed by link"),
    ]


def test_they_are_told_in_chinese(ana, told):
    with translation.override("zh-hans"):
        assert lines(ana) == [
            ("consents", "同意已撤回", "优惠 · 短信 · 退订链接"),
            ("coupons", "优惠已使用", "Ten off · Tea days · ¥12.00"),
            ("coupons", "已发放优惠", "Ten off · Tea days"),
            ("messages", "消息（电子邮件）", "Tea days · 已发送"),
            ("consents", "已同意", "优惠 · 电子邮件 · 已点链接确认"),
        ]


@pytest.mark.parametrize(
    ("right", "kind"), [(MESSAGES_SEEN, "messages"), (CONSENT_SEEN, "consents"), (CODES_SEEN, "coupons")]
)
def test_each_needs_its_right(right, kind, ana, told):
    seen = timeline.story(ana, may=lambda asked: asked == right).moments

    assert {one.kind for one in seen} == {kind}


def test_who_may_see_campaigns_gets_from_a_message_to_its_campaign(ana, tea, told):
    address = reverse("admin:marketing_campaign_change", args=[tea.pk])

    def links(*rights):
        return [one.url for one in timeline.story(ana, may=lambda asked: asked in rights).moments]

    assert links(MESSAGES_SEEN, CODES_SEEN, CAMPAIGNS_SEEN) == [address] * 3
    assert links(MESSAGES_SEEN, CODES_SEEN) == [""] * 3
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.SUPPORT))
    page = client.get(reverse("admin:catalog_customer_timeline", args=[ana.pk])).content.decode()
    assert "Tea days" in page
    assert address not in page


def test_only_what_went_out_or_may_have_is_told(ana, tea, now):
    for number, state in enumerate(("planned", "skipped", "cancelled", "failed", "unknown", "sending", "sent")):
        RecipientFactory.create(
            customer=ana, campaign=CampaignFactory.create(name=state), state=state, is_holdout=state == "skipped",
            claimed_at=now - timedelta(minutes=number),
        )  # fmt: skip
    single = {"campaign": None, "step": None, "key": "care-1", "purpose": "care", "channel": "wechat"}
    RecipientFactory.create(**single, customer=ana, state="sent", sent_at=now - timedelta(days=1))

    assert lines(ana) == [
        ("messages", "Message by e-mail", "unknown · perhaps sent"),
        ("messages", "Message by e-mail", "sending · being sent"),
        ("messages", "Message by e-mail", "sent · sent"),
        ("messages", "Message by WeChat", "Care after a purchase · sent"),
    ]
    assert [one["campaign"] and one["campaign"]["name"] for one in portrait(ana, YES)["sent"]] == [
        "unknown", "sending", "sent", None,
    ]  # fmt: skip


def test_words_said_for_a_record_that_was_merged_stand_with_them(ana, now):
    gone = CustomerFactory.create(merged_into=ana)
    ConsentEventFactory.create(customer=gone, state="withdrawn", at=now)
    ConsentEventFactory.create(customer=CustomerFactory.create(), at=now)

    assert [title for _kind, title, _detail in lines(ana)] == ["Consent taken back"]


def test_each_source_asks_once_for_its_newest_and_pages_go_on(ana, now, django_assert_num_queries):
    from marketing import timeline as told

    for number in range(6):
        at = now - timedelta(days=number)
        RecipientFactory.create(customer=ana, state="sent", claimed_at=at, sent_at=at)
        ConsentEventFactory.create(customer=ana, at=at)
        code = CouponCodeFactory.create(customer=ana, used_at=at)
        type(code).objects.filter(pk=code.pk).update(created_at=now - timedelta(days=20 + number))

    for source in (told.messages, told.consents, told.coupons):
        with django_assert_num_queries(1):
            newest = source(ana, now + timedelta(seconds=1), 2)
        at = sorted((one.at for one in newest), reverse=True)
        assert at[:2] == [now, now - timedelta(days=1)]
        assert {one.at for one in source(ana, now - timedelta(days=3), 9)} >= {
            now - timedelta(days=number) for number in (4, 5)
        }
    assert len([one for one in told.coupons(ana, now - timedelta(days=3), 9) if one.at == now]) == 0
    seen, before = [], None
    while True:
        story = timeline.story(ana, may=YES, before=before, kind="coupons", limit=3)
        seen += [one.at for one in story.moments]
        if story.older is None:
            break
        before = story.older
    assert seen == [now - timedelta(days=number) for number in (*range(6), *range(20, 26))]


def test_the_portrait_says_what_was_agreed_and_what_was_sent(ana, tea, told, now):
    ConsentFactory.create(customer=ana, state="withdrawn", channel="sms", source="unsubscribe", at=now)
    for number in range(12):
        at = now - timedelta(hours=number)
        RecipientFactory.create(customer=ana, state="sent", claimed_at=at, sent_at=at, purpose="news")

    found = portrait(ana, YES)

    assert found["consents"] == [
        {"purpose": "offers", "channel": "sms", "state": "withdrawn", "since": now, "source": "unsubscribe"}
    ]
    assert [one["at"] for one in found["sent"]] == [now - timedelta(hours=number) for number in range(10)]
    assert {key: found["sent"][0][key] for key in ("purpose", "channel", "state")} == {
        "purpose": "news", "channel": "email", "state": "sent",
    }  # fmt: skip
    hidden = portrait(ana, lambda right: right not in (CONSENT_SEEN, MESSAGES_SEEN))
    assert (hidden["consents"], hidden["sent"]) == (None, None)


def test_programs_read_both_parts_and_the_description_names_them(ana, tea, told):
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.OWNER))

    body = client.get(f"/api/v1/staff/customers/{ana.public_id}/portrait").json()

    assert body["consents"] == []
    assert [(one["campaign"], one["channel"], one["state"]) for one in body["sent"]] == [
        ({"id": tea.public_id, "name": "Tea days"}, "email", "sent")
    ]
    schema = client.get("/api/schema?format=json").json()
    part = schema["components"]["schemas"]["Portrait"]["properties"]
    assert part["sent"]["items"] == {"$ref": "#/components/schemas/SentMessage"}
    assert part["consents"]["items"] == {"$ref": "#/components/schemas/ConsentToMessages"}
    assert part["reviews"]["allOf"] == [{"$ref": "#/components/schemas/ReviewsOfCustomer"}]
