"""Recommended products in messages, and tests that go to staff."""

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Product
from core.choices import Role
from core.jobs import execute
from core.models import Job, OutgoingMail
from marketing.messages import BadMessage, freeze, picks, render
from marketing.models import CouponCode, MarketingSettings, Recipient, TrackedLink
from marketing.sending.claiming import claim
from marketing.sending.writing import Writer
from recommender import mailing
from recommender.models import RecommendationList
from tests.factories import (
    InteractionFactory,
    ModelVersionFactory,
    ProductFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
BODY = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>{{recommended count=2}}</mj-text>"
    '<mj-text><a href="{{unsubscribe_url}}">out</a></mj-text></mj-column></mj-section></mj-body></mjml>'
)


@pytest.fixture
def offered(reader):
    """Two products of the reader's own list, one because of what was bought; a third is sold out, a fourth hidden."""
    bought = ProductFactory.create(name="Teapot <b>", is_in_stock=True)
    one, two = ProductFactory.create(name="Cup {{name}}", is_in_stock=True), ProductFactory.create(is_in_stock=True)
    gone, hidden = ProductFactory.create(is_in_stock=False), ProductFactory.create(status="draft", is_in_stock=True)
    Product.objects.filter(pk=gone.pk).update(is_in_stock=False)
    InteractionFactory.create(customer=reader, product=bought, kind="view")
    InteractionFactory.create(customer=reader, product=bought, kind="purchase")
    RecommendationList.objects.create(
        customer=reader, product_ids=[gone.pk, hidden.pk, one.pk, two.pk], speaker_ids=[0, 0, bought.pk, 0],
        model_version=ModelVersionFactory.create(), as_of="2026-01-01T00:00Z",
    )  # fmt: skip
    return bought, one, two


def test_picks_are_for_sale_and_say_why(reader, offered):
    _bought, one, two = offered
    found = mailing.picks_for_mail([reader.pk], language="en", limit=2)[reader.pk]
    assert [pick.product_id for pick in found.picks] == [one.pk, two.pk]
    assert found.picks[0].reason == "Because you bought Teapot <b>"
    assert found.picks[1].reason == "Popular with our customers"
    chinese = mailing.picks_for_mail([reader.pk], language="zh-hans", limit=1)[reader.pk].picks[0].reason
    assert chinese == "因为您买过“Teapot <b>”"


def test_who_has_no_list_gets_what_is_for_sale(reader, offered):
    found = mailing.picks_for_mail([0], language="en", limit=2)[0]
    assert found.as_of is None
    assert all(pick.reason for pick in found.picks)


def test_names_of_products_are_neither_markup_nor_fields(reader, offered):
    shelf = picks.shelf(picks.for_customer(reader.pk, "en"), leads_to=lambda url: f"https://t.test/?{len(url)}&x")
    frozen = freeze(subject="Tea", body=BODY, is_mjml=True)
    made = render(frozen, {"name": "Ana"}, shelf)
    assert "Cup {{name}}" in made.html
    assert "Because you bought Teapot &lt;b&gt;" in made.html
    assert "<b>" not in made.html.partition("<body")[2]
    assert "Cup {{name}}" in made.text
    assert "(Because you bought Teapot <b>)" in made.text
    assert "&amp;x" in made.html


@pytest.mark.parametrize(
    "body", [
        BODY.replace("{{recommended count=2}}", "{{recommended count=7}}"),
        BODY.replace("{{recommended count=2}}", "{{recommended count=2 sort=name}}"),
        BODY.replace("{{recommended count=2}}", '<a href="https://shop.example/">{{recommended}}</a>'),
        BODY.replace("<mj-text>", '<mj-text css-class="{{recommended}}">'),
        BODY.replace("<mj-text>", "<!-- {{recommended count=1}} --><mj-text>"),
        BODY.replace("{{unsubscribe_url}}", "{{recommended}}"),
        BODY.replace("{{recommended count=2}}", "{{recommended}}" * 4),
    ],
)  # fmt: skip
def test_places_that_make_no_sense_are_refused(body):
    with pytest.raises(BadMessage):
        freeze(subject="Tea", body=body, is_mjml=True)
    with pytest.raises(BadMessage):
        freeze(subject="{{recommended}}", body=BODY, is_mjml=True)


def test_links_of_picks_are_counted_in_a_mail(campaign, reader, plan, offered):
    row = plan(reader)
    version = row.step.template_version
    frozen = freeze(subject="Tea", body=BODY, is_mjml=True)
    version.kind, version.html, version.text = "mjml", {"en": frozen.html}, {"en": frozen.text}
    version.subject = {"en": "Tea"}
    version.save()
    mail = Writer().write(claim(campaign.pk).claimed[0])
    _bought, one, two = offered
    urls = {url.rpartition("/shop/")[2] for url in TrackedLink.objects.values_list("url", flat=True)}
    assert len(urls & {u for u in urls if one.public_id in u or two.public_id in u}) == 2
    assert one.public_id not in mail.html
    assert "/t/" in mail.html
    assert "/t/" in mail.text


@pytest.fixture
def staff(shop_rules):
    person = StaffUserFactory.create(role=Role.MARKETER, email="lin@shop.test")
    client = Client()
    client.force_login(person)
    return client


def test_a_test_goes_to_whoever_asks_and_counts_nowhere(staff, campaign):
    step = campaign.steps.get()
    version = step.template_version
    version.text = {"en": "Hello {{name}} {{coupon_code}}", "zh-hans": "你好"}
    version.save()
    address = reverse("admin:marketing_campaign_act", args=[campaign.pk])

    staff.post(address, {"act": "test", "message": "1a"})
    staff.post(address, {"act": "test", "message": "1a"})
    job = Job.objects.get(kind="marketing.test")
    execute(job.pk)

    mails = {mail.language: mail for mail in OutgoingMail.objects.all()}
    assert {mail.to for mail in mails.values()} == {"lin@shop.test"}
    assert mails["en"].subject.startswith("[Test] ")
    assert mails["zh-hans"].subject.startswith("[测试] ")
    assert mails["en"].text.startswith("This is a test.")
    assert not Recipient.objects.exists()
    assert not CouponCode.objects.exists()
    assert not TrackedLink.objects.exists()


def test_no_test_while_messages_are_switched_off_or_without_a_message(staff, campaign):
    address = reverse("admin:marketing_campaign_act", args=[campaign.pk])
    staff.post(address, {"act": "test", "message": "9z"})
    MarketingSettings.objects.update(is_sending=False)
    staff.post(address, {"act": "test", "message": "1a"})
    assert not Job.objects.exists()
