"""Customers: what is personal stays with those who may see it."""

import pytest
from django.utils import timezone

from tests.factories import CustomerFactory, CustomerTraitFactory, InteractionFactory, OrderFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/customer/"
SEES = "catalog.view_customer"
SEES_ALL = "catalog.view_personal_data"


@pytest.fixture
def ana(shop):
    return CustomerFactory.create(name="Ana", email="ana@mail.test", phone="+86 1380000", birthday="1990-05-04")


def test_without_the_right_reachable_data_is_nowhere(ana, client_with):
    reader = client_with(SEES)

    for path in (LIST, f"{LIST}{ana.pk}/change/"):
        page = reader.get(path).content.decode()
        assert "Ana" in page
        assert "ana@mail.test" not in page
        assert "1380000" not in page
        assert "1990" not in page


def test_with_the_right_they_are_in_the_list_and_on_the_page(ana, client_with):
    reader = client_with(SEES, SEES_ALL)

    assert "ana@mail.test" in reader.get(LIST).content.decode()
    page = reader.get(f"{LIST}{ana.pk}/change/").content.decode()
    assert "ana@mail.test" in page
    assert "1380000" in page


def test_the_search_tells_an_address_only_to_those_who_may_see_it(ana, client_with):
    assert list(client_with(SEES).get(f"{LIST}?q=ana@mail").context["cl"].result_list) == []
    assert list(client_with(SEES, SEES_ALL).get(f"{LIST}?q=ana@mail").context["cl"].result_list) == [ana]


def export(client, customer) -> str:
    answer = client.post(LIST, {"action": "export_as_csv", "_selected_action": [customer.pk]})
    return b"".join(answer.streaming_content).decode("utf-8-sig") if answer.streaming else ""


def test_the_export_carries_addresses_only_with_both_rights(ana, client_with):
    assert export(client_with(SEES, SEES_ALL), ana) == ""
    assert "ana@mail.test" not in export(client_with(SEES, "core.export_data"), ana)
    assert "ana@mail.test" in export(client_with(SEES, SEES_ALL, "core.export_data"), ana)


def test_saving_without_the_right_leaves_the_hidden_columns_alone(ana, client_with):
    writer = client_with(SEES, "catalog.change_customer")

    answer = writer.post(
        f"{LIST}{ana.pk}/change/", {"name": "Ana B", "language": "en", "country": "", "city": "", "email": "x@y.test"}
    )

    assert answer.status_code == 302
    ana.refresh_from_db()
    assert (ana.name, ana.email, ana.phone, ana.is_personalised) == ("Ana B", "ana@mail.test", "+86 1380000", False)


def test_the_page_shows_orders_acts_and_traits(ana, client):
    OrderFactory.create(customer=ana, number="A-77")
    InteractionFactory.create(customer=ana)
    CustomerTraitFactory.create(customer=ana, value="regulars", reasons=["ordered 9 times"])

    page = client.get(f"{LIST}{ana.pk}/change/").content.decode()
    for key in ("catalog.orders", "catalog.interactions"):
        assert f"{LIST}{ana.pk}/panel/{key}/" in page
        page += client.get(f"{LIST}{ana.pk}/panel/{key}/").content.decode()

    assert "A-77" in page
    assert "Last seen in the shop" in page
    assert "ordered 9 times" in page


def test_erased_customers_are_not_listed(client):
    CustomerFactory.create(name="Gone", erased_at=timezone.now())

    assert list(client.get(LIST).context["cl"].result_list) == []
