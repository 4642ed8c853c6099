import uuid
from decimal import Decimal

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations, models

import catalog.models.base
import core.models.base
import core.operations

# Django has no words for PARTITION BY. Partitions are made by catalog.partitions before rows are written; there is
# no default partition, because a row in it would forbid making the month it belongs to.
CREATE_INTERACTION = """
CREATE TABLE catalog_interaction (
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    kind varchar(16) NOT NULL,
    value double precision NULL,
    context jsonb DEFAULT '{}'::jsonb NOT NULL,
    customer_id bigint NULL,
    product_id bigint NULL,
    visitor_id bigint NULL,
    PRIMARY KEY (event_id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX interaction_of_customer ON catalog_interaction (customer_id, occurred_at DESC);
CREATE INDEX interaction_of_visitor ON catalog_interaction (visitor_id, occurred_at DESC);
CREATE INDEX interaction_of_product ON catalog_interaction (product_id, occurred_at DESC);
CREATE INDEX interaction_by_time ON catalog_interaction USING brin (occurred_at) WITH (autosummarize = on);
CREATE INDEX interaction_after_search ON catalog_interaction (occurred_at) WHERE context ? 'search';
CREATE INDEX interaction_after_recommended ON catalog_interaction (occurred_at) WHERE context ? 'recommendation';
"""


