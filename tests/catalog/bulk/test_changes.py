"""Changing many products: what is written, what is left, what a kill in the middle does, and the way back."""

import threading
import uuid
from decimal import Decimal

import pytest
from django.db import connection

from catalog import bulk
from catalog.bulk import asking, doing
from catalog.models import BulkChange, BulkChangeRow, Product, StockMovement, Variant
from core import jobs
from core.models import Job, LedgerEntry
from tests.factories import (
    BrandFactory,
    CategoryFactory,
    ModelVersionFactory,
    ProductFactory,
    StaffUserFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
LESS = {"way": "percent", "value": "-10", "rounding": "cent"}


@pytest.fixture
def lin():
    return StaffUserFactory.create(is_superuser=True)


@pytest.fixture
def by_job(monkeypatch):
    """Every change is large enough for a job, of two products at a time."""
    monkeypatch.setattr(asking, "SMALL", 0)
    monkeypatch.setattr(doing, "CHUNK", 2)


def change(lin, operation="price", arguments=None, rows=None, **more) -> BulkChange:
    rows = Product.objects.filter(deleted_at=None) if rows is None else rows
    return bulk.ask(rows=rows, operation=operation, arguments=arguments or LESS, by=lin, **more)


def prices() -> list[str]:
    return [f"{price:.2f}" for price in Product.objects.order_by("pk").values_list("price", flat=True)]


def test_prices_of_products_and_of_variants_with_their_own_change_together(lin):
    shirt = ProductFactory.create(price="20")
    own = VariantFactory.create(product=shirt, price=Decimal("30"))
    ProductFactory.create(price="10")

    done = change(lin)

    assert (done.state, done.total, done.changed, done.left) == ("done", 2, 2, 0)
    assert prices() == ["18.00", "9.00"]
    own.refresh_from_db()
    assert own.price == Decimal("27")
    assert shirt.variants.get(price=None).price is None


def test_the_ledger_names_the_person_and_both_prices(lin):
    product = ProductFactory.create(price="20")

    change(lin)

    entry = LedgerEntry.objects.filter(subject=f"catalog.product:{product.pk}").latest("pk")
    assert (entry.actor, entry.kind) == (f"staff:{lin.pk}", "price")
    assert '"20"' in entry.body
    assert '"18"' in entry.body


def test_a_price_below_zero_is_left_alone_and_says_why(lin):
    dear, cheap = ProductFactory.create(price="20"), ProductFactory.create(price="3")

    done = change(lin, arguments={"way": "amount", "value": "-5", "rounding": "cent"})

    assert (done.changed, done.left) == (1, 1)
    assert prices() == ["15.00", "3.00"]
    assert done.rows.get(product=cheap).reason == "below_zero"
    assert done.rows.get(product=dear).state == "changed"


def test_status_category_brand_and_limit_are_set_and_put_back(lin):
    clothes, brand = CategoryFactory.create(), BrandFactory.create()
    product = ProductFactory.create(status=Product.Status.DRAFT, published_at=None)
    wanted = {"status": "live", "category": clothes.pk, "brand": brand.pk, "low_stock": 40}

    made = [change(lin, operation, {"value": value}) for operation, value in wanted.items()]

    product.refresh_from_db()
    assert (product.status, product.category, product.brand, product.low_stock_at) == ("live", clothes, brand, 40)
    assert product.published_at is not None
    for one in made:
        bulk.ask_undo(change=one, by=lin)
    product.refresh_from_db()
    assert (product.status, product.category, product.brand, product.low_stock_at) == ("draft", None, None, None)


def test_stock_goes_through_movements_and_what_is_not_counted_is_left(lin):
    counted = ProductFactory.create(stock=4)
    voucher = ProductFactory.create(stock=-1)
    VariantFactory.create(product=voucher, track_stock=False, stock=0)

    done = change(lin, "stock", {"way": "add", "value": 6})

    assert (done.changed, done.left) == (1, 1)
    movement = StockMovement.objects.latest("pk")
    assert (movement.delta, movement.balance, movement.reason, movement.created_by) == (6, 10, "correction", lin)
    bulk.ask_undo(change=done, by=lin)
    assert counted.variants.get().stock == 4
    assert StockMovement.objects.latest("pk").delta == -6


def test_a_tag_is_given_and_taken_away_and_undo_leaves_those_who_had_it(lin):
    plain, tagged = ProductFactory.create(), ProductFactory.create()
    tagged.tags.create(kind="style", value="summer", source="model")

    done = change(lin, "tag", {"way": "add", "kind": "style", "value": "summer"})

    assert (done.changed, done.same) == (1, 1)
    assert plain.tags.get().source == "staff"
    bulk.ask_undo(change=done, by=lin)
    assert not plain.tags.exists()
    assert tagged.tags.get().source == "model"
    gone = change(lin, "tag", {"way": "remove", "kind": "style", "value": "summer"})
    assert gone.changed == 1
    assert not tagged.tags.exists()
    bulk.ask_undo(change=gone, by=lin)
    assert tagged.tags.get().source == "model"


def test_undo_gives_a_tag_back_as_it_was(lin):
    product, version = ProductFactory.create(), ModelVersionFactory.create()
    was = {
        "kind": "style", "value": "summer", "value_translations": {"zh-hans": "夏季"}, "source": "model",
        "confidence": 0.9300000000000001, "model_version_id": version.pk,
    }  # fmt: skip
    product.tags.create(**was)
    gone = change(lin, "tag", {"way": "remove", "kind": "style", "value": "summer"})
    assert not product.tags.exists()

    bulk.ask_undo(change=gone, by=lin)

    assert product.tags.values(*was).get() == was


def test_a_tag_comes_back_without_a_model_version_that_is_gone(lin):
    product, version = ProductFactory.create(), ModelVersionFactory.create()
    product.tags.create(kind="style", value="summer", source="model", model_version=version)
    gone = change(lin, "tag", {"way": "remove", "kind": "style", "value": "summer"})
    version.delete()

    bulk.ask_undo(change=gone, by=lin)

    assert product.tags.values_list("source", "model_version").get() == ("model", None)


def test_changes_of_tags_by_an_earlier_version_are_still_undone(lin):
    given = ProductFactory.create()
    added = change(lin, "tag", {"way": "add", "kind": "style", "value": "summer"}, Product.objects.filter(pk=given.pk))
    removed = change(lin, "tag", {"way": "remove", "kind": "style", "value": "summer"})
    BulkChangeRow.objects.filter(change=removed).update(before="staff")
    bulk.ask_undo(change=removed, by=lin)
    assert given.tags.get().source == "staff"
    BulkChangeRow.objects.filter(change=added).update(after="staff")

    bulk.ask_undo(change=added, by=lin)

    assert not given.tags.exists()


def test_a_tag_is_given_with_the_name_that_it_has_elsewhere_and_undone(lin):
    known, other = ProductFactory.create(), ProductFactory.create()
    known.tags.create(kind="colour", value="red", value_translations={"zh-hans": "红色"})

    done = change(lin, "tag", {"way": "add", "kind": "colour", "value": "red"})

    assert other.tags.get().value_translations == {"zh-hans": "红色"}
    bulk.ask_undo(change=done, by=lin)
    assert not other.tags.exists()


def test_deleted_products_come_back(lin):
    product = ProductFactory.create()

    done = change(lin, "deleted", {"value": True})

    product.refresh_from_db()
    assert product.deleted_at is not None
    bulk.ask_undo(change=done, by=lin)
    product.refresh_from_db()
    assert product.deleted_at is None


def test_a_preview_counts_and_shows_examples_and_writes_nothing(lin):
    first, _second = ProductFactory.create(price="20"), ProductFactory.create(price="0")
    ProductFactory.create(price="3")

    found = bulk.preview(Product.objects.order_by("pk"), "price", {"way": "amount", "value": "-5", "rounding": "cent"})

    assert (found.total, found.changed, found.same, found.left) == (3, 1, 0, {"below_zero": 2})
    assert found.examples == [(first.pk, {"price": "20.00"}, {"price": "15.00"})]
    assert prices() == ["20.00", "0.00", "3.00"]
    assert not BulkChange.objects.exists()


def test_the_list_that_changed_since_the_preview_is_looked_at_again(lin):
    ProductFactory.create_batch(2, price="20")

    with pytest.raises(bulk.ListChanged):
        change(lin, expected=1)

    assert prices() == ["20.00", "20.00"]
    assert not BulkChange.objects.exists()


def test_the_same_form_sent_twice_is_one_change(lin):
    ProductFactory.create(price="20")
    key = uuid.uuid4()

    first, second = change(lin, key=key), change(lin, key=key)

    assert first == second
    assert prices() == ["18.00"]


@pytest.mark.usefixtures("by_job")
def test_products_that_match_later_are_not_touched(lin):
    old = ProductFactory.create(price="20")
    waiting = change(lin)
    new = ProductFactory.create(price="20")

    jobs.execute(waiting.job_id)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.price, new.price) == (Decimal("18"), Decimal("20"))


