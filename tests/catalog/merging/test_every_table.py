"""No table that points at customers is forgotten by a merge, and an undo puts every row back."""

import hashlib

import pytest
from django.db import connection

import tests.factories as factories
from catalog import merging
from catalog.merging.tables import COUNTED, FOLLOWS, HANDLED, STAYS, fingerprint, links
from catalog.models import Customer
from tests.factories import CustomerFactory

pytestmark = pytest.mark.django_db

FACTORIES = {getattr(factories, name)._meta.model: getattr(factories, name) for name in factories.__all__}
LINKS = [link for link in links() if link.rule != STAYS and link.label != "catalog.Customer.merged_into"]


def rows(link, customer) -> list[str]:
    """All rows of a customer in one table, word for word. When points last moved differs by the two transactions."""
    but = " - 'updated_at'" if link.rule == HANDLED else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (to_jsonb(r){but})::text FROM {link.table} r WHERE {link.column} = %s ORDER BY 1", [customer.pk]
        )
        return [text for (text,) in cursor.fetchall()]


def whole(*customers) -> str:
    """Hash of everything that any table says of them."""
    said = [row for customer in customers for link in links() if link.rule != STAYS for row in rows(link, customer)]
    said += [str(Customer.objects.filter(pk=one.pk).values()) for one in customers]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def plant(link, customer):
    return FACTORIES[link.model].create(**{link.field.name: customer})


@pytest.fixture
def two(db):
    return CustomerFactory.create(name="Lin", email="lin@shop.test"), CustomerFactory.create(name="", phone="+86 1")


def test_each_table_with_customers_has_a_factory_or_is_named_here():
    assert {link.label for link in LINKS if link.model not in FACTORIES} == set()


def test_who_is_not_a_plain_follower_is_told_one_by_one():
    special = {link.label: link.rule for link in links() if link.rule != FOLLOWS}

    assert special == {
        "analytics.CustomerMonth.customer": COUNTED,
        "analytics.CustomerScore.customer": COUNTED,
        "analytics.CustomerStats.customer": COUNTED,
        "analytics.FunnelCustomer.customer": COUNTED,
        "analytics.SegmentMembership.customer": COUNTED,
        "catalog.CustomerMerge.gone": STAYS,
        "catalog.CustomerMerge.kept": STAYS,
        "catalog.CustomerTrait.customer": COUNTED,
        "crm.DuplicateCustomers.one": STAYS,
        "crm.DuplicateCustomers.other": STAYS,
        "crm.LoyaltyAccount.customer": HANDLED,
        "marketing.LedgerName.customer": STAYS,
        "recommender.RecommendationList.customer": COUNTED,
    }


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.label)
def test_a_row_of_the_merged_record_follows_and_comes_back(link, two):
    kept, gone = two
    plant(link, gone)
    before = whole(kept, gone)

    done = merging.merge(kept_id=kept.pk, gone_id=gone.pk)

    if link.rule in (FOLLOWS, HANDLED):
        assert (len(rows(link, kept)), rows(link, gone)) == (1, [])
    else:
        assert (rows(link, kept), rows(link, gone)) == ([], [])
    assert merging.undo(done.pk) == merging.Undone(is_exact=True, missing=0)
    assert whole(kept, gone) == before


def test_full_records_with_a_row_of_each_table_are_as_before_to_the_byte(two):
    kept, gone = two
    for customer in two:
        for link in LINKS:
            plant(link, customer)
    before, prints = whole(kept, gone), [fingerprint(one.pk) for one in two]

    done = merging.merge(kept_id=kept.pk, gone_id=gone.pk)
    assert whole(kept, gone) != before
    undone = merging.undo(done.pk)

    assert undone == merging.Undone(is_exact=True, missing=0)
    assert whole(kept, gone) == before
    assert [fingerprint(one.pk) for one in two] == prints
