"""The history of a row: whoever changed it, from what to what, and the way back."""

import pytest
from django.db import connection
from django.test import Client

from catalog.models import Brand, Category, Product
from core.models import LedgerEntry, RowChange, ShopProfile, StaffUser
from tests.factories import (
    ApiKeyFactory,
    BrandFactory,
    CategoryFactory,
    CustomerFactory,
    OrderFactory,
    ProductFactory,
    ShopProfileFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lin(db):
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")
    return StaffUserFactory.create(is_superuser=True, first_name="Lin", last_name="")


@pytest.fixture
def client(lin) -> Client:
    client = Client()
    client.force_login(lin)
    return client


def history(client: Client, obj) -> str:
    return f"/admin/{obj._meta.app_label}/{obj._meta.model_name}/{obj.pk}/history/"


def told(client: Client, obj) -> list[tuple[str, str, str]]:
    found = client.get(history(client, obj)).context["entries"]
    return [(one.label, one.before, one.after) for entry in found for one in entry.told]


def test_a_product_tells_name_category_status_and_price_whoever_wrote_them(client):
    clothes = CategoryFactory.create(name="Clothes")
    product = ProductFactory.create(name="Mug", price="20", category=None)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE catalog_product SET name = 'Cup', category_id = %s, status = 'hidden', price = 18 WHERE id = %s",
            [clothes.pk, product.pk],
        )

    found = told(client, product)

    assert ("Name", "Mug", "Cup") in found
    assert ("Category", "–", "Clothes") in found
    assert ("Status", "live", "hidden") in found
    assert ("Price", "20", "18") in found


def test_an_update_that_changes_nothing_watched_leaves_no_trace():
    product = ProductFactory.create()
    RowChange.objects.all().delete()

    Product.objects.filter(pk=product.pk).update(name=product.name)
    product.save()

    assert not RowChange.objects.exists()


def test_a_change_is_taken_back_and_the_history_keeps_both(client, lin):
    product = ProductFactory.create(name="Mug", status=Product.Status.LIVE)
    Product.objects.filter(pk=product.pk).update(name="Cup")
    key = client.get(history(client, product)).context["entries"][0].undo

    client.post(history(client, product), {"undo": key})

    product.refresh_from_db()
    assert product.name == "Mug"
    assert [found[:3] for found in told(client, product)][:2] == [("Name", "Cup", "Mug"), ("Name", "Mug", "Cup")]
    assert RowChange.objects.first().actor == f"staff:{lin.pk}"


def test_a_price_is_taken_back_through_the_ledger(client):
    product = ProductFactory.create(price="20")
    Product.objects.filter(pk=product.pk).update(price="18")
    entry = client.get(history(client, product)).context["entries"][0]
    assert entry.undo.startswith("ledger:")

    client.post(history(client, product), {"undo": entry.undo})

    product.refresh_from_db()
    assert product.price == 20


def test_what_somebody_changed_since_is_not_put_back(client):
    brand = BrandFactory.create(name="Old")
    Brand.objects.filter(pk=brand.pk).update(name="New")
    key = client.get(history(client, brand)).context["entries"][0].undo
    Brand.objects.filter(pk=brand.pk).update(name="Newer")

    page = client.post(history(client, brand), {"undo": key}, follow=True).content.decode()

    assert "Somebody changed this since" in page
    brand.refresh_from_db()
    assert brand.name == "Newer"
    assert client.get(history(client, brand)).context["entries"][1].undo == ""


def test_a_name_that_is_taken_meanwhile_is_not_put_back(client):
    brand = BrandFactory.create(name="Old")
    Brand.objects.filter(pk=brand.pk).update(name="New")
    key = client.get(history(client, brand)).context["entries"][0].undo
    BrandFactory.create(name="Old")

    client.post(history(client, brand), {"undo": key})

    brand.refresh_from_db()
    assert brand.name == "New"


def test_a_category_that_is_gone_is_not_put_back(client):
    gone = CategoryFactory.create()
    product = ProductFactory.create(category=gone)
    Product.objects.filter(pk=product.pk).update(category=None)
    key = client.get(history(client, product)).context["entries"][0].undo
    gone.delete()

    client.post(history(client, product), {"undo": key})

    product.refresh_from_db()
    assert product.category is None
    assert not Category.objects.exists()