class Migration(migrations.Migration):
    replaces = [
        ("catalog", "0001_initial"),
        ("catalog", "0002_links_and_constraints"),
        ("catalog", "0004_staff_search_indexes"),
        ("catalog", "0005_import_resume_and_undo"),
        ("catalog", "0013_lists_at_size"),
        ("catalog", "0014_search"),
        ("catalog", "0016_bulk_changes"),
        ("catalog", "0017_dead_events"),
        ("catalog", "0018_impressions"),
        ("catalog", "0019_search_log"),
        ("catalog", "0024_after_recommended"),
        ("catalog", "0025_option_translations"),
        ("catalog", "0026_order_visitor"),
        ("catalog", "0027_interaction_by_time"),
        ("catalog", "0028_small_sets_of_products"),
        ("catalog", "0029_profile_since"),
        ("catalog", "0031_found_by_rules"),
        ("catalog", "0032_variant_stock_index"),
        ("catalog", "0035_product_low_index"),
        ("catalog", "0038_product_vectors"),
        ("catalog", "0039_arriving_pictures"),
        ("catalog", "0040_customer_merges"),
    ]

    initial = True

    dependencies = [
        ("core", "0001_all_tables"),
    ]

    operations = [
        UnaccentExtension(),
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="Visitor",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=64, unique=True, verbose_name="visitor ID")),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="visitors",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "may_track",
                            models.BooleanField(db_default=True, default=True, verbose_name="tracking allowed"),
                        ),
                        ("profile_since", models.DateTimeField(blank=True, null=True, verbose_name="profile since")),
                        (
                            "first_seen_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), verbose_name="first seen"
                            ),
                        ),
                        ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                    ],
                    options={
                        "verbose_name": "visitor",
                        "verbose_name_plural": "visitors",
                    },
                ),
                migrations.CreateModel(
                    name="KeptHistory",
                    fields=[
                        ("who", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("acts", models.TextField()),
                    ],
                    options={
                        "verbose_name": "kept history",
                        "verbose_name_plural": "kept histories",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="HistoryChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("who", models.BigIntegerField(db_index=True)),
                        ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                    ],
                    options={
                        "verbose_name": "change of a history",
                        "verbose_name_plural": "changes of histories",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="DeadEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("entry", models.CharField(max_length=40, verbose_name="entry")),
                        ("place", models.PositiveIntegerField(verbose_name="place")),
                        ("payload", models.TextField(verbose_name="content")),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("unreadable", "unreadable"),
                                    ("refused", "refused by the table"),
                                    ("deadly", "ends its consumer"),
                                ],
                                max_length=16,
                                verbose_name="reason",
                            ),
                        ),
                        ("error", models.TextField(blank=True, verbose_name="error")),
                        ("attempts", models.PositiveSmallIntegerField(default=1, verbose_name="attempts")),
                        (
                            "created_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), verbose_name="set aside"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "event set aside",
                        "verbose_name_plural": "events set aside",
                        "constraints": [models.UniqueConstraint(fields=("entry", "place"), name="dead_event_once")],
                    },
                ),
                migrations.CreateModel(
                    name="BulkChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "key",
                            models.UUIDField(
                                default=uuid.uuid4, editable=False, unique=True, verbose_name="key of the form"
                            ),
                        ),
                        (
                            "operation",
                            models.CharField(
                                choices=[
                                    ("price", "price"),
                                    ("status", "status"),
                                    ("category", "category"),
                                    ("brand", "brand"),
                                    ("stock", "stock"),
                                    ("low_stock", "low-stock limit"),
                                    ("tag", "tag"),
                                    ("deleted", "deleted"),
                                ],
                                max_length=12,
                                verbose_name="what changes",
                            ),
                        ),
                        ("arguments", models.JSONField(blank=True, default=dict, verbose_name="how")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("undoing", "being undone"),
                                    ("undone", "undone"),
                                ],
                                default="waiting",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("total", models.PositiveIntegerField(default=0, verbose_name="products")),
                        ("changed", models.PositiveIntegerField(default=0, verbose_name="changed")),
                        ("same", models.PositiveIntegerField(default=0, verbose_name="as they were")),
                        ("left", models.PositiveIntegerField(default=0, verbose_name="left alone")),
                        ("put_back", models.PositiveIntegerField(default=0, verbose_name="put back")),
                        ("kept", models.PositiveIntegerField(default=0, verbose_name="changed by somebody since")),
                        (
                            "job",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to="core.job",
                                verbose_name="job",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="bulk_changes",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                        ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                        (
                            "undone_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="undone by",
                            ),
                        ),
                        ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone at")),
                        ("forgotten_at", models.DateTimeField(blank=True, null=True, verbose_name="rows removed")),
                    ],
                    options={
                        "verbose_name": "bulk change",
                        "verbose_name_plural": "bulk changes",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="BulkChangeRow",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "change",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rows",
                                to="catalog.bulkchange",
                                verbose_name="bulk change",
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
                            "state",
                            models.CharField(
                                choices=[
                                    ("todo", "waiting"),
                                    ("changed", "changed"),
                                    ("same", "as it was"),
                                    ("left", "left alone"),
                                    ("put_back", "put back"),
                                    ("kept", "changed by somebody since"),
                                ],
                                db_default="todo",
                                default="todo",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("before", models.JSONField(null=True, verbose_name="before")),
                        ("after", models.JSONField(null=True, verbose_name="after")),
                        (
                            "reason",
                            models.CharField(
                                blank=True, db_default="", default="", max_length=40, verbose_name="why it was left"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "product of a bulk change",
                        "verbose_name_plural": "products of bulk changes",
                        "indexes": [models.Index(fields=["change", "state", "product"], name="bulk_row_by_state")],
                        "constraints": [models.UniqueConstraint(fields=("change", "product"), name="bulk_row_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Customer",
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
                        ("name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                        ("phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        ("country", models.CharField(blank=True, max_length=60, verbose_name="country")),
                        ("city", models.CharField(blank=True, max_length=120, verbose_name="city")),
                        ("birthday", models.DateField(blank=True, null=True, verbose_name="birthday")),
                        (
                            "is_personalised",
                            models.BooleanField(
                                db_default=True,
                                default=True,
                                help_text="Off: this customer gets the same recommendations as everybody.",
                                verbose_name="personalisation",
                            ),
                        ),
                        (
                            "profile_since",
                            models.DateTimeField(
                                blank=True,
                                editable=False,
                                help_text="The customer had what was learned forgotten then: nothing older is used for recommendations.",
                                null=True,
                                verbose_name="profile since",
                            ),
                        ),
                        ("joined_at", models.DateTimeField(verbose_name="customer since")),
                        (
                            "erased_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased"),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merged_records",
                                to="catalog.customer",
                                verbose_name="merged into",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer",
                        "verbose_name_plural": "customers",
                        "permissions": [("view_personal_data", "Can see e-mail and phone")],
                        "indexes": [
                            models.Index(fields=["-joined_at", "-id"], name="customer_newest"),
                            models.Index(fields=["name", "joined_at", "id"], name="customer_by_name"),
                            models.Index(fields=["country", "joined_at", "id"], name="customer_by_country"),
                            models.Index(
                                condition=models.Q(("is_personalised", False)),
                                fields=["-joined_at", "-id"],
                                name="customer_not_personalised",
                            ),
                            models.Index(
                                condition=models.Q(("erased_at__isnull", False)), fields=["id"], name="customer_erased"
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                                ),
                                name="customer_name_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("email"), name="gin_trgm_ops"
                                ),
                                name="customer_email_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("external_id"), name="gin_trgm_ops"
                                ),
                                name="customer_own_id_trgm",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerTrait",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="traits",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("kind", models.CharField(max_length=40, verbose_name="kind")),
                        ("value", models.JSONField(verbose_name="value")),
                        ("reasons", models.JSONField(default=list, verbose_name="reasons")),
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer trait",
                        "verbose_name_plural": "customer traits",
                        "indexes": [models.Index(fields=["kind", "customer"], name="trait_by_kind")],
                        "constraints": [
                            models.UniqueConstraint(fields=("customer", "kind"), name="trait_once_per_kind")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportBatch",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("format", models.CharField(max_length=20, verbose_name="format")),
                        ("source", models.CharField(max_length=500, verbose_name="source")),
                        (
                            "title",
                            models.CharField(
                                blank=True,
                                help_text="What the uploaded files were called.",
                                max_length=200,
                                verbose_name="title",
                            ),
                        ),
                        (
                            "mapping",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="Per file: column of the file to column of the format.",
                                verbose_name="mapping",
                            ),
                        ),
                        (
                            "checkpoint",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="Groups of sections that are written, with their sums.",
                                verbose_name="checkpoint",
                            ),
                        ),
                        ("is_dry_run", models.BooleanField(default=False, verbose_name="dry run")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "waiting"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("undoing", "being undone"),
                                    ("undone", "undone"),
                                ],
                                default="waiting",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "report",
                            models.JSONField(
                                default=dict,
                                help_text="Per section: rows read, new, changed, same, refused, and the rules applied.",
                                verbose_name="report",
                            ),
                        ),
                        ("error", models.TextField(blank=True, verbose_name="error")),
                        ("refused_file", models.CharField(blank=True, max_length=300, verbose_name="refused rows")),
                        (
                            "job",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to="core.job",
                                verbose_name="job",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="started by",
                            ),
                        ),
                        ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone at")),
                        (
                            "undone_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="undone by",
                            ),
                        ),
                        ("started_at", models.DateTimeField(auto_now_add=True, verbose_name="started")),
                        ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                    ],
                    options={
                        "verbose_name": "import batch",
                        "verbose_name_plural": "import batches",
                        "ordering": ["-id"],
                        "permissions": [("undo_importbatch", "Can undo imports")],
                    },
                ),
                migrations.CreateModel(
                    name="ImportChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="changes",
                                to="catalog.importbatch",
                                verbose_name="import batch",
                            ),
                        ),
                        ("table_name", models.CharField(max_length=60, verbose_name="table")),
                        ("row_id", models.BigIntegerField(verbose_name="row")),
                        (
                            "before",
                            models.JSONField(
                                help_text="Empty: the import made the row.", null=True, verbose_name="before"
                            ),
                        ),
                        (
                            "after",
                            models.BigIntegerField(
                                help_text="Empty: the import removed the row.",
                                null=True,
                                verbose_name="hash afterwards",
                            ),
                        ),
                        (
                            "person",
                            models.BigIntegerField(
                                help_text="Whom the row before is about, so that it goes when they are erased.",
                                null=True,
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                blank=True, db_default="", default="", max_length=20, verbose_name="what became of it"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "change of an import",
                        "verbose_name_plural": "changes of imports",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("person__isnull", False)),
                                fields=["person"],
                                name="import_change_of_person",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("table_name", "row_id", "batch"), name="import_change_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ImportedEvents",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="catalog.importbatch",
                                verbose_name="import batch",
                            ),
                        ),
                        ("since", models.DateTimeField(verbose_name="first")),
                        ("until", models.DateTimeField(verbose_name="last")),
                        (
                            "event_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.UUIDField(), size=None, verbose_name="event IDs"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "events of an import",
                        "verbose_name_plural": "events of imports",
                    },
                ),
                migrations.CreateModel(
                    name="CustomerMerge",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "kept",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="merges",
                                to="catalog.customer",
                                verbose_name="kept",
                            ),
                        ),
                        (
                            "gone",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="left_by",
                                to="catalog.customer",
                                verbose_name="merged",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("merged", "merged"), ("undone", "taken back"), ("final", "merged for good")],
                                default="merged",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        ("before", models.JSONField(default=dict)),
                        ("became", models.JSONField(default=dict)),
                        ("kept_fingerprint", models.CharField(blank=True, max_length=64)),
                        ("gone_fingerprint", models.CharField(blank=True, max_length=64)),
                        (
                            "is_exact",
                            models.BooleanField(
                                help_text="After an undo: whether all rows of both are as they were.", null=True
                            ),
                        ),
                        ("merged_at", models.DateTimeField(verbose_name="merged at")),
                        ("undo_until", models.DateTimeField(verbose_name="can be taken back until")),
                        (
                            "merged_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("undone_at", models.DateTimeField(null=True, verbose_name="taken back")),
                        (
                            "undone_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "merge of customers",
                        "verbose_name_plural": "merges of customers",
                        "permissions": [("merge_customers", "Can merge customers")],
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "merged")), fields=["undo_until"], name="merge_ending"
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("kept", models.F("gone")), _negated=True), name="merge_of_two"
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "undone"), _negated=True),
                                fields=("gone",),
                                name="merged_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerMergeRows",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "merge",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rows",
                                to="catalog.customermerge",
                            ),
                        ),
                        ("link", models.CharField(help_text="app.Model.field", max_length=120)),
                        ("kind", models.CharField(choices=[("moved", "Moved"), ("aside", "Aside")], max_length=5)),
                        ("content", models.JSONField()),
                    ],
                    options={
                        "verbose_name": "rows of a merge",
                        "verbose_name_plural": "rows of merges",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Order",
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
                        ("number", models.CharField(max_length=80, unique=True, verbose_name="number")),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="orders",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "visitor",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                editable=False,
                                help_text="The browser in which it was placed.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="orders",
                                to="catalog.visitor",
                                verbose_name="visitor",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[
                                    ("draft", "draft"),
                                    ("placed", "placed"),
                                    ("paid", "paid"),
                                    ("partly_shipped", "partly shipped"),
                                    ("shipped", "shipped"),
                                    ("delivered", "delivered"),
                                    ("closed", "closed"),
                                    ("cancelled", "cancelled"),
                                ],
                                default="placed",
                                max_length=16,
                                verbose_name="status",
                            ),
                        ),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        (
                            "base_rate",
                            models.DecimalField(
                                db_default=Decimal("1"),
                                decimal_places=8,
                                default=Decimal("1"),
                                max_digits=18,
                                verbose_name="rate to the base currency",
                            ),
                        ),
                        (
                            "lines_total",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="products",
                            ),
                        ),
                        (
                            "shipping",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="shipping",
                            ),
                        ),
                        (
                            "discount",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="discount",
                            ),
                        ),
                        (
                            "total",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="total",
                            ),
                        ),
                        (
                            "paid_total",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="paid",
                            ),
                        ),
                        (
                            "refunded_total",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="refunded",
                            ),
                        ),
                        ("channel", models.CharField(blank=True, max_length=40, verbose_name="channel")),
                        ("country", models.CharField(blank=True, max_length=60, verbose_name="country")),
                        ("placed_at", models.DateTimeField(verbose_name="placed")),
                        ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid at")),
                    ],
                    options={
                        "verbose_name": "order",
                        "verbose_name_plural": "orders",
                        "permissions": [("refund_order", "Can refund orders")],
                        "indexes": [
                            models.Index(fields=["-placed_at", "-id"], name="order_newest"),
                            models.Index(fields=["customer", "-placed_at"], name="order_of_customer"),
                            models.Index(
                                condition=models.Q(("visitor__isnull", False)),
                                fields=["visitor"],
                                name="order_of_visitor",
                            ),
                            models.Index(fields=["paid_at"], name="order_paid_at"),
                            models.Index(fields=["status", "placed_at", "id"], name="order_by_status"),
                            models.Index(fields=["total", "placed_at", "id"], name="order_by_total"),
                            models.Index(fields=["country", "placed_at", "id"], name="order_by_country"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("number"), name="gin_trgm_ops"
                                ),
                                name="order_number_trgm",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("total__gte", 0)), name="order_total_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    (
                                        "total",
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                models.F("lines_total"), "+", models.F("shipping")
                                            ),
                                            "-",
                                            models.F("discount"),
                                        ),
                                    )
                                ),
                                name="order_total_adds_up",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("refunded_total__lte", models.F("paid_total"))),
                                name="order_refund_within_paid",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OrderLine",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="lines",
                                to="catalog.order",
                                verbose_name="order",
                            ),
                        ),
                        ("line", models.PositiveIntegerField(verbose_name="line")),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="order_lines",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="order_lines",
                                to="catalog.variant",
                                verbose_name="variant",
                            ),
                        ),
                        ("sku", models.CharField(max_length=80, verbose_name="SKU")),
                        ("name", models.CharField(blank=True, max_length=300, verbose_name="name")),
                        ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                        (
                            "unit_price",
                            core.models.base.MoneyField(decimal_places=4, max_digits=18, verbose_name="unit price"),
                        ),
                        (
                            "discount",
                            core.models.base.MoneyField(
                                db_default=Decimal("0"),
                                decimal_places=4,
                                default=Decimal("0"),
                                max_digits=18,
                                verbose_name="discount",
                            ),
                        ),
                        (
                            "refunded_quantity",
                            models.PositiveIntegerField(db_default=0, default=0, verbose_name="returned"),
                        ),
                    ],
                    options={
                        "verbose_name": "order line",
                        "verbose_name_plural": "order lines",
                        "ordering": ["line"],
                        "constraints": [
                            models.UniqueConstraint(fields=("order", "line"), name="order_line_once"),
                            models.CheckConstraint(
                                condition=models.Q(("quantity__gt", 0)), name="order_line_quantity_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("unit_price__gte", 0)), name="order_line_price_not_negative"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("refunded_quantity__lte", models.F("quantity"))),
                                name="order_line_returned_within_bought",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OrderEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="events",
                                to="catalog.order",
                                verbose_name="order",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("placed", "placed"),
                                    ("paid", "paid"),
                                    ("shipped", "shipped"),
                                    ("delivered", "delivered"),
                                    ("cancelled", "cancelled"),
                                    ("refunded", "refunded"),
                                    ("closed", "closed"),
                                    ("note", "note"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("occurred_at", models.DateTimeField(verbose_name="time")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                        ("details", models.JSONField(blank=True, db_default={}, default=dict, verbose_name="details")),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "order event",
                        "verbose_name_plural": "order events",
                        "ordering": ["occurred_at", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="Payment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="payments",
                                to="catalog.order",
                                verbose_name="order",
                            ),
                        ),
                        (
                            "external_id",
                            models.CharField(
                                blank=True, max_length=120, null=True, unique=True, verbose_name="shop's own ID"
                            ),
                        ),
                        ("amount", core.models.base.MoneyField(decimal_places=4, max_digits=18, verbose_name="amount")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        ("method", models.CharField(blank=True, max_length=40, verbose_name="method")),
                        ("paid_at", models.DateTimeField(verbose_name="paid at")),
                    ],
                    options={
                        "verbose_name": "payment",
                        "verbose_name_plural": "payments",
                        "ordering": ["paid_at", "id"],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="payment_positive")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Refund",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="refunds",
                                to="catalog.order",
                                verbose_name="order",
                            ),
                        ),
                        (
                            "order_line",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="refunds",
                                to="catalog.orderline",
                                verbose_name="order line",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="refunds",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="refunds",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "external_id",
                            models.CharField(
                                blank=True, max_length=120, null=True, unique=True, verbose_name="shop's own ID"
                            ),
                        ),
                        ("quantity", models.PositiveIntegerField(db_default=0, default=0, verbose_name="quantity")),
                        ("amount", core.models.base.MoneyField(decimal_places=4, max_digits=18, verbose_name="amount")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        ("refunded_at", models.DateTimeField(verbose_name="refunded at")),
                    ],
                    options={
                        "verbose_name": "refund",
                        "verbose_name_plural": "refunds",
                        "ordering": ["refunded_at", "id"],
                        "indexes": [models.Index(fields=["refunded_at"], name="refund_time")],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("amount__gte", 0)), name="refund_not_negative")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Category",
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
                        ("path", models.CharField(max_length=255, unique=True)),
                        ("depth", models.PositiveIntegerField()),
                        ("numchild", models.PositiveIntegerField(default=0)),
                        ("name", models.CharField(max_length=300, verbose_name="name")),
                        (
                            "name_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="name in other languages"
                            ),
                        ),
                        ("position", models.PositiveIntegerField(db_default=0, default=0, verbose_name="position")),
                    ],
                    options={
                        "verbose_name": "category",
                        "verbose_name_plural": "categories",
                    },
                ),
                migrations.CreateModel(
                    name="Brand",
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
                        ("name", models.CharField(max_length=300, verbose_name="name")),
                        (
                            "name_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="name in other languages"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "brand",
                        "verbose_name_plural": "brands",
                        "ordering": ["name"],
                        "constraints": [models.UniqueConstraint(fields=("name",), name="brand_name_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Product",
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
                        ("name", models.CharField(max_length=300, verbose_name="name")),
                        (
                            "name_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="name in other languages"
                            ),
                        ),
                        ("description", models.TextField(blank=True, db_default="", verbose_name="description")),
                        (
                            "description_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="description in other languages"
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="products",
                                to="catalog.category",
                                verbose_name="category",
                            ),
                        ),
                        (
                            "brand",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="products",
                                to="catalog.brand",
                                verbose_name="brand",
                            ),
                        ),
                        (
                            "price",
                            core.models.base.MoneyField(
                                decimal_places=4,
                                help_text="In the shop's base currency.",
                                max_digits=18,
                                verbose_name="price",
                            ),
                        ),
                        (
                            "status",
                            models.CharField(
                                choices=[("live", "live"), ("hidden", "hidden"), ("draft", "draft")],
                                default="draft",
                                max_length=8,
                                verbose_name="status",
                            ),
                        ),
                        (
                            "attributes",
                            models.JSONField(blank=True, db_default={}, default=dict, verbose_name="attributes"),
                        ),
                        (
                            "low_stock_at",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="So many pieces or fewer count as low stock. Empty: the shop's limit.",
                                null=True,
                                verbose_name="low from",
                            ),
                        ),
                        (
                            "is_in_stock",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                editable=False,
                                help_text="Kept by the database from the stock of the variants.",
                                verbose_name="in stock",
                            ),
                        ),
                        (
                            "is_low",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                editable=False,
                                help_text="Kept by the database from the stock of the variants and the limit.",
                                verbose_name="low in stock",
                            ),
                        ),
                        ("published_at", models.DateTimeField(blank=True, null=True, verbose_name="published")),
                        (
                            "deleted_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="deleted"),
                        ),
                    ],
                    options={
                        "verbose_name": "product",
                        "verbose_name_plural": "products",
                        "indexes": [
                            models.Index(fields=["category", "-id"], name="product_by_category"),
                            models.Index(
                                condition=models.Q(("deleted_at", None), ("status", "live")),
                                fields=["-id"],
                                name="product_live",
                            ),
                            models.Index(
                                condition=models.Q(("deleted_at", None), ("is_in_stock", False), ("status", "live")),
                                fields=["-id"],
                                name="product_sold_out",
                            ),
                            models.Index(
                                condition=models.Q(("deleted_at__isnull", False)),
                                fields=["-id"],
                                name="product_deleted",
                            ),
                            models.Index(
                                condition=models.Q(("deleted_at", None), ("is_low", True), ("status", "live")),
                                fields=["-id"],
                                name="product_low",
                            ),
                            models.Index(fields=["name", "id"], name="product_by_name"),
                            models.Index(fields=["price", "id"], name="product_by_price"),
                            models.Index(fields=["status", "id"], name="product_by_status"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("name"), name="gin_trgm_ops"
                                ),
                                name="product_name_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper(
                                        catalog.models.base.TranslatedValues("name_translations")
                                    ),
                                    name="gin_trgm_ops",
                                ),
                                name="product_names_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("external_id"), name="gin_trgm_ops"
                                ),
                                name="product_own_id_trgm",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("price__gte", 0)), name="product_price_not_negative"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Variant",
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
                                related_name="variants",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        ("sku", models.CharField(max_length=80, unique=True, verbose_name="SKU")),
                        ("options", models.JSONField(blank=True, db_default={}, default=dict, verbose_name="options")),
                        (
                            "options_translations",
                            models.JSONField(
                                blank=True,
                                db_default={},
                                default=dict,
                                help_text='Such as {"zh-hans": {"尺码": "M"}}.',
                                verbose_name="options in other languages",
                            ),
                        ),
                        (
                            "price",
                            core.models.base.MoneyField(
                                blank=True,
                                decimal_places=4,
                                help_text="Empty: the price of the product.",
                                max_digits=18,
                                null=True,
                                verbose_name="price",
                            ),
                        ),
                        (
                            "track_stock",
                            models.BooleanField(
                                db_default=True,
                                default=True,
                                help_text="Off: always available, such as a voucher.",
                                verbose_name="count stock",
                            ),
                        ),
                        ("stock", models.IntegerField(db_default=0, default=0, verbose_name="stock")),
                        ("barcode", models.CharField(blank=True, db_default="", max_length=40, verbose_name="barcode")),
                    ],
                    options={
                        "verbose_name": "variant",
                        "verbose_name_plural": "variants",
                        "ordering": ["id"],
                        "indexes": [
                            models.Index(fields=["product"], include=("stock", "track_stock"), name="variant_stock"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("sku"), name="gin_trgm_ops"
                                ),
                                name="variant_sku_trgm",
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("stock__gte", 0)), name="variant_stock_not_negative"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProductImage",
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
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="images",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "file",
                            models.ImageField(
                                height_field="height",
                                upload_to="products/",
                                verbose_name="picture",
                                width_field="width",
                            ),
                        ),
                        ("width", models.PositiveIntegerField(default=0, editable=False, verbose_name="width")),
                        ("height", models.PositiveIntegerField(default=0, editable=False, verbose_name="height")),
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
                            "source_name",
                            models.CharField(
                                blank=True, max_length=1000, verbose_name="name of the file or address sent"
                            ),
                        ),
                        ("content_sha256", models.CharField(blank=True, db_index=True, editable=False, max_length=64)),
                        (
                            "alt",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="description for people who cannot see it"
                            ),
                        ),
                        ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                    ],
                    options={
                        "verbose_name": "product image",
                        "verbose_name_plural": "product images",
                        "ordering": ["position", "id"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("source_name", ""), _negated=True),
                                fields=("product", "source_name"),
                                name="image_source_once_per_product",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ArrivingPicture",
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
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="arriving_pictures",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        ("address", models.CharField(blank=True, max_length=1000, verbose_name="address")),
                        ("host", models.CharField(blank=True, editable=False, max_length=260, verbose_name="host")),
                        (
                            "staged",
                            models.CharField(blank=True, editable=False, max_length=100, verbose_name="file sent"),
                        ),
                        ("name", models.CharField(blank=True, max_length=300, verbose_name="name of the file sent")),
                        (
                            "alt",
                            models.CharField(
                                blank=True, max_length=300, verbose_name="description for people who cannot see it"
                            ),
                        ),
                        (
                            "position",
                            models.PositiveIntegerField(
                                blank=True, help_text="Empty: at the end.", null=True, verbose_name="position"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("waiting", "waiting"), ("failed", "failed")],
                                default="waiting",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "reason",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="Why the last try did not work.",
                                verbose_name="reason",
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                        (
                            "next_attempt_at",
                            models.DateTimeField(default=django.utils.timezone.now, verbose_name="next try"),
                        ),
                        (
                            "batch",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="arriving_pictures",
                                to="catalog.importbatch",
                                verbose_name="import batch",
                            ),
                        ),
                        ("file", models.CharField(blank=True, max_length=200, verbose_name="file of the import")),
                        ("line", models.PositiveIntegerField(blank=True, null=True, verbose_name="line")),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="asked for by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "arriving picture",
                        "verbose_name_plural": "arriving pictures",
                        "ordering": ["id"],
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "waiting")),
                                fields=["next_attempt_at", "id"],
                                name="arriving_due",
                            )
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("address", ""), models.Q(("staged", ""), _negated=True)),
                                    models.Q(models.Q(("address", ""), _negated=True), ("staged", "")),
                                    _connector="OR",
                                ),
                                name="arriving_from_one_place",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("address", ""), _negated=True),
                                fields=("product", "address"),
                                name="arriving_address_once_per_product",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RemovedPicture",
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
                        ("kept", models.JSONField(help_text="Columns of the row.", verbose_name="as it was")),
                        ("file", models.CharField(db_index=True, max_length=200, verbose_name="file")),
                        ("removed_at", models.DateTimeField(db_index=True, verbose_name="removed")),
                        (
                            "removed_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="removed by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "removed picture",
                        "verbose_name_plural": "removed pictures",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="ProductTag",
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
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tags",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                help_text="Such as colour, pattern or style.", max_length=40, verbose_name="kind"
                            ),
                        ),
                        ("value", models.CharField(max_length=80, verbose_name="value")),
                        (
                            "value_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="value in other languages"
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                choices=[("staff", "staff"), ("import", "import"), ("model", "model")],
                                default="staff",
                                max_length=8,
                                verbose_name="source",
                            ),
                        ),
                        ("confidence", models.FloatField(blank=True, null=True, verbose_name="confidence")),
                        (
                            "model_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "product tag",
                        "verbose_name_plural": "product tags",
                        "indexes": [models.Index(fields=["kind", "value", "product"], name="tag_by_value")],
                        "constraints": [
                            models.UniqueConstraint(fields=("product", "kind", "value"), name="tag_once_per_product")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchDocument",
                    fields=[
                        (
                            "product",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                primary_key=True,
                                related_name="search_document",
                                serialize=False,
                                to="catalog.product",
                            ),
                        ),
                        ("is_shown", models.BooleanField(db_default=False, default=False)),
                        ("is_in_stock", models.BooleanField(db_default=False, default=False)),
                        (
                            "price",
                            core.models.base.MoneyField(db_default=0, decimal_places=4, default=0, max_digits=18),
                        ),
                        ("category_id", models.BigIntegerField(null=True)),
                        ("brand_id", models.BigIntegerField(null=True)),
                        ("published_at", models.DateTimeField(null=True)),
                        ("popularity", models.FloatField(db_default=0, default=0)),
                        ("tokens", django.contrib.postgres.search.SearchVectorField(null=True)),
                        ("fields", models.TextField(db_default="", default="")),
                        ("indexed_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "verbose_name": "search document",
                        "verbose_name_plural": "search documents",
                        "default_permissions": (),
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                fastupdate=False, fields=["tokens"], name="search_tokens"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("product_id", models.BigIntegerField(db_index=True)),
                    ],
                    options={
                        "verbose_name": "change for search",
                        "verbose_name_plural": "changes for search",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="SearchTerm",
                    fields=[
                        ("term", models.CharField(max_length=60, primary_key=True, serialize=False)),
                        ("token", models.CharField(max_length=60)),
                        ("is_word", models.BooleanField(default=False)),
                        ("is_han", models.BooleanField(default=False)),
                        ("products", models.PositiveIntegerField(db_default=0, default=0)),
                        ("strong", models.PositiveIntegerField(db_default=0, default=0)),
                    ],
                    options={
                        "verbose_name": "search term",
                        "verbose_name_plural": "search terms",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["token"], name="search_term_token"),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(models.F("term"), name="gin_trgm_ops"),
                                condition=models.Q(("is_word", True)),
                                name="search_term_trgm",
                            ),
                            models.Index(
                                django.contrib.postgres.indexes.OpClass(models.F("term"), name="varchar_pattern_ops"),
                                condition=models.Q(("is_word", True)),
                                name="search_term_prefix",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SearchSynonym",
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
                            "language",
                            models.CharField(
                                blank=True,
                                choices=[("", "every language"), ("en", "English"), ("zh-hans", "Chinese")],
                                default="",
                                help_text="Of the words, for your overview. Searches find them in every language.",
                                max_length=10,
                                verbose_name="language",
                            ),
                        ),
                        (
                            "direction",
                            models.CharField(
                                choices=[
                                    ("both", "all of them mean the same"),
                                    ("one_way", "the first finds the others too"),
                                ],
                                default="both",
                                max_length=8,
                                verbose_name="direction",
                            ),
                        ),
                        (
                            "words",
                            models.TextField(
                                help_text="One word or phrase on each line, at least two.", verbose_name="words"
                            ),
                        ),
                        ("is_active", models.BooleanField(db_default=True, default=True, verbose_name="in use")),
                    ],
                    options={
                        "verbose_name": "synonym",
                        "verbose_name_plural": "synonyms",
                        "ordering": ["id"],
                    },
                ),
                migrations.CreateModel(
                    name="SearchQuery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.UUIDField(unique=True)),
                        ("text", models.CharField(max_length=200, verbose_name="query")),
                        ("normalised", models.CharField(max_length=200, verbose_name="query in normal form")),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        ("results", models.PositiveIntegerField(verbose_name="products found")),
                        ("matched", models.CharField(max_length=4)),
                        ("filters", models.JSONField(db_default={}, default=dict, verbose_name="filters")),
                        ("searched_at", models.DateTimeField(verbose_name="time")),
                        (
                            "visitor",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.visitor",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.customer",
                            ),
                        ),
                        (
                            "refined_from",
                            models.ForeignKey(
                                blank=True,
                                db_constraint=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.searchquery",
                                verbose_name="search before",
                            ),
                        ),
                        ("clicked_at", models.DateTimeField(null=True, verbose_name="clicked")),
                        (
                            "clicked_product",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.product",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "search",
                        "verbose_name_plural": "searches",
                        "default_permissions": ("view",),
                        "indexes": [
                            models.Index(fields=["-searched_at"], name="search_by_time"),
                            models.Index(fields=["visitor", "-searched_at"], name="search_of_visitor"),
                            models.Index(fields=["customer", "-searched_at"], name="search_of_customer"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StockMovement",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "variant",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="movements",
                                to="catalog.variant",
                                verbose_name="variant",
                            ),
                        ),
                        ("delta", models.IntegerField(verbose_name="change")),
                        ("balance", models.IntegerField(verbose_name="stock afterwards")),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("count", "counted"),
                                    ("receipt", "received"),
                                    ("sale", "sold"),
                                    ("return", "returned"),
                                    ("cancel", "order cancelled"),
                                    ("correction", "corrected"),
                                    ("import", "imported"),
                                ],
                                max_length=12,
                                verbose_name="reason",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                        (
                            "order",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to="catalog.order",
                                verbose_name="order",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="time")),
                    ],
                    options={
                        "verbose_name": "stock movement",
                        "verbose_name_plural": "stock movements",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["reason", "id"], name="movement_by_reason"),
                            django.contrib.postgres.indexes.BrinIndex(
                                fields=["created_at"], name="movement_time", pages_per_range=32
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("delta", 0), _negated=True), name="stock_movement_moves"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("balance__gte", 0)), name="stock_balance_not_negative"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ProductVector",
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
                                related_name="vectors",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("image", "what its photos look like")],
                                default="image",
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("vector", models.BinaryField(verbose_name="vector")),
                        ("dimensions", models.PositiveSmallIntegerField(verbose_name="dimensions")),
                        (
                            "sources",
                            models.PositiveIntegerField(
                                default=1, help_text="Photos whose mean this is.", verbose_name="sources"
                            ),
                        ),
                        (
                            "model_version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        ("computed_at", models.DateTimeField(verbose_name="computed")),
                    ],
                    options={
                        "verbose_name": "vector of a product",
                        "verbose_name_plural": "vectors of products",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["kind", "-computed_at"], name="vector_newest")],
                        "constraints": [
                            models.UniqueConstraint(fields=("product", "kind"), name="vector_once_per_product"),
                            models.CheckConstraint(
                                condition=models.Q(("dimensions__gte", 1), ("dimensions__lte", 4096)),
                                name="vector_dimensions",
                            ),
                        ],
                    },
                ),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    sql=CREATE_INTERACTION,
                    reverse_sql="DROP TABLE catalog_interaction",
                ),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Interaction",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "event_id", "occurred_at", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("event_id", models.UUIDField(default=uuid.uuid4, verbose_name="event ID")),
                        ("occurred_at", models.DateTimeField(verbose_name="time")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("view", "view"),
                                    ("search", "search"),
                                    ("favourite", "favourite"),
                                    ("cart", "added to cart"),
                                    ("remove_from_cart", "removed from cart"),
                                    ("purchase", "purchase"),
                                    ("rating", "rating"),
                                    ("impression", "saw a list"),
                                ],
                                max_length=16,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.product",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.customer",
                            ),
                        ),
                        (
                            "visitor",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="catalog.visitor",
                            ),
                        ),
                        (
                            "value",
                            models.FloatField(
                                help_text="Stars of a rating, pieces of a purchase.", null=True, verbose_name="value"
                            ),
                        ),
                        ("context", models.JSONField(db_default={}, default=dict, verbose_name="context")),
                    ],
                    options={
                        "verbose_name": "interaction",
                        "verbose_name_plural": "interactions",
                        "indexes": [
                            models.Index(fields=["customer", "-occurred_at"], name="interaction_of_customer"),
                            models.Index(fields=["visitor", "-occurred_at"], name="interaction_of_visitor"),
                            models.Index(fields=["product", "-occurred_at"], name="interaction_of_product"),
                            django.contrib.postgres.indexes.BrinIndex(
                                autosummarize=True, fields=["occurred_at"], name="interaction_by_time"
                            ),
                            models.Index(
                                condition=models.Q(("context__has_key", "search")),
                                fields=["occurred_at"],
                                name="interaction_after_search",
                            ),
                            models.Index(
                                condition=models.Q(("context__has_key", "recommendation")),
                                fields=["occurred_at"],
                                name="interaction_after_recommended",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
