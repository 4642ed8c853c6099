import pytest

from catalog.models import Product
from core.api import ids
from core.exceptions import NotFound
from tests.factories import ProductFactory


@pytest.mark.django_db
def test_a_row_is_found_by_our_id_and_by_the_shops_own():
    product = ProductFactory.create(external_id="A 1/ä")

    assert ids.get(Product.objects.all(), product.public_id) == product
    assert ids.get(Product.objects.all(), "ext:A 1/ä") == product


@pytest.mark.django_db
@pytest.mark.parametrize("ident", ["", "ext:", "ext:none", "1", "0" * 32, "A" * 32, "ext:" + "x" * 121, "ext:a\x00"])
def test_what_is_no_id_finds_nothing(ident):
    with pytest.raises(NotFound):
        ids.get(Product.objects.all(), ident)


@pytest.mark.django_db
def test_many_ids_cost_one_query(django_assert_num_queries):
    first, second = ProductFactory.create(external_id="one"), ProductFactory.create()

    with django_assert_num_queries(1):
        found = ids.primary_keys(
            Product.objects.all(), ["ext:one", second.public_id, "ext:none", "bad", first.public_id]
        )

    assert found == {"ext:one": first.pk, second.public_id: second.pk, first.public_id: first.pk}


@pytest.mark.django_db
def test_no_ids_cost_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ids.primary_keys(Product.objects.all(), ["nonsense"]) == {}