@pytest.mark.parametrize("what", ["", "row:0", "row:999999", "nonsense", "ledger:x"])
def test_what_is_no_change_of_this_row_is_refused(what, client):
    product = ProductFactory.create(name="Mug")
    other = ProductFactory.create(name="Other")
    Product.objects.filter(pk=other.pk).update(name="Changed")

    answer = client.post(history(client, product), {"undo": what or f"row:{RowChange.objects.get().pk}"}, follow=True)

    assert "cannot be taken back from here" in answer.content.decode()
    other.refresh_from_db()
    assert other.name == "Changed"


def test_of_customers_only_the_names_of_what_changed_are_kept(client):
    customer = CustomerFactory.create(name="Ana Zqx", email="ana@zqx.example")
    customer.name, customer.email = "Ana Other", "other@zqx.example"
    customer.save()

    page = client.get(history(client, customer)).content.decode()

    change = RowChange.objects.get(subject=f"catalog.customer:{customer.pk}")
    assert change.before == {"name": None, "email": None}
    assert "E-mail changed" in page
    assert "Zqx" not in str(change.before) + str(change.after)
    assert client.get(history(client, customer)).context["entries"][0].undo == ""


def test_settings_and_orders_have_a_history_too(client, lin):
    ShopProfile.objects.update(return_window_days=14)
    shop = ShopProfile.objects.get()
    assert told(client, shop)[0] == ("Return window (days)", "30", "14")
    order = OrderFactory.create()
    order.events.create(kind="placed", occurred_at=order.placed_at, created_by=lin)

    (entry,) = client.get(history(client, order)).context["entries"]

    assert (entry.note, entry.who) == ("Placed", "Lin")


def test_who_may_only_look_gets_no_way_back():
    from django.contrib.auth.models import Permission

    ShopProfileFactory.create(name="Shop")
    product = ProductFactory.create(name="Mug")
    Product.objects.filter(pk=product.pk).update(name="Cup")
    person = StaffUserFactory.create()
    person.user_permissions.add(Permission.objects.get(codename="view_product"))
    looking = Client()
    looking.force_login(person)

    page = looking.get(history(looking, product))

    assert page.context["entries"][0].undo == ""
    key = f"row:{RowChange.objects.get().pk}"
    assert looking.post(history(looking, product), {"undo": key}).status_code == 403
    product.refresh_from_db()
    assert product.name == "Cup"


def test_a_long_history_asks_few_queries(client, django_assert_max_num_queries):
    product = ProductFactory.create(name="Mug")
    for number in range(30):
        Product.objects.filter(pk=product.pk).update(name=f"Mug {number}", price=number)
    client.get(history(client, product))

    with django_assert_max_num_queries(12):
        client.get(history(client, product))


def test_lists_and_rights_are_told_and_rights_are_never_put_back_from_here(client, lin):
    ShopProfile.objects.update(languages=["en", "zh-hans"])
    assert client.get(history(client, ShopProfile.objects.get())).status_code == 200
    person = StaffUserFactory.create(is_superuser=True)
    StaffUser.objects.filter(pk=person.pk).update(is_superuser=False)
    entries = client.get(history(client, person)).context["entries"]
    assert entries
    assert {entry.undo for entry in entries} == {""}

    for entry in LedgerEntry.objects.filter(subject=f"core.staffuser:{person.pk}"):
        client.post(history(client, person), {"undo": f"ledger:{entry.pk}"})

    person.refresh_from_db()
    assert not person.is_superuser
    assert client.get(history(client, ApiKeyFactory.create())).status_code == 200


def test_a_setting_with_rules_of_its_own_is_not_put_back_from_here(client):
    ShopProfile.objects.update(second_factor_roles=["owner"])
    ShopProfile.objects.update(second_factor_roles=[])
    shop = ShopProfile.objects.get()
    (newest, *_others) = client.get(history(client, shop)).context["entries"]
    assert newest.undo == ""

    client.post(history(client, shop), {"undo": f"row:{RowChange.objects.first().pk}"})

    shop.refresh_from_db()
    assert shop.second_factor_roles == []
