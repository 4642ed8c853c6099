"""`manage.py ensure_storefront`: keys for the storefront at /shop/, and people to try the demo shop as."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Count

from catalog.models import Customer
from core.models import ApiKey, Scope, ShopProfile
from core.models.access import PUBLISHABLE_SCOPES
from core.services import create_api_key, revoke_api_key

NAME = "Storefront at /shop/"
SCOPES: dict[str, frozenset[str]] = {
    "publishable": frozenset(PUBLISHABLE_SCOPES),
    "server": frozenset({Scope.ORDERS, Scope.TOKENS}),
}
PEOPLE_PER_LANGUAGE = 3


class Command(BaseCommand):
    help = (
        "Make the keys of the storefront unless it has usable ones; they lie in storefront.json in the folder VAR_DIR."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Safe to repeat. A restored database does not know the keys of the file: then both are made anew."""
        if settings.STOREFRONT_KEY and settings.STOREFRONT_SERVER_KEY:
            return
        file = Path(settings.VAR_DIR) / "storefront.json"
        known = self._known(file)
        if all(self._is_usable(known.get(kind, ""), scopes) for kind, scopes in SCOPES.items()):
            return
        for old in ApiKey.objects.filter(name=NAME, revoked_at=None):
            revoke_api_key(old)
        values = {kind: create_api_key(name=NAME, kind=kind, scopes=scopes)[1] for kind, scopes in SCOPES.items()}
        self._write(file, {**values, "accounts": self._people()})

    @staticmethod
    def _known(file: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    @staticmethod
    def _is_usable(value: str, scopes: Iterable[str]) -> bool:
        """Whether the key is there; one of an older version learns what it may do by now."""
        key = ApiKey.objects.usable().filter(key_hash=ApiKey.hash_of(value)).first() if value else None
        if key is not None and set(key.scopes) != set(scopes):
            key.scopes = sorted(scopes)
            key.save(update_fields=["scopes", "updated_at"])
        return key is not None

    @staticmethod
    def _people() -> list[str]:
        """Ids, not names, of invented customers with many orders who want personal answers; of a real shop nobody."""
        if not ShopProfile.current().is_demo:
            return []
        busy = Customer.objects.existing().filter(is_personalised=True).exclude(external_id=None)
        busy = busy.annotate(bought=Count("orders"))
        chosen: list[str] = []
        for language in ("en", "zh-hans"):
            rows = busy.filter(language=language).order_by("-bought", "id").values_list("external_id", flat=True)
            chosen += [str(ident) for ident in rows[:PEOPLE_PER_LANGUAGE]]
        return chosen

    @staticmethod
    def _write(file: Path, content: dict[str, Any]) -> None:
        """Complete or not at all, for nobody else's eyes."""
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
            json.dump(content, opened)
        part.replace(file)
