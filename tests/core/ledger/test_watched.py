"""Whoever writes what is watched, by whatever way, leaves an entry with their own id."""

import json
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from psycopg2.errors import RestrictViolation

from catalog import services as catalog
from catalog.models import Customer, Product, Variant, Visitor
from core import model_registry, roles, services
from core.acting import acting_as, actor, of_request, signed
from core.choices import Role
from core.models import ApiKey, LedgerEntry, ModelVersion, StaffUser
from core.models.access import Scope
from tests.factories import (
    ApiKeyFactory,
    CustomerFactory,
    ModelVersionFactory,
    ProductFactory,
    StaffUserFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def since():
    """Entries made from here on, oldest first: (kind, subject, actor, body)."""
    state = {"last": 0}

    def entries():
        rows = LedgerEntry.objects.filter(id__gt=state["last"]).order_by("id")
        found = [(row.kind, row.subject, row.actor, json.loads(row.body)) for row in rows]
        state["last"] = LedgerEntry.objects.order_by("-id").values_list("id", flat=True).first() or 0
        return found

    return entries


def execute(sql, *values):
    """As somebody who has the database open: without a word about who it is."""
    with connection.cursor() as cursor:
        cursor.cursor.execute(sql, values)


# --- prices and stock ---------------------------------------------------------------------------------------------


def test_a_price_written_by_hand_in_the_database_is_entered(since):
    product, variant = ProductFactory.create(price="12.50"), VariantFactory.create(price="3.00", stock=4)
    since()

    execute("UPDATE catalog_product SET price = 9 WHERE id = %s", product.pk)
    execute("UPDATE catalog_variant SET price = NULL, stock = stock + 1 WHERE id = %s", variant.pk)

    assert since() == [
        ("price", f"catalog.product:{product.pk}", "database", {"before": {"price": "12.5"}, "after": {"price": "9"}}),
        ("price", f"catalog.variant:{variant.pk}", "database",
         {"sku": variant.sku, "before": {"price": "3"}, "after": {"price": None}}),
        ("stock", f"catalog.variant:{variant.pk}", "database",
         {"sku": variant.sku, "before": {"stock": 4}, "after": {"stock": 5}}),
    ]  # fmt: skip


def test_a_new_variant_enters_with_its_price_and_stock_and_leaves_with_them(since):
    product = ProductFactory.create()
    since()
    variant = Variant.objects.create(product=product, sku="A-1", price=Decimal("2.5"), stock=3)
    number = variant.pk
    variant.delete()

    assert since() == [
        ("price", f"catalog.variant:{number}", "system", {"sku": "A-1", "after": {"price": "2.5"}}),
        ("stock", f"catalog.variant:{number}", "system", {"sku": "A-1", "after": {"stock": 3}}),
        ("price", f"catalog.variant:{number}", "system", {"sku": "A-1", "before": {"price": "2.5"}}),
        ("stock", f"catalog.variant:{number}", "system", {"sku": "A-1", "before": {"stock": 3}}),
    ]


@pytest.mark.parametrize(
    "write",
    [
        lambda v: Variant.objects.filter(pk=v.pk).update(stock=7),
        lambda v: Variant.objects.bulk_update([Variant(pk=v.pk, stock=7)], ["stock"]),
        lambda v: catalog.change_stock([catalog.StockChange(v.sku, set_to=7)]),
        lambda v: execute(
            "INSERT INTO catalog_variant (product_id, sku, stock, created_at, updated_at)"
            " VALUES (%s, %s, 7, now(), now()) ON CONFLICT (sku) DO UPDATE SET stock = EXCLUDED.stock",
            v.product_id, v.sku,
        ),
    ],
    ids=["update", "bulk_update", "service", "upsert"],
)  # fmt: skip
def test_every_way_of_writing_a_stock_is_entered_once(write, since):
    variant = VariantFactory.create(stock=4)
    since()

    write(variant)

    assert [(kind, subject, body["before"], body["after"]) for kind, subject, _actor, body in since()] == [
        ("stock", f"catalog.variant:{variant.pk}", {"stock": 4}, {"stock": 7})
    ]


def test_what_stays_as_it_is_leaves_no_entry(since):
    variant = VariantFactory.create(stock=4)
    since()

    variant.barcode = "123"
    variant.save()
    variant.product.name = "Another name"
    variant.product.save()

    assert since() == []


# --- rights -------------------------------------------------------------------------------------------------------


def test_roles_given_and_taken_are_entered(since):
    person, boss = StaffUserFactory.create(), StaffUserFactory.create(is_superuser=True)
    since()

    with acting_as(f"staff:{boss.pk}"):
        services.set_roles(person, Group.objects.filter(name__in=["support", "editor"]), by=boss)
        services.set_roles(person, Group.objects.filter(name="editor"), by=boss)

    about, by = f"core.staffuser:{person.pk}", f"staff:{boss.pk}"
    assert since() == [
        ("permission", about, by, {"given": ["editor", "support"]}),
        ("permission", about, by, {"taken": ["support"]}),
    ]


def test_a_right_given_to_a_role_or_a_person_behind_the_products_back_is_entered(since):
    person, role = StaffUserFactory.create(), Group.objects.get(name=Role.SUPPORT.value)
    right = Permission.objects.get(codename="manage_roles")
    since()

    role.permissions.add(right)
    person.user_permissions.add(right)
    roles.sync_roles()

    assert since() == [
        ("permission", f"core.staffrole:{role.pk}", "system", {"given": ["core.manage_roles"]}),
        ("permission", f"core.staffuser:{person.pk}", "system", {"given": ["core.manage_roles"]}),
        ("permission", f"core.staffrole:{role.pk}", "system", {"taken": ["core.manage_roles"]}),
    ]


def test_a_role_and_a_right_exchanged_by_hand_in_the_database_are_entered(since):
    person, groups = StaffUserFactory.create(role=Role.EDITOR), {g.name: g for g in Group.objects.all()}
    support, right = groups["support"], Permission.objects.get(codename="manage_roles")
    person.user_permissions.add(Permission.objects.get(codename="view_job"))
    before = support.permissions.order_by("codename").values_list("pk", "content_type__app_label", "codename")[0]
    since()

    execute("UPDATE core_staffuser_groups SET group_id = %s WHERE staffuser_id = %s", groups["owner"].pk, person.pk)
    execute(
        "UPDATE core_staffuser_user_permissions SET permission_id = %s WHERE staffuser_id = %s", right.pk, person.pk
    )
    execute(
        "UPDATE auth_group_permissions SET permission_id = %s WHERE group_id = %s AND permission_id = %s",
        right.pk, support.pk, before[0],
    )  # fmt: skip

    about, role = f"core.staffuser:{person.pk}", f"core.staffrole:{support.pk}"
    assert since() == [
        ("permission", about, "database", {"given": ["owner"]}),
        ("permission", about, "database", {"taken": ["editor"]}),
        ("permission", about, "database", {"given": ["core.manage_roles"]}),
        ("permission", about, "database", {"taken": ["core.view_job"]}),
        ("permission", role, "database", {"given": ["core.manage_roles"]}),
        ("permission", role, "database", {"taken": [f"{before[1]}.{before[2]}"]}),
    ]


def test_a_serving_model_removed_by_hand_in_the_database_is_entered(since):
    live, old = ModelVersionFactory.create(state="active"), ModelVersionFactory.create(state="retired")
    since()

    execute("DELETE FROM core_modelversion WHERE id IN (%s, %s)", live.pk, old.pk)

    found = since()
    assert [(kind, subject, by) for kind, subject, by, _body in found] == [
        ("model", f"core.modelversion:{live.pk}", "database")
    ]
    assert found[0][3]["before"]["state"] == "active"


def test_accounts_switched_off_or_raised_are_entered_and_signing_in_is_not(since):
    person = StaffUserFactory.create()
    since()

    StaffUser.objects.filter(pk=person.pk).update(last_login="2026-01-01T00:00Z", password="x")
    assert since() == []

    StaffUser.objects.filter(pk=person.pk).update(is_superuser=True)
    StaffUser.objects.filter(pk=person.pk).update(is_active=False)

    assert [(body["before"], body["after"]) for _kind, _subject, _actor, body in since()] == [
        ({"is_active": True, "is_staff": True, "is_superuser": False},
         {"is_active": True, "is_staff": True, "is_superuser": True}),
        ({"is_active": True, "is_staff": True, "is_superuser": True},
         {"is_active": False, "is_staff": True, "is_superuser": True}),
    ]  # fmt: skip


def test_keys_made_and_revoked_are_entered_without_their_secret(since):
    since()
    key, value = services.create_api_key(name="Back end", kind="server", scopes=[Scope.ORDERS])
    services.revoke_api_key(key)

    (_k, subject, _a, made), (_k2, same, _a2, revoked) = since()
    assert subject == same == f"core.apikey:{key.pk}"
    assert made["after"] == {"kind": "server", "scopes": ["orders"], "allowed_origins": []}
    assert "revoked_at" not in revoked["before"]
    assert revoked["after"]["revoked_at"]
    assert value not in json.dumps([made, revoked])


def test_using_a_key_leaves_no_entry(since):
    key = ApiKeyFactory.create()
    since()

    ApiKey.objects.filter(pk=key.pk).update(last_used_at="2026-01-01T00:00Z")

    assert since() == []


# --- models and consent -------------------------------------------------------------------------------------------


def test_the_model_that_serves_and_the_one_that_no_longer_does_are_entered(since, monkeypatch):
    monkeypatch.setattr(model_registry, "load", lambda version: SimpleNamespace(arrays={}))
    old = ModelVersionFactory.create(kind="probe", number=1, state=ModelVersion.State.ACTIVE)
    new = ModelVersionFactory.create(kind="probe", number=2, state=ModelVersion.State.CANDIDATE)
    boss = StaffUserFactory.create()
    since()

    with acting_as(f"staff:{boss.pk}"):
        model_registry.activate(new, by=boss, reason="better")

    first, second = since()
    assert first[:3] == ("model", f"core.modelversion:{old.pk}", f"staff:{boss.pk}")
    assert (first[3]["before"]["state"], first[3]["after"]["state"]) == ("active", "retired")
    assert second[1] == f"core.modelversion:{new.pk}"
    assert second[3]["after"] == {"kind": "probe", "number": 2, "state": "active", "activation_reason": "better"}


def test_consent_refused_and_given_again_is_entered(since):
    customer, visitor = CustomerFactory.create(), Visitor.objects.create(key="v-1")
    since()

    Customer.objects.filter(pk=customer.pk).update(is_personalised=False)
    Visitor.objects.filter(pk=visitor.pk).update(may_track=False)
    Visitor.objects.filter(pk=visitor.pk).update(may_track=True)
    quiet = Visitor.objects.create(key="v-2", may_track=False)

    assert [(kind, subject, body["after"]) for kind, subject, _actor, body in since()] == [
        ("consent", f"catalog.customer:{customer.pk}", {"is_personalised": False}),
        ("consent", f"catalog.visitor:{visitor.pk}", {"may_track": False}),
        ("consent", f"catalog.visitor:{visitor.pk}", {"may_track": True}),
        ("consent", f"catalog.visitor:{quiet.pk}", {"may_track": False}),
    ]


# --- completeness -------------------------------------------------------------------------------------------------

WATCHED = {
    "core_staffuser": {"INSERT", "UPDATE", "DELETE"},
    "core_staffuser_groups": {"INSERT", "UPDATE", "DELETE"},
    "core_staffuser_user_permissions": {"INSERT", "UPDATE", "DELETE"},
    "auth_group_permissions": {"INSERT", "UPDATE", "DELETE"},
    "core_apikey": {"INSERT", "UPDATE", "DELETE"},
    "core_stafftoken": {"INSERT", "UPDATE", "DELETE"},
    "core_modelversion": {"INSERT", "UPDATE", "DELETE"},
    "core_experiment": {"UPDATE", "DELETE"},
    "core_shopprofile": {"UPDATE"},
    "catalog_product": {"INSERT", "UPDATE", "DELETE"},
    "catalog_variant": {"INSERT", "UPDATE", "DELETE"},
    "catalog_customer": {"INSERT", "UPDATE"},
    "catalog_visitor": {"INSERT", "UPDATE"},
    "crm_loyaltytransaction": {"INSERT"},
    "marketing_consent": {"INSERT", "UPDATE", "DELETE"},
    "marketing_restriction": {"INSERT", "DELETE"},
}


def test_every_watched_table_is_watched_for_every_act():
    """A trigger that a later migration drops or switches off is missed here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.event_object_table, e.event_manipulation FROM information_schema.triggers e"
            " JOIN pg_trigger t ON t.tgname = e.trigger_name AND t.tgrelid = e.event_object_table::regclass"
            " WHERE e.trigger_name LIKE 'ledger%%' AND t.tgenabled = 'O' AND e.event_object_table <> 'core_ledgerentry'"
        )
        found: dict[str, set[str]] = {}
        for table, act in cursor.fetchall():
            found.setdefault(table, set()).add(act)

    assert found == WATCHED


# --- who it was ---------------------------------------------------------------------------------------------------


def test_a_change_by_key_names_the_key(since, server, server_key):
    variant = VariantFactory.create(stock=1)
    since()

    answer = server.post("/stock", {"rows": [{"sku": variant.sku, "set": 9}]})

    assert answer.status_code == 200, answer.content
    assert [(subject, who) for _kind, subject, who, _body in since()] == [
        (f"catalog.variant:{variant.pk}", f"key:{server_key.pk}")
    ]
    assert actor() == "system"


def test_a_change_in_a_staff_page_names_the_member(since, client):
    boss = StaffUserFactory.create(is_superuser=True)
    client.force_login(boss)
    key = ApiKeyFactory.create()
    since()

    client.post(f"/admin/core/apikey/{key.pk}/revoke/")

    assert [(subject, who) for _kind, subject, who, _body in since()] == [(f"core.apikey:{key.pk}", f"staff:{boss.pk}")]


def test_acts_inside_acts_belong_to_the_inner_one():
    with acting_as("staff:3"):
        with acting_as("job:9"):
            assert actor() == "job:9"
        assert actor() == "staff:3"
    assert actor() == "system"


@pytest.mark.parametrize("bad", ["staff 3", "staff:3 */ DROP", "", "x" * 61, "Staff:3", "a:b:c"])
def test_an_actor_that_is_no_id_is_refused(bad):
    with pytest.raises(ValueError, match="is no actor"), acting_as(bad):
        pass


def test_only_statements_that_write_are_signed():
    with acting_as("staff:3"):
        assert signed("SELECT 1") == "SELECT 1"
        assert signed("\n UPDATE x SET y = 1") == "/* by staff:3 */ \n UPDATE x SET y = 1"


def test_a_name_inside_a_statement_is_not_believed(since):
    variant = VariantFactory.create(stock=1)
    since()

    execute("UPDATE catalog_variant SET stock = 2, barcode = '/* by staff:1 */ ' WHERE id = %s", variant.pk)

    assert [who for _kind, _subject, who, _body in since()] == ["database"]


def test_nobody_is_asked_for_to_know_who_a_request_is_from(rf, django_assert_num_queries):
    from django.contrib.auth.middleware import AuthenticationMiddleware
    from django.contrib.sessions.backends.db import SessionStore

    request = rf.get("/")
    request.session = SessionStore("unknown")
    AuthenticationMiddleware(lambda request: None)(request)

    with django_assert_num_queries(0):
        assert of_request(request) == "visitor"


def test_products_imported_in_one_statement_are_entered_by_number(since):
    since()
    Product.objects.bulk_create([Product(name=f"P{n}", price=n) for n in range(1, 201)])

    found = since()
    assert len(found) == 200
    assert [body["after"]["price"] for _kind, _subject, _actor, body in found] == [str(n) for n in range(1, 201)]


@pytest.mark.parametrize("table", ["catalog_product", "catalog_variant", "core_staffuser", "auth_group_permissions"])
def test_emptying_a_watched_table_past_its_triggers_is_refused(table):
    """Between tests the refusal is switched off; a shop has it always."""
    execute(f"ALTER TABLE {table} ENABLE TRIGGER ledger_no_truncate")

    with pytest.raises(RestrictViolation, match="without an entry in the ledger"), transaction.atomic():
        execute(f"TRUNCATE {table} CASCADE")
