"""People at the staff pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from core.models import StaffUser
from tests.factories import ShopProfileFactory, StaffUserFactory


@pytest.fixture(autouse=True)
def files_in_a_folder_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def shop(db):
    """A shop in China, whose days the test counts as its pages do, also while London is still at yesterday."""
    with timezone.override("Asia/Shanghai"):
        yield ShopProfileFactory.create(name="Shop", base_currency="CNY", time_zone="Asia/Shanghai")


@pytest.fixture
def boss(shop) -> StaffUser:
    return StaffUserFactory.create(is_superuser=True)


@pytest.fixture
def client(boss) -> Client:
    """The browser of somebody with all rights."""
    client = Client()
    client.force_login(boss)
    return client


@pytest.fixture
def client_with(shop) -> Callable[..., Client]:
    """`client_with("catalog.view_product")`: the browser of somebody with these rights only."""

    def make(*names: str) -> Client:
        person = StaffUserFactory.create()
        for name in names:
            app, code = name.split(".")
            person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=code))
        client = Client()
        client.force_login(person)
        return client

    return make
