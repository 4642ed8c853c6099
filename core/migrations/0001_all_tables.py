import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import core.models.base
import core.models.experiments
import core.operations


class Migration(migrations.Migration):
    replaces = [
        ("core", "0001_initial"),
        ("core", "0002_staff_roles"),
        ("core", "0003_job_message_values"),
        ("core", "0004_job_lease"),
        ("core", "0006_alerts"),
        ("core", "0007_mail"),
        ("core", "0008_idempotency_keys"),
        ("core", "0009_webhooks"),
        ("core", "0010_exports"),
        ("core", "0011_data_requests"),
        ("core", "0012_sign_in"),
        ("core", "0013_job_worker"),
        ("core", "0017_experiments"),
        ("core", "0019_search_scope"),
        ("core", "0020_saved_views"),
        ("core", "0022_credit_hours"),
        ("core", "0024_holdout_help"),
        ("core", "0025_reviews_scope"),
        ("core", "0026_export_sources"),
        ("core", "0027_points_in_the_ledger"),
        ("core", "0028_conversations_scope"),
        ("core", "0029_html_of_mails"),
    ]

    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        TrigramExtension(),
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="ApiKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("server", "Server key"), ("publishable", "Publishable key")],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("prefix", models.CharField(editable=False, max_length=16, verbose_name="begins with")),
                        ("key_hash", models.CharField(editable=False, max_length=64, unique=True)),
                        (
                            "publishable_value",
                            models.CharField(blank=True, editable=False, max_length=80, verbose_name="key"),
                        ),
                        (
                            "scopes",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("catalogue:read", "Read products and categories"),
                                        ("catalogue:write", "Write products and stock"),
                                        ("customers:write", "Write customers"),
                                        ("orders", "Read and write orders"),
                                        ("events", "Send events"),
                                        ("recommendations", "Get recommendations"),
                                        ("tokens", "Issue customer tokens"),
                                        ("search", "Search products"),
                                        ("reviews", "Read and write reviews"),
                                        ("conversations", "Ask the assistant and the shop"),
                                    ],
                                    max_length=40,
                                ),
                                default=list,
                                size=None,
                                verbose_name="scopes",
                            ),
                        ),
                        (
                            "allowed_origins",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=200),
                                blank=True,
                                default=list,
                                help_text="Web addresses whose pages may use a publishable key, such as https://shop.example.",
                                size=None,
                                verbose_name="allowed origins",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="created by",
                            ),
                        ),
                        ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                        (
                            "revoked_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked"),
                        ),
                        (
                            "last_used_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used"),
                        ),
                    ],
                    options={
                        "verbose_name": "API key",
                        "verbose_name_plural": "API keys",
                        "ordering": ["name", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="StaffToken",
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
                            "person",
                            models.ForeignKey(
                                editable=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="tokens",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="member of staff",
                            ),
                        ),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("prefix", models.CharField(editable=False, max_length=16, verbose_name="begins with")),
                        ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                        ("expires_at", models.DateTimeField(verbose_name="expires")),
                        (
                            "revoked_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked"),
                        ),
                        (
                            "last_used_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used"),
                        ),
                    ],
                    options={
                        "verbose_name": "staff token",
                        "verbose_name_plural": "staff tokens",
                        "ordering": ["-id"],
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="StaffUser",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("password", models.CharField(max_length=128, verbose_name="password")),
                        ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                        (
                            "is_superuser",
                            models.BooleanField(
                                default=False,
                                help_text="Designates that this user has all permissions without explicitly assigning them.",
                                verbose_name="superuser status",
                            ),
                        ),
                        (
                            "username",
                            models.CharField(
                                error_messages={"unique": "A user with that username already exists."},
                                help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                                max_length=150,
                                unique=True,
                                validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                                verbose_name="username",
                            ),
                        ),
                        ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                        ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                        ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                        (
                            "is_staff",
                            models.BooleanField(
                                default=False,
                                help_text="Designates whether the user can log into this admin site.",
                                verbose_name="staff status",
                            ),
                        ),
                        (
                            "is_active",
                            models.BooleanField(
                                default=True,
                                help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                                verbose_name="active",
                            ),
                        ),
                        (
                            "date_joined",
                            models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                        ),
                        (
                            "language",
                            models.CharField(
                                blank=True,
                                choices=[("en", "English"), ("zh-hans", "简体中文")],
                                help_text="Empty: as the browser says.",
                                max_length=10,
                                verbose_name="language",
                            ),
                        ),
                        (
                            "invited_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="invited"),
                        ),
                        (
                            "joined_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="joined"),
                        ),
                        (
                            "session_generation",
                            models.PositiveIntegerField(default=0, editable=False, verbose_name="session generation"),
                        ),
                        (
                            "groups",
                            models.ManyToManyField(
                                blank=True,
                                help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.group",
                                verbose_name="groups",
                            ),
                        ),
                        (
                            "user_permissions",
                            models.ManyToManyField(
                                blank=True,
                                help_text="Specific permissions for this user.",
                                related_name="user_set",
                                related_query_name="user",
                                to="auth.permission",
                                verbose_name="user permissions",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "staff member",
                        "verbose_name_plural": "staff",
                        "permissions": [("manage_roles", "Can give and take roles")],
                        "abstract": False,
                    },
                    managers=[
                        ("objects", django.contrib.auth.models.UserManager()),
                    ],
                ),
                migrations.CreateModel(
                    name="StaffRole",
                    fields=[],
                    options={
                        "verbose_name": "role",
                        "verbose_name_plural": "roles",
                        "proxy": True,
                    },
                    bases=("auth.group",),
                    managers=[
                        ("objects", django.contrib.auth.models.GroupManager()),
                    ],
                ),
                migrations.CreateModel(
                    name="AlertRule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("key", models.CharField(max_length=60, unique=True, verbose_name="kind")),
                        ("is_on", models.BooleanField(default=True, verbose_name="on")),
                        ("threshold", models.FloatField(blank=True, null=True, verbose_name="threshold")),
                        (
                            "roles",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(
                                    choices=[
                                        ("owner", "Owner"),
                                        ("operator", "Operator"),
                                        ("developer", "Developer"),
                                        ("merchandiser", "Merchandiser"),
                                        ("analyst", "Analyst"),
                                        ("marketer", "Marketer"),
                                        ("support", "Support agent"),
                                        ("editor", "Review editor"),
                                        ("auditor", "Auditor"),
                                    ],
                                    max_length=20,
                                ),
                                blank=True,
                                default=list,
                                size=None,
                                verbose_name="roles that are told",
                            ),
                        ),
                        ("by_mail", models.BooleanField(default=True, verbose_name="also by e-mail")),
                    ],
                    options={
                        "verbose_name": "alert rule",
                        "verbose_name_plural": "alert rules",
                        "ordering": ["key"],
                    },
                ),
                migrations.CreateModel(
                    name="Alert",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("rule", models.CharField(max_length=60, verbose_name="kind")),
                        ("key", models.CharField(blank=True, max_length=120, verbose_name="about")),
                        (
                            "level",
                            models.CharField(
                                choices=[("notice", "notice"), ("warning", "warning"), ("critical", "critical")],
                                max_length=8,
                                verbose_name="level",
                            ),
                        ),
                        ("text", models.CharField(max_length=300, verbose_name="text")),
                        ("text_values", models.JSONField(blank=True, default=dict, verbose_name="values of the text")),
                        ("link", models.CharField(blank=True, max_length=300, verbose_name="link")),
                        ("count", models.PositiveIntegerField(default=1, verbose_name="times seen")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="since")),
                        ("last_seen_at", models.DateTimeField(auto_now_add=True, verbose_name="last seen")),
                        ("acknowledged_at", models.DateTimeField(blank=True, null=True, verbose_name="acknowledged")),
                        (
                            "acknowledged_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="acknowledged by",
                            ),
                        ),
                        ("mailed_at", models.DateTimeField(blank=True, null=True, verbose_name="told by e-mail")),
                        ("resolved_at", models.DateTimeField(blank=True, null=True, verbose_name="over")),
                    ],
                    options={
                        "verbose_name": "alert",
                        "verbose_name_plural": "alerts",
                        "ordering": ["-id"],
                        "indexes": [models.Index(fields=["rule", "key", "-id"], name="alert_history")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("resolved_at", None)),
                                fields=("rule", "key"),
                                name="alert_once_while_open",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Experiment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        (
                            "key",
                            models.SlugField(
                                help_text="Answers of the API carry it.", max_length=60, unique=True, verbose_name="key"
                            ),
                        ),
                        ("kind", models.CharField(max_length=40, verbose_name="what it changes")),
                        ("target", models.CharField(blank=True, max_length=60, verbose_name="where")),
                        (
                            "hypothesis",
                            models.TextField(
                                blank=True, help_text="What you expect, and why.", verbose_name="hypothesis"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("draft", "draft"),
                                    ("running", "running"),
                                    ("stopped", "stopped"),
                                    ("archived", "archived"),
                                ],
                                default="draft",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "unit",
                            models.CharField(
                                choices=[("visitor", "visitor"), ("customer", "customer")],
                                default="visitor",
                                help_text="Visitors: one browser sees one arm. Customers: only those signed in take part.",
                                max_length=10,
                                verbose_name="divided by",
                            ),
                        ),
                        (
                            "salt",
                            models.CharField(
                                default=core.models.experiments.new_salt,
                                editable=False,
                                max_length=32,
                                verbose_name="salt",
                            ),
                        ),
                        ("primary_metric", models.CharField(max_length=60, verbose_name="primary metric")),
                        (
                            "guardrails",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=60),
                                blank=True,
                                default=list,
                                help_text="Metrics that must not get worse.",
                                size=None,
                                verbose_name="guardrails",
                            ),
                        ),
                        (
                            "smallest_effect",
                            models.FloatField(
                                default=0.05,
                                help_text="As a share of what the control has: 0.05 is 5%.",
                                validators=[
                                    django.core.validators.MinValueValidator(0.001),
                                    django.core.validators.MaxValueValidator(1.0),
                                ],
                                verbose_name="smallest change that matters",
                            ),
                        ),
                        (
                            "outcome_days",
                            models.PositiveSmallIntegerField(
                                default=7,
                                help_text="What people do for this long after the first exposure counts. They join the result then.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(90),
                                ],
                                verbose_name="days counted",
                            ),
                        ),
                        (
                            "planned_people",
                            models.PositiveIntegerField(
                                default=10000,
                                help_text="All arms together. Results are sharpest around this number and hold at any other.",
                                validators=[django.core.validators.MinValueValidator(100)],
                                verbose_name="people planned",
                            ),
                        ),
                        (
                            "winsorise_at",
                            models.FloatField(
                                blank=True,
                                help_text="0.999 caps the largest one in a thousand, so that a single order cannot decide. Empty: no cap.",
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(0.9),
                                    django.core.validators.MaxValueValidator(0.9999),
                                ],
                                verbose_name="cap amounts at quantile",
                            ),
                        ),
                        (
                            "holdout_percent",
                            models.PositiveSmallIntegerField(
                                default=0, editable=False, verbose_name="holdout when started"
                            ),
                        ),
                        (
                            "replaces",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="versions",
                                to="core.experiment",
                                verbose_name="new version of",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="made by",
                            ),
                        ),
                        (
                            "started_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="started"),
                        ),
                        (
                            "stopped_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="stopped"),
                        ),
                        (
                            "decision",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("adopt", "adopt an arm"),
                                    ("keep", "keep what was"),
                                    ("open", "no decision from this"),
                                ],
                                editable=False,
                                max_length=10,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "decided_arm",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.experimentarm",
                                verbose_name="arm decided for",
                            ),
                        ),
                        (
                            "decision_reason",
                            models.CharField(blank=True, editable=False, max_length=300, verbose_name="why"),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="decided by",
                            ),
                        ),
                        (
                            "decided_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided"),
                        ),
                    ],
                    options={
                        "verbose_name": "experiment",
                        "verbose_name_plural": "experiments",
                        "ordering": ["-id"],
                        "permissions": [("run_experiment", "Can start, stop and decide experiments")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state", "running")),
                                fields=("kind", "target"),
                                name="experiment_one_running_per_target",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("state", "draft"), ("started_at__isnull", False), _connector="OR"),
                                name="experiment_started_has_a_time",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("state__in", ["draft", "running"]), ("stopped_at__isnull", False), _connector="OR"
                                ),
                                name="experiment_stopped_has_a_time",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("smallest_effect__gt", 0)), name="experiment_effect_above_zero"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("outcome_days__range", (1, 90))), name="experiment_days_1_to_90"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("holdout_percent__lte", 50)), name="experiment_holdout_at_most_half"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ExperimentArm",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "experiment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="arms",
                                to="core.experiment",
                                verbose_name="experiment",
                            ),
                        ),
                        ("key", models.SlugField(max_length=40, verbose_name="key")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        (
                            "weight",
                            models.PositiveSmallIntegerField(
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(99),
                                ],
                                verbose_name="share, %",
                            ),
                        ),
                        ("settings", models.JSONField(blank=True, default=dict, verbose_name="settings")),
                        ("is_control", models.BooleanField(default=False, verbose_name="control")),
                    ],
                    options={
                        "verbose_name": "experiment arm",
                        "verbose_name_plural": "arms",
                        "ordering": ["-is_control", "id"],
                        "constraints": [
                            models.UniqueConstraint(fields=("experiment", "key"), name="arm_key_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("is_control", True)), fields=("experiment",), name="arm_one_control"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("weight__range", (1, 99))), name="arm_weight_1_to_99"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Exposure",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "experiment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="exposures",
                                to="core.experiment",
                                verbose_name="experiment",
                            ),
                        ),
                        (
                            "arm",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.experimentarm",
                                verbose_name="arm",
                            ),
                        ),
                        ("subject", models.CharField(max_length=64, verbose_name="visitor or customer ID")),
                        ("exposed_at", models.DateTimeField(verbose_name="first exposed")),
                    ],
                    options={
                        "verbose_name": "exposure",
                        "verbose_name_plural": "exposures",
                        "indexes": [models.Index(fields=["subject"], name="exposure_of_subject")],
                        "constraints": [
                            models.UniqueConstraint(fields=("experiment", "subject"), name="exposure_once_per_subject")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ExperimentLook",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "experiment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="looks",
                                to="core.experiment",
                                verbose_name="experiment",
                            ),
                        ),
                        ("looked_at", models.DateTimeField(verbose_name="looked at")),
                        ("exposed", models.JSONField(default=dict, verbose_name="exposed per arm")),
                        ("sample_ratio_p", models.FloatField(verbose_name="p of the sample ratio")),
                        ("results", models.JSONField(default=list, verbose_name="results")),
                    ],
                    options={
                        "verbose_name": "look at an experiment",
                        "verbose_name_plural": "looks at experiments",
                        "ordering": ["-looked_at", "-id"],
                        "indexes": [models.Index(fields=["experiment", "-looked_at"], name="look_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="Export",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                            "source",
                            models.CharField(
                                help_text="Model label of the list, such as catalog.order, or name of the page.",
                                max_length=80,
                                verbose_name="list",
                            ),
                        ),
                        ("query", models.JSONField(blank=True, default=dict, verbose_name="filters")),
                        (
                            "format",
                            models.CharField(
                                choices=[("csv", "CSV"), ("xlsx", "XLSX")],
                                default="csv",
                                max_length=4,
                                verbose_name="format",
                            ),
                        ),
                        ("rows", models.BigIntegerField(blank=True, null=True, verbose_name="rows")),
                        ("bytes", models.BigIntegerField(blank=True, null=True, verbose_name="size")),
                        ("file", models.CharField(blank=True, max_length=200, verbose_name="file")),
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
                                on_delete=django.db.models.deletion.CASCADE,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="asked for by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                        ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                        ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="removed")),
                    ],
                    options={
                        "verbose_name": "export",
                        "verbose_name_plural": "exports",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="RowChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("subject", models.CharField(max_length=120, verbose_name="about")),
                        ("actor", models.CharField(max_length=60, verbose_name="by")),
                        ("before", models.JSONField(verbose_name="before")),
                        ("after", models.JSONField(verbose_name="after")),
                        ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                    ],
                    options={
                        "verbose_name": "change of a row",
                        "verbose_name_plural": "changes of rows",
                        "ordering": ["-id"],
                        "indexes": [models.Index(fields=["subject", "-id"], name="row_change_by_subject")],
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("caller", models.CharField(max_length=80)),
                        ("key", models.CharField(max_length=200)),
                        ("fingerprint", models.CharField(help_text="SHA-256 of method, path and body.", max_length=64)),
                        ("status", models.PositiveSmallIntegerField(null=True)),
                        ("headers", models.JSONField(default=dict)),
                        ("body", models.BinaryField(default=bytes)),
                        ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                    ],
                    options={
                        "verbose_name": "idempotency key",
                        "verbose_name_plural": "idempotency keys",
                        "constraints": [models.UniqueConstraint(fields=("caller", "key"), name="idempotency_key_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Job",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(db_index=True, max_length=80, verbose_name="kind")),
                        ("task", models.CharField(max_length=120, verbose_name="task")),
                        ("queue", models.CharField(max_length=16, verbose_name="queue")),
                        ("arguments", models.JSONField(blank=True, default=dict, verbose_name="arguments")),
                        (
                            "dedupe_key",
                            models.CharField(blank=True, max_length=160, null=True, verbose_name="dedupe key"),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("queued", "queued"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("failed", "failed"),
                                    ("cancelled", "cancelled"),
                                    ("quarantined", "quarantined"),
                                ],
                                db_index=True,
                                default="queued",
                                max_length=12,
                                verbose_name="state",
                            ),
                        ),
                        ("lease", models.UUIDField(blank=True, editable=False, null=True, verbose_name="lease")),
                        ("not_before", models.DateTimeField(blank=True, null=True, verbose_name="not before")),
                        (
                            "checkpoint",
                            models.JSONField(blank=True, db_default={}, default=dict, verbose_name="checkpoint"),
                        ),
                        (
                            "origin",
                            models.CharField(
                                choices=[
                                    ("person", "a person"),
                                    ("schedule", "the schedule"),
                                    ("command", "command line"),
                                    ("shop", "the shop itself"),
                                ],
                                db_default="shop",
                                default="shop",
                                max_length=8,
                                verbose_name="asked for by",
                            ),
                        ),
                        ("starts", models.PositiveSmallIntegerField(default=0, verbose_name="starts")),
                        (
                            "spared",
                            models.PositiveSmallIntegerField(
                                db_default=0, default=0, verbose_name="starts that ended with the whole worker"
                            ),
                        ),
                        ("worker", models.UUIDField(blank=True, editable=False, null=True, verbose_name="worker")),
                        ("retries", models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="retries")),
                        ("done", models.BigIntegerField(default=0, verbose_name="steps done")),
                        ("total", models.BigIntegerField(blank=True, null=True, verbose_name="steps in all")),
                        ("message", models.CharField(blank=True, max_length=300, verbose_name="message")),
                        (
                            "message_values",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="values of the message"
                            ),
                        ),
                        ("result", models.JSONField(blank=True, default=dict, verbose_name="result")),
                        ("error", models.TextField(blank=True, verbose_name="error")),
                        ("request_id", models.CharField(blank=True, max_length=40, verbose_name="request ID")),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="jobs",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="started by",
                            ),
                        ),
                        (
                            "cancel_requested_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="cancel requested"),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("published_at", models.DateTimeField(blank=True, null=True, verbose_name="sent to a worker")),
                        ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                        ("heartbeat_at", models.DateTimeField(blank=True, null=True, verbose_name="last sign of life")),
                        ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                    ],
                    options={
                        "verbose_name": "job",
                        "verbose_name_plural": "jobs",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("published_at", None), ("state", "queued")),
                                fields=["created_at"],
                                name="job_unpublished",
                            ),
                            models.Index(fields=["queue", "-id"], name="job_by_queue"),
                            models.Index(fields=["state", "-id"], name="job_by_state"),
                            models.Index(
                                condition=models.Q(("state", "running")), fields=["heartbeat_at"], name="job_running"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["queued", "running"])),
                                fields=("dedupe_key",),
                                name="job_once_while_active",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Heartbeat",
                    fields=[
                        (
                            "name",
                            models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name="name"),
                        ),
                        ("seen_at", models.DateTimeField(verbose_name="last sign of life")),
                    ],
                    options={
                        "verbose_name": "sign of life",
                        "verbose_name_plural": "signs of life",
                        "ordering": ["name"],
                    },
                ),
                migrations.CreateModel(
                    name="LedgerEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "index",
                            models.BigIntegerField(
                                editable=False, null=True, unique=True, verbose_name="place in the chain"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("price", "price"),
                                    ("stock", "stock"),
                                    ("permission", "permission"),
                                    ("model", "model activation"),
                                    ("export", "export"),
                                    ("consent", "consent"),
                                    ("rights", "personal data"),
                                    ("experiment", "experiment"),
                                    ("points", "points"),
                                    ("operation", "operation"),
                                ],
                                max_length=16,
                                verbose_name="kind",
                            ),
                        ),
                        ("subject", models.CharField(max_length=120, verbose_name="about")),
                        ("actor", models.CharField(max_length=60, verbose_name="by")),
                        (
                            "body",
                            models.TextField(
                                help_text="JSON: what stood before and what stands after.", verbose_name="details"
                            ),
                        ),
                        ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                        ("hash", models.CharField(editable=False, max_length=64, null=True, verbose_name="hash")),
                    ],
                    options={
                        "verbose_name": "ledger entry",
                        "verbose_name_plural": "ledger",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(fields=["kind", "-id"], name="ledger_by_kind"),
                            models.Index(fields=["subject", "-id"], name="ledger_by_subject"),
                            django.contrib.postgres.indexes.BrinIndex(
                                fields=["at"], name="ledger_time", pages_per_range=32
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LedgerRoot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("at", models.DateTimeField(auto_now_add=True, verbose_name="signed")),
                        ("index", models.BigIntegerField(verbose_name="place in the chain")),
                        ("hash", models.CharField(max_length=64, verbose_name="hash")),
                        ("mac", models.CharField(max_length=64, verbose_name="signature")),
                    ],
                    options={
                        "verbose_name": "signed head of the ledger",
                        "verbose_name_plural": "signed heads of the ledger",
                        "ordering": ["index", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="OutgoingMail",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=40, verbose_name="kind")),
                        ("to", models.CharField(max_length=254, verbose_name="to")),
                        ("language", models.CharField(max_length=10, verbose_name="language")),
                        ("subject", models.CharField(max_length=200, verbose_name="subject")),
                        ("text", models.TextField(blank=True, verbose_name="text")),
                        ("html", models.TextField(blank=True, db_default="", default="", verbose_name="HTML part")),
                        ("headers", models.JSONField(blank=True, db_default={}, default=dict, verbose_name="headers")),
                        ("secret", models.CharField(blank=True, max_length=500, verbose_name="link")),
                        (
                            "account",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="mails",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="account",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "waiting"),
                                    ("sending", "sending"),
                                    ("sent", "sent"),
                                    ("kept", "kept here"),
                                    ("uncertain", "perhaps sent"),
                                    ("failed", "failed"),
                                ],
                                db_index=True,
                                default="waiting",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                        ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                        ("history", models.JSONField(blank=True, default=list, verbose_name="history")),
                        ("message_id", models.CharField(max_length=120, unique=True, verbose_name="message ID")),
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
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                    ],
                    options={
                        "verbose_name": "mail",
                        "verbose_name_plural": "mail",
                        "ordering": ["-id"],
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("subject"), name="gin_trgm_ops"
                                ),
                                name="mail_subject_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("to"), name="gin_trgm_ops"
                                ),
                                name="mail_to_trgm",
                            ),
                            models.Index(fields=["kind", "-id"], name="mail_by_kind"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DataRequest",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                            "kind",
                            models.CharField(
                                choices=[("export", "copy of the data"), ("erase", "erasure")],
                                max_length=6,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "subject_model",
                            models.CharField(
                                help_text="Model label, such as catalog.customer.",
                                max_length=60,
                                verbose_name="about a",
                            ),
                        ),
                        ("subject_id", models.BigIntegerField(db_index=True, verbose_name="number")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "open"),
                                    ("running", "running"),
                                    ("done", "done"),
                                    ("refused", "refused"),
                                    ("failed", "failed"),
                                ],
                                db_index=True,
                                default="open",
                                max_length=7,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "is_approved",
                            models.BooleanField(
                                default=True,
                                help_text="Off: somebody who may carry it out has to agree first.",
                                verbose_name="approved",
                            ),
                        ),
                        ("channel", models.CharField(blank=True, max_length=20, verbose_name="came by")),
                        ("reason", models.CharField(blank=True, max_length=300, verbose_name="why refused")),
                        ("result", models.JSONField(blank=True, default=dict, verbose_name="what was done")),
                        ("file", models.CharField(blank=True, max_length=200, verbose_name="file")),
                        ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="file removed")),
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
                                verbose_name="entered by",
                            ),
                        ),
                        ("received_at", models.DateTimeField(verbose_name="received")),
                        ("due_at", models.DateTimeField(verbose_name="due")),
                        ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                    ],
                    options={
                        "verbose_name": "data request",
                        "verbose_name_plural": "data requests",
                        "ordering": ["-id"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("state__in", ["open", "running"])),
                                fields=("kind", "subject_model", "subject_id"),
                                name="data_request_once_while_open",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShopProfile",
                    fields=[
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("name", models.CharField(default="Zhanggui", max_length=120, verbose_name="name")),
                        (
                            "base_currency",
                            models.CharField(
                                default="CNY",
                                help_text="Three letters, such as CNY. Reports are in this currency.",
                                max_length=3,
                                verbose_name="base currency",
                            ),
                        ),
                        (
                            "time_zone",
                            models.CharField(
                                default="Asia/Shanghai",
                                help_text="Days in reports begin at midnight here.",
                                max_length=64,
                                verbose_name="time zone",
                            ),
                        ),
                        (
                            "week_start",
                            models.PositiveSmallIntegerField(
                                choices=[(1, "Monday"), (6, "Saturday"), (7, "Sunday")],
                                default=1,
                                verbose_name="week starts on",
                            ),
                        ),
                        (
                            "languages",
                            models.JSONField(
                                default=list,
                                help_text="Languages that customers can choose.",
                                verbose_name="shop languages",
                            ),
                        ),
                        (
                            "return_window_days",
                            models.PositiveSmallIntegerField(
                                default=30,
                                help_text="An order closes this long after delivery.",
                                verbose_name="return window (days)",
                            ),
                        ),
                        ("opening_hours", models.JSONField(blank=True, default=dict, verbose_name="opening hours")),
                        ("sender_email", models.EmailField(blank=True, max_length=254, verbose_name="sender address")),
                        (
                            "second_factor_roles",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="People in these roles enter a code from their telephone when they sign in.",
                                verbose_name="roles that need a second factor",
                            ),
                        ),
                        (
                            "holdout_percent",
                            models.PositiveSmallIntegerField(
                                db_default=5,
                                default=5,
                                help_text="This share of people sees the shop without what models decide and takes part in no experiment. So the impact page can say what all capabilities bring together.",
                                validators=[django.core.validators.MaxValueValidator(50)],
                                verbose_name="holdout (%)",
                            ),
                        ),
                        (
                            "credit_hours",
                            models.PositiveSmallIntegerField(
                                choices=[(1, "1 hour"), (24, "24 hours"), (72, "3 days"), (168, "7 days")],
                                db_default=24,
                                default=24,
                                help_text="A click or purchase later than this after a recommendation is not credited to it.",
                                verbose_name="time that counts for recommendations",
                            ),
                        ),
                        (
                            "holdout_salt",
                            models.CharField(
                                default=core.models.experiments.new_salt,
                                editable=False,
                                max_length=32,
                                verbose_name="salt of the holdout",
                            ),
                        ),
                        ("logo", models.ImageField(blank=True, upload_to="shop/", verbose_name="logo")),
                        ("is_demo", models.BooleanField(default=False, editable=False, verbose_name="demo shop")),
                    ],
                    options={
                        "verbose_name": "shop profile",
                        "verbose_name_plural": "shop profile",
                        "permissions": [("export_data", "Can export lists")],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="shop_profile_is_one"),
                            models.CheckConstraint(
                                condition=models.Q(("holdout_percent__lte", 50)), name="shop_holdout_at_most_half"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ModelVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("kind", models.CharField(max_length=60, verbose_name="kind")),
                        ("number", models.PositiveIntegerField(verbose_name="number")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("candidate", "candidate"),
                                    ("active", "live"),
                                    ("retired", "retired"),
                                    ("refused", "refused"),
                                ],
                                default="candidate",
                                max_length=10,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "folder",
                            models.CharField(
                                help_text="Below the folder of models.", max_length=200, verbose_name="folder"
                            ),
                        ),
                        ("manifest_sha256", models.CharField(max_length=64, verbose_name="checksum of the manifest")),
                        ("schema_version", models.PositiveSmallIntegerField(default=1, verbose_name="format")),
                        ("trained_from", models.DateTimeField(blank=True, null=True, verbose_name="data from")),
                        ("trained_until", models.DateTimeField(blank=True, null=True, verbose_name="data until")),
                        ("row_count", models.BigIntegerField(default=0, verbose_name="rows")),
                        ("metrics", models.JSONField(default=dict, verbose_name="metrics")),
                        ("report", models.JSONField(default=dict, verbose_name="report")),
                        ("gate", models.JSONField(default=dict, verbose_name="gate")),
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
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="trained")),
                        ("activated_at", models.DateTimeField(blank=True, null=True, verbose_name="activated")),
                        (
                            "activated_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="activated by",
                            ),
                        ),
                        ("activation_reason", models.CharField(blank=True, max_length=300, verbose_name="why")),
                    ],
                    options={
                        "verbose_name": "model version",
                        "verbose_name_plural": "model versions",
                        "ordering": ["kind", "-number"],
                        "permissions": [("activate_modelversion", "Can activate and roll back models")],
                        "constraints": [
                            models.UniqueConstraint(fields=("kind", "number"), name="model_version_number_once"),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "active")),
                                fields=("kind",),
                                name="model_one_active_per_kind",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SavedView",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "source",
                            models.CharField(
                                help_text="Model label of the list, such as catalog.order.",
                                max_length=80,
                                verbose_name="list",
                            ),
                        ),
                        ("name", models.CharField(max_length=60, verbose_name="name")),
                        (
                            "owner",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="saved_views",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="owner",
                            ),
                        ),
                        (
                            "roles",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=20),
                                blank=True,
                                default=list,
                                size=None,
                                verbose_name="shared with",
                            ),
                        ),
                        ("query", models.JSONField(blank=True, default=dict, verbose_name="filters")),
                        ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                    ],
                    options={
                        "verbose_name": "saved view",
                        "verbose_name_plural": "saved views",
                        "ordering": ["position", "id"],
                        "indexes": [models.Index(fields=["source", "position", "id"], name="saved_view_of_list")],
                        "constraints": [
                            models.UniqueConstraint(fields=("owner", "source", "name"), name="saved_view_name_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DefaultView",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "person",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="default_views",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="person",
                            ),
                        ),
                        ("source", models.CharField(max_length=80, verbose_name="list")),
                        (
                            "view",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.savedview",
                                verbose_name="saved view",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "default view",
                        "verbose_name_plural": "default views",
                        "constraints": [models.UniqueConstraint(fields=("person", "source"), name="default_view_once")],
                    },
                ),
                migrations.CreateModel(
                    name="OutboxMessage",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("event", models.CharField(db_index=True, max_length=60, verbose_name="event")),
                        ("public_id", models.UUIDField(unique=True, verbose_name="public ID")),
                        ("payload", models.JSONField(default=dict, verbose_name="content")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        (
                            "fanned_out_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="handed to the receivers"),
                        ),
                    ],
                    options={
                        "verbose_name": "outbox message",
                        "verbose_name_plural": "outbox",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("fanned_out_at", None)), fields=["id"], name="outbox_waiting"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Webhook",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name", models.CharField(max_length=80, verbose_name="name")),
                        ("url", models.URLField(max_length=500, verbose_name="address")),
                        (
                            "events",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.CharField(max_length=60),
                                default=list,
                                size=None,
                                verbose_name="events",
                            ),
                        ),
                        ("secret", models.CharField(editable=False, max_length=80, verbose_name="signing secret")),
                        (
                            "old_secret",
                            models.CharField(
                                blank=True, editable=False, max_length=80, verbose_name="signing secret before"
                            ),
                        ),
                        (
                            "old_secret_until",
                            models.DateTimeField(
                                blank=True, editable=False, null=True, verbose_name="old secret signs until"
                            ),
                        ),
                        ("is_on", models.BooleanField(default=True, verbose_name="on")),
                        (
                            "failures_in_a_row",
                            models.PositiveIntegerField(default=0, editable=False, verbose_name="failures in a row"),
                        ),
                        (
                            "paused_until",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="paused until"),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="created by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "webhook",
                        "verbose_name_plural": "webhooks",
                        "ordering": ["name", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="WebhookDelivery",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                            "webhook",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="core.webhook",
                                verbose_name="webhook",
                            ),
                        ),
                        (
                            "message",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="deliveries",
                                to="core.outboxmessage",
                                verbose_name="message",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("waiting", "waiting"), ("done", "delivered"), ("failed", "given up")],
                                db_index=True,
                                default="waiting",
                                max_length=7,
                                verbose_name="state",
                            ),
                        ),
                        ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                        ("next_attempt_at", models.DateTimeField(blank=True, null=True, verbose_name="next attempt")),
                        ("status_code", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="answer")),
                        ("duration_ms", models.PositiveIntegerField(blank=True, null=True, verbose_name="took (ms)")),
                        ("error", models.CharField(blank=True, max_length=300, verbose_name="error")),
                        (
                            "response_excerpt",
                            models.CharField(blank=True, max_length=500, verbose_name="beginning of the answer"),
                        ),
                        (
                            "log",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="Time, answer, milliseconds and error of the last 20.",
                                verbose_name="tries",
                            ),
                        ),
                        ("is_replay", models.BooleanField(default=False, verbose_name="sent again by hand")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered at")),
                    ],
                    options={
                        "verbose_name": "webhook delivery",
                        "verbose_name_plural": "webhook deliveries",
                        "ordering": ["-id"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "waiting")),
                                fields=["webhook", "next_attempt_at"],
                                name="webhook_due",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("is_replay", False)),
                                fields=("webhook", "message"),
                                name="webhook_message_once",
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
