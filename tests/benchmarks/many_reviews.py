"""Makes a shop for measuring one with a hundred thousand reviews; run in a process of the product.

Each new review takes its words, with what was read in them, from one of the demo's and ends in words of another, so
that hardly two say the same. It is about any product, some more often than others, and up to two years old.
"""

import os

MANY = 100_000
SEED = "SELECT setseed(0.42)"
CHOSEN = """
CREATE TEMP TABLE chosen AS
WITH known AS (SELECT r.id, row_number() OVER (ORDER BY r.id) AS place FROM reviews_review r),
     products AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM catalog_product)
SELECT nextval(pg_get_serial_sequence('reviews_review', 'id')) AS id, known.id AS source, tail.id AS tail,
       products.id AS product, now() - drawn.days * interval '1 day' AS written_at
FROM (
    SELECT number, 1 + floor(random() * (SELECT count(*) FROM known)) AS source,
           1 + floor(random() * (SELECT count(*) FROM known)) AS tail,
           1 + floor(power(random(), 2) * (SELECT count(*) FROM products)) AS product, random() * 730 AS days
    FROM generate_series(1, %s) number
) drawn
JOIN known ON known.place = drawn.source
JOIN known tail ON tail.place = drawn.tail
JOIN products ON products.place = drawn.product
"""
COPIED = (
    """
    INSERT INTO reviews_review (id, product_id, author, rating, title, text, language, is_verified, written_at, status,
        reason, reason_note, decided_at, created_at, updated_at)
    SELECT c.id, c.product, 'Reader ' || c.id, s.rating, s.title, s.text || E'\\n' || left(t.text, 60), s.language,
        s.is_verified, c.written_at,
        CASE WHEN s.status = 'pending' AND c.id %% 20 > 0 THEN 'published' ELSE s.status END, s.reason, '',
        s.decided_at, c.written_at, c.written_at
    FROM chosen c JOIN reviews_review s ON s.id = c.source JOIN reviews_review t ON t.id = c.tail
    """,
    """
    INSERT INTO reviews_reviewreading (review_id, predicted, confidence, positive, corrected, language,
        model_version_id, text_md5, read_at)
    SELECT c.id, d.predicted, d.confidence, d.positive, '', d.language, d.model_version_id,
        md5(concat_ws(E'\\n', nullif(r.title, ''), nullif(r.text, ''))), now()
    FROM chosen c JOIN reviews_reviewreading d ON d.review_id = c.source JOIN reviews_review r ON r.id = c.id
    """,
    """
    INSERT INTO reviews_reviewaspect (review_id, aspect_id, term, start, "end", quote, polarity, score, is_clearest,
        model_version_id)
    SELECT c.id, a.aspect_id, a.term, a.start, a."end", a.quote, a.polarity, a.score, a.is_clearest, a.model_version_id
    FROM chosen c JOIN reviews_reviewaspect a ON a.review_id = c.source
    """,
    """
    INSERT INTO reviews_suspicionscore (review_id, score, reasons, rules_version, scored_at, bands, flagged_at)
    SELECT c.id, s.score, s.reasons, s.rules_version, now(),
        (SELECT array_agg((b::bit(64) # (('x' || substr(md5(c.id::text), 1, 16))::bit(64)))::bigint)
         FROM unnest(s.bands) b), s.flagged_at
    FROM chosen c JOIN reviews_suspicionscore s ON s.review_id = c.source WHERE s.bands <> '{}'
    UNION ALL
    SELECT c.id, s.score, s.reasons, s.rules_version, now(), '{}', s.flagged_at
    FROM chosen c JOIN reviews_suspicionscore s ON s.review_id = c.source WHERE s.bands = '{}'
    """,
    """
    INSERT INTO reviews_reviewtopic (review_id, topic_id, near, model_version_id)
    SELECT c.id, t.topic_id, t.near, t.model_version_id
    FROM chosen c JOIN reviews_reviewtopic t ON t.review_id = c.source
    """,
)
JOBS = (
    "reviews.tasks.read_reviews",
    "reviews.tasks.train",
    "reviews.tasks.read_reviews",  # by the model that was just learned
    "reviews.tasks.score_suspicion",
    "reviews.tasks.find_topics",
)


def main() -> None:
    import django

    django.setup()
    from django.db import connection, transaction

    from core.jobs import run_now
    from reviews.models import Review

    for job in JOBS:
        run_now(job)
    missing = MANY - Review.objects.count()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SEED)
        cursor.execute(CHOSEN, [missing])
        for statement in COPIED:
            cursor.execute(statement.replace("%%", "%"))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.load_settings")
    main()
