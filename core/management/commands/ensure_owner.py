"""Make the first staff login of an installation."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from core.models import StaffUser

USERNAME = "owner"
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Command(BaseCommand):
    help = "Make the staff login `owner` once, keep its password in var/owner_password and print both."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.VAR_DIR) / "owner_password"
        with transaction.atomic():
            user, created = StaffUser.objects.select_for_update().get_or_create(
                username=USERNAME,
                defaults={"is_staff": True, "is_superuser": True},
            )
            if created:
                password = "".join(secrets.choice(ALPHABET) for _ in range(16))
                user.set_password(password)
                user.save(update_fields=["password"])
                _keep(path, password)
        kept = path.read_text("utf-8").strip() if path.exists() else ""
        if kept and user.check_password(kept):
            self.stdout.write(f"user: {USERNAME}\npassword: {kept}")
        else:
            self.stdout.write(
                f"user: {USERNAME}\npassword: changed since; a new one: python manage.py changepassword {USERNAME}"
            )


def _keep(path: Path, password: str) -> None:
    """Write for this account alone, before anybody else could read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(password + "\n")