@pytest.mark.usefixtures("by_job")
@pytest.mark.parametrize("cut_at", [0, 1, 2])
def test_a_change_cut_off_in_the_middle_goes_on_where_it_was(lin, cut_at, monkeypatch):
    ProductFactory.create_batch(5, price="20")
    waiting = change(lin)
    real, calls = doing._tick_off, []

    def dies(rows):
        calls.append(len(rows))
        if len(calls) == cut_at + 1:
            raise KeyboardInterrupt  # after the prices were written, before the products are ticked off
        real(rows)

    monkeypatch.setattr(doing, "_tick_off", dies)
    with pytest.raises(KeyboardInterrupt):
        doing.apply(waiting.pk)
    assert prices().count("18.00") == 2 * cut_at
    monkeypatch.setattr(doing, "_tick_off", real)

    jobs.execute(waiting.job_id)

    waiting.refresh_from_db()
    assert prices() == ["18.00"] * 5
    assert (waiting.state, waiting.changed) == ("done", 5)
    assert Job.objects.get(pk=waiting.job_id).result["changed"] == 5
    doing.apply(waiting.pk)
    assert prices() == ["18.00"] * 5


def test_undo_puts_back_only_what_nobody_changed_since(lin):
    first, second = ProductFactory.create(price="20"), ProductFactory.create(price="30")
    done = change(lin)
    Product.objects.filter(pk=second.pk).update(price="99")

    undone = bulk.ask_undo(change=done, by=lin)

    assert (undone.state, undone.put_back, undone.kept, undone.changed) == ("undone", 1, 1, 2)
    assert prices() == ["20.00", "99.00"]
    assert done.rows.get(product=first).state == "put_back"
    with pytest.raises(asking.UndoRefused):
        bulk.ask_undo(change=done, by=lin)


