"""The section `articles` of native imports: answers that were written elsewhere. They come as drafts."""

from django.utils.translation import gettext_noop

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import TIMESTAMPS, Value, upsert
from reviews.models import Article
from reviews.models.articles import BODY_LENGTH, LANGUAGES, QUESTIONS_LENGTH, TEXTS, TITLE_LENGTH

LENGTHS = {"title": TITLE_LENGTH, "body": BODY_LENGTH, "questions": QUESTIONS_LENGTH}
KEY = "^[a-z0-9]+(-[a-z0-9]+)*$"


class Articles(Section):
    """What a file says becomes the draft; customers read it once a member of staff publishes it, so an import never
    changes what the shop promises."""

    name = "articles"
    key = ("key",)

    def columns(self) -> tuple[Column, ...]:
        texts = [
            c.text(f"{part}_{language}", LENGTHS[part], aliases=(part,) if language == LANGUAGES[0] else ())
            for language in LANGUAGES for part in LENGTHS
        ]  # fmt: skip
        return (
            c.key("key", 60, required=True, blank=False),
            c.choice("category", Article.Category.values, required=True, blank=False),
            c.key("intent", 60),
            *texts,
            c.day("valid_from"),
            c.day("valid_until"),
        )

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        stage.refuse(
            f"s.key !~ '{KEY}'", column="key", value="s.key",
            reason=gettext_noop("%(value)s has other signs than small Latin letters, digits and hyphens"),
        )  # fmt: skip
        stage.refuse(
            "s.intent IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reviews_intent i WHERE i.key = s.intent)",
            column="intent", value="s.intent", reason=gettext_noop("intent %(value)s is unknown"),
        )  # fmt: skip
        stage.refuse("s.valid_from > s.valid_until", column="valid_until", reason=gettext_noop("ends before it begins"))
        written = upsert(
            "reviews_article",
            key=["key"],
            values={
                "key": Value("s.key"),
                "category": Value("s.category"),
                "intent_id": Value("i.id", needs=("intent",)),
                **{name: Value(f"coalesce(s.{name}, '')", needs=(name,)) for name in TEXTS},
                "state": Value(f"'{Article.State.DRAFT}'", once=True),
                "version": Value("0", once=True),
                "valid_from": Value("s.valid_from", needs=("valid_from",)),
                "valid_until": Value("s.valid_until", needs=("valid_until",)),
                **TIMESTAMPS,
            },
            source=f"{stage.table} s LEFT JOIN reviews_intent i ON i.key = s.intent",
            present=stage.present,
        )
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
