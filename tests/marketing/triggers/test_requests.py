"""Whoever asked to be told of stock is told once, and only while they want it."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from catalog.models import Customer
from core.exceptions import BadInput, DomainError, NotFound
from core.models import OutgoingMail
from core.rights.erasing import erase
from marketing import links, panels, services
from marketing.models import (
    Consent,
    ConsentSource,
    MarketingSettings,
    Purpose,
    Recipient,
    Restriction,
    StockRequest,
    Suppression,
)
from marketing.sending import claiming, working
from marketing.services import Proof, Word
from marketing.triggers import requests
from tests.factories import (
    ConsentFactory,
    CustomerFactory,
    ProductFactory,
    RecipientFactory,
    StockRequestFactory,
    SuppressionFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
API = Proof(ConsentSource.API)
SHOWN = Proof(ConsentSource.API, is_confirmed=True)


@pytest.fixture
def tea(shop_rules):
    """One variant, sold out."""
    product = ProductFactory.create(
        name="Longjing", name_translations={"zh-hans": "龙井"}, price="88.00", stock=0
    )  # fmt: skip
    return product.variants.get()


@pytest.fixture
def ana(db):
    return CustomerFactory.create(name="Ana", email="ana@shop.test", language="en")


def restock(variant, pieces=3):
    variant.stock = pieces
    variant.save()


def told(customer):
    return list(Recipient.objects.filter(customer=customer).order_by("id").values_list("state", "skip_reason"))


def mails():
    return list(OutgoingMail.objects.filter(kind="back_in_stock"))


def test_nobody_is_told_twice(ana, tea):
    requests.ask(ana, tea.sku, SHOWN)
    assert requests.tell() == {}

    restock(tea)
    assert [requests.tell(), requests.tell()] == [{"stock": 1}, {}]
    working.run()
    restock(tea, 0)
    requests.tell()
    restock(tea)
    requests.tell()
    working.run()

    (mail,) = mails()
    assert mail.to == "ana@shop.test"
    assert mail.subject == "Longjing is back"
    assert "Longjing can be bought again, for ¥88.00, as long as there are some:" in mail.text
    assert f"/shop/p/{tea.product.public_id}/" in mail.text
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert told(ana) == [("sent", "")]
    assert not StockRequest.objects.exists()


def test_a_size_and_its_own_price_are_named_in_the_language_of_the_reader(shop_rules):
    product = ProductFactory.create(
        name="Shirt", name_translations={"zh-hans": "衬衫"}, price="10.00", stock=0
    )  # fmt: skip
    small = VariantFactory.create(
        product=product, stock=0, price="12.00", options={"Size": "S"}, options_translations={"zh-hans": {"尺码": "小"}}
    )
    li = CustomerFactory.create(name="李娜", email="li@shop.test", language="zh-hans")
    requests.ask(li, small.sku, SHOWN)
    restock(small)
    requests.tell()
    working.run()

    (mail,) = mails()
    assert mail.subject == "“衬衫（小）”到货了"
    assert "李娜，你好：" in mail.text
    assert "¥12.00" in mail.text
    assert "退订" in mail.text


def test_another_size_of_the_same_product_tells_nobody(ana, tea):
    other = VariantFactory.create(product=tea.product, stock=0)
    requests.ask(ana, tea.sku, SHOWN)

    restock(other)

    assert requests.tell() == {}


def test_asked_twice_is_once_and_what_can_be_bought_is_not_waited_for(ana, tea):
    first = requests.ask(ana, tea.sku, SHOWN)

    assert requests.ask(ana, tea.sku, SHOWN) == first
    assert StockRequest.objects.count() == 1
    restock(tea)
    with pytest.raises(DomainError) as refusal:
        requests.ask(ana, tea.sku, SHOWN)
    assert refusal.value.code == "in_stock"
    with pytest.raises(NotFound):
        requests.ask(ana, "no such thing", SHOWN)


def test_one_customer_waits_for_so_many_and_needs_an_address(ana, tea, monkeypatch):
    monkeypatch.setattr(requests, "MOST", 1)
    StockRequestFactory.create(customer=ana)

    with pytest.raises(DomainError) as refusal:
        requests.ask(ana, tea.sku, SHOWN)
    assert refusal.value.code == "too_many"
    with pytest.raises(BadInput):
        requests.ask(CustomerFactory.create(email=""), tea.sku, SHOWN)
    assert StockRequest.objects.count() == 1


def test_nothing_goes_before_the_link_was_followed(ana, tea, client):
    requests.ask(ana, tea.sku, API)
    restock(tea)
    assert not requests.is_confirmed(ana)
    assert requests.tell() == {}

    path = re.search(r"8000(/consent/\S+)", OutgoingMail.objects.get(kind="consent_confirmation").text)[1]
    client.post(path)

    assert requests.is_confirmed(ana)
    assert requests.tell() == {"stock": 1}


def test_what_stands_against_a_message_is_asked_again_when_it_goes(ana, tea):
    ben = CustomerFactory.create(name="Ben", email="ben@shop.test")
    cho = CustomerFactory.create(name="Cho", email="cho@shop.test")
    for customer in (ana, ben, cho):
        requests.ask(customer, tea.sku, SHOWN)
    restock(tea)
    assert requests.tell() == {"stock": 3}

    services.tell(ana.pk, [Word("stock", "email", given=False)], API)
    services.suppress("email", "ben@shop.test", Suppression.Reason.BOUNCE)
    Restriction.objects.create(customer=cho, since=timezone.now())
    working.run()

    assert mails() == []
    assert told(ana) == [("cancelled", "over")]
    assert told(ben) == [("skipped", "suppressed")]
    assert told(cho) == [("skipped", "restricted")]


def test_who_has_had_enough_messages_is_told_later_and_not_never(ana, tea):
    MarketingSettings.objects.update(cap_messages=1)
    before = RecipientFactory.create(customer=ana, state="sent", claimed_at=timezone.now())
    requests.ask(ana, tea.sku, SHOWN)
    restock(tea)

    assert requests.tell() == {}
    Recipient.objects.filter(pk=before.pk).update(claimed_at=timezone.now() - timedelta(days=40))
    assert requests.tell() == {"stock": 1}
    # Another message overtakes it: left out now, and told when there is room again.
    Recipient.objects.filter(pk=before.pk).update(claimed_at=timezone.now())
    working.run()
    assert told(ana) == [("sent", ""), ("skipped", "capped")]
    Recipient.objects.filter(pk=before.pk).update(claimed_at=timezone.now() - timedelta(days=40))
    assert requests.tell() == {"stock": 1}
    working.run()
    assert len(mails()) == 1


def test_two_things_at_once_are_told_as_the_cap_allows(ana, tea):
    MarketingSettings.objects.update(cap_messages=1)
    other = ProductFactory.create(stock=0).variants.get()
    for variant in (tea, other):
        requests.ask(ana, variant.sku, SHOWN)
        restock(variant)

    assert requests.tell() == {"stock": 1}
    assert StockRequest.objects.filter(recipient=None).count() == 1


def test_a_message_waits_for_the_end_of_quiet_hours_and_goes_no_more_once_sold_out(ana, tea):
    MarketingSettings.objects.update(quiet_from=time(21), quiet_until=time(9))
    night = datetime(2026, 11, 27, 23, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    requests.ask(ana, tea.sku, SHOWN)
    restock(tea)
    requests.tell(now=night)

    assert claiming.claim(None, now=night).later == 1
    assert Recipient.objects.get().due_at == datetime(2026, 11, 28, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    restock(tea, 0)
    assert claiming.claim(None, now=night + timedelta(hours=10)).claimed == ()
    assert told(ana) == [("cancelled", "over")]
    # Waits on: told when it is back once more.
    assert requests.tell() == {}
    restock(tea)
    assert requests.tell() == {"stock": 1}
    assert [row.key for row in Recipient.objects.order_by("id")] == [
        f"stock:{StockRequest.objects.get().pk}:{round_}" for round_ in (1, 2)
    ]


def test_a_request_ends_after_half_a_year(ana, tea):
    requests.ask(ana, tea.sku, SHOWN)
    StockRequest.objects.update(asked_at=timezone.now() - timedelta(days=181))
    restock(tea)

    assert requests.tell() == {}
    assert not StockRequest.objects.exists()


def test_what_was_perhaps_sent_is_never_sent_again_by_itself_and_may_be_asked_for_anew(ana, tea):
    requests.ask(ana, tea.sku, SHOWN)
    restock(tea)
    requests.tell()
    Recipient.objects.update(state="unknown")

    assert [requests.tell(), requests.tell()] == [{}, {}]
    restock(tea, 0)
    assert requests.ask(ana, tea.sku, SHOWN).recipient is None
    restock(tea)
    assert requests.tell() == {"stock": 1}


def test_the_link_in_the_message_and_the_page_of_choices_take_it_back(ana, tea, client):
    for path, said in (
        (links.unsubscribe(ana.pk, "stock", "email"), {"List-Unsubscribe": "One-Click"}),
        (links.preferences(ana.pk), {"agreed": []}),
    ):
        requests.ask(ana, tea.sku, SHOWN)
        Consent.objects.update(state="given")

        client.post(path, said)

        assert Consent.objects.get(purpose="stock").state == "withdrawn"
        assert not StockRequest.objects.exists()


def test_the_page_of_choices_shows_it_to_whom_it_concerns_by_e_mail_alone(ana, tea, client):
    assert b"stock.email" not in client.get(links.preferences(ana.pk)).content

    requests.ask(ana, tea.sku, SHOWN)

    page = client.get(links.preferences(ana.pk)).content.decode()
    assert 'value="stock.email"' in page
    assert 'value="stock.sms"' not in page


def test_no_campaign_writes_for_this_purpose():
    assert Purpose.STOCK not in dict(Purpose.of_campaigns())
    assert len(Purpose.of_campaigns()) == len(Purpose) - 1


def test_an_erased_customer_waits_for_nothing(ana, tea):
    requests.ask(ana, tea.sku, SHOWN)
    restock(tea)
    requests.tell()

    erase("catalog.Customer", ana.pk)

    assert not StockRequest.objects.exists()
    assert told(ana) == [("cancelled", "gone")]


def test_the_page_of_a_product_says_how_many_wait(ana, tea, rf):
    assert panels.waiting_for_product(rf.get("/"), tea.product) is None

    StockRequestFactory.create(customer=ana, variant=tea)
    StockRequestFactory.create(variant=tea)

    assert panels.waiting_for_product(rf.get("/"), tea.product).context["rows"] == [(tea.sku, "2")]


# --- who is not signed in ---------------------------------------------------------------------------------------------


def path_in_mail():
    return re.search(r"8000(/told-of-stock/\S+)", OutgoingMail.objects.filter(kind=requests.ASKING).latest("id").text)[
        1
    ]


def test_an_address_is_asked_first_and_nothing_is_kept_until_then(tea, client):
    requests.ask_by_address("new@shop.test", tea.sku, "zh-hans")
    path = path_in_mail()
    mail = OutgoingMail.objects.get(kind=requests.ASKING)
    assert (mail.to, mail.subject) == ("new@shop.test", "确认：“龙井”到货时通知我")

    page = client.get(path).content.decode()
    assert "龙井" in page
    assert not Customer.objects.exists()
    for _click in range(2):
        assert "到货后我们会通知你一次" in client.post(path).content.decode()

    customer = Customer.objects.get()
    assert (customer.email, customer.language, customer.external_id) == ("new@shop.test", "zh-hans", None)
    assert Consent.objects.get().state == "given"
    restock(tea)
    assert requests.tell() == {"stock": 1}
    working.run()
    assert [mail.subject for mail in mails()] == ["“龙井”到货了"]


def test_the_address_of_a_customer_is_that_customer(ana, tea, client):
    requests.ask_by_address("ANA@shop.test", tea.sku, "en")

    client.post(path_in_mail())

    assert StockRequest.objects.get().customer == ana
    assert Customer.objects.count() == 1


def test_one_address_is_asked_three_times_a_day_and_one_that_bounced_never(tea):
    for _call in range(5):
        requests.ask_by_address("new@shop.test", tea.sku, "en")
    services.suppress("email", "gone@shop.test", Suppression.Reason.BOUNCE)
    requests.ask_by_address("gone@shop.test", tea.sku, "en")

    assert OutgoingMail.objects.filter(kind=requests.ASKING).count() == 3


def test_a_link_followed_once_it_is_back_keeps_nothing(tea, client):
    requests.ask_by_address("new@shop.test", tea.sku, "en")
    restock(tea)

    page = client.post(path_in_mail()).content.decode()

    assert "There is nothing to wait for" in page
    assert not Customer.objects.exists()
    assert client.get("/told-of-stock/forged").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_eight_workers_at_once_plan_one_message(tea, ana):
    ConsentFactory.create(customer=ana, purpose="stock")
    request = StockRequestFactory.create(customer=ana, variant=tea)
    restock(tea)

    def look(_number):
        try:
            return requests.tell()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(look, range(8)))

    assert sorted(said, key=len) == [{}] * 7 + [{"stock": 1}]
    assert Recipient.objects.get().key == f"stock:{request.pk}:1"


def test_a_suppressed_address_that_agreed_again_is_told(ana, tea):
    """A bounce stays, an unsubscription ends with the new yes."""
    SuppressionFactory.create(address_hash=services.consent.addresses.hash_of("email", ana.email), reason="unsubscribe")

    requests.ask(ana, tea.sku, SHOWN)

    assert not Suppression.objects.exists()
