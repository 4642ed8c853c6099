"""The second step of signing in: a code from the telephone, or one of ten codes kept on paper."""

import base64
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import segno
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from core import ledger
from core.choices import Role
from core.models import LedgerEntry, ShopProfile, StaffUser
from core.shop import current_shop, forget_shop

CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Verdict:
    """Whether the code was right. `wait_seconds` above 0: too many wrong ones, none is looked at before."""

    is_right: bool
    wait_seconds: int = 0


def device_of(person: StaffUser) -> TOTPDevice | None:
    """The telephone that was confirmed."""
    return TOTPDevice.objects.filter(user=person, confirmed=True).order_by("pk").first()


def is_on(person: StaffUser) -> bool:
    return device_of(person) is not None


def people_with(ids: Iterable[int]) -> set[int]:
    """Those of these people who have a second factor, in one query."""
    found = TOTPDevice.objects.filter(user__in=list(ids), confirmed=True)
    return set(found.values_list("user_id", flat=True))


def is_required(person: StaffUser) -> bool:
    """Whether a role of this person needs it. Who has all rights counts as an owner."""
    # Not the remembered profile: a demand counts from the moment it is made.
    wanted = set(ShopProfile.objects.values_list("second_factor_roles", flat=True).filter(pk=1).first() or [])
    if person.is_superuser and Role.OWNER in wanted:
        return True
    return bool(wanted) and person.groups.filter(name__in=wanted).exists()


# --- turning on ---------------------------------------------------------------------------------------------------


def begin(person: StaffUser) -> TOTPDevice:
    """A new secret that counts once a code of it was typed. An unconfirmed one from before is thrown away."""
    with transaction.atomic():
        TOTPDevice.objects.filter(user=person, confirmed=False).delete()
        return TOTPDevice.objects.create(user=person, name="app", confirmed=False)


def begun(person: StaffUser) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user=person, confirmed=False).order_by("-pk").first()


@transaction.atomic
def confirm(person: StaffUser, code: str) -> list[str] | None:
    """Turn it on with a code of the new secret. Returns ten recovery codes, or None when the code is wrong."""
    device = TOTPDevice.objects.select_for_update().filter(user=person, confirmed=False).order_by("-pk").first()
    if device is None or not device.verify_token(_plain(code)):
        return None
    TOTPDevice.objects.filter(user=person).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save()
    return new_codes(person)


def secret_of(device: TOTPDevice) -> str:
    """For typing in by hand, in groups of four."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def picture_of(device: TOTPDevice) -> str:
    """The same for the camera: an address with the picture in it. Black on white, in every theme."""
    issuer = current_shop().name.replace(":", "")
    query = urlencode({"secret": secret_of(device).replace(" ", ""), "issuer": issuer}, quote_via=quote)
    address = f"otpauth://totp/{quote(f'{issuer}:{device.user.get_username()}')}?{query}"
    return str(segno.make(address, micro=False).svg_data_uri(scale=4, border=3, dark="#000", light="#fff"))


@transaction.atomic
def new_codes(person: StaffUser) -> list[str]:
    """Ten new recovery codes; older ones end. They are shown once: only fingerprints are stored."""
    StaticDevice.objects.filter(user=person).delete()
    paper = StaticDevice.objects.create(user=person, name="paper")
    codes = [f"{_random(5)}-{_random(5)}" for _ in range(CODES)]
    for code in codes:
        paper.token_set.create(token=_fingerprint(person, code))
    return codes


def codes_left(person: StaffUser) -> int:
    return StaticDevice.objects.filter(user=person, token_set__isnull=False).values("token_set").count()


@transaction.atomic
def remove(person: StaffUser) -> bool:
    """Turn it off. False when it was off."""
    StaticDevice.objects.filter(user=person).delete()
    TOTPDevice.objects.filter(user=person, confirmed=False).delete()
    return bool(TOTPDevice.objects.filter(user=person, confirmed=True).delete()[0])


# --- using --------------------------------------------------------------------------------------------------------


def verify(person: StaffUser, code: str) -> Verdict:
    """Look at one code; each works once. After wrong ones the next is looked at after 1, 2, 4, 8 … seconds."""
    plain = _plain(code)
    is_number = plain.isdigit() and len(plain) == 6
    device: Any = device_of(person) if is_number else StaticDevice.objects.filter(user=person).first()
    if device is None:
        return Verdict(False)
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        wait = (why["locked_until"] - timezone.now()).total_seconds() if why and "locked_until" in why else 1
        return Verdict(False, max(1, round(wait)))
    token = plain if is_number else _fingerprint(person, plain)
    return Verdict(verify_token(person, device.persistent_id, token) is not None)


def _plain(code: str) -> str:
    """As typed by people: spaces, dashes, capitals and full-width digits do not matter."""
    text = unicodedata.normalize("NFKC", code)[:40].lower()
    return "".join(letter for letter in text if letter.isascii() and letter.isalnum())


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _fingerprint(person: StaffUser, code: str) -> str:
    """Sixteen characters, as many as the table takes."""
    return salted_hmac(f"core.accounts.codes:{person.pk}", _plain(code), algorithm="sha256").hexdigest()[:16]


# --- asking it of roles -------------------------------------------------------------------------------------------


@transaction.atomic
def require(roles: Iterable[str], *, by: StaffUser) -> None:
    """From now on these roles need it. Their members without one are signed out and set it up when they come back."""
    wanted = [role.value for role in Role if role.value in set(roles)]
    shop = ShopProfile.objects.select_for_update().get(pk=1)
    before = list(shop.second_factor_roles)
    if wanted == before:
        return
    ShopProfile.objects.filter(pk=1).update(second_factor_roles=wanted)
    ledger.record(
        LedgerEntry.Kind.PERMISSION, "core.shopprofile:1", actor=f"staff:{by.pk}",
        before={"second_factor_roles": before}, after={"second_factor_roles": wanted},
    )  # fmt: skip
    members = Q(groups__name__in=wanted) | (Q(is_superuser=True) if Role.OWNER in wanted else Q(pk__in=[]))
    found = set(StaffUser.objects.filter(members).values_list("pk", flat=True))
    sign_out_without(found)
    transaction.on_commit(forget_shop)


def sign_out_without(ids: Iterable[int]) -> None:
    """End the sessions of those who have no second factor."""
    found = set(ids)
    without = found - people_with(found)
    StaffUser.objects.filter(pk__in=without).update(session_generation=F("session_generation") + 1)
