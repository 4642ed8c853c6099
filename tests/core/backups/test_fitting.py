"""Which backups this program reads."""

from types import SimpleNamespace

import pytest

from core.backups.errors import BackupError
from core.backups.restoring import _check_fits

pytestmark = pytest.mark.django_db


def backup_with(*migrations: str) -> SimpleNamespace:
    return SimpleNamespace(facts={"migrations": list(migrations), "postgresql": 15, "version": "9.9"})


def test_migrations_for_which_others_stand_now_are_of_an_older_version():
    _check_fits(backup_with("core.0005_ledger", "core.0002_ledger_of_changes", "auth.0001_initial"))
    _check_fits(backup_with("core.0005_ledger", "core.0014_no_truncate"))


def test_a_shop_that_lacks_some_of_what_one_migration_stands_for_is_brought_up_to_date_by_its_own_program():
    with pytest.raises(BackupError, match=r"lacks core\.0014_no_truncate\. Restore it with the program that made it"):
        _check_fits(backup_with("core.0005_ledger"))


def test_a_migration_that_this_program_does_not_know_is_of_a_newer_version():
    with pytest.raises(BackupError, match=r"version 9\.9 of the shop, which knows core\.9999_later"):
        _check_fits(backup_with("core.0002_ledger_of_changes", "core.9999_later"))
