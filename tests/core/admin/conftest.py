"""People at the staff pages of the ground floor."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from core.choices import Role
from core.models import StaffUser
from core.roles import sync_roles
from tests.factories import ShopProfileFactory, StaffUserFactory


@pytest.fixture
def shop(db):
    return ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")


@pytest.fixture
def boss(shop) -> StaffUser:
    return StaffUserFactory.create(username="boss", is_superuser=True)


@pytest.fixture
def client(boss) -> Client:
    """The browser of somebody with all rights."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def client_of(shop) -> Callable[..., Client]:
    """`client_of(Role.SUPPORT)`: the browser of somebody in this role; or of the given person."""

    def make(who: Role | StaffUser) -> Client:
        sync_roles()
        person = who if isinstance(who, StaffUser) else StaffUserFactory.create(role=who)
        client = Client()
        client.force_login(person)
        return client

    return make


@pytest.fixture
def person_with(shop) -> Callable[..., StaffUser]:
    """`person_with("core.view_job")`: somebody with these rights only."""

    def make(*names: str) -> StaffUser:
        person = StaffUserFactory.create()
        for name in names:
            app, code = name.split(".")
            person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
        return person

    return make
