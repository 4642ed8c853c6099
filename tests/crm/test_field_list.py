"""Custom fields in the list of customers: filters, columns and the file."""

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.choices import Role
from core.models import SavedView
from core.shop import current_shop
from crm.models import CustomerTag, CustomField
from crm.models.people import FIELDS, TAGS
from tests.factories import (
    CustomerFactory,
    CustomerTagFactory,
    CustomFieldFactory,
    CustomFieldValueFactory,
    ShopProfileFactory,
    StaffUserFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/admin/catalog/customer/"


@pytest.fixture
def shop():
    return ShopProfileFactory.create()


def client_of(role: Role) -> Client:
    client = Client()
    client.force_login(StaffUserFactory.create(role=role))
    return client


def client_with(*names: str) -> Client:
    person = StaffUserFactory.create()
    for name in names:
        app, code = name.split(".")
        person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
    client = Client()
    client.force_login(person)
    return client


def having(kind: str, *values: str, title: str = "Field", **more):
    """A field, and a customer for each value; none for an empty text."""
    field = CustomFieldFactory.create(kind=kind, title_en=title, **more)
    people = [CustomerFactory.create(name=f"With {value or 'nothing'}") for value in values]
    for person, value in zip(people, values, strict=True):
        if value:
            CustomFieldValueFactory.create(field=field, customer=person, value=value)
    return field, people


def found(client, **asked) -> list[str]:
    return sorted(row.name for row in client.get(LIST, asked).context["cl"].result_list)


def test_a_choice_and_a_yes_are_chosen_from_what_may_stand_there(shop):
    size, _people = having("choice", "S", "M", "", title="Shirt size", choices="S\nM\nL")
    firm, _people = having("yes_no", "yes", "no", title="Company")
    client = client_of(Role.SUPPORT)

    assert found(client, **{f"field-{size.pk}": "M"}) == ["With M"]
    assert found(client, **{f"field-{size.pk}": "L"}) == []
    assert found(client, **{f"field-{firm.pk}": "yes"}) == ["With yes"]
    assert "Shirt size" in client.get(LIST, {f"field-{size.pk}": "M"}).content.decode()


def test_words_are_found_within_a_text(shop):
    field, _people = having("text", "Northern wholesale", "retail", "批发客户")
    client = client_of(Role.SUPPORT)

    assert found(client, **{f"field-{field.pk}": "WHOLE"}) == ["With Northern wholesale"]
    assert found(client, **{f"field-{field.pk}": "批发"}) == ["With 批发客户"]
    assert found(client, **{f"field-{field.pk}": "%"}) == []


def test_numbers_are_compared_as_numbers(shop):
    field, _people = having("number", "9", "10.5", "-3", "100")
    client = client_of(Role.SUPPORT)

    assert found(client, **{f"field-{field.pk}_from": "9.5", f"field-{field.pk}_to": "100"}) == [
        "With 10.5",
        "With 100",
    ]
    assert found(client, **{f"field-{field.pk}_to": "0"}) == ["With -3"]
    assert "9.5 or more" in client.get(LIST, {f"field-{field.pk}_from": "9.5"}).content.decode()
    assert len(found(client, **{f"field-{field.pk}_from": "many"})) == 4


def test_days_include_the_last_one(shop):
    field, _people = having("day", "2026-01-31", "2026-02-01", "2025-12-31")
    client = client_of(Role.SUPPORT)
    asked = {f"field-{field.pk}_from": "2026-01-01", f"field-{field.pk}_to": "2026-01-31"}

    assert found(client, **asked) == ["With 2026-01-31"]
    assert found(client, **{f"field-{field.pk}_to": "2026-01-31"}) == ["With 2025-12-31", "With 2026-01-31"]


@pytest.mark.parametrize("bad", ["x" * 5_000, "2026-02-31", "1e999", "%"])
@pytest.mark.parametrize("kind", ["text", "number", "day", "choice", "yes_no"])
def test_whatever_is_typed_is_answered(shop, kind, bad):
    field, _people = having(kind)
    ends = {"number": ("_from", "_to"), "day": ("_from", "_to", "_within")}.get(kind, ("",))

    answer = client_of(Role.SUPPORT).get(LIST, {f"field-{field.pk}{end}": bad for end in ends})

    assert answer.status_code == 200


def test_a_column_is_shown_to_whoever_asks_for_it(shop):
    field, _people = having("number", "1234.50", title="Visits")
    name = f"field-{field.pk}"
    client = client_of(Role.SUPPORT)

    plain = client.get(LIST)
    asked = client.get(LIST, {"cols": f"orders_cell,{name}"})

    assert "1,234.5" not in plain.content.decode()
    assert f'value="{name}"' in plain.content.decode()  # the menu of columns offers it
    assert [str(name) for name in asked.context["cl"].list_display] == [
        "customer_cell", "orders_cell", name,
    ]  # fmt: skip
    assert "1,234.5" in asked.content.decode()


def test_a_field_out_of_use_is_neither_filter_nor_column(shop):
    field, _people = having("text", "secret", is_on=False)

    page = client_of(Role.SUPPORT).get(LIST).content.decode()

    assert f"field-{field.pk}" not in page


def test_who_may_not_see_notes_has_neither_filter_nor_column_nor_file(shop):
    field = CustomFieldFactory.create(title_en="Hidden field")
    CustomFieldValueFactory.create(field=field, value="owes money")
    reader = client_with("catalog.view_customer", "core.export_data")

    page = reader.get(LIST, {"cols": f"orders_cell,field-{field.pk}"}).content.decode()
    file = b"".join(reader.post(f"{LIST}export/").streaming_content).decode()
    guess = reader.get(LIST, {f"field-{field.pk}": "owes"})

    assert "owes money" not in page + file
    assert "Hidden field" not in page + file
    assert guess.status_code == 302  # the list knows no such filter


def test_the_file_has_a_column_for_each_field_with_values_of_their_kind(shop, monkeypatch):
    _number, (person, *_others) = having("number", "12.50", "", "7", title="Visits")
    having("day", "2026-01-31", title="Contract")
    firm = CustomFieldFactory.create(kind="yes_no", title_en="Company")
    risky = CustomFieldFactory.create(kind="text", title_en="Remark")
    CustomFieldValueFactory.create(field=firm, customer=person, value="yes")
    CustomFieldValueFactory.create(field=risky, customer=person, value="=1+1")
    monkeypatch.setattr("core.exports.tables.CHUNK", 2)
    client = client_of(Role.OWNER)

    lines = b"".join(client.post(f"{LIST}export/").streaming_content).decode("utf-8-sig").splitlines()

    head = lines[0].split(",")
    rows = {row.split(",")[head.index("Name")]: dict(zip(head, row.split(","), strict=True)) for row in lines[1:]}
    assert rows["With 12.50"]["Visits"] == "12.5"
    assert rows["With 12.50"]["Company"] == "true"
    assert rows["With 12.50"]["Remark"] == "'=1+1"
    assert rows["With nothing"]["Visits"] == ""
    assert rows["With 7"]["Visits"] == "7"
    assert rows["With 2026-01-31"]["Contract"] == "2026-01-31"


def test_filters_and_columns_stay_in_a_saved_view(shop):
    field, _people = having("choice", "S", "M", title="Size", choices="S\nM")
    client = client_of(Role.SUPPORT)
    asked = f"field-{field.pk}=M&cols=orders_cell%2Cfield-{field.pk}"

    opened = client.post(
        reverse("admin:saved_view"),
        {"act": "save", "source": "catalog.customer", "name": "Medium", "params": asked},
    ).headers["Location"]

    assert SavedView.objects.get().query["columns"] == ["customer_cell", "orders_cell", f"field-{field.pk}"]
    changelist = client.get(opened).context["cl"]
    assert [row.name for row in changelist.result_list] == ["With M"]
    assert str(changelist.list_display[-1]) == f"field-{field.pk}"


def test_the_list_asks_as_few_queries_for_many_fields_as_for_few(shop):
    client = client_of(Role.SUPPORT)

    def queries() -> int:
        fields = CustomField.objects.values_list("pk", flat=True)
        asked = {"cols": ",".join(["orders_cell", *(f"field-{pk}" for pk in fields)])}
        client.get(LIST, asked)
        current_shop()
        with CaptureQueriesContext(connection) as counted:
            assert client.get(LIST, asked).status_code == 200
        return len(counted)

    having("choice", "S", choices="S")
    few = queries()
    for kind in ("text", "number", "day", "yes_no"):
        having(kind, *(["1", "2"] if kind == "number" else []))

    many = queries()

    assert many <= 12
    assert many == few


def test_names_of_tags_and_fields_that_nobody_asked_for_yet_are_one_query(shop):
    client = client_of(Role.SUPPORT)
    having("choice", "S", choices="S", title="Size", position=2)
    having("number", "1", title="Credit", position=1)
    CustomFieldFactory.create(title_en="Unused", is_on=False)
    for name in ("wholesale", "VIP"):
        CustomerTagFactory.create(name=name)
    client.get(LIST)
    cache.delete_many([TAGS, FIELDS])
    current_shop()

    with CaptureQueriesContext(connection) as counted:
        assert client.get(LIST).status_code == 200
    assert len(counted) <= 12
    with CaptureQueriesContext(connection) as counted:
        assert [name for _pk, name in CustomerTag.listed()] == ["VIP", "wholesale"]
        assert [str(field) for field in CustomField.in_use()] == ["Credit", "Size"]
    assert len(counted) == 0
