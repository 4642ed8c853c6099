"""Members of staff with a role."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from core.choices import Role
from core.roles import sync_roles
from tests.factories import StaffUserFactory


@pytest.fixture(autouse=True)
def days_of_the_shop():
    """Tests count days as the pages do, also while London is still at yesterday."""
    with timezone.override("Asia/Shanghai"):
        yield


@pytest.fixture
def staff(db) -> Callable[[Role], Client]:
    """A browser in which a member with this role is signed in."""
    sync_roles()

    def sign_in(role: Role) -> Client:
        client = Client()
        client.force_login(StaffUserFactory.create(role=role))
        return client

    return sign_in
