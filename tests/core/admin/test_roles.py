"""Roles: what they hold, who may give them, and that nobody raises themselves."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from core import roles, services
from core.choices import Role
from core.exceptions import DomainError
from core.models import StaffUser
from tests.factories import StaffUserFactory

pytestmark = pytest.mark.django_db
LIST = "/admin/core/staffuser/"


@pytest.fixture
def groups(shop) -> dict[str, Group]:
    roles.sync_roles()
    return {group.name: group for group in Group.objects.all()}


@pytest.fixture
def owner(groups) -> StaffUser:
    """Has everything, but is no superuser."""
    return StaffUserFactory.create(username="olga", role=Role.OWNER)


def names(group: Group) -> set[str]:
    return {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")}


def test_every_right_that_a_role_names_exists(groups):
    assert roles.unknown_permissions() == {}


def test_each_role_has_a_group_after_the_migration_with_exactly_its_rights():
    assert {group.name: names(group) for group in Group.objects.all()} == {
        role.value: roles.permissions_of(role) for role in Role
    }


def test_syncing_again_repairs_what_was_changed_by_hand_and_else_changes_nothing(groups, django_assert_num_queries):
    group = groups["support"]
    group.permissions.add(Permission.objects.get(codename="export_data"))

    roles.sync_roles()

    assert names(group) == roles.permissions_of(Role.SUPPORT)
    assert Group.objects.count() == len(Role)


def test_the_owner_has_all_rights_of_the_product_and_none_of_its_packages(groups):
    apps = {name.split(".")[0] for name in names(groups["owner"])}
    assert apps == {"core", "catalog", "recommender", "analytics", "reviews", "vision", "crm", "marketing"}
    assert Permission.objects.filter(content_type__app_label__in=apps).count() == groups["owner"].permissions.count()


def test_taking_rows_out_and_giving_money_back_are_rights_of_few(groups):
    assert {name for name, group in groups.items() if "core.export_data" in names(group)} == {"owner", "analyst"}
    assert {name for name, group in groups.items() if "catalog.refund_order" in names(group)} == {"owner"}


def test_the_auditor_changes_nothing(groups):
    assert {name.split(".")[1].split("_")[0] for name in names(groups["auditor"])} == {"view"}


# --- giving roles -------------------------------------------------------------------------------------------------


def test_an_owner_gives_and_takes_roles(owner, groups):
    person = StaffUserFactory.create(role=Role.SUPPORT)

    services.set_roles(person, [groups["analyst"], groups["marketer"]], by=owner)

    assert roles.roles_of(person) == [Role.ANALYST, Role.MARKETER]


def test_nobody_changes_their_own_roles(owner, groups):
    with pytest.raises(DomainError):
        services.set_roles(owner, [groups["owner"], groups["analyst"]], by=owner)

    assert roles.roles_of(owner) == [Role.OWNER]


def test_a_role_with_more_rights_than_the_giver_has_cannot_be_given(groups, person_with):
    giver = person_with("core.manage_roles", *names(groups["editor"]))
    person = StaffUserFactory.create()

    assert {group.name for group in roles.assignable_groups(giver)} == {"editor"}
    with pytest.raises(DomainError):
        services.set_roles(person, [groups["owner"]], by=giver)

    assert roles.roles_of(person) == []


def test_without_the_right_to_manage_roles_nothing_can_be_given(groups, person_with):
    assert not roles.assignable_groups(person_with("core.change_staffuser")).exists()


def test_a_role_outside_the_giver_s_reach_survives(groups, person_with):
    giver = person_with("core.manage_roles", *names(groups["editor"]), *names(groups["support"]))
    person = StaffUserFactory.create(role=Role.SUPPORT)
    limited = person_with("core.manage_roles", *names(groups["editor"]))

    with pytest.raises(DomainError):
        services.set_roles(person, [groups["editor"]], by=limited)
    services.set_roles(person, [groups["editor"]], by=giver)

    assert roles.roles_of(person) == [Role.EDITOR]


# --- pages --------------------------------------------------------------------------------------------------------


def test_one_s_own_page_has_no_boxes_and_sent_roles_are_ignored(owner, groups, client_of):
    browser = client_of(owner)

    page = browser.get(f"{LIST}{owner.pk}/change/")
    browser.post(
        f"{LIST}{owner.pk}/change/",
        {
            "username": "olga",
            "first_name": "Olga",
            "language": "",
            "roles": [groups["support"].pk],
            "is_superuser": "on",
        },
    )

    owner.refresh_from_db()
    assert b'name="roles"' not in page.content
    assert (owner.first_name, owner.is_superuser, roles.roles_of(owner)) == ("Olga", False, [Role.OWNER])


def test_nobody_edits_a_person_who_may_do_more_or_sets_their_password(boss, person_with):
    lesser = person_with("core.view_staffuser", "core.change_staffuser", "core.manage_roles")
    browser = Client()
    browser.force_login(lesser)
    before = boss.password

    changed = browser.post(f"{LIST}{boss.pk}/change/", {"username": "taken", "language": ""})
    password = browser.post(f"{LIST}{boss.pk}/password/", {"password1": "x" * 12, "password2": "x" * 12})

    boss.refresh_from_db()
    assert (changed.status_code, password.status_code) == (403, 403)
    assert (boss.username, boss.password) == ("boss", before)


def test_a_role_out_of_reach_sent_by_hand_is_not_given(groups, person_with):
    lesser = person_with("core.view_staffuser", "core.change_staffuser", "core.manage_roles", *names(groups["editor"]))
    person = StaffUserFactory.create(username="tom")
    browser = Client()
    browser.force_login(lesser)

    browser.post(f"{LIST}{person.pk}/change/", {"username": "tom", "language": "", "roles": [groups["owner"].pk]})

    assert roles.roles_of(person) == []


def test_a_new_password_ends_the_sessions_of_the_person(client, shop):
    tom = StaffUserFactory.create(username="tom")
    browser = Client()
    browser.force_login(tom)
    assert browser.get("/admin/").status_code == 200

    answer = client.post(
        f"{LIST}{tom.pk}/password/", {"password1": "a very new phrase", "password2": "a very new phrase"}
    )

    assert answer.status_code == 302
    assert browser.get("/admin/").status_code == 302


def test_people_are_switched_off_not_deleted(client):
    tom = StaffUserFactory.create(username="tom")
    assert client.post(f"{LIST}{tom.pk}/delete/", {"post": "yes"}).status_code == 403
    assert StaffUser.objects.filter(username="tom").exists()


def test_the_page_of_a_role_names_its_rights_and_its_people(client, groups):
    StaffUserFactory.create(username="lin", role=Role.MERCHANDISER)

    page = client.get(f"/admin/core/staffrole/{groups['merchandiser'].pk}/change/").content.decode()

    assert "see · add · change · delete" in page
    assert "lin" in page


def test_lists_of_people_and_roles_ask_the_same_number_of_queries_however_long(
    client, groups, django_assert_max_num_queries
):
    for role in Role:
        StaffUserFactory.create_batch(3, role=role)
    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200
    with django_assert_max_num_queries(12):
        assert client.get("/admin/core/staffrole/").status_code == 200


# --- the first login ----------------------------------------------------------------------------------------------


def test_the_first_login_is_made_once_and_shown_again(shop, settings, tmp_path, capsys):
    settings.VAR_DIR = tmp_path

    call_command("ensure_owner")
    first = capsys.readouterr().out
    call_command("ensure_owner")
    second = capsys.readouterr().out

    password = (tmp_path / "owner_password").read_text().strip()
    assert first == second == f"user: owner\npassword: {password}\n"
    assert (tmp_path / "owner_password").stat().st_mode & 0o777 == 0o600
    assert StaffUser.objects.get(username="owner").is_superuser
    assert Client().login(username="owner", password=password)


def test_a_password_that_the_owner_changed_is_not_shown_and_not_reset(shop, settings, tmp_path, capsys):
    settings.VAR_DIR = tmp_path
    call_command("ensure_owner")
    owner = StaffUser.objects.get(username="owner")
    owner.set_password("my own words 1")
    owner.save()
    old = (tmp_path / "owner_password").read_text().strip()
    capsys.readouterr()

    call_command("ensure_owner")

    out = capsys.readouterr().out
    assert old not in out
    assert "changepassword owner" in out
    assert Client().login(username="owner", password="my own words 1")
