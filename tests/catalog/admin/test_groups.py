"""Categories: moving a branch, and deleting only what is empty."""

import pytest

from catalog.models import Category
from catalog.services.staff import CategoryInsideItself, move_category
from tests.factories import BrandFactory, CategoryFactory, ProductFactory

pytestmark = pytest.mark.django_db


def address(row, rest: str = "change/") -> str:
    return f"/admin/catalog/{row._meta.model_name}/{row.pk}/{rest}"


def save(client, row, **data):
    answer = client.post(address(row), {"name": row.name, "name_en": "", "name_zh_hans": "", "position": 0, **data})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row.refresh_from_db()


def test_choosing_a_parent_moves_the_whole_branch(client):
    home, shirts = CategoryFactory.create(name="Home"), CategoryFactory.create(name="Shirts")
    linen = CategoryFactory.create(name="Linen", parent=shirts)

    save(client, shirts, parent=home.pk, name_zh_hans="衬衫")

    linen.refresh_from_db()
    assert [c.name for c in Category.objects.order_by("path")] == ["Home", "Shirts", "Linen"]
    assert (shirts.depth, linen.depth) == (2, 3)
    assert shirts.name_translations == {"zh-hans": "衬衫"}
    save(client, shirts, parent="")
    assert shirts.depth == 1
    assert Category.objects.find_problems() == ([], [], [], [], [])


def test_a_category_is_never_offered_its_own_branch_as_parent(client):
    shirts = CategoryFactory.create()
    linen = CategoryFactory.create(parent=shirts)

    answer = client.post(address(shirts), {"name": shirts.name, "position": 0, "parent": linen.pk})

    assert answer.status_code == 200
    with pytest.raises(CategoryInsideItself):
        move_category(category=shirts, parent=linen)
    shirts.refresh_from_db()
    assert shirts.depth == 1


def test_a_new_category_stands_below_its_parent(client):
    home = CategoryFactory.create(name="Home")

    answer = client.post("/admin/catalog/category/add/", {"name": "Lamps", "position": 3, "parent": home.pk})

    assert answer.status_code == 302
    lamps = Category.objects.get(name="Lamps")
    assert (lamps.depth, lamps.position, Category.objects.get_parent(lamps)) == (2, 3, home)


@pytest.mark.parametrize("inside", ["product", "category"])
def test_a_category_with_something_inside_is_not_deleted(inside, client):
    category = CategoryFactory.create(name="Home")
    if inside == "product":
        ProductFactory.create(category=category)
    else:
        CategoryFactory.create(parent=category)

    answer = client.post(address(category, "delete/"), {"post": "yes"}, follow=True)

    assert Category.objects.filter(pk=category.pk).exists()
    (message,) = answer.context["messages"]
    assert "“Home” still holds 1" in str(message)


def test_an_empty_category_is_deleted_after_the_question(client):
    category = CategoryFactory.create()

    assert client.get(address(category, "delete/")).status_code == 200
    assert client.post(address(category, "delete/"), {"post": "yes"}).status_code == 302

    assert Category.objects.count() == 0


def test_a_brand_goes_and_its_products_stay(client):
    brand = BrandFactory.create()
    product = ProductFactory.create(brand=brand)

    client.post(address(brand, "delete/"), {"post": "yes"})

    product.refresh_from_db()
    assert product.brand is None
