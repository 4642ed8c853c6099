"""What the tests themselves stand on: emptied tables, and rounds that leave no test out."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import TransactionTestCase

from catalog.models import Customer, Product
from core.models import LedgerEntry
from tests.__main__ import ROUNDS
from tests.factories import CustomerFactory, ProductFactory
from tests.plugins import rounds


class Case(TransactionTestCase):
    def runTest(self):
        pass


def left():
    """What stands in the tables that Django writes to after it emptied them."""
    return [list(model.objects.order_by("pk").values()) for model in (ContentType, Permission, Group, LedgerEntry)]


@pytest.mark.django_db(transaction=True)
def test_what_a_test_committed_is_gone_and_what_it_took_from_rights_is_back():
    Case()._fixture_teardown()
    before = left()
    assert all(before)

    CustomerFactory.create()
    ProductFactory.create()
    Permission.objects.filter(codename="view_product").delete()
    Group.objects.order_by("pk")[0].delete()
    assert left() != before
    Case()._fixture_teardown()

    assert (Customer.objects.count(), Product.objects.count()) == (0, 0)
    assert left() == before
    assert ContentType.objects.get_for_model(Product).pk in ContentType.objects.values_list("pk", flat=True)


def item(path, *markers):
    return SimpleNamespace(path=path, nodeid="test_x", get_closest_marker={name: name for name in markers}.get)


def test_every_test_belongs_to_one_round():
    assert list(ROUNDS) == ["not installs and not serial", *rounds.OWN]
    rounds.pytest_collection_modifyitems([item(Path(__file__))])

    with pytest.raises(pytest.UsageError, match="test_x is marked as installs and serial"):
        rounds.pytest_collection_modifyitems([item(Path(__file__), "installs", "serial")])


def test_a_marker_stands_in_the_file_of_its_test_because_a_round_reads_only_files_that_have_it(tmp_path):
    with_it, without = tmp_path / "test_a.py", tmp_path / "test_b.py"
    with_it.write_text("@pytest.mark.serial\n")
    without.write_text("")
    serial, others = (SimpleNamespace(option=SimpleNamespace(markexpr=said)) for said in ("serial", "not serial"))

    assert [rounds.pytest_ignore_collect(path, serial) for path in (with_it, without)] == [None, True]
    assert rounds.pytest_ignore_collect(without, others) is None
    rounds.pytest_collection_modifyitems([item(with_it, "serial")])
    with pytest.raises(pytest.UsageError, match=r"mark\.serial must stand in the file"):
        rounds.pytest_collection_modifyitems([item(without, "serial")])
