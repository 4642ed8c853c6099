"""Reviews come in by import, again without a change, and go with its undo."""

import csv
import io

import pytest

from catalog.importing import runner, undo
from catalog.importing.report import words
from catalog.models import ImportBatch, Interaction
from reviews.models import Review, ReviewReply
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory, ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = ["id", "product", "customer", "rating", "title", "text", "language", "created_at"]


@pytest.fixture
def shop():
    for name in ("P1", "P2"):
        ProductFactory.create(external_id=name)
    for name in ("C1", "C2"):
        CustomerFactory.create(external_id=name)


@pytest.fixture
def bring(shop, tmp_path):
    """`bring(rows)`: an import of reviews.csv with these rows, each a dictionary."""
    count = iter(range(100))

    def run(rows, head=HEAD):
        folder = tmp_path / f"in{next(count)}"
        folder.mkdir()
        file = io.StringIO()
        writer = csv.DictWriter(file, head, restval="")
        writer.writeheader()
        writer.writerows(rows)
        (folder / "reviews.csv").write_text(file.getvalue(), "utf-8")
        batch = ImportBatch.objects.create(format="native", source=str(folder))
        runner.run(batch.pk)
        batch.refresh_from_db()
        return batch

    return run


def row(**more):
    return {
        "id": "R1", "product": "P1", "customer": "C1", "rating": "5", "text": "Warm",
        "created_at": "2026-01-05T09:00:00Z", **more,
    }  # fmt: skip


def counts(batch):
    section = batch.report["sections"]["reviews"]
    return {name: section[name] for name in ("new", "changed", "same", "refused")}


def ratings():
    return sorted(Interaction.objects.filter(kind="rating").values_list("product__external_id", "value"))


def test_reviews_arrive_published_with_their_stars_as_acts_and_verified_where_bought(bring):
    order = OrderFactory.create(
        customer=CustomerFactory._meta.model.objects.get(external_id="C1"), paid_at="2026-01-01T00:00:00Z"
    )
    OrderLineFactory.create(order=order, product=ProductFactory._meta.model.objects.get(external_id="P1"))

    batch = bring([row(), row(id="R2", customer="", text="Two\nlines, and “quotes”"), row(id="R3", product="P2")])

    assert counts(batch) == {"new": 3, "changed": 0, "same": 0, "refused": 0}
    assert list(Review.objects.order_by("external_id").values_list("external_id", "status", "is_verified", "text")) == [
        ("R1", "published", True, "Warm"),
        ("R2", "published", False, "Two\nlines, and “quotes”"),
        ("R3", "published", False, "Warm"),
    ]
    assert ratings() == [("P1", 5.0), ("P2", 5.0)]


def test_the_same_file_again_changes_nothing_and_new_stars_replace_the_old_ones(bring):
    bring([row()])
    before = list(Review.objects.values())

    assert counts(bring([row()])) == {"new": 0, "changed": 0, "same": 1, "refused": 0}
    assert list(Review.objects.values()) == before
    assert counts(bring([row(rating="2")])) == {"new": 0, "changed": 1, "same": 0, "refused": 0}
    assert ratings() == [("P1", 2.0)]


def test_a_decision_of_staff_outlives_the_next_import(bring):
    bring([row(status="pending")], [*HEAD, "status"])
    Review.objects.update(status="rejected", reason="abusive")

    bring([row(status="published", title="New")], [*HEAD, "status"])

    assert list(Review.objects.values_list("status", "reason", "title")) == [("rejected", "abusive", "New")]


def test_replies_come_along_once(bring):
    head = [*HEAD, "reply", "replied_at"]
    bring([row(reply="Thank you", replied_at="2026-01-06")], head)
    bring([row(reply="Other words")], head)

    reply = ReviewReply.objects.get()
    assert (reply.text, reply.sent_at.isoformat()) == ("Thank you", "2026-01-06T00:00:00+00:00")


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"product": "P9"}, "product", "product P9 is unknown"),
        ({"customer": "C9"}, "customer", "customer C9 is unknown"),
        ({"rating": "6"}, "rating", "is not between 1 and 5"),
        ({"rating": ""}, "rating", "is empty"),
        ({"created_at": "yesterday"}, "created_at", None),
        ({"title": "x" * 201}, "title", None),
        ({"id": "R1"}, "id", "stands already in line 2"),
        ({}, "customer", "stands already in line 2"),
    ],
)
def test_a_bad_row_is_refused_with_its_column_and_the_good_one_arrives(bring, change, column, reason):
    batch = bring([row(), row(id="R2", **({"customer": "C2"} if change else {})) | change])

    (refused,) = batch.report["refused_sample"]
    assert counts(batch) | {"new": 1, "refused": 1} == counts(batch)
    assert (refused["file"], refused["line"], refused["column"]) == ("reviews.csv", 3, column)
    assert reason is None or words(refused["reason"]) == reason


def test_a_customer_who_has_another_review_of_the_product_here_is_refused(bring):
    bring([row()])

    batch = bring([row(id="R2")])

    assert counts(batch) == {"new": 0, "changed": 0, "same": 0, "refused": 1}
    assert words(batch.report["refused_sample"][0]["reason"]) == "customer C1 has another review of this product"


def test_undoing_the_import_takes_reviews_replies_and_stars_away(bring):
    batch = bring([row(reply="Thanks")], [*HEAD, "reply"])

    undo.perform(batch.pk)

    assert (Review.objects.count(), ReviewReply.objects.count(), ratings()) == (0, 0, [])


def test_markup_of_other_shops_is_taken_out_and_what_is_nothing_else_is_empty(bring):
    batch = bring([
        row(title="<b>Warm</b>", text="Warm<br />and <i>soft</i> & <3"),
        row(id="R2", product="P2", text="<p></p>"),
        row(id="R3", customer="C2", text="x" * 10_001),
        row(id="R4", product="P2", customer="C2", text="<a" * 5_000),
    ])  # fmt: skip

    assert counts(batch) == {"new": 3, "changed": 0, "same": 0, "refused": 1}
    first, empty, cut = Review.objects.order_by("external_id")
    assert (first.title, first.text) == ("Warm", "Warm\nand soft & <3")
    assert empty.text == ""
    assert cut.text == ("< a" * 5_000)[:10_000]