@pytest.mark.usefixtures("by_job")
def test_undo_of_a_change_that_still_runs_stops_it_and_puts_back_what_was_done(lin):
    ProductFactory.create_batch(5, price="20")
    running = change(lin)
    assert doing._chunk(running.pk, ("waiting", "running"), "todo", doing._change_rows)
    assert prices().count("18.00") == 2

    undone = bulk.ask_undo(change=running, by=lin)
    doing.apply(running.pk)  # the job goes on and sees that nobody wants it any more
    assert prices().count("18.00") == 2
    jobs.execute(undone.job_id)

    undone.refresh_from_db()
    assert prices() == ["20.00"] * 5
    assert (undone.state, undone.put_back, undone.kept) == ("undone", 2, 0)


def test_undo_of_the_first_of_two_changes_leaves_what_the_second_changed(lin):
    both, one = ProductFactory.create(price="100"), ProductFactory.create(price="100")
    first = change(lin)
    change(lin, rows=Product.objects.filter(pk=both.pk))

    undone = bulk.ask_undo(change=first, by=lin)

    both.refresh_from_db()
    one.refresh_from_db()
    assert (both.price, one.price) == (Decimal("81"), Decimal("100"))
    assert (undone.put_back, undone.kept) == (1, 1)


def test_what_stood_before_is_forgotten_after_90_days_and_then_stays(lin):
    ProductFactory.create(price="20")
    done = change(lin)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_bulkchange SET created_at = now() - interval '91 days'")

    assert bulk.tidy() == 1
    assert bulk.tidy() == 0
    assert not BulkChangeRow.objects.exists()
    with pytest.raises(asking.UndoRefused):
        bulk.ask_undo(change=done, by=lin)


@pytest.mark.django_db(transaction=True)
def test_lists_estimate_as_many_products_after_a_change_as_before(lin, monkeypatch):
    monkeypatch.setattr(doing, "MANY", 1)
    ProductFactory.create_batch(40, price="100")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE catalog_product")
    for _ in range(4):
        change(lin)

    with connection.cursor() as cursor:
        cursor.execute("SELECT core_estimate('SELECT id FROM catalog_product')")
        assert cursor.fetchone() == (40,)


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_over_the_same_products_both_happen_once(lin, monkeypatch):
    monkeypatch.setattr(asking, "SMALL", 0)
    monkeypatch.setattr(doing, "CHUNK", 3)
    ProductFactory.create_batch(12, price="100")
    waiting = [change(lin), change(lin)]
    errors: list[BaseException] = []

    def run(pk: int) -> None:
        try:
            doing.apply(pk)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    # Each of the two is run by two workers at once.
    threads = [threading.Thread(target=run, args=(one.pk,)) for one in waiting for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    assert prices() == ["81.00"] * 12
    assert Variant.objects.count() == 12
