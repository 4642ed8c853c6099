"""Saved views of lists: kept, opened, shared, counted, and never a way to see more."""

import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Product
from core.choices import Role
from core.models import DefaultView, SavedView, StaffUser
from core.rights import erasing
from core.rights.holdings import Identity
from core.shop import current_shop
from tests.factories import ProductFactory, ShopProfileFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
LIST, VIEWS, COUNTS = "/admin/catalog/product/", "/admin/views/", "/admin/views/counts/"
SOURCE = "catalog.product"


@pytest.fixture
def lin() -> StaffUser:
    ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")
    cache.clear()
    return StaffUserFactory.create(role=Role.MERCHANDISER)


def browser(person: StaffUser) -> Client:
    client = Client()
    client.force_login(person)
    return client


def save(client: Client, params: str, name: str = "Cheap", **more) -> SavedView:
    client.post(VIEWS, {"act": "save", "source": SOURCE, "params": params, "name": name, **more})
    return SavedView.objects.latest("pk")


def act(client: Client, kind: str, view: SavedView, **more):
    return client.post(VIEWS, {"act": kind, "source": SOURCE, "view": view.pk, **more})


def test_a_view_keeps_filters_order_and_columns_by_name_and_nothing_else(lin):
    client = browser(lin)

    view = save(client, "price_to=20&view=live&q=mug&o=-3.2.9&cols=price_cell,status_cell,product_cell&p=3&saved=9")

    assert view.query == {
        "filters": {"price_to": ["20"], "view": ["live"], "q": ["mug"]},
        "order": ["-status_cell", "price_cell"],
        "columns": ["product_cell", "price_cell", "status_cell"],
    }
    assert (view.owner, view.roles, view.position) == (lin, [], 1)


def test_an_opened_view_shows_its_rows_columns_and_order(lin):
    client = browser(lin)
    dear = ProductFactory.create(price="90", name="Mug")
    cheap, cheaper = ProductFactory.create(price="9", name="Mug"), ProductFactory.create(price="8", name="Mug")
    view = save(client, "price_to=20&o=2&cols=price_cell,status_cell")

    page = client.get(LIST)
    address = next(line for line in page.content.decode().split('"') if f"saved={view.pk}" in line)
    opened = client.get(LIST + address.replace("&amp;", "&"))

    assert list(opened.context["cl"].result_list) == [cheaper, cheap]
    assert dear not in opened.context["cl"].result_list
    assert [str(name) for name in opened.context["cl"].list_display[1:]] == [
        "product_cell", "price_cell", "status_cell",
    ]  # fmt: skip
    assert "Save changes" not in opened.content.decode()
    changed = client.get(LIST + address.replace("&amp;", "&") + "&stock=in").content.decode()
    assert "Save changes" in changed


def test_the_tab_counts_its_rows_in_a_request_of_its_own_and_remembers_them(lin):
    client = browser(lin)
    ProductFactory.create(price="9")
    ProductFactory.create(price="90")
    view = save(client, "price_to=20")

    page = client.get(LIST).content.decode()
    assert f'hx-get="{COUNTS}?source={SOURCE}"' in page
    assert f'id="zg-view-{view.pk}"></span>' in page
    pieces = client.get(f"{COUNTS}?source={SOURCE}").content.decode()
    assert f'id="zg-view-{view.pk}"hx-swap-oob="true">1<' in re.sub(r"\s+", "", pieces)

    page = client.get(LIST).content.decode()
    assert f'id="zg-view-{view.pk}">1</span>' in page
    assert COUNTS not in page


def test_a_list_with_ten_views_asks_no_more_queries_than_with_one(lin):
    client = browser(lin)
    ProductFactory.create_batch(3)
    save(client, "price_to=20", "One")

    def queries() -> int:
        current_shop()
        with CaptureQueriesContext(connection) as asked:
            assert client.get(LIST).status_code == 200
        return len(asked)

    queries()
    one = queries()
    for number in range(9):
        save(client, "price_to=20", f"View {number}")

    assert queries() == one
    assert one <= 12
    with CaptureQueriesContext(connection) as asked:
        client.get(f"{COUNTS}?source={SOURCE}")
    assert sum("COUNT(*)" in one["sql"] for one in asked.captured_queries) == 1


