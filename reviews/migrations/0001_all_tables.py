import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import core.models.base
import core.operations


class Migration(migrations.Migration):
    replaces = [
        ("reviews", "0001_reviews"),
        ("reviews", "0002_words_by_index"),
        ("reviews", "0003_aspects"),
        ("reviews", "0005_readings"),
        ("reviews", "0006_answers"),
        ("reviews", "0008_topics_and_follow_ups"),
        ("reviews", "0009_suspicion"),
        ("reviews", "0011_summaries"),
        ("reviews", "0012_photos_looked_at"),
        ("reviews", "0013_counted_by_index"),
        ("reviews", "0014_article_help"),
        ("reviews", "0015_changes_by_index"),
    ]

    initial = True

    dependencies = [
        ("catalog", "0001_all_tables"),
    ]

    operations = [
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="Intent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "key",
                            models.CharField(
                                max_length=40,
                                unique=True,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[a-z]+(_[a-z]+)*$", "Use small Latin letters and underscores."
                                    )
                                ],
                                verbose_name="key",
                            ),
                        ),
                        ("title_en", models.CharField(max_length=100, verbose_name="title, English")),
                        ("title_zh", models.CharField(max_length=100, verbose_name="title, Chinese")),
                        (
                            "description_en",
                            models.TextField(blank=True, max_length=500, verbose_name="what it is, English"),
                        ),
                        (
                            "description_zh",
                            models.TextField(blank=True, max_length=500, verbose_name="what it is, Chinese"),
                        ),
                        (
                            "belongs_en",
                            models.TextField(blank=True, max_length=500, verbose_name="belongs here, English"),
                        ),
                        (
                            "belongs_zh",
                            models.TextField(blank=True, max_length=500, verbose_name="belongs here, Chinese"),
                        ),
                        (
                            "elsewhere_en",
                            models.TextField(blank=True, max_length=500, verbose_name="belongs elsewhere, English"),
                        ),
                        (
                            "elsewhere_zh",
                            models.TextField(blank=True, max_length=500, verbose_name="belongs elsewhere, Chinese"),
                        ),
                        (
                            "hand_over",
                            models.BooleanField(
                                default=False,
                                help_text="The assistant never answers this by itself.",
                                verbose_name="always to a person",
                            ),
                        ),
                        (
                            "answers_with",
                            models.CharField(
                                choices=[
                                    ("article", "an article"),
                                    ("order", "what is known of the order"),
                                    ("product", "what is known of the product"),
                                    ("account", "what is known of the customer"),
                                    ("words", "words of its own"),
                                ],
                                default="article",
                                max_length=10,
                                verbose_name="answers with",
                            ),
                        ),
                        ("words_en", models.TextField(blank=True, max_length=500, verbose_name="words, English")),
                        ("words_zh", models.TextField(blank=True, max_length=500, verbose_name="words, Chinese")),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True, help_text="What is not in use is not learned.", verbose_name="in use"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "intent",
                        "verbose_name_plural": "intents",
                        "ordering": ["key"],
                    },
                ),
                migrations.CreateModel(
                    name="IntentExample",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "intent",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: nothing that the shop answers.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="examples",
                                to="reviews.intent",
                                verbose_name="intent",
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                choices=[("en", "English"), ("zh", "简体中文")], max_length=2, verbose_name="language"
                            ),
                        ),
                        ("text", models.CharField(max_length=300, verbose_name="words")),
                        (
                            "normal",
                            models.CharField(
                                editable=False, max_length=500, unique=True, verbose_name="as it is learned"
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("shipped", "shipped"),
                                    ("staff", "staff"),
                                    ("conversation", "a conversation"),
                                ],
                                default="staff",
                                max_length=12,
                                verbose_name="source",
                            ),
                        ),
                        (
                            "added_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="added by",
                            ),
                        ),
                        (
                            "taken_for",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="mistaken",
                                to="reviews.intent",
                                verbose_name="taken for",
                            ),
                        ),
                        (
                            "confidence",
                            models.FloatField(blank=True, editable=False, null=True, verbose_name="confidence"),
                        ),
                        (
                            "nearest",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="reviews.intentexample",
                                verbose_name="most like it",
                            ),
                        ),
                        ("likeness", models.FloatField(blank=True, editable=False, null=True, verbose_name="likeness")),
                    ],
                    options={
                        "verbose_name": "example",
                        "verbose_name_plural": "examples",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["intent", "language"], name="example_by_intent"),
                            models.Index(
                                condition=models.Q(("taken_for__isnull", False)),
                                fields=["taken_for", "intent"],
                                name="example_mistaken",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("likeness__isnull", True), ("likeness__range", (0, 1)), _connector="OR"
                                ),
                                name="example_likeness_0_to_1",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("confidence__isnull", True), ("confidence__range", (0, 1)), _connector="OR"
                                ),
                                name="example_confidence_0_to_1",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StarterItem",
                    fields=[
                        ("key", models.CharField(max_length=80, primary_key=True, serialize=False, verbose_name="key")),
                        ("brought_at", models.DateTimeField(auto_now_add=True, verbose_name="brought")),
                    ],
                    options={
                        "verbose_name": "part of the shipped set",
                        "verbose_name_plural": "parts of the shipped set",
                    },
                ),
                migrations.CreateModel(
                    name="Article",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "key",
                            models.CharField(
                                help_text="Stands in the address of the article.",
                                max_length=60,
                                unique=True,
                                validators=[
                                    django.core.validators.RegexValidator(
                                        "^[a-z0-9]+(-[a-z0-9]+)*$", "Use small Latin letters, digits and hyphens."
                                    )
                                ],
                                verbose_name="key",
                            ),
                        ),
                        (
                            "category",
                            models.CharField(
                                choices=[
                                    ("orders", "orders"),
                                    ("delivery", "delivery"),
                                    ("returns", "returns and refunds"),
                                    ("payment", "payment and prices"),
                                    ("products", "products"),
                                    ("account", "account"),
                                    ("shop", "the shop"),
                                ],
                                max_length=10,
                                verbose_name="category",
                            ),
                        ),
                        (
                            "intent",
                            models.ForeignKey(
                                blank=True,
                                help_text="What it is the answer to.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="articles",
                                to="reviews.intent",
                                verbose_name="intent",
                            ),
                        ),
                        ("title_en", models.CharField(blank=True, max_length=150, verbose_name="title, English")),
                        ("title_zh", models.CharField(blank=True, max_length=150, verbose_name="title, Chinese")),
                        ("body_en", models.TextField(blank=True, max_length=6000, verbose_name="text, English")),
                        ("body_zh", models.TextField(blank=True, max_length=6000, verbose_name="text, Chinese")),
                        (
                            "questions_en",
                            models.TextField(
                                blank=True,
                                help_text="One a line: how customers ask what this article answers.",
                                max_length=2000,
                                verbose_name="questions, English",
                            ),
                        ),
                        (
                            "questions_zh",
                            models.TextField(blank=True, max_length=2000, verbose_name="questions, Chinese"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("draft", "draft"), ("published", "published")],
                                default="draft",
                                editable=False,
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        ("version", models.PositiveIntegerField(default=0, editable=False, verbose_name="version")),
                        (
                            "live",
                            models.OneToOneField(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="+",
                                to="reviews.articleversion",
                                verbose_name="version that customers read",
                            ),
                        ),
                        ("valid_from", models.DateField(blank=True, null=True, verbose_name="valid from")),
                        ("valid_until", models.DateField(blank=True, null=True, verbose_name="valid until")),
                    ],
                    options={
                        "verbose_name": "article",
                        "verbose_name_plural": "articles",
                        "ordering": ["category", "key"],
                        "permissions": [("publish_article", "Can publish articles and change facts of the shop")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "published"), _negated=True),
                                    ("live__isnull", False),
                                    _connector="OR",
                                ),
                                name="article_published_has_version",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("valid_from", None),
                                    ("valid_until", None),
                                    ("valid_from__lte", models.F("valid_until")),
                                    _connector="OR",
                                ),
                                name="article_valid_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ArticleVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "article",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="reviews.article",
                                verbose_name="article",
                            ),
                        ),
                        ("number", models.PositiveIntegerField(verbose_name="version")),
                        ("source", models.JSONField(verbose_name="as written")),
                        ("texts", models.JSONField(verbose_name="as read")),
                        ("published_at", models.DateTimeField(auto_now_add=True, verbose_name="published")),
                        (
                            "published_by",
                            models.ForeignKey(
                                blank=True,
                                help_text="Nobody: facts of the shop changed.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="published by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "version of an article",
                        "verbose_name_plural": "versions of articles",
                        "ordering": ["article", "-number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("article", "number"), name="article_version_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ArticleHelp",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "article",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="helps",
                                to="reviews.article",
                                verbose_name="article",
                            ),
                        ),
                        ("version", models.PositiveIntegerField(verbose_name="version")),
                        (
                            "language",
                            models.CharField(
                                choices=[("en", "en"), ("zh", "zh")], max_length=2, verbose_name="language"
                            ),
                        ),
                        ("helped", models.PositiveIntegerField(db_default=0, default=0, verbose_name="helped")),
                        ("did_not", models.PositiveIntegerField(db_default=0, default=0, verbose_name="did not help")),
                    ],
                    options={
                        "verbose_name": "whether an article helped",
                        "verbose_name_plural": "whether articles helped",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("article", "version", "language"), name="article_help_of_a_version"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShopFact",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("key", models.CharField(max_length=40, unique=True, verbose_name="key")),
                        ("value_en", models.CharField(blank=True, max_length=300, verbose_name="in English")),
                        ("value_zh", models.CharField(blank=True, max_length=300, verbose_name="in Chinese")),
                    ],
                    options={
                        "verbose_name": "fact of the shop",
                        "verbose_name_plural": "facts of the shop",
                        "ordering": ["key"],
                    },
                ),
                migrations.CreateModel(
                    name="Aspect",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "key",
                            models.CharField(
                                help_text="Small letters, digits and underscores. Charts, exports and the API know it by this.",
                                max_length=40,
                                unique=True,
                                validators=[django.core.validators.RegexValidator("^[a-z][a-z0-9_]*\\Z")],
                                verbose_name="key",
                            ),
                        ),
                        ("title_en", models.CharField(max_length=80, verbose_name="name in English")),
                        ("title_zh", models.CharField(max_length=80, verbose_name="name in Chinese")),
                        ("position", models.PositiveIntegerField(db_default=0, default=0, verbose_name="position")),
                        ("is_active", models.BooleanField(db_default=True, default=True, verbose_name="in use")),
                    ],
                    options={
                        "verbose_name": "aspect",
                        "verbose_name_plural": "aspects",
                        "ordering": ["position", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="AspectTerm",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "aspect",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty while a term is only suggested.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="terms",
                                to="reviews.aspect",
                                verbose_name="aspect",
                            ),
                        ),
                        ("term", models.CharField(max_length=60, verbose_name="term")),
                        (
                            "language",
                            models.CharField(
                                choices=[("zh", "Chinese"), ("en", "English")], max_length=10, verbose_name="language"
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                help_text="With everything below it. Empty: everywhere.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.category",
                                verbose_name="category",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("in_use", "in use"), ("offered", "suggested"), ("dismissed", "dismissed")],
                                default="in_use",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("shipped", "came with the product"),
                                    ("staff", "added by staff"),
                                    ("found", "found in reviews"),
                                ],
                                default="staff",
                                max_length=8,
                                verbose_name="source",
                            ),
                        ),
                        (
                            "mentions",
                            models.PositiveIntegerField(
                                db_default=0,
                                default=0,
                                help_text="Reviews that named it when they were last counted.",
                                verbose_name="reviews",
                            ),
                        ),
                        (
                            "score",
                            models.FloatField(
                                db_default=0,
                                default=0,
                                help_text="Suggestions: the best come first.",
                                verbose_name="score",
                            ),
                        ),
                        (
                            "examples",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(),
                                blank=True,
                                db_default=[],
                                default=list,
                                help_text="Reviews to show with a suggestion. Keys only: words of a review stand in the review alone.",
                                size=None,
                                verbose_name="examples",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "term of an aspect",
                        "verbose_name_plural": "terms of aspects",
                        "ordering": ["aspect__position", "language", "term", "id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "offered")),
                                fields=["-score", "id"],
                                name="aspect_term_offered",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("term", "category"), name="aspect_term_once", nulls_distinct=False
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("state", "in_use"), _negated=True),
                                    ("aspect__isnull", False),
                                    _connector="OR",
                                ),
                                name="aspect_term_in_use_of_an_aspect",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewAspect",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="aspects",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "aspect",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="mentions",
                                to="reviews.aspect",
                                verbose_name="aspect",
                            ),
                        ),
                        ("term", models.CharField(max_length=60, verbose_name="term")),
                        ("start", models.PositiveIntegerField(null=True, verbose_name="start")),
                        ("end", models.PositiveIntegerField(null=True, verbose_name="end")),
                        ("quote", models.CharField(blank=True, max_length=500, verbose_name="quote")),
                        (
                            "polarity",
                            models.CharField(
                                choices=[("positive", "praise"), ("neutral", "neither"), ("negative", "complaint")],
                                max_length=8,
                                verbose_name="polarity",
                            ),
                        ),
                        ("score", models.FloatField(verbose_name="chance of praise")),
                        (
                            "is_clearest",
                            models.BooleanField(db_default=True, default=True, verbose_name="counts for the review"),
                        ),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "aspect of a review",
                        "verbose_name_plural": "aspects of reviews",
                        "ordering": ["review", "start", "id"],
                        "indexes": [
                            models.Index(fields=["review"], name="review_aspect_of"),
                            models.Index(
                                condition=models.Q(("is_clearest", True)),
                                fields=["aspect", "polarity", "review"],
                                name="review_aspect_counted",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_clearest", True)),
                                fields=("review", "aspect"),
                                name="review_aspect_clearest_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("score__range", (0, 1))), name="review_aspect_score_0_to_1"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("end__isnull", True), ("quote", ""), ("start__isnull", True)),
                                    ("start__lt", models.F("end")),
                                    _connector="OR",
                                ),
                                name="review_aspect_place_or_none",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FollowUp",
                    fields=[
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="follow_up",
                                serialize=False,
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                blank=True,
                                help_text="The last one that held the product before the review.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.order",
                                verbose_name="order",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "open"),
                                    ("handled", "handled"),
                                    ("needless", "not needed"),
                                    ("control", "control group"),
                                ],
                                default="open",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("since", models.DateTimeField(verbose_name="since")),
                        ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                        ("handled_at", models.DateTimeField(blank=True, null=True, verbose_name="handled")),
                        (
                            "handled_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="handled by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "unhappy customer",
                        "verbose_name_plural": "unhappy customers",
                        "ordering": ["-since", "-review"],
                        "indexes": [models.Index(fields=["state", "-since", "-review"], name="follow_up_by_state")],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewReading",
                    fields=[
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="reading",
                                serialize=False,
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "predicted",
                            models.CharField(
                                choices=[
                                    ("positive", "positive"),
                                    ("neutral", "neutral"),
                                    ("negative", "negative"),
                                    ("mixed", "mixed"),
                                ],
                                max_length=8,
                                verbose_name="as read",
                            ),
                        ),
                        (
                            "confidence",
                            models.FloatField(
                                help_text="Chance that what was read is right, 0 to 1.", verbose_name="confidence"
                            ),
                        ),
                        (
                            "positive",
                            models.FloatField(
                                help_text="Of positive against negative, 0 to 1.", verbose_name="chance of positive"
                            ),
                        ),
                        (
                            "corrected",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("positive", "positive"),
                                    ("neutral", "neutral"),
                                    ("negative", "negative"),
                                    ("mixed", "mixed"),
                                ],
                                db_default="",
                                max_length=8,
                                verbose_name="corrected to",
                            ),
                        ),
                        ("corrected_at", models.DateTimeField(blank=True, null=True, verbose_name="corrected")),
                        (
                            "corrected_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="corrected by",
                            ),
                        ),
                        (
                            "sentiment",
                            models.GeneratedField(
                                db_persist=True,
                                expression=django.db.models.functions.comparison.Coalesce(
                                    django.db.models.functions.comparison.NullIf(
                                        models.F("corrected"), models.Value("")
                                    ),
                                    models.F("predicted"),
                                ),
                                output_field=models.CharField(
                                    choices=[
                                        ("positive", "positive"),
                                        ("neutral", "neutral"),
                                        ("negative", "negative"),
                                        ("mixed", "mixed"),
                                    ],
                                    max_length=8,
                                    verbose_name="sentiment",
                                ),
                                verbose_name="sentiment",
                            ),
                        ),
                        (
                            "language",
                            models.CharField(
                                blank=True,
                                help_text="As its words say; und: too little to tell.",
                                max_length=10,
                                verbose_name="language",
                            ),
                        ),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: the list of words that the product brings.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        (
                            "text_md5",
                            models.CharField(
                                editable=False, help_text="Of what was read: title and text.", max_length=32
                            ),
                        ),
                        ("read_at", models.DateTimeField(verbose_name="read")),
                    ],
                    options={
                        "verbose_name": "reading of a review",
                        "verbose_name_plural": "readings of reviews",
                        "permissions": [("correct_reading", "Can correct how reviews are read")],
                        "indexes": [
                            models.Index(fields=["sentiment", "review"], name="reading_by_sentiment"),
                            models.Index(fields=["read_at"], name="reading_read"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("confidence__range", (0.0, 1.0)), ("positive__range", (0.0, 1.0))),
                                name="reading_chances_0_to_1",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewLabel",
                    fields=[
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="label",
                                serialize=False,
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "sentiment",
                            models.CharField(
                                choices=[
                                    ("positive", "positive"),
                                    ("neutral", "neutral"),
                                    ("negative", "negative"),
                                    ("mixed", "mixed"),
                                ],
                                max_length=8,
                                verbose_name="sentiment",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[("correction", "correction"), ("sample", "weekly sample")],
                                max_length=10,
                                verbose_name="source",
                            ),
                        ),
                        (
                            "by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("labelled_at", models.DateTimeField(verbose_name="said")),
                    ],
                    options={
                        "verbose_name": "label of a review",
                        "verbose_name_plural": "labels of reviews",
                        "indexes": [models.Index(fields=["labelled_at"], name="review_label_since")],
                    },
                ),
                migrations.CreateModel(
                    name="QualitySample",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("week", models.DateField(help_text="Its Monday.", unique=True, verbose_name="week")),
                        ("drawn_at", models.DateTimeField(verbose_name="drawn")),
                        (
                            "closed_at",
                            models.DateTimeField(
                                blank=True,
                                help_text="Since then its answers teach, too.",
                                null=True,
                                verbose_name="closed",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "weekly sample",
                        "verbose_name_plural": "weekly samples",
                        "ordering": ["-week"],
                    },
                ),
                migrations.CreateModel(
                    name="SampledReview",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "sample",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rows",
                                to="reviews.qualitysample",
                                verbose_name="sample",
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        (
                            "predicted",
                            models.CharField(
                                choices=[
                                    ("positive", "positive"),
                                    ("neutral", "neutral"),
                                    ("negative", "negative"),
                                    ("mixed", "mixed"),
                                ],
                                max_length=8,
                                verbose_name="as read",
                            ),
                        ),
                        ("confidence", models.FloatField(verbose_name="confidence")),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        (
                            "answer",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("positive", "positive"),
                                    ("neutral", "neutral"),
                                    ("negative", "negative"),
                                    ("mixed", "mixed"),
                                ],
                                max_length=8,
                                verbose_name="answer",
                            ),
                        ),
                        (
                            "answered_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="answered by",
                            ),
                        ),
                        ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                    ],
                    options={
                        "verbose_name": "review of a weekly sample",
                        "verbose_name_plural": "reviews of weekly samples",
                        "ordering": ["sample", "position"],
                        "constraints": [
                            models.UniqueConstraint(fields=("sample", "position"), name="sampled_review_place"),
                            models.UniqueConstraint(fields=("sample", "review"), name="sampled_review_once"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReadingSettings",
                    fields=[
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("engine", models.CharField(default="ngram", max_length=30, verbose_name="engine")),
                    ],
                    options={
                        "verbose_name": "settings of readings",
                        "verbose_name_plural": "settings of readings",
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="reading_settings_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewReply",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="reply",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        ("text", models.TextField(max_length=2000, verbose_name="text")),
                        ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                        (
                            "written_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="written by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "reply",
                        "verbose_name_plural": "replies",
                    },
                ),
                migrations.CreateModel(
                    name="ReplyTemplate",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("title", models.CharField(max_length=100, verbose_name="title")),
                        (
                            "language",
                            models.CharField(
                                blank=True, help_text="Empty: for any language.", max_length=10, verbose_name="language"
                            ),
                        ),
                        ("lowest", models.PositiveSmallIntegerField(default=1, verbose_name="from stars")),
                        ("highest", models.PositiveSmallIntegerField(default=5, verbose_name="to stars")),
                        ("text", models.TextField(max_length=2000, verbose_name="text")),
                    ],
                    options={
                        "verbose_name": "reply template",
                        "verbose_name_plural": "reply templates",
                        "ordering": ["lowest", "title"],
                        "constraints": [
                            models.UniqueConstraint(fields=("title", "language"), name="reply_template_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("lowest__gte", 1), ("highest__lte", 5), ("lowest__lte", models.F("highest"))
                                ),
                                name="reply_template_stars",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Review",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "public_id",
                            models.CharField(
                                db_default=core.models.base.NewPublicId(),
                                editable=False,
                                max_length=32,
                                unique=True,
                                verbose_name="public ID",
                            ),
                        ),
                        (
                            "external_id",
                            models.CharField(
                                blank=True, max_length=120, null=True, unique=True, verbose_name="shop's own ID"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="reviews",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="reviews",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "author",
                            models.CharField(
                                blank=True,
                                help_text="The name shown beside the review; empty: a customer.",
                                max_length=80,
                                verbose_name="author",
                            ),
                        ),
                        ("rating", models.PositiveSmallIntegerField(verbose_name="stars")),
                        ("title", models.CharField(blank=True, max_length=200, verbose_name="title")),
                        ("text", models.TextField(blank=True, max_length=10000, verbose_name="text")),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        (
                            "is_verified",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="The customer had paid for this product when the review came.",
                                verbose_name="verified purchase",
                            ),
                        ),
                        ("written_at", models.DateTimeField(verbose_name="written")),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("pending", "to review"),
                                    ("published", "published"),
                                    ("rejected", "rejected"),
                                ],
                                default="pending",
                                max_length=10,
                                verbose_name="status",
                            ),
                        ),
                        (
                            "reason",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("off_topic", "not about the product"),
                                    ("advertising", "advertising or links"),
                                    ("personal_data", "personal data"),
                                    ("abusive", "abusive words"),
                                    ("not_genuine", "not a genuine experience"),
                                    ("unreadable", "cannot be understood"),
                                    ("other", "another reason"),
                                ],
                                max_length=16,
                                verbose_name="reason",
                            ),
                        ),
                        (
                            "reason_note",
                            models.CharField(blank=True, max_length=300, verbose_name="note to the customer"),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="decided by",
                            ),
                        ),
                        (
                            "helpful_votes",
                            models.PositiveIntegerField(db_default=0, default=0, verbose_name="found helpful"),
                        ),
                        (
                            "open_reports",
                            models.PositiveIntegerField(db_default=0, default=0, verbose_name="complaints"),
                        ),
                        (
                            "is_suspected",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                editable=False,
                                help_text="Its suspicion is high and nobody has found it genuine.",
                                verbose_name="suspicious",
                            ),
                        ),
                        (
                            "has_new_photos",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                editable=False,
                                help_text="Nobody has looked at some of its photos.",
                                verbose_name="new photos",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "review",
                        "verbose_name_plural": "reviews",
                        "permissions": [("moderate_review", "Can publish and reject reviews")],
                        "indexes": [
                            models.Index(fields=["-written_at", "-id"], name="review_newest"),
                            models.Index(fields=["updated_at"], name="review_changed"),
                            models.Index(
                                condition=models.Q(("status", "rejected"), _negated=True),
                                fields=["written_at"],
                                include=("id", "product", "language"),
                                name="review_counted",
                            ),
                            models.Index(
                                condition=models.Q(("status", "published")),
                                fields=["product", "-written_at", "-id"],
                                name="review_newest_of",
                            ),
                            models.Index(
                                condition=models.Q(("status", "published")),
                                fields=["product", "-helpful_votes", "-id"],
                                name="review_helpful_of",
                            ),
                            models.Index(fields=["product", "rating", "status"], name="review_stars_of"),
                            models.Index(
                                condition=models.Q(
                                    ("status", "pending"),
                                    models.Q(("open_reports__gt", 0), ("status", "published")),
                                    models.Q(("is_suspected", True), ("status", "published")),
                                    models.Q(("has_new_photos", True), ("status", "published")),
                                    _connector="OR",
                                ),
                                fields=["written_at", "id"],
                                name="review_to_check",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("text"), name="gin_trgm_ops"
                                ),
                                name="review_text_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("title"), name="gin_trgm_ops"
                                ),
                                name="review_title_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("author"), name="gin_trgm_ops"
                                ),
                                name="review_author_trgm",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("rating__range", (1, 5))), name="review_rating_1_to_5"
                            ),
                            models.UniqueConstraint(fields=("product", "customer"), name="review_once_per_customer"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("status", "rejected"), models.Q(("reason", ""), _negated=True)),
                                    models.Q(models.Q(("status", "rejected"), _negated=True), ("reason", "")),
                                    _connector="OR",
                                ),
                                name="review_rejected_with_reason",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewPhoto",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="photos",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "file",
                            models.ImageField(
                                height_field="height", upload_to="reviews/", verbose_name="picture", width_field="width"
                            ),
                        ),
                        ("width", models.PositiveIntegerField(default=0, editable=False, verbose_name="width")),
                        ("height", models.PositiveIntegerField(default=0, editable=False, verbose_name="height")),
                        ("content_sha256", models.CharField(editable=False, max_length=64)),
                        ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                        (
                            "state",
                            models.CharField(
                                choices=[("new", "not looked at"), ("shown", "shown"), ("hidden", "hidden")],
                                db_default="new",
                                default="new",
                                max_length=6,
                                verbose_name="state",
                            ),
                        ),
                        ("looked_at", models.DateTimeField(blank=True, null=True, verbose_name="looked at")),
                        (
                            "looked_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="looked at by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "photo of a review",
                        "verbose_name_plural": "photos of reviews",
                        "ordering": ["position", "id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("review", "content_sha256"), name="review_photo_once"),
                            models.UniqueConstraint(fields=("review", "position"), name="review_photo_places"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewSummary",
                    fields=[
                        (
                            "product",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="review_summary",
                                serialize=False,
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "reviews",
                            models.PositiveIntegerField(
                                default=0, help_text="Counted at its making.", verbose_name="published reviews"
                            ),
                        ),
                        ("read", models.PositiveIntegerField(default=0, verbose_name="reviews read")),
                        ("positive", models.PositiveIntegerField(default=0, verbose_name="positive reviews")),
                        (
                            "aspects",
                            models.JSONField(
                                default=list,
                                help_text="List of aspect (key), positive, neutral and negative reviews.",
                                verbose_name="aspects",
                            ),
                        ),
                        (
                            "quotes",
                            models.JSONField(
                                default=list,
                                help_text="List of review (key), start, end, digest, side, aspect (key), language and support.",
                                verbose_name="quotes",
                            ),
                        ),
                        ("made_at", models.DateTimeField(blank=True, null=True, verbose_name="as of")),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                help_text="That read the newest review. Empty: the list of words that the product brings.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        ("changed_at", models.DateTimeField(blank=True, null=True, verbose_name="reviews changed")),
                    ],
                    options={
                        "verbose_name": "summary of reviews",
                        "verbose_name_plural": "summaries of reviews",
                        "permissions": [("hide_quote", "Can hide quotes of summaries")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("changed_at__isnull", False)),
                                fields=["changed_at"],
                                name="summary_to_make",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="HiddenQuote",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        ("digest", models.CharField(editable=False, help_text="Of the sentence.", max_length=32)),
                        ("hidden_at", models.DateTimeField(auto_now_add=True, verbose_name="hidden")),
                        (
                            "hidden_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="hidden by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "hidden quote",
                        "verbose_name_plural": "hidden quotes",
                        "constraints": [models.UniqueConstraint(fields=("review", "digest"), name="hidden_quote_once")],
                    },
                ),
                migrations.CreateModel(
                    name="SuspicionScore",
                    fields=[
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="suspicion",
                                serialize=False,
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "score",
                            models.FloatField(
                                validators=[
                                    django.core.validators.MinValueValidator(0.0),
                                    django.core.validators.MaxValueValidator(1.0),
                                ],
                                verbose_name="suspicion",
                            ),
                        ),
                        (
                            "reasons",
                            models.JSONField(
                                default=list,
                                help_text="List of code, weight and facts, the heaviest first.",
                                verbose_name="reasons",
                            ),
                        ),
                        ("rules_version", models.PositiveSmallIntegerField(verbose_name="version of the rules")),
                        ("scored_at", models.DateTimeField(verbose_name="as of")),
                        (
                            "bands",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, editable=False, size=None
                            ),
                        ),
                        ("flagged_at", models.DateTimeField(blank=True, null=True, verbose_name="suspicious since")),
                        ("genuine_at", models.DateTimeField(blank=True, null=True, verbose_name="found genuine")),
                        (
                            "genuine_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "suspicion",
                        "verbose_name_plural": "suspicions",
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(fields=["bands"], name="suspicion_bands"),
                            models.Index(
                                condition=models.Q(("flagged_at__isnull", False)),
                                fields=["-score"],
                                name="suspicion_flagged",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("score__range", (0, 1))), name="suspicion_0_to_1"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Topic",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("key", models.CharField(max_length=20, unique=True, verbose_name="key")),
                        ("language", models.CharField(max_length=10, verbose_name="language")),
                        (
                            "name",
                            models.CharField(
                                blank=True, help_text="Empty: its first words.", max_length=80, verbose_name="name"
                            ),
                        ),
                        (
                            "words",
                            models.JSONField(
                                default=list, help_text="With their weights, the heaviest first.", verbose_name="words"
                            ),
                        ),
                        ("reviews", models.PositiveIntegerField(db_default=0, default=0, verbose_name="reviews")),
                        (
                            "position",
                            models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="position"),
                        ),
                        ("archived_at", models.DateTimeField(blank=True, null=True, verbose_name="not found since")),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "topic",
                        "verbose_name_plural": "topics",
                        "ordering": ["language", "position", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewTopic",
                    fields=[
                        (
                            "review",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="topic",
                                serialize=False,
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="members",
                                to="reviews.topic",
                                verbose_name="topic",
                            ),
                        ),
                        (
                            "near",
                            models.FloatField(
                                help_text="Cosine of its words with those of the topic, 0 to 1.",
                                verbose_name="nearness",
                            ),
                        ),
                        (
                            "exemplar",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="Reviews that stand for their topic.",
                                null=True,
                                verbose_name="place among the examples",
                            ),
                        ),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "topic of a review",
                        "verbose_name_plural": "topics of reviews",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("topic__isnull", False)),
                                fields=["topic", "review"],
                                name="review_topic_of",
                            ),
                            models.Index(
                                condition=models.Q(("exemplar__isnull", False)),
                                fields=["topic", "exemplar"],
                                name="review_topic_shown",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("near__range", (0, 1))), name="review_topic_near_0_to_1"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TopicWeek",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="weeks",
                                to="reviews.topic",
                                verbose_name="topic",
                            ),
                        ),
                        (
                            "week",
                            models.DateField(help_text="Its Monday, in the hours of the shop.", verbose_name="week"),
                        ),
                        ("reviews", models.PositiveIntegerField(verbose_name="reviews")),
                        ("negative", models.PositiveIntegerField(verbose_name="negative reviews")),
                        ("of", models.PositiveIntegerField(verbose_name="reviews of its language")),
                    ],
                    options={
                        "verbose_name": "week of a topic",
                        "verbose_name_plural": "weeks of topics",
                        "ordering": ["topic", "week"],
                        "constraints": [
                            models.UniqueConstraint(fields=("topic", "week"), name="topic_week_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("negative__lte", models.F("reviews")), ("reviews__lte", models.F("of"))
                                ),
                                name="topic_week_adds_up",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewTrend",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("aspect", "complaints about an aspect"),
                                    ("sentiment", "negative reviews"),
                                    ("topic", "reviews about a topic"),
                                ],
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                help_text="Empty: the whole shop.",
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "aspect",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="reviews.aspect",
                                verbose_name="aspect",
                            ),
                        ),
                        (
                            "topic",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="trends",
                                to="reviews.topic",
                                verbose_name="topic",
                            ),
                        ),
                        ("hits", models.PositiveIntegerField(verbose_name="in the last 7 days")),
                        ("reviews", models.PositiveIntegerField(verbose_name="of so many reviews")),
                        ("hits_before", models.PositiveIntegerField(verbose_name="in the 8 weeks before")),
                        ("reviews_before", models.PositiveIntegerField(verbose_name="of so many reviews then")),
                        (
                            "leans",
                            models.SmallIntegerField(choices=[(1, "rises"), (-1, "falls")], verbose_name="direction"),
                        ),
                        (
                            "p",
                            models.FloatField(
                                help_text="p value of both sides, of this question alone.", verbose_name="chance"
                            ),
                        ),
                        (
                            "adjusted",
                            models.FloatField(
                                help_text="For all questions of the same look.", verbose_name="chance after correction"
                            ),
                        ),
                        (
                            "alarm",
                            models.FloatField(
                                help_text="Of a rise alone, corrected for all questions and the looks of a week.",
                                verbose_name="chance as an alarm",
                            ),
                        ),
                        ("looked_at", models.DateTimeField(verbose_name="looked at")),
                    ],
                    options={
                        "verbose_name": "trend of reviews",
                        "verbose_name_plural": "trends of reviews",
                        "ordering": ["p", "id"],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("kind", "product", "aspect", "topic"),
                                name="review_trend_once",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("hits__lte", models.F("reviews")), ("hits_before__lte", models.F("reviews_before"))
                                ),
                                name="review_trend_adds_up",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewVote",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(class)ss",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.customer",
                            ),
                        ),
                        (
                            "browser",
                            models.CharField(
                                blank=True,
                                editable=False,
                                help_text="A keyed digest of the visitor's id: enough to count somebody once, useless to find them.",
                                max_length=32,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                    ],
                    options={
                        "verbose_name": "helpful vote",
                        "verbose_name_plural": "helpful votes",
                        "constraints": [
                            models.UniqueConstraint(fields=("review", "customer"), name="vote_once_per_customer"),
                            models.UniqueConstraint(
                                condition=models.Q(("browser", ""), _negated=True),
                                fields=("review", "browser"),
                                name="vote_once_per_browser",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("browser", ""), ("customer__isnull", False)),
                                    models.Q(("customer__isnull", True), models.Q(("browser", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="vote_of_somebody",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewReport",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "review",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="%(class)ss",
                                to="reviews.review",
                                verbose_name="review",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.customer",
                            ),
                        ),
                        (
                            "browser",
                            models.CharField(
                                blank=True,
                                editable=False,
                                help_text="A keyed digest of the visitor's id: enough to count somebody once, useless to find them.",
                                max_length=32,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("off_topic", "not about the product"),
                                    ("advertising", "advertising or links"),
                                    ("personal_data", "personal data"),
                                    ("abusive", "abusive words"),
                                    ("not_genuine", "not a genuine experience"),
                                    ("other", "another reason"),
                                ],
                                max_length=16,
                                verbose_name="reason",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                        ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="looked at")),
                    ],
                    options={
                        "verbose_name": "complaint about a review",
                        "verbose_name_plural": "complaints about reviews",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("closed_at__isnull", True)), fields=["review"], name="report_open"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("review", "customer"), name="report_once_per_customer"),
                            models.UniqueConstraint(
                                condition=models.Q(("browser", ""), _negated=True),
                                fields=("review", "browser"),
                                name="report_once_per_browser",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("browser", ""), ("customer__isnull", False)),
                                    models.Q(("customer__isnull", True), models.Q(("browser", ""), _negated=True)),
                                    _connector="OR",
                                ),
                                name="report_of_somebody",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
