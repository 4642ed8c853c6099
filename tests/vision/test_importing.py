"""The section `tags` of imports: what a shop says that its products show, and what it teaches."""

import pytest

from catalog.importing import undo
from catalog.models import Category, ImportBatch, ProductTag
from tests.catalog.importing.conftest import counts, do_import
from tests.factories import ProductFactory
from vision.datasets import _Photo, _say_tags
from vision.prepared import Stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(tmp_path):
    def made(rows: str):
        folder = tmp_path / f"tags{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "tags.csv").write_text(f"product,kind,value,value_zh\n{rows}")
        return folder

    return made


def tags(product) -> list[tuple[str, str, str]]:
    return list(product.tags.order_by("kind", "value").values_list("kind", "value", "source"))


def test_words_of_labels_become_labels_and_other_words_stay(write):
    product = ProductFactory.create(external_id="p1")

    batch = do_import(write("p1,图案,STRIPED,\np1,material,棉,\np1,neckline,Round,圆领\np1,pattern,herringbone,\n"))

    assert tags(product) == [
        ("material", "Cotton", "import"), ("neckline", "Round", "import"), ("pattern", "Striped", "import"),
        ("pattern", "herringbone", "import"),
    ]  # fmt: skip
    assert product.tags.get(kind="neckline").value_translations == {"en": "Round", "zh-hans": "圆领"}
    assert product.tags.get(value="Striped").value_translations["zh-hans"] == "条纹"
    assert counts(batch.sections["tags"]) == (4, 4, 0, 0, 0)
    photo = _Photo(1, product.pk, Stored("a.jpg", "a" * 64), "2026-01-01")
    _say_tags([photo])
    assert photo.tags["pattern"]["striped"] == photo.tags["material"]["cotton"] == 1
    assert photo.tags["pattern"]["plain"] == 0


def test_the_same_again_changes_nothing_and_staff_keep_theirs(write):
    product = ProductFactory.create(external_id="p1")
    for value, source in (("Striped", "staff"), ("Plain", "model")):
        ProductTag.objects.create(product=product, kind="pattern", value=value, source=source, confidence=0.9)
    folder = write("p1,pattern,striped,\np1,pattern,Plain,\n")
    do_import(folder)
    again = do_import(folder)

    assert tags(product) == [("pattern", "Plain", "import"), ("pattern", "Striped", "staff")]
    assert product.tags.get(value="Plain").confidence is None
    assert counts(again.sections["tags"]) == (2, 0, 0, 2, 0)


def test_unknown_products_and_categories_are_refused_with_the_reason(write):
    ProductFactory.create(external_id="p1")

    batch = do_import(write("p9,pattern,striped,\np1,Category,Shoes,\np1,pattern,,\n"))

    assert counts(batch.sections["tags"]) == (3, 0, 0, 0, 3)
    assert not ProductTag.objects.exists()


def test_undoing_the_import_puts_back_what_a_model_gave(write):
    product = ProductFactory.create(external_id="p1", category=Category.objects.first())
    ProductTag.objects.create(product=product, kind="pattern", value="Plain", source="model", confidence=0.9)
    do_import(write("p1,pattern,plain,\np1,material,cotton,\n"))

    undo.perform(ImportBatch.objects.latest("pk").pk)

    assert tags(product) == [("pattern", "Plain", "model")]
    assert product.tags.get().confidence == 0.9