def test_others_see_a_view_when_it_is_shared_with_their_role_and_cannot_change_it(lin):
    view = save(browser(lin), "price_to=20", roles=[Role.MERCHANDISER.value, Role.OWNER.value])
    assert view.roles == ["merchandiser"]  # only one's own roles, unless one manages them
    colleague = browser(StaffUserFactory.create(role=Role.MERCHANDISER))
    editor = browser(StaffUserFactory.create(role=Role.EDITOR))

    assert "Cheap" in colleague.get(LIST).content.decode()
    assert "Cheap" not in editor.get(LIST).content.decode()
    act(colleague, "rename", view, name="Mine")
    act(colleague, "delete", view)
    act(colleague, "update", view, params="")
    assert act(editor, "default", view).status_code == 404
    view.refresh_from_db()
    assert (view.name, view.query) == ("Cheap", {"filters": {"price_to": ["20"]}})


def test_who_manages_roles_shares_with_everybody(lin):
    boss = StaffUserFactory.create(is_superuser=True)

    view = save(browser(boss), "price_to=20", roles=["*", "support", "nobody"])

    assert view.roles == ["*", "support"]
    assert "Cheap" in browser(lin).get(LIST).content.decode()


def test_a_default_opens_the_list_and_all_rows_stay_one_click_away(lin):
    client = browser(lin)
    view = save(client, "price_to=20")

    act(client, "default", view)

    answer = client.get(LIST)
    assert answer.status_code == 302
    assert f"saved={view.pk}" in answer["Location"]
    assert client.get(f"{LIST}?view=").status_code == 200
    assert client.get(f"{LIST}?q=mug").status_code == 200
    act(client, "undefault", view)
    assert client.get(LIST).status_code == 200
    assert not DefaultView.objects.exists()


def test_renaming_moving_and_deleting(lin):
    client = browser(lin)
    first, second = save(client, "price_to=20", "A"), save(client, "price_to=30", "B")

    act(client, "left", second)
    assert list(SavedView.objects.values_list("name", flat=True)) == ["B", "A"]
    act(client, "left", second)
    act(client, "right", second)
    assert list(SavedView.objects.values_list("name", flat=True)) == ["A", "B"]
    act(client, "rename", first, name="  Very   cheap ", roles=["merchandiser"])
    first.refresh_from_db()
    assert (first.name, first.roles) == ("Very cheap", ["merchandiser"])
    act(client, "delete", first)
    assert list(SavedView.objects.values_list("name", flat=True)) == ["B"]


@pytest.mark.parametrize("name", ["", "   ", "Cheap"])
def test_a_view_without_a_name_or_with_one_that_is_taken_is_refused(name, lin):
    client = browser(lin)
    save(client, "price_to=20")

    answer = client.post(VIEWS, {"act": "save", "source": SOURCE, "params": "price_to=30", "name": name}, follow=True)

    assert SavedView.objects.count() == 1
    assert 'role="alert"' in answer.content.decode()


def test_views_are_for_those_who_see_the_list(lin):
    support = browser(StaffUserFactory.create())
    body = {"act": "save", "source": SOURCE, "params": "price_to=1", "name": "X"}

    assert support.post(VIEWS, body).status_code == 403
    assert support.get(f"{COUNTS}?source={SOURCE}").status_code == 403
    assert browser(lin).post(VIEWS, {**body, "source": "auth.permission"}).status_code == 404
    assert browser(lin).post(VIEWS, {**body, "source": "nonsense"}).status_code == 404
    assert browser(lin).get(VIEWS).status_code == 405
    assert not SavedView.objects.exists()


def test_a_filter_that_is_gone_leaves_a_tab_without_harm(lin):
    client = browser(lin)
    view = save(client, "price_to=20")
    SavedView.objects.filter(pk=view.pk).update(
        query={"filters": {"gone__exact": ["1"], "q": ["mug"]}, "order": ["gone_cell"], "columns": ["gone_cell"]}
    )

    assert client.get(LIST).status_code == 200
    assert client.get(f"{COUNTS}?source={SOURCE}").status_code == 200
    assert client.get(f"{LIST}?saved={view.pk}&cols=gone_cell").status_code == 200
    assert not Product.objects.exists()


@pytest.mark.parametrize("path", ["core/job/", "catalog/brand/", "catalog/customer/", "core/ledgerentry/"])
def test_every_list_has_views_and_columns(path):
    client = browser(StaffUserFactory.create(is_superuser=True))

    page = client.get(f"/admin/{path}").content.decode()

    assert "Save view" in page
    assert client.get(f"/admin/{path}?view=").status_code == 200


def test_an_erasure_takes_views_that_look_for_the_person(lin):
    client = browser(lin)
    save(client, "price_to=20", "Cheap")
    save(client, "q=ana@zqx.example", "One customer")
    save(client, "price_to=30", "For Ana Zqx")

    erasing.core_traces(Identity.of("ana@zqx.example", "Ana Zqx"), "catalog.Customer", 1)

    assert list(SavedView.objects.values_list("name", flat=True)) == ["Cheap"]
