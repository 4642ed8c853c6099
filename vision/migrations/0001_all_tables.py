import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.operations


class Migration(migrations.Migration):
    replaces = [
        ("vision", "0001_photos"),
        ("vision", "0002_image_vectors"),
        ("vision", "0003_labels"),
        ("vision", "0005_removed_pictures_move"),
        ("vision", "0006_removed_pictures_leave"),
        ("vision", "0007_training"),
    ]

    initial = True

    dependencies = [
        ("catalog", "0001_all_tables"),
    ]

    operations = [
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="ImageAnalysis",
                    fields=[
                        (
                            "image",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="analysis",
                                serialize=False,
                                to="catalog.productimage",
                                verbose_name="picture",
                            ),
                        ),
                        ("content_sha256", models.CharField(blank=True, editable=False, max_length=64)),
                        ("method", models.PositiveSmallIntegerField(default=1, editable=False)),
                        ("analysed_at", models.DateTimeField(verbose_name="looked at")),
                        (
                            "short_side",
                            models.PositiveIntegerField(help_text="Pixels.", null=True, verbose_name="shorter side"),
                        ),
                        (
                            "sharpness",
                            models.FloatField(help_text="0 (blurred) to 1.", null=True, verbose_name="sharpness"),
                        ),
                        (
                            "lightness",
                            models.FloatField(
                                help_text="Of what is shown, 0 to 1.", null=True, verbose_name="lightness"
                            ),
                        ),
                        (
                            "contrast",
                            models.FloatField(
                                help_text="Of the whole picture, 0 to 1.", null=True, verbose_name="contrast"
                            ),
                        ),
                        (
                            "evenness",
                            models.FloatField(
                                help_text="Share of the edge that has one colour, 0 to 1.",
                                null=True,
                                verbose_name="evenness of the ground",
                            ),
                        ),
                        ("has_white_ground", models.BooleanField(default=False, verbose_name="white ground")),
                        (
                            "subject_share",
                            models.FloatField(
                                help_text="Of the picture, 0 to 1; 1 where the ground cannot be told.",
                                null=True,
                                verbose_name="share of the product",
                            ),
                        ),
                        (
                            "issues",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("unreadable", "cannot be read"),
                                        ("small", "too small"),
                                        ("blurred", "blurred"),
                                        ("dark", "too dark"),
                                        ("bright", "overexposed"),
                                        ("dull", "hardly any contrast"),
                                        ("busy", "restless ground"),
                                        ("tiny_subject", "product very small"),
                                        ("cut_off", "product cut off"),
                                    ],
                                    max_length=16,
                                ),
                                default=list,
                                size=None,
                                verbose_name="faults",
                            ),
                        ),
                        (
                            "colours",
                            models.JSONField(
                                default=list,
                                help_text="Name, share and shade of each, the largest first.",
                                verbose_name="colours",
                            ),
                        ),
                        (
                            "main_colour",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("black", "black"),
                                    ("grey", "grey"),
                                    ("white", "white"),
                                    ("beige", "beige"),
                                    ("brown", "brown"),
                                    ("red", "red"),
                                    ("orange", "orange"),
                                    ("yellow", "yellow"),
                                    ("green", "green"),
                                    ("olive", "olive"),
                                    ("teal", "teal"),
                                    ("blue", "blue"),
                                    ("navy", "navy"),
                                    ("purple", "purple"),
                                    ("pink", "pink"),
                                    ("magenta", "magenta"),
                                ],
                                max_length=10,
                                verbose_name="main colour",
                            ),
                        ),
                        ("fingerprint", models.BigIntegerField(editable=False, null=True)),
                        ("look", models.BinaryField(null=True)),
                        ("is_flat", models.BooleanField(default=False, editable=False)),
                        (
                            "duplicate_group",
                            models.BigIntegerField(
                                editable=False,
                                help_text="The smallest number of a picture among those that look the same.",
                                null=True,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "photo",
                        "verbose_name_plural": "photos",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["-analysed_at", "-image"], name="analysis_newest"),
                            models.Index(fields=["main_colour", "-image"], name="analysis_colour"),
                            models.Index(
                                condition=models.Q(("duplicate_group__isnull", False)),
                                fields=["duplicate_group", "image"],
                                name="analysis_doubled",
                            ),
                            django.contrib.postgres.indexes.GinIndex(fields=["issues"], name="analysis_issues"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("fingerprint__isnull", True), ("look__isnull", True)),
                                    models.Q(("fingerprint__isnull", False), ("look__isnull", False)),
                                    _connector="OR",
                                ),
                                name="analysis_fingerprint_whole",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("duplicate_group__isnull", True),
                                    ("duplicate_group__lte", models.F("image")),
                                    _connector="OR",
                                ),
                                name="analysis_group_begins_before",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DuplicatePair",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "one",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.productimage",
                                verbose_name="first picture",
                            ),
                        ),
                        (
                            "other",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.productimage",
                                verbose_name="second picture",
                            ),
                        ),
                        (
                            "bits",
                            models.PositiveSmallIntegerField(
                                help_text="Of the 64 of the fingerprint.", verbose_name="bits apart"
                            ),
                        ),
                        (
                            "apart",
                            models.FloatField(
                                help_text="Mean of the small pictures, of 255.", verbose_name="difference"
                            ),
                        ),
                        ("is_mirrored", models.BooleanField(default=False, verbose_name="mirrored")),
                        ("is_exact", models.BooleanField(default=False, verbose_name="the same file")),
                        ("found_at", models.DateTimeField(verbose_name="found")),
                        ("kept_at", models.DateTimeField(blank=True, null=True, verbose_name="both kept")),
                    ],
                    options={
                        "verbose_name": "pair of duplicates",
                        "verbose_name_plural": "pairs of duplicates",
                        "permissions": [("decide_duplicates", "Can tell duplicates apart and remove them")],
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("one", "other"), name="duplicate_pair_once"),
                            models.CheckConstraint(
                                condition=models.Q(("one__lt", models.F("other"))), name="duplicate_pair_in_order"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NotDuplicates",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("one_sha256", models.CharField(editable=False, max_length=64)),
                        ("other_sha256", models.CharField(editable=False, max_length=64)),
                        ("decided_at", models.DateTimeField(verbose_name="decided")),
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
                    ],
                    options={
                        "verbose_name": "pictures that are no duplicates",
                        "verbose_name_plural": "pictures that are no duplicates",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("one_sha256", "other_sha256"), name="not_duplicates_once"),
                            models.CheckConstraint(
                                condition=models.Q(("one_sha256__lte", models.F("other_sha256"))),
                                name="not_duplicates_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LabelSet",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name_en", models.CharField(max_length=80, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=80, verbose_name="name in Chinese")),
                        ("position", models.PositiveIntegerField(db_default=0, default=0, verbose_name="position")),
                        ("is_active", models.BooleanField(db_default=True, default=True, verbose_name="in use")),
                        (
                            "key",
                            models.CharField(
                                help_text="Small letters, digits, hyphens. Tags, search and the API know it by this; it stays as it is.",
                                max_length=40,
                                unique=True,
                                validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_-]*\\Z")],
                                verbose_name="key",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("category", "categories of the catalogue"),
                                    ("colour", "colours"),
                                    ("attribute", "attributes"),
                                ],
                                default="attribute",
                                editable=False,
                                max_length=10,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "is_multiple",
                            models.BooleanField(
                                default=True,
                                help_text="A product may have several of these labels.",
                                verbose_name="several at once",
                            ),
                        ),
                        (
                            "is_automatic",
                            models.BooleanField(
                                default=True,
                                help_text="Sure suggestions become tags without a person. Off: somebody looks at each.",
                                verbose_name="tags by itself",
                            ),
                        ),
                        (
                            "apply_precision",
                            models.FloatField(
                                default=0.95,
                                help_text="So many of the tags given without a person must be right.",
                                validators=[
                                    django.core.validators.MinValueValidator(0.5),
                                    django.core.validators.MaxValueValidator(0.999),
                                ],
                                verbose_name="right when applied",
                            ),
                        ),
                        (
                            "suggest_precision",
                            models.FloatField(
                                default=0.7,
                                help_text="So many of the suggestions shown to staff must be right.",
                                validators=[
                                    django.core.validators.MinValueValidator(0.5),
                                    django.core.validators.MaxValueValidator(0.999),
                                ],
                                verbose_name="right when suggested",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "label set",
                        "verbose_name_plural": "label sets",
                        "ordering": ["position", "id"],
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("apply_precision__gte", models.F("suggest_precision"))),
                                name="label_set_applies_what_it_is_surer_of",
                                violation_error_message="What is applied must be at least as sure as what is suggested.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Label",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name_en", models.CharField(max_length=80, verbose_name="name in English")),
                        ("name_zh", models.CharField(max_length=80, verbose_name="name in Chinese")),
                        ("position", models.PositiveIntegerField(db_default=0, default=0, verbose_name="position")),
                        ("is_active", models.BooleanField(db_default=True, default=True, verbose_name="in use")),
                        (
                            "label_set",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="labels",
                                to="vision.labelset",
                                verbose_name="label set",
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                help_text="Small letters, digits, hyphens. Models know the label by this; it stays as it is.",
                                max_length=60,
                                validators=[django.core.validators.RegexValidator("^[a-z0-9][a-z0-9_-]*\\Z")],
                                verbose_name="key",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.category",
                                verbose_name="category",
                            ),
                        ),
                        (
                            "parent",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="children",
                                to="vision.label",
                                verbose_name="label above",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "label",
                        "verbose_name_plural": "labels",
                        "ordering": ["label_set__position", "label_set", "position", "id"],
                        "default_permissions": ("view", "add", "change"),
                        "constraints": [
                            models.UniqueConstraint(fields=("label_set", "key"), name="label_once_per_set"),
                            models.UniqueConstraint(fields=("category",), name="label_once_per_category"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TagSuggestion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tag_suggestions",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "image",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.productimage",
                                verbose_name="photo",
                            ),
                        ),
                        (
                            "label",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="suggestions",
                                to="vision.label",
                                verbose_name="label",
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[("colours", "colours of the photo"), ("network", "trained model")],
                                max_length=8,
                                verbose_name="read by",
                            ),
                        ),
                        ("confidence", models.FloatField(verbose_name="confidence")),
                        (
                            "reasons",
                            models.JSONField(
                                default=list, help_text="Figures by which it was found.", verbose_name="reasons"
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
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("pending", "to review"),
                                    ("applied", "applied"),
                                    ("accepted", "accepted"),
                                    ("rejected", "rejected"),
                                    ("withdrawn", "withdrawn"),
                                ],
                                default="pending",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "is_audit",
                            models.BooleanField(
                                default=False,
                                help_text="Was applied without a person and is looked at afterwards.",
                                verbose_name="in the sample",
                            ),
                        ),
                        (
                            "priority",
                            models.FloatField(
                                default=0.0,
                                help_text="How unsure it is, times how often the product is seen.",
                                verbose_name="urgency",
                            ),
                        ),
                        ("made_at", models.DateTimeField(verbose_name="made")),
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
                    ],
                    options={
                        "verbose_name": "suggested tag",
                        "verbose_name_plural": "suggested tags",
                        "permissions": [("review_tags", "Can accept and reject suggested tags and label photos")],
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "pending")),
                                fields=["label", "-priority", "-id"],
                                name="suggestion_queue_of_label",
                            ),
                            models.Index(
                                condition=models.Q(("state", "pending")),
                                fields=["-priority", "-id"],
                                name="suggestion_queue",
                            ),
                            models.Index(
                                condition=models.Q(("decided_at", None), ("is_audit", True)),
                                fields=["-made_at"],
                                name="suggestion_audit_open",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["pending", "applied"])),
                                fields=("product", "label"),
                                name="suggestion_open_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("confidence__range", (0, 1))),
                                name="suggestion_confidence_is_a_chance",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReviewDecision",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "image",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.productimage",
                                verbose_name="photo",
                            ),
                        ),
                        ("content_sha256", models.CharField(blank=True, editable=False, max_length=64)),
                        (
                            "label",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="decisions",
                                to="vision.label",
                                verbose_name="label",
                            ),
                        ),
                        ("is_right", models.BooleanField(verbose_name="shows it")),
                        (
                            "came_from",
                            models.CharField(
                                choices=[
                                    ("queue", "suggested tags"),
                                    ("labelling", "labelling"),
                                    ("audit", "sample of applied tags"),
                                    ("errors", "probable label errors"),
                                    ("product", "page of the product"),
                                ],
                                max_length=10,
                                verbose_name="decided on",
                            ),
                        ),
                        (
                            "suggestion",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="decisions",
                                to="vision.tagsuggestion",
                                verbose_name="suggestion",
                            ),
                        ),
                        ("undo", models.JSONField(default=dict, editable=False)),
                        ("decided_at", models.DateTimeField(verbose_name="decided")),
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
                    ],
                    options={
                        "verbose_name": "decision about a label",
                        "verbose_name_plural": "decisions about labels",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["label", "content_sha256"], name="decision_of_content"),
                            models.Index(fields=["-decided_at"], name="decision_newest"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="VisionSettings",
                    fields=[
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "architecture",
                            models.CharField(
                                choices=[
                                    ("product", "residual network, about 1.2 million weights"),
                                    ("plain", "plain network, for comparison"),
                                ],
                                default="product",
                                max_length=20,
                                verbose_name="architecture",
                            ),
                        ),
                        (
                            "cpu_seconds",
                            models.PositiveIntegerField(
                                default=300,
                                help_text="Seconds of the processor, of all its cores together.",
                                validators=[
                                    django.core.validators.MinValueValidator(20),
                                    django.core.validators.MaxValueValidator(3600),
                                ],
                                verbose_name="time for a training",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "settings of learning from photos",
                        "verbose_name_plural": "settings of learning from photos",
                        "default_permissions": ("change",),
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="vision_settings_once"),
                            models.CheckConstraint(
                                condition=models.Q(("cpu_seconds__range", (20, 3600))),
                                name="vision_settings_seconds_in_range",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImageReading",
                    fields=[
                        (
                            "image",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="reading",
                                serialize=False,
                                to="catalog.productimage",
                                verbose_name="picture",
                            ),
                        ),
                        ("content_sha256", models.CharField(blank=True, editable=False, max_length=64)),
                        (
                            "model_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        (
                            "category",
                            models.CharField(
                                blank=True,
                                help_text="Public id of a category; empty: it cannot be read.",
                                max_length=60,
                                verbose_name="read as",
                            ),
                        ),
                        ("confidence", models.FloatField(default=0.0, verbose_name="confidence")),
                        ("read_at", models.DateTimeField(verbose_name="read")),
                    ],
                    options={
                        "verbose_name": "reading of a photo",
                        "verbose_name_plural": "readings of photos",
                        "default_permissions": ("view",),
                    },
                ),
                migrations.CreateModel(
                    name="ImageVector",
                    fields=[
                        (
                            "image",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="image_vector",
                                serialize=False,
                                to="catalog.productimage",
                                verbose_name="picture",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        ("vector", models.BinaryField(verbose_name="vector")),
                        ("content_sha256", models.CharField(blank=True, editable=False, max_length=64)),
                        ("computed_at", models.DateTimeField(verbose_name="computed")),
                    ],
                    options={
                        "verbose_name": "vector of a picture",
                        "verbose_name_plural": "vectors of pictures",
                        "default_permissions": (),
                    },
                ),
            ],
        ),
    ]
