"""The section `reviews` of native imports: what customers said elsewhere, or in this shop before."""

from dataclasses import replace

from django.utils.translation import gettext_noop

from catalog import partitions
from catalog.importing import changes
from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, upsert
from catalog.importing.staging import Stage, execute, stream
from reviews.ml.text import without_markup
from reviews.models import Review
from reviews.models.replies import REPLY_LENGTH
from reviews.models.reviews import AUTHOR_LENGTH, TEXT_LENGTH, TITLE_LENGTH

Status = Review.Status
JOINS = (
    "JOIN catalog_product p ON p.external_id = s.product"
    " LEFT JOIN catalog_knowncustomer c ON c.external_id = s.customer"
)
BOUGHT = """EXISTS (
    SELECT 1 FROM catalog_orderline l JOIN catalog_order o ON o.id = l.order_id
    WHERE l.product_id = p.id AND o.customer_id = c.id AND o.paid_at <= s.created_at
)"""


def words(name: str, limit: int) -> Column:
    """What somebody wrote: text without markup, at most `limit` characters. What is nothing but markup is empty."""
    plain = c.text(name, limit)

    def parse(value: str) -> str:
        kept = without_markup(value.strip())
        if len(value) <= limit:
            kept = kept[:limit]  # it grows by the spaces behind what might begin a tag
        return plain.parse(kept) if kept else c.NULL

    return replace(plain, parse=parse)


class Reviews(Section):
    """Published unless the file says `pending`: they were public where they come from. One without a customer of this
    shop is shown, and teaches nothing about anybody."""

    name = "reviews"
    key = ("id",)

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("id", required=True, blank=False),
            c.key("product", required=True, blank=False),
            c.key("customer"),
            c.integer("rating", 1, 5, required=True, blank=False, aliases=("stars",)),
            words("title", TITLE_LENGTH),
            words("text", TEXT_LENGTH),
            words("author", AUTHOR_LENGTH),
            c.language("language"),
            c.moment("created_at", required=True, blank=False, aliases=("written_at",)),
            c.choice("status", [Status.PENDING, Status.PUBLISHED]),
            c.boolean("verified"),
            c.text("reply", REPLY_LENGTH),
            c.moment("replied_at"),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        execute("CREATE INDEX ON import_reviews (product, customer)")
        _refuse(stage)
        written = upsert(
            "reviews_review",
            key=["external_id"],
            values={
                "external_id": Value("s.id"),
                "product_id": Value("p.id"),
                "customer_id": Value("c.id", needs=("customer",)),
                "rating": Value("s.rating"),
                "title": Value("coalesce(s.title, '')", needs=("title",)),
                "text": Value("coalesce(s.text, '')", needs=("text",)),
                "author": Value("coalesce(s.author, '')", needs=("author",)),
                "language": Value("coalesce(s.language, '')", needs=("language",)),
                "is_verified": Value(f"coalesce(s.verified, {BOUGHT})", needs=("verified",)),
                "written_at": Value("s.created_at"),
                # What staff decided here since is worth more than what the file says.
                "status": Value(f"coalesce(s.status, '{Status.PUBLISHED}')", once=True),
                "reason": Value("''", once=True),
                "reason_note": Value("''", once=True),
                **TIMESTAMPS,
            },
            source=f"{stage.table} s {JOINS}",
            present=stage.present,
        )
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
        load.report.rule("replies", _replies(stage))
        load.report.rule("ratings", _ratings(load))


def _refuse(stage: Stage) -> None:
    for name, reason in (
        ("product", gettext_noop("product %(value)s is unknown")),
        ("customer", gettext_noop("customer %(value)s is unknown")),
    ):
        missing = f"NOT EXISTS (SELECT 1 FROM catalog_{name} t WHERE t.external_id = s.{name})"  # noqa: S608
        stage.refuse(f"s.{name} IS NOT NULL AND {missing}", column=name, value=f"s.{name}", reason=reason)
    stage.refuse_repeated(("product", "customer"))
    stage.refuse(
        "p.external_id = s.product AND c.external_id = s.customer AND r.external_id IS DISTINCT FROM s.id",
        using="reviews_review r JOIN catalog_product p ON p.id = r.product_id"
        " JOIN catalog_knowncustomer c ON c.id = r.customer_id",
        column="customer", value="s.customer",
        reason=gettext_noop("customer %(value)s has another review of this product"),
    )  # fmt: skip


def _replies(stage: Stage) -> int:
    """Answers of the shop, sent where the review was. One that staff wrote here stays."""
    if "reply" not in stage.present:
        return 0
    written = upsert(
        "reviews_reviewreply",
        key=["review_id"],
        values={
            "review_id": Value("r.id"),
            "text": Value("s.reply", once=True),
            "sent_at": Value("coalesce(s.replied_at, s.created_at)", once=True),
            **TIMESTAMPS,
        },
        source=f"{stage.table} s JOIN reviews_review r ON r.external_id = s.id WHERE s.reply IS NOT NULL",
        present=stage.present,
    )
    return written.new


def _ratings(load: Load) -> int:
    """The stars of known customers as acts, with the ids that `catalog.services.record_rating` gives them. A review
    whose stars or time changed counts as it is now."""
    months = "SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM import_reviews"
    partitions.ensure_months([month for (month,) in stream(months)])
    key = "md5('rating:review:' || coalesce(r.external_id, r.public_id))::uuid"
    execute(
        f"""
        DELETE FROM catalog_interaction i USING reviews_review r, import_reviews s
        WHERE r.external_id = s.id AND i.event_id = {key}
          AND (i.value, i.occurred_at, i.product_id, i.customer_id)
              IS DISTINCT FROM (r.rating::float8, r.written_at, r.product_id, r.customer_id)
        """  # noqa: S608
    )
    return changes.written_events(
        load.batch_id,
        f"""
        INSERT INTO catalog_interaction (event_id, occurred_at, kind, product_id, customer_id, value)
        SELECT {key}, r.written_at, 'rating', r.product_id, r.customer_id, r.rating
        FROM import_reviews s JOIN reviews_review r ON r.external_id = s.id
        WHERE r.customer_id IS NOT NULL AND r.reason NOT IN ('advertising', 'not_genuine')
        ON CONFLICT DO NOTHING
        """,  # noqa: S608
    )
