"""People at the door."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from core.accounts import second_factor
from core.admin import sign_in
from core.choices import Role
from core.models import StaffUser
from core.roles import sync_roles
from tests.factories import ShopProfileFactory, StaffUserFactory

PASSWORD = "seven green teapots"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Answers that are made equally slow are made equally quick."""
    monkeypatch.setattr(sign_in, "ANSWER_SECONDS", 0.0)


@pytest.fixture
def shop(db):
    return ShopProfileFactory.create(name="Shop")


@pytest.fixture
def lin(shop) -> StaffUser:
    return StaffUserFactory.create(username="lin", email="lin@shop.example", role=Role.SUPPORT, password=PASSWORD)


@pytest.fixture
def owner(shop) -> StaffUser:
    """Has everything, but is no superuser."""
    sync_roles()
    return StaffUserFactory.create(username="olga", email="olga@shop.example", role=Role.OWNER, password=PASSWORD)


@pytest.fixture
def sign_in_as() -> Callable[..., Any]:
    """`sign_in_as("lin", password)`: the browser and the answer of the page."""

    def go(name: str, password: str = PASSWORD, client: Client | None = None, **headers: str) -> Any:
        browser = client or Client()
        answer = browser.post("/admin/login/", {"username": name, "password": password}, headers=headers or None)
        return browser, answer

    return go


@pytest.fixture
def telephone() -> Callable[[StaffUser], "Telephone"]:
    """Turns the second step on and returns the telephone and the paper."""

    def make(person: StaffUser) -> Telephone:
        paper = second_factor.confirm(person, code_of(second_factor.begin(person)))
        assert paper is not None
        TOTPDevice.objects.filter(user=person).update(last_t=-1)  # as if that was a while ago
        return Telephone(person, paper)

    return make


class Telephone:
    def __init__(self, person: StaffUser, paper: list[str]) -> None:
        self.person, self.paper = person, paper

    def code(self) -> str:
        """The code of now."""
        device = second_factor.device_of(self.person)
        assert device is not None
        return code_of(device)


def code_of(device: Any) -> str:
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time.time()
    return f"{totp.token():06d}"


def is_in(browser: Client) -> bool:
    return browser.get("/admin/").status_code == 200
