from decimal import Decimal

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
        ("crm", "0001_loyalty"),
        ("crm", "0004_duplicate_customers"),
        ("crm", "0005_assistant"),
        ("crm", "0006_people"),
        ("crm", "0007_no_question_that_nobody_asks"),
        ("crm", "0008_first_answers_are_named"),
        ("crm", "0009_care"),
        ("crm", "0010_customers_are_asked_by_mail"),
        ("crm", "0011_tickets_have_a_number_of_their_own"),
        ("crm", "0012_service_strategies"),
        ("crm", "0013_values_of_fields_in_lists"),
    ]

    initial = True

    dependencies = [
        ("reviews", "0001_all_tables"),
    ]

    operations = [
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="LookupTry",
                    fields=[
                        ("subject", models.CharField(max_length=64, primary_key=True, serialize=False)),
                        ("failures", models.PositiveIntegerField(default=0)),
                        ("since", models.DateTimeField(verbose_name="since")),
                    ],
                    options={
                        "verbose_name": "tries to look up an order",
                        "verbose_name_plural": "tries to look up orders",
                        "indexes": [models.Index(fields=["since"], name="lookup_try_since")],
                    },
                ),
                migrations.CreateModel(
                    name="AnswerProposal",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("language", models.CharField(max_length=2, verbose_name="language")),
                        ("message_ids", models.JSONField(default=list)),
                        (
                            "reply",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.message",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "open"),
                                    ("accepted", "draft made"),
                                    ("refused", "not worth an article"),
                                ],
                                default="open",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "article",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="reviews.article",
                            ),
                        ),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True)),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name": "proposed article",
                        "verbose_name_plural": "proposed articles",
                        "indexes": [models.Index(fields=["state", "language"], name="proposal_by_state")],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyProgramme",
                    fields=[
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "is_on",
                            models.BooleanField(
                                default=False,
                                help_text="Customers earn points with what they pay from now on. Off: nobody earns or redeems; points stay.",
                                verbose_name="switched on",
                            ),
                        ),
                        (
                            "started_at",
                            models.DateTimeField(
                                blank=True,
                                editable=False,
                                help_text="Orders paid earlier earn only when staff grant them.",
                                null=True,
                                verbose_name="running since",
                            ),
                        ),
                        (
                            "points_per_unit",
                            models.DecimalField(
                                decimal_places=4,
                                default=Decimal("1"),
                                help_text="For what products cost after discounts, without shipping.",
                                max_digits=10,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("0")),
                                    django.core.validators.MaxValueValidator(Decimal("10000")),
                                ],
                                verbose_name="points per unit of the base currency",
                            ),
                        ),
                        (
                            "rounding",
                            models.CharField(
                                choices=[
                                    ("down", "down"),
                                    ("nearest", "to the nearest point, a half up"),
                                    ("up", "up"),
                                ],
                                default="down",
                                help_text="Once for each order, after all multipliers.",
                                max_length=8,
                                verbose_name="rounding",
                            ),
                        ),
                        (
                            "undelivered_days",
                            models.PositiveSmallIntegerField(
                                default=60,
                                help_text="Points become final when the return window after delivery ends (shop profile). Where nobody reports the delivery, so many days after payment instead.",
                                validators=[django.core.validators.MaxValueValidator(730)],
                                verbose_name="days without a delivery report",
                            ),
                        ),
                        (
                            "expiry_months",
                            models.PositiveSmallIntegerField(
                                default=12,
                                help_text="From the day on which they become final; they end with that day of the month. 0: for ever.",
                                validators=[django.core.validators.MaxValueValidator(120)],
                                verbose_name="valid for (months)",
                            ),
                        ),
                        (
                            "least_redeemed",
                            models.PositiveIntegerField(
                                default=100,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000000000),
                                ],
                                verbose_name="fewest points to redeem",
                            ),
                        ),
                        (
                            "point_value",
                            core.models.base.MoneyField(
                                decimal_places=4,
                                default=Decimal("0.01"),
                                help_text="In the base currency: what a point takes off an order, and what the report counts it as.",
                                max_digits=18,
                                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                                verbose_name="value of a point",
                            ),
                        ),
                        (
                            "code_days",
                            models.PositiveSmallIntegerField(
                                default=30,
                                help_text="A code that nobody used by then ends, and its points go back.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(730),
                                ],
                                verbose_name="codes are valid for (days)",
                            ),
                        ),
                        (
                            "tier_basis",
                            models.CharField(
                                choices=[("points", "points earned with orders"), ("spend", "money spent")],
                                default="spend",
                                help_text="Of the last 12 months, without what was returned.",
                                max_length=8,
                                verbose_name="levels are reached by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "loyalty programme",
                        "verbose_name_plural": "loyalty programme",
                        "permissions": [("grant_past", "Can grant points for past orders")],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="loyalty_programme_is_one"),
                            models.CheckConstraint(
                                condition=models.Q(("point_value__gte", 0), ("points_per_unit__gte", 0)),
                                name="loyalty_programme_not_negative",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("is_on", False), ("started_at__isnull", False), _connector="OR"),
                                name="loyalty_programme_knows_its_start",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyTier",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name_en", models.CharField(blank=True, max_length=60, verbose_name="name in English")),
                        ("name_zh", models.CharField(blank=True, max_length=60, verbose_name="name in Chinese")),
                        (
                            "threshold",
                            models.PositiveIntegerField(
                                help_text="Points or money in 12 months, as the programme says.",
                                unique=True,
                                validators=[django.core.validators.MaxValueValidator(1000000000)],
                                verbose_name="from",
                            ),
                        ),
                        (
                            "multiplier",
                            models.DecimalField(
                                decimal_places=2,
                                default=Decimal("1"),
                                help_text="Orders earn so many times as much.",
                                max_digits=5,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("1")),
                                    django.core.validators.MaxValueValidator(Decimal("100")),
                                ],
                                verbose_name="multiplier",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "level",
                        "verbose_name_plural": "levels",
                        "ordering": ["threshold"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("multiplier__gte", 1)), name="loyalty_tier_multiplies"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EarnRule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name_en", models.CharField(blank=True, max_length=80, verbose_name="name in English")),
                        ("name_zh", models.CharField(blank=True, max_length=80, verbose_name="name in Chinese")),
                        (
                            "trigger",
                            models.CharField(
                                choices=[
                                    ("order", "order paid"),
                                    ("sign_up", "new customer"),
                                    ("review", "review published"),
                                    ("birthday", "birthday"),
                                ],
                                max_length=8,
                                verbose_name="when",
                            ),
                        ),
                        ("is_on", models.BooleanField(default=True, verbose_name="switched on")),
                        (
                            "points",
                            models.PositiveIntegerField(
                                default=0,
                                validators=[django.core.validators.MaxValueValidator(1000000)],
                                verbose_name="points",
                            ),
                        ),
                        (
                            "multiplier",
                            models.DecimalField(
                                decimal_places=2,
                                default=Decimal("1"),
                                help_text="Only for orders: products earn so many times as much.",
                                max_digits=5,
                                validators=[
                                    django.core.validators.MinValueValidator(Decimal("1")),
                                    django.core.validators.MaxValueValidator(Decimal("100")),
                                ],
                                verbose_name="multiplier",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                help_text="Only for orders: products of it and of what lies below it. Empty: all products.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.category",
                                verbose_name="category",
                            ),
                        ),
                        (
                            "has_category",
                            models.BooleanField(
                                default=False,
                                editable=False,
                                help_text="So that a rule whose category was deleted does not mean everything.",
                            ),
                        ),
                        ("starts_on", models.DateField(blank=True, null=True, verbose_name="from day")),
                        ("ends_on", models.DateField(blank=True, null=True, verbose_name="to day")),
                    ],
                    options={
                        "verbose_name": "earning rule",
                        "verbose_name_plural": "earning rules",
                        "ordering": ["trigger", "id"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("multiplier__gte", 1)), name="earn_rule_multiplies"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("starts_on__isnull", True),
                                    ("ends_on__isnull", True),
                                    ("starts_on__lte", models.F("ends_on")),
                                    _connector="OR",
                                ),
                                name="earn_rule_ends_after_start",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Reward",
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
                        ("name_en", models.CharField(blank=True, max_length=80, verbose_name="name in English")),
                        ("name_zh", models.CharField(blank=True, max_length=80, verbose_name="name in Chinese")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("amount", "amount off"),
                                    ("shipping", "free shipping"),
                                    ("product", "product for free"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "cost",
                            models.PositiveIntegerField(
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000000000),
                                ],
                                verbose_name="points needed",
                            ),
                        ),
                        (
                            "amount",
                            core.models.base.MoneyField(
                                blank=True,
                                decimal_places=4,
                                help_text="In the base currency; only for an amount off.",
                                max_digits=18,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(Decimal("0.01"))],
                                verbose_name="amount",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                help_text="Only for a product for free.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        ("is_on", models.BooleanField(default=True, verbose_name="switched on")),
                        (
                            "stock",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Empty: as many as customers want.",
                                null=True,
                                verbose_name="pieces left",
                            ),
                        ),
                        ("starts_on", models.DateField(blank=True, null=True, verbose_name="from day")),
                        ("ends_on", models.DateField(blank=True, null=True, verbose_name="to day")),
                    ],
                    options={
                        "verbose_name": "reward",
                        "verbose_name_plural": "rewards",
                        "ordering": ["cost", "id"],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("cost__gt", 0)), name="reward_costs_something"),
                            models.CheckConstraint(
                                condition=models.Q(("amount__isnull", True), ("amount__gt", 0), _connector="OR"),
                                name="reward_amount_positive",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("starts_on__isnull", True),
                                    ("ends_on__isnull", True),
                                    ("starts_on__lte", models.F("ends_on")),
                                    _connector="OR",
                                ),
                                name="reward_ends_after_start",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CareProgramme",
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
                            "trigger",
                            models.CharField(
                                choices=[
                                    ("welcome", "new customer"),
                                    ("post_purchase", "after a purchase"),
                                    ("birthday", "birthday"),
                                    ("win_back", "no order for a while"),
                                    ("bad_review", "bad review"),
                                    ("late_order", "late order"),
                                ],
                                max_length=13,
                                verbose_name="when",
                            ),
                        ),
                        (
                            "wait_days",
                            models.PositiveSmallIntegerField(
                                default=0,
                                help_text="After it happened. For “no order for a while” and “late order”: days without an order, or since payment without anything sent.",
                                validators=[django.core.validators.MaxValueValidator(730)],
                                verbose_name="wait, days",
                            ),
                        ),
                        (
                            "reach_days",
                            models.PositiveSmallIntegerField(
                                default=3,
                                help_text="Somebody whose time came longer ago is left alone, also when the programme is switched on.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(60),
                                ],
                                verbose_name="counts for, days",
                            ),
                        ),
                        ("conditions", models.JSONField(blank=True, default=dict, verbose_name="only for")),
                        (
                            "action",
                            models.CharField(
                                choices=[
                                    ("points", "give points"),
                                    ("worklist", "put on a worklist"),
                                    ("ticket", "open a ticket"),
                                    ("message", "send a message"),
                                ],
                                max_length=8,
                                verbose_name="what happens",
                            ),
                        ),
                        (
                            "points",
                            models.PositiveIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000000000),
                                ],
                                verbose_name="points",
                            ),
                        ),
                        (
                            "template_public_id",
                            models.CharField(blank=True, max_length=40, verbose_name="message template"),
                        ),
                        (
                            "instructions",
                            models.TextField(
                                blank=True,
                                help_text="Read by whoever gets the ticket or the worklist.",
                                max_length=2000,
                                verbose_name="what to do",
                            ),
                        ),
                        (
                            "control_percent",
                            models.PositiveSmallIntegerField(
                                default=20,
                                help_text="Drawn by chance, gets nothing: only so can be said what the programme brings. 0: not measured.",
                                validators=[django.core.validators.MaxValueValidator(50)],
                                verbose_name="control group, %",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[("off", "off"), ("on", "on"), ("paused", "paused")],
                                default="off",
                                editable=False,
                                max_length=6,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "switched_on_at",
                            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="on since"),
                        ),
                        ("last_run_at", models.DateTimeField(blank=True, editable=False, null=True)),
                        (
                            "experiment",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.experiment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "care programme",
                        "verbose_name_plural": "care programmes",
                        "ordering": ["name", "id"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("control_percent__lte", 50)), name="care_control_is_half_at_most"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("action", "points"), _negated=True), ("points__gt", 0), _connector="OR"
                                ),
                                name="care_points_are_given",
                                violation_error_message="Say how many points.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CareEnrolment",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="enrolments",
                                to="crm.careprogramme",
                                verbose_name="care programme",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="care_enrolments",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("occasion", models.CharField(max_length=60)),
                        ("occurred_at", models.DateTimeField(verbose_name="happened")),
                        ("enrolled_at", models.DateTimeField(verbose_name="enrolled")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "under way"),
                                    ("done", "done"),
                                    ("control", "control group"),
                                    ("skipped", "not needed any more"),
                                    ("failed", "failed"),
                                ],
                                default="waiting",
                                max_length=7,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "action",
                            models.CharField(
                                choices=[
                                    ("points", "give points"),
                                    ("worklist", "put on a worklist"),
                                    ("ticket", "open a ticket"),
                                    ("message", "send a message"),
                                ],
                                max_length=8,
                                verbose_name="what happens",
                            ),
                        ),
                        ("why", models.JSONField(blank=True, default=dict)),
                        ("result", models.JSONField(blank=True, default=dict)),
                        ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
                    ],
                    options={
                        "verbose_name": "care received",
                        "verbose_name_plural": "care received",
                        "ordering": ["-enrolled_at", "-id"],
                        "indexes": [
                            models.Index(fields=["programme", "-enrolled_at", "-id"], name="care_log"),
                            models.Index(fields=["customer", "-enrolled_at"], name="care_of_customer"),
                            models.Index(
                                condition=models.Q(("state", "waiting")),
                                fields=["programme", "id"],
                                name="care_under_way",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("programme", "customer", "occasion"), name="care_once_for_an_occasion"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="NextStepOutcome",
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
                                related_name="next_steps",
                                to="catalog.customer",
                            ),
                        ),
                        ("step", models.CharField(max_length=20)),
                        ("occasion", models.CharField(max_length=60)),
                        (
                            "outcome",
                            models.CharField(
                                choices=[("done", "done"), ("dismissed", "not wanted")],
                                max_length=9,
                                verbose_name="outcome",
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        (
                            "by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "outcome of a next step",
                        "verbose_name_plural": "outcomes of next steps",
                        "permissions": [("record_next_step", "Can say what came of a next step")],
                        "default_permissions": (),
                        "indexes": [
                            models.Index(models.OrderBy(models.F("at"), descending=True), name="next_step_newest")
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("customer", "step", "occasion"), name="next_step_once_for_an_occasion"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="BusinessHours",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                    ],
                    options={
                        "verbose_name": "business hours",
                        "verbose_name_plural": "business hours",
                    },
                ),
                migrations.CreateModel(
                    name="BusinessPeriod",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "hours",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="periods",
                                to="crm.businesshours",
                            ),
                        ),
                        (
                            "weekday",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (1, "Monday"),
                                    (2, "Tuesday"),
                                    (3, "Wednesday"),
                                    (4, "Thursday"),
                                    (5, "Friday"),
                                    (6, "Saturday"),
                                    (7, "Sunday"),
                                ],
                                verbose_name="weekday",
                            ),
                        ),
                        ("opens", models.TimeField(verbose_name="opens")),
                        (
                            "closes",
                            models.TimeField(
                                help_text="00:00 is midnight at the end of the day.", verbose_name="closes"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "opening period",
                        "verbose_name_plural": "opening periods",
                        "ordering": ["weekday", "opens"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("opens__lt", models.F("closes")), ("closes", "00:00"), _connector="OR"
                                ),
                                name="business_period_goes_forward",
                                violation_error_message="It closes before it opens.",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Holiday",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "hours",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="holidays",
                                to="crm.businesshours",
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("name", models.CharField(blank=True, max_length=80, verbose_name="name")),
                        (
                            "opens",
                            models.TimeField(
                                blank=True, help_text="Empty: closed all day.", null=True, verbose_name="opens"
                            ),
                        ),
                        ("closes", models.TimeField(blank=True, null=True, verbose_name="closes")),
                    ],
                    options={
                        "verbose_name": "holiday",
                        "verbose_name_plural": "holidays",
                        "ordering": ["day"],
                        "constraints": [
                            models.UniqueConstraint(fields=("hours", "day"), name="holiday_once"),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("closes", None), ("opens", None)),
                                    ("opens__lt", models.F("closes")),
                                    models.Q(("closes", "00:00"), ("opens__isnull", False)),
                                    _connector="OR",
                                ),
                                name="holiday_goes_forward",
                                violation_error_message="It closes before it opens.",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SlaPolicy",
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
                        ("is_on", models.BooleanField(default=True, verbose_name="switched on")),
                        (
                            "position",
                            models.PositiveSmallIntegerField(
                                default=100, help_text="Smaller is asked first.", verbose_name="position"
                            ),
                        ),
                        (
                            "channels",
                            models.JSONField(
                                blank=True, default=list, help_text="Empty: all.", verbose_name="channels"
                            ),
                        ),
                        (
                            "skills",
                            models.JSONField(blank=True, default=list, help_text="Empty: all.", verbose_name="skills"),
                        ),
                        (
                            "hours",
                            models.ForeignKey(
                                blank=True,
                                help_text="Clocks run only then. Empty: around the clock.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="policies",
                                to="crm.businesshours",
                                verbose_name="business hours",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "response target",
                        "verbose_name_plural": "response targets",
                        "ordering": ["position", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="SlaTarget",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "policy",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="targets", to="crm.slapolicy"
                            ),
                        ),
                        (
                            "priority",
                            models.CharField(
                                choices=[("low", "low"), ("normal", "normal"), ("high", "high"), ("urgent", "urgent")],
                                max_length=6,
                                verbose_name="priority",
                            ),
                        ),
                        (
                            "first_response",
                            models.PositiveIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(129600),
                                ],
                                verbose_name="first answer (minutes)",
                            ),
                        ),
                        (
                            "next_response",
                            models.PositiveIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(129600),
                                ],
                                verbose_name="next answer (minutes)",
                            ),
                        ),
                        (
                            "resolution",
                            models.PositiveIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(129600),
                                ],
                                verbose_name="solution (minutes)",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "target",
                        "verbose_name_plural": "targets",
                        "constraints": [models.UniqueConstraint(fields=("policy", "priority"), name="sla_target_once")],
                    },
                ),
                migrations.CreateModel(
                    name="Team",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                        ("is_on", models.BooleanField(default=True, verbose_name="switched on")),
                        (
                            "skills",
                            models.JSONField(
                                blank=True,
                                default=list,
                                help_text="One word each, such as refunds.",
                                verbose_name="skills",
                            ),
                        ),
                        (
                            "languages",
                            models.JSONField(
                                blank=True, default=list, help_text="Empty: all.", verbose_name="languages"
                            ),
                        ),
                        (
                            "members",
                            models.ManyToManyField(
                                related_name="teams", through="crm.TeamMember", to=settings.AUTH_USER_MODEL
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "team",
                        "verbose_name_plural": "teams",
                        "ordering": ["name"],
                    },
                ),
                migrations.CreateModel(
                    name="TeamMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="memberships", to="crm.team"
                            ),
                        ),
                        (
                            "staff",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="team_memberships",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="member",
                            ),
                        ),
                        ("is_available", models.BooleanField(default=True, verbose_name="gets new tickets")),
                        (
                            "capacity",
                            models.PositiveSmallIntegerField(
                                default=20,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1000),
                                ],
                                verbose_name="open tickets at most",
                            ),
                        ),
                        ("last_assigned_at", models.DateTimeField(blank=True, editable=False, null=True)),
                    ],
                    options={
                        "verbose_name": "member",
                        "verbose_name_plural": "members",
                        "constraints": [models.UniqueConstraint(fields=("team", "staff"), name="team_member_once")],
                    },
                ),
                migrations.CreateModel(
                    name="CannedReply",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("title", models.CharField(max_length=80, verbose_name="title")),
                        ("text_en", models.TextField(blank=True, max_length=4000, verbose_name="text in English")),
                        ("text_zh", models.TextField(blank=True, max_length=4000, verbose_name="text in Chinese")),
                        (
                            "shortcut",
                            models.SlugField(
                                help_text="Typed after / in a reply.",
                                max_length=40,
                                unique=True,
                                verbose_name="shortcut",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "canned reply",
                        "verbose_name_plural": "canned replies",
                        "ordering": ["title"],
                    },
                ),
                migrations.CreateModel(
                    name="Macro",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("title", models.CharField(max_length=80, verbose_name="title")),
                        ("text_en", models.TextField(blank=True, max_length=4000, verbose_name="text in English")),
                        ("text_zh", models.TextField(blank=True, max_length=4000, verbose_name="text in Chinese")),
                        ("is_on", models.BooleanField(default=True, verbose_name="switched on")),
                        (
                            "state",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("open", "open"),
                                    ("pending", "waits for the customer"),
                                    ("resolved", "resolved"),
                                ],
                                max_length=8,
                                verbose_name="set state to",
                            ),
                        ),
                        (
                            "priority",
                            models.CharField(
                                blank=True,
                                choices=[("low", "low"), ("normal", "normal"), ("high", "high"), ("urgent", "urgent")],
                                max_length=6,
                                verbose_name="set priority to",
                            ),
                        ),
                        ("add_tags", models.JSONField(blank=True, default=list, verbose_name="add tags")),
                        (
                            "team",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.team",
                                verbose_name="hand to team",
                            ),
                        ),
                        ("to_me", models.BooleanField(default=False, verbose_name="assign to whoever uses it")),
                    ],
                    options={
                        "verbose_name": "macro",
                        "verbose_name_plural": "macros",
                        "ordering": ["title"],
                    },
                ),
                migrations.CreateModel(
                    name="DeskSettings",
                    fields=[
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "hours",
                            models.ForeignKey(
                                blank=True,
                                help_text="What customers read when they ask for a person. Empty: around the clock.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.businesshours",
                                verbose_name="opening hours",
                            ),
                        ),
                        (
                            "tickets_from_reviews",
                            models.BooleanField(
                                default=False,
                                help_text="When an unhappy customer with an order gives three stars or fewer.",
                                verbose_name="open a ticket for a bad review",
                            ),
                        ),
                        (
                            "warn_minutes",
                            models.PositiveSmallIntegerField(
                                default=30,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(1440),
                                ],
                                verbose_name="warn before a target is missed (minutes)",
                            ),
                        ),
                        (
                            "close_days",
                            models.PositiveSmallIntegerField(
                                default=7,
                                help_text="Until then a new message of the customer opens the ticket again; afterwards it starts a new one.",
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(365),
                                ],
                                verbose_name="close resolved tickets after (days)",
                            ),
                        ),
                        (
                            "asks_by_mail",
                            models.BooleanField(
                                default=True,
                                help_text="Once for each question that went by mail, an hour after it was solved. Needs PUBLIC_URL.",
                                verbose_name="ask by mail how we helped",
                            ),
                        ),
                        ("signature", models.CharField(blank=True, max_length=300, verbose_name="signature of mails")),
                    ],
                    options={
                        "verbose_name": "inbox settings",
                        "verbose_name_plural": "inbox settings",
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="desk_settings_is_one")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Conversation",
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
                            "external_id",
                            models.CharField(
                                blank=True, max_length=120, null=True, unique=True, verbose_name="shop's own ID"
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="conversations",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("visitor", models.CharField(blank=True, max_length=64, verbose_name="visitor ID")),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("chat", "chat"),
                                    ("form", "form"),
                                    ("email", "e-mail"),
                                    ("review", "review"),
                                    ("care", "care programme"),
                                ],
                                max_length=6,
                                verbose_name="channel",
                            ),
                        ),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        ("subject", models.CharField(blank=True, max_length=200, verbose_name="subject")),
                        ("contact_name", models.CharField(blank=True, max_length=200, verbose_name="name")),
                        ("contact_email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                        ("contact_phone", models.CharField(blank=True, max_length=40, verbose_name="phone")),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("assistant", "assistant answers"),
                                    ("waiting", "waits for a person"),
                                    ("with_person", "with a person"),
                                    ("closed", "closed"),
                                ],
                                default="assistant",
                                max_length=11,
                                verbose_name="state",
                            ),
                        ),
                        ("handed_over_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "handover_reason",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("asked", "the customer asked for a person"),
                                    ("rule", "a rule sends this to a person"),
                                    ("unsure", "the assistant was not sure"),
                                    ("silence", "nobody answered for a while"),
                                    ("staff", "staff took it"),
                                ],
                                max_length=7,
                            ),
                        ),
                        ("started_at", models.DateTimeField(verbose_name="started")),
                        ("last_message_at", models.DateTimeField(verbose_name="last message")),
                        ("last_customer_at", models.DateTimeField(blank=True, null=True)),
                        ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("resolved", "resolved"),
                                    ("handed_over", "handed over"),
                                    ("abandoned", "abandoned"),
                                ],
                                max_length=11,
                                verbose_name="outcome",
                            ),
                        ),
                        ("last_sequence", models.PositiveIntegerField(db_default=0, default=0)),
                        ("last_staff_sequence", models.PositiveIntegerField(db_default=0, default=0)),
                        ("last_text", models.CharField(blank=True, max_length=200)),
                        (
                            "review",
                            models.OneToOneField(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="conversation",
                                to="reviews.review",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "conversation",
                        "verbose_name_plural": "conversations",
                        "indexes": [
                            models.Index(fields=["customer", "-last_message_at"], name="conversation_of_customer"),
                            models.Index(
                                condition=models.Q(("visitor", ""), _negated=True),
                                fields=["visitor", "-last_message_at"],
                                name="conversation_visitor",
                            ),
                            models.Index(fields=["state", "last_message_at"], name="conversation_by_state"),
                            models.Index(fields=["-started_at"], name="conversation_newest"),
                            models.Index(
                                django.db.models.functions.text.Upper("contact_email"),
                                condition=models.Q(("contact_email", ""), _negated=True),
                                name="conversation_email",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("subject"), name="gin_trgm_ops"
                                ),
                                name="conversation_subject_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("contact_name"), name="gin_trgm_ops"
                                ),
                                name="conversation_contact_trgm",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("contact_email"), name="gin_trgm_ops"
                                ),
                                name="conversation_email_trgm",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Message",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "conversation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="messages",
                                to="crm.conversation",
                            ),
                        ),
                        ("sequence", models.PositiveIntegerField()),
                        (
                            "author",
                            models.CharField(
                                choices=[
                                    ("customer", "customer"),
                                    ("assistant", "assistant"),
                                    ("staff", "staff"),
                                    ("system", "shop"),
                                ],
                                max_length=9,
                            ),
                        ),
                        (
                            "staff",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("text", models.TextField(verbose_name="text")),
                        ("is_internal", models.BooleanField(default=False, help_text="A note that only staff read.")),
                        ("created_at", models.DateTimeField()),
                        (
                            "client_key",
                            models.CharField(
                                blank=True, help_text="The same message sent twice is one.", max_length=80
                            ),
                        ),
                        ("mail_id", models.CharField(blank=True, help_text="Message-ID of a mail.", max_length=250)),
                        ("answer", models.JSONField(blank=True, null=True)),
                        (
                            "mentions",
                            models.ManyToManyField(
                                blank=True, related_name="mentioned_in", to=settings.AUTH_USER_MODEL
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "message",
                        "verbose_name_plural": "messages",
                        "indexes": [
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("text"), name="gin_trgm_ops"
                                ),
                                name="message_text_trgm",
                            ),
                            models.Index(fields=["author", "created_at"], name="message_by_author"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("conversation", "sequence"), name="message_in_order"),
                            models.UniqueConstraint(
                                condition=models.Q(("client_key", ""), _negated=True),
                                fields=("conversation", "client_key"),
                                name="message_said_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("mail_id", ""), _negated=True),
                                fields=("mail_id",),
                                name="message_mail_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Ticket",
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
                            "conversation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="ticket",
                                to="crm.conversation",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "open"),
                                    ("pending", "waits for the customer"),
                                    ("resolved", "resolved"),
                                    ("closed", "closed"),
                                ],
                                default="open",
                                max_length=8,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "priority",
                            models.CharField(
                                choices=[("low", "low"), ("normal", "normal"), ("high", "high"), ("urgent", "urgent")],
                                default="normal",
                                max_length=6,
                                verbose_name="priority",
                            ),
                        ),
                        ("priority_reasons", models.JSONField(blank=True, default=list)),
                        (
                            "priority_is_set",
                            models.BooleanField(default=False, help_text="A person chose it; rules leave it alone."),
                        ),
                        (
                            "assignee",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="tickets",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="assigned to",
                            ),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="tickets",
                                to="crm.team",
                                verbose_name="team",
                            ),
                        ),
                        ("skill", models.CharField(blank=True, max_length=40, verbose_name="skill")),
                        (
                            "policy",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="tickets",
                                to="crm.slapolicy",
                            ),
                        ),
                        (
                            "strategy",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="tickets",
                                to="crm.servicestrategy",
                                verbose_name="service strategy",
                            ),
                        ),
                        (
                            "target_minutes",
                            models.PositiveIntegerField(
                                blank=True,
                                help_text="Of the service strategy: minutes until the first answer.",
                                null=True,
                            ),
                        ),
                        ("clock_started_at", models.DateTimeField()),
                        ("first_response_due", models.DateTimeField(blank=True, null=True)),
                        ("next_response_due", models.DateTimeField(blank=True, null=True)),
                        ("resolve_due", models.DateTimeField(blank=True, null=True)),
                        ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                        ("awaiting_since", models.DateTimeField(blank=True, null=True)),
                        (
                            "first_responded_at",
                            models.DateTimeField(blank=True, null=True, verbose_name="first answer"),
                        ),
                        (
                            "first_responder",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="first answer by",
                            ),
                        ),
                        (
                            "first_response_seconds",
                            models.PositiveIntegerField(blank=True, help_text="Business time.", null=True),
                        ),
                        ("resolved_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "resolver",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        (
                            "resolve_seconds",
                            models.PositiveIntegerField(blank=True, help_text="Business time.", null=True),
                        ),
                        ("closed_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_at", models.DateTimeField(blank=True, null=True)),
                        ("paused_seconds", models.PositiveIntegerField(db_default=0, default=0)),
                        ("late_responses", models.PositiveSmallIntegerField(db_default=0, default=0)),
                        (
                            "warned_for",
                            models.DateTimeField(
                                blank=True, help_text="The due time that an alert was raised for.", null=True
                            ),
                        ),
                        ("rating_asked_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "reopened",
                            models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="reopened"),
                        ),
                        (
                            "merged_into",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="merged",
                                to="crm.ticket",
                            ),
                        ),
                        ("tags", models.JSONField(blank=True, default=list, verbose_name="tags")),
                    ],
                    options={
                        "verbose_name": "ticket",
                        "verbose_name_plural": "tickets",
                        "permissions": [("view_desk_report", "Can see the reports of the inbox")],
                        "indexes": [
                            models.Index(
                                models.OrderBy(models.F("due_at"), nulls_last=True),
                                models.F("id"),
                                condition=models.Q(("merged_into", None), ("state", "open")),
                                name="ticket_due",
                            ),
                            models.Index(fields=["assignee", "state", "due_at"], name="ticket_of_assignee"),
                            models.Index(fields=["state", "-updated_at", "-id"], name="ticket_by_state"),
                            models.Index(fields=["-updated_at", "-id"], name="ticket_changed"),
                            models.Index(fields=["-created_at", "-id"], name="ticket_newest"),
                            models.Index(
                                condition=models.Q(("resolved_at__isnull", False)),
                                fields=["resolved_at"],
                                name="ticket_resolved",
                            ),
                            models.Index(fields=["first_responded_at"], name="ticket_answered"),
                            models.Index(
                                condition=models.Q(("merged_into__isnull", False)),
                                fields=["merged_into"],
                                name="ticket_merged",
                            ),
                            models.Index(
                                condition=models.Q(("strategy__isnull", False)),
                                fields=["strategy"],
                                name="ticket_of_strategy",
                            ),
                            django.contrib.postgres.indexes.GinIndex(fields=["tags"], name="ticket_tags"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("merged_into", models.F("id")), _negated=True),
                                name="ticket_not_in_itself",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TicketEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "ticket",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="events", to="crm.ticket"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("opened", "opened"),
                                    ("assigned", "assigned"),
                                    ("state", "state"),
                                    ("priority", "priority"),
                                    ("tags", "tags"),
                                    ("macro", "quick reply"),
                                    ("merged", "merged"),
                                    ("split", "split"),
                                    ("rated", "rated"),
                                    ("late", "past its time"),
                                    ("clocks", "clocks set anew"),
                                    ("erased", "customer erased"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "actor",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("at", models.DateTimeField()),
                        ("before", models.JSONField(blank=True, default=dict)),
                        ("after", models.JSONField(blank=True, default=dict)),
                        ("undone_at", models.DateTimeField(blank=True, null=True)),
                        (
                            "undone_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "ticket event",
                        "verbose_name_plural": "ticket events",
                        "indexes": [models.Index(fields=["ticket", "-at", "-id"], name="ticket_history")],
                    },
                ),
                migrations.CreateModel(
                    name="SatisfactionScore",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "conversation",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="satisfaction",
                                to="crm.conversation",
                            ),
                        ),
                        (
                            "score",
                            models.PositiveSmallIntegerField(
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(5),
                                ]
                            ),
                        ),
                        ("comment", models.CharField(blank=True, max_length=1000)),
                        (
                            "staff",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "satisfaction",
                        "verbose_name_plural": "satisfaction",
                        "indexes": [models.Index(fields=["-at"], name="satisfaction_newest")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("score__range", (1, 5))), name="satisfaction_1_to_5"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyAccount",
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
                            "customer",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="loyalty",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("balance", models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="points")),
                        ("pending", models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="pending")),
                        ("owed", models.PositiveBigIntegerField(db_default=0, default=0, verbose_name="owed")),
                        (
                            "tier",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="accounts",
                                to="crm.loyaltytier",
                                verbose_name="level",
                            ),
                        ),
                        ("tier_since", models.DateTimeField(blank=True, null=True, verbose_name="level since")),
                        ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                    ],
                    options={
                        "verbose_name": "points account",
                        "verbose_name_plural": "points accounts",
                        "permissions": [("adjust_points", "Can give and take points")],
                        "indexes": [
                            models.Index(fields=["-balance", "-id"], name="loyalty_by_balance"),
                            models.Index(fields=["-pending", "-id"], name="loyalty_by_pending"),
                            models.Index(condition=models.Q(("owed__gt", 0)), fields=["id"], name="loyalty_owing"),
                            models.Index(fields=["tier", "id"], name="loyalty_by_tier"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("balance__gte", 0), ("owed__gte", 0), ("pending__gte", 0)),
                                name="loyalty_account_not_negative",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("balance", 0), ("owed", 0), _connector="OR"),
                                name="loyalty_account_pays_first",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyLot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="lots",
                                to="crm.loyaltyaccount",
                            ),
                        ),
                        (
                            "order",
                            models.OneToOneField(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="loyalty_lot",
                                to="catalog.order",
                            ),
                        ),
                        ("points", models.PositiveBigIntegerField()),
                        ("reversed", models.PositiveBigIntegerField(db_default=0, default=0)),
                        ("left", models.PositiveBigIntegerField()),
                        ("expired", models.PositiveBigIntegerField(db_default=0, default=0)),
                        ("earned_at", models.DateTimeField()),
                        ("matures_at", models.DateTimeField(null=True)),
                        ("matured_at", models.DateTimeField(null=True)),
                        ("expires_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "verbose_name": "loyalty lot",
                        "verbose_name_plural": "loyalty lots",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("matured_at__isnull", True)),
                                fields=["matures_at"],
                                name="lot_maturing",
                            ),
                            models.Index(
                                condition=models.Q(("left__gt", 0), ("matured_at__isnull", False)),
                                fields=["expires_at"],
                                name="lot_expiring",
                            ),
                            models.Index(
                                condition=models.Q(("left__gt", 0)),
                                fields=["account", "expires_at", "id"],
                                name="lot_of_account",
                            ),
                            models.Index(fields=["account", "-earned_at"], name="lot_by_earning"),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("expired__gte", 0),
                                    ("left__gte", 0),
                                    ("reversed__gte", 0),
                                    ("reversed__lte", models.F("points")),
                                    ("left__lte", models.F("points")),
                                ),
                                name="loyalty_lot_within_points",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyTransaction",
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
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="transactions",
                                to="crm.loyaltyaccount",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("earn", "earned"),
                                    ("bonus", "bonus"),
                                    ("mature", "became final"),
                                    ("reverse", "taken back after a refund"),
                                    ("redeem", "redeemed"),
                                    ("void", "redemption taken back"),
                                    ("expire", "expired"),
                                    ("adjust", "corrected by staff"),
                                    ("undo", "correction taken back"),
                                    ("merge", "moved to another account"),
                                    ("forfeit", "forfeited"),
                                ],
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "points",
                            models.BigIntegerField(
                                help_text="As the customer reads it: less than zero is gone.", verbose_name="points"
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="loyalty_transactions",
                                to="catalog.order",
                            ),
                        ),
                        (
                            "rule",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.earnrule",
                            ),
                        ),
                        (
                            "takes_back",
                            models.OneToOneField(
                                help_text="What an undo undoes, once.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="taken_back_by",
                                to="crm.loyaltytransaction",
                            ),
                        ),
                        ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                        (
                            "key",
                            models.CharField(
                                help_text="The same event twice is one transaction.", max_length=80, unique=True
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(verbose_name="time")),
                    ],
                    options={
                        "verbose_name": "loyalty transaction",
                        "verbose_name_plural": "loyalty transactions",
                        "indexes": [models.Index(fields=["account", "-created_at", "-id"], name="loyalty_history")],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyEntry",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "transaction",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="crm.loyaltytransaction",
                            ),
                        ),
                        (
                            "side",
                            models.CharField(
                                choices=[
                                    ("pending", "Pending"),
                                    ("available", "Available"),
                                    ("owed", "Owed"),
                                    ("issued", "Issued"),
                                    ("redeemed", "Redeemed"),
                                    ("expired", "Expired"),
                                    ("adjusted", "Adjusted"),
                                    ("forfeited", "Forfeited"),
                                ],
                                max_length=9,
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                help_text="For the customer's sides.",
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="crm.loyaltyaccount",
                            ),
                        ),
                        (
                            "lot",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="entries",
                                to="crm.loyaltylot",
                            ),
                        ),
                        ("amount", models.BigIntegerField()),
                    ],
                    options={
                        "verbose_name": "loyalty entry",
                        "verbose_name_plural": "loyalty entries",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("amount", 0), _negated=True), name="loyalty_entry_moves_something"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(
                                        ("account__isnull", False), ("side__in", ["pending", "available", "owed"])
                                    ),
                                    models.Q(
                                        models.Q(("side__in", ["pending", "available", "owed"]), _negated=True),
                                        ("account__isnull", True),
                                    ),
                                    _connector="OR",
                                ),
                                name="loyalty_entry_has_its_account",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyTierChange",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="tier_changes",
                                to="crm.loyaltyaccount",
                            ),
                        ),
                        (
                            "before",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.loyaltytier",
                            ),
                        ),
                        (
                            "after",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.loyaltytier",
                            ),
                        ),
                        ("basis", models.CharField(max_length=8)),
                        (
                            "value",
                            models.DecimalField(
                                decimal_places=4, help_text="Points or money in the 12 months before.", max_digits=18
                            ),
                        ),
                        ("changed_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "change of level",
                        "verbose_name_plural": "changes of level",
                        "indexes": [models.Index(fields=["account", "-changed_at"], name="tier_history")],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyRedemption",
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
                            "account",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="redemptions",
                                to="crm.loyaltyaccount",
                            ),
                        ),
                        (
                            "transaction",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="redemption",
                                to="crm.loyaltytransaction",
                            ),
                        ),
                        (
                            "reward",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="redemptions",
                                to="crm.reward",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("amount", "amount off"),
                                    ("shipping", "free shipping"),
                                    ("product", "product for free"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("points", models.PositiveBigIntegerField()),
                        (
                            "amount",
                            core.models.base.MoneyField(
                                decimal_places=4,
                                help_text="In the base currency, as promised at that time.",
                                max_digits=18,
                                null=True,
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.product",
                            ),
                        ),
                        ("code", models.CharField(max_length=16, unique=True)),
                        (
                            "state",
                            models.CharField(
                                choices=[("issued", "not used yet"), ("used", "used"), ("voided", "taken back")],
                                default="issued",
                                max_length=6,
                            ),
                        ),
                        (
                            "order",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="loyalty_redemptions",
                                to="catalog.order",
                            ),
                        ),
                        ("created_at", models.DateTimeField()),
                        ("expires_at", models.DateTimeField()),
                        ("used_at", models.DateTimeField(null=True)),
                    ],
                    options={
                        "verbose_name": "loyalty redemption",
                        "verbose_name_plural": "loyalty redemptions",
                        "indexes": [
                            models.Index(fields=["account", "-created_at"], name="redemption_of_account"),
                            models.Index(
                                condition=models.Q(("state", "issued")), fields=["expires_at"], name="redemption_ending"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="LoyaltyCheck",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("checked_at", models.DateTimeField()),
                        ("accounts", models.PositiveBigIntegerField()),
                        ("entries", models.PositiveBigIntegerField()),
                        (
                            "differences",
                            models.JSONField(
                                default=list, help_text="Kind and number of each row that does not add up."
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "loyalty recount",
                        "verbose_name_plural": "loyalty recounts",
                        "indexes": [models.Index(fields=["-checked_at"], name="loyalty_checked")],
                    },
                ),
                migrations.CreateModel(
                    name="PastGrant",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("since", models.DateField(verbose_name="orders paid from day")),
                        ("until", models.DateTimeField()),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("counting", "counting"),
                                    ("counted", "counted"),
                                    ("running", "granting"),
                                    ("done", "granted"),
                                ],
                                default="counting",
                                max_length=8,
                            ),
                        ),
                        ("orders", models.PositiveBigIntegerField(default=0)),
                        ("customers", models.PositiveBigIntegerField(default=0)),
                        ("points", models.PositiveBigIntegerField(default=0)),
                        (
                            "last_order",
                            models.BigIntegerField(default=0, help_text="A run that was stopped goes on behind it."),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name": "points for past orders",
                        "verbose_name_plural": "points for past orders",
                    },
                ),
                migrations.CreateModel(
                    name="DuplicateCustomers",
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
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "other",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.customer",
                                verbose_name="other record",
                            ),
                        ),
                        (
                            "reasons",
                            models.JSONField(
                                default=list, help_text="Names of crm.people.duplicates.SIGNS.", verbose_name="reasons"
                            ),
                        ),
                        ("strength", models.PositiveSmallIntegerField(verbose_name="strength")),
                        (
                            "state",
                            models.CharField(
                                choices=[("open", "to decide"), ("different", "not the same"), ("merged", "merged")],
                                default="open",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        ("found_at", models.DateTimeField(verbose_name="found")),
                        ("decided_at", models.DateTimeField(null=True, verbose_name="decided")),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "possible duplicate",
                        "verbose_name_plural": "possible duplicates",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "open")),
                                fields=["-strength", "one"],
                                name="duplicates_to_decide",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("one", "other"), name="duplicates_once"),
                            models.CheckConstraint(
                                condition=models.Q(("one__lt", models.F("other"))), name="duplicates_in_order"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerNote",
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
                                related_name="notes",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("text", models.TextField(max_length=4000, verbose_name="note")),
                        ("is_pinned", models.BooleanField(default=False, verbose_name="pinned")),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="written")),
                        (
                            "removed_at",
                            models.DateTimeField(
                                help_text="An undo brings it back.", null=True, verbose_name="removed"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "note about a customer",
                        "verbose_name_plural": "notes about customers",
                        "indexes": [
                            models.Index(
                                condition=models.Q(("removed_at", None)),
                                fields=["customer", "-is_pinned", "-created_at"],
                                name="notes_of_customer",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerTag",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=40, verbose_name="tag")),
                    ],
                    options={
                        "verbose_name": "customer tag",
                        "verbose_name_plural": "customer tags",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Lower("name"), name="customer_tag_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerTagging",
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
                                related_name="taggings",
                                to="catalog.customer",
                            ),
                        ),
                        (
                            "tag",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="taggings",
                                to="crm.customertag",
                            ),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True)),
                    ],
                    options={
                        "verbose_name": "tag of a customer",
                        "verbose_name_plural": "tags of customers",
                        "default_permissions": (),
                        "constraints": [models.UniqueConstraint(fields=("customer", "tag"), name="tagged_once")],
                    },
                ),
                migrations.CreateModel(
                    name="CustomField",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "key",
                            models.SlugField(
                                help_text="For programs; does not change later.",
                                max_length=40,
                                unique=True,
                                verbose_name="key",
                            ),
                        ),
                        ("title_en", models.CharField(max_length=80, verbose_name="title, English")),
                        ("title_zh", models.CharField(blank=True, max_length=80, verbose_name="title, Chinese")),
                        (
                            "kind",
                            models.CharField(
                                choices=[
                                    ("text", "text"),
                                    ("number", "number"),
                                    ("day", "day"),
                                    ("choice", "one of a list"),
                                    ("yes_no", "yes or no"),
                                ],
                                default="text",
                                max_length=6,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "choices",
                            models.TextField(
                                blank=True,
                                help_text="One a line, for a field that is one of a list.",
                                verbose_name="choices",
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position")),
                        ("is_on", models.BooleanField(default=True, verbose_name="in use")),
                    ],
                    options={
                        "verbose_name": "custom field",
                        "verbose_name_plural": "custom fields",
                        "ordering": ["position", "id"],
                    },
                ),
                migrations.CreateModel(
                    name="CustomFieldValue",
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
                                related_name="custom_values",
                                to="catalog.customer",
                            ),
                        ),
                        (
                            "field",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="values", to="crm.customfield"
                            ),
                        ),
                        ("value", models.CharField(max_length=200, verbose_name="value")),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "verbose_name": "value of a custom field",
                        "verbose_name_plural": "values of custom fields",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["field", "value", "customer"], name="custom_value_in_field"),
                            models.Index(
                                models.F("field"),
                                models.Case(
                                    models.When(
                                        then=django.db.models.functions.comparison.Cast(
                                            "value", models.DecimalField(decimal_places=20, max_digits=60)
                                        ),
                                        value__regex="^-?[0-9]{1,31}(\\.[0-9]+)?$",
                                    )
                                ),
                                name="custom_value_as_number",
                            ),
                            django.contrib.postgres.indexes.GinIndex(
                                django.contrib.postgres.indexes.OpClass(
                                    django.db.models.functions.text.Upper("value"), name="gin_trgm_ops"
                                ),
                                name="custom_value_trgm",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("customer", "field"), name="custom_value_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Worklist",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("loss", "value at risk"),
                                    ("value", "highest value"),
                                    ("order", "likely to order soon"),
                                    ("care", "care programme"),
                                ],
                                max_length=8,
                                verbose_name="taken from",
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="worklists",
                                to="crm.careprogramme",
                                verbose_name="care programme",
                            ),
                        ),
                        (
                            "month",
                            models.DateField(
                                blank=True, help_text="Of a care programme: it has one list for each month.", null=True
                            ),
                        ),
                        (
                            "compared_percent",
                            models.PositiveSmallIntegerField(default=10, verbose_name="left alone, %"),
                        ),
                        (
                            "follow_days",
                            models.PositiveSmallIntegerField(default=30, verbose_name="orders count for, days"),
                        ),
                        (
                            "created_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("created_at", models.DateTimeField(verbose_name="made")),
                        ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                    ],
                    options={
                        "verbose_name": "worklist",
                        "verbose_name_plural": "worklists",
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("compared_percent__lte", 50)), name="worklist_compares_half_at_most"
                            ),
                            models.UniqueConstraint(
                                fields=("programme", "month"), name="worklist_of_a_programme_and_month"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="WorklistItem",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "worklist",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="items", to="crm.worklist"
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="worklist_items",
                                to="catalog.customer",
                            ),
                        ),
                        ("position", models.PositiveIntegerField()),
                        ("score", models.FloatField(null=True)),
                        (
                            "reasons",
                            models.JSONField(default=list, help_text="As the score had them when the list was made."),
                        ),
                        (
                            "is_compared",
                            models.BooleanField(default=False, help_text="Left alone: nobody is shown this customer."),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "to do"),
                                    ("reached", "reached"),
                                    ("no_answer", "no answer"),
                                    ("offer", "offer made"),
                                    ("refused", "wants no contact"),
                                    ("skipped", "skipped"),
                                ],
                                default="",
                                max_length=9,
                                verbose_name="outcome",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                        ("done_at", models.DateTimeField(null=True)),
                        (
                            "done_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer of a worklist",
                        "verbose_name_plural": "customers of worklists",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["worklist", "outcome", "position"], name="worklist_in_order")],
                        "constraints": [models.UniqueConstraint(fields=("worklist", "customer"), name="worklist_once")],
                    },
                ),
                migrations.CreateModel(
                    name="ServiceRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                        ("window_days", models.PositiveSmallIntegerField(verbose_name="days looked at")),
                        ("customers", models.PositiveIntegerField(default=0, verbose_name="customers")),
                        ("k", models.PositiveSmallIntegerField(default=0, verbose_name="groups")),
                        ("stability", models.FloatField(null=True, verbose_name="stability")),
                        ("overall", models.JSONField(default=dict)),
                        ("refusal", models.JSONField(default=dict, verbose_name="why there are none")),
                    ],
                    options={
                        "verbose_name": "look for service groups",
                        "verbose_name_plural": "looks for service groups",
                        "ordering": ["-as_of", "-id"],
                        "indexes": [models.Index(fields=["-as_of", "-id"], name="service_run_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="ServiceGroup",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "run",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE, related_name="groups", to="crm.servicerun"
                            ),
                        ),
                        ("key", models.CharField(max_length=12)),
                        ("place", models.PositiveSmallIntegerField()),
                        ("size", models.PositiveIntegerField()),
                        ("share", models.FloatField()),
                        ("evidence", models.JSONField(default=dict)),
                        ("profile", models.JSONField(default=dict)),
                        (
                            "priority",
                            models.CharField(
                                choices=[("low", "low"), ("normal", "normal"), ("high", "high"), ("urgent", "urgent")],
                                max_length=6,
                            ),
                        ),
                        ("target_minutes", models.PositiveIntegerField(null=True)),
                        (
                            "programme",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("welcome", "new customer"),
                                    ("post_purchase", "after a purchase"),
                                    ("birthday", "birthday"),
                                    ("win_back", "no order for a while"),
                                    ("bad_review", "bad review"),
                                    ("late_order", "late order"),
                                ],
                                max_length=13,
                            ),
                        ),
                        ("reasons", models.JSONField(default=list)),
                    ],
                    options={
                        "verbose_name": "service group",
                        "verbose_name_plural": "service groups",
                        "ordering": ["place"],
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "key"), name="service_group_once_in_a_run"),
                            models.UniqueConstraint(fields=("run", "place"), name="service_group_has_a_place"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ServiceMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "group",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="members",
                                to="crm.servicegroup",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="service_groups",
                                to="catalog.customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer of a service group",
                        "verbose_name_plural": "customers of service groups",
                        "constraints": [
                            models.UniqueConstraint(fields=("group", "customer"), name="service_member_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ServiceStrategy",
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
                            "group",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="strategies",
                                to="crm.servicegroup",
                            ),
                        ),
                        (
                            "decision",
                            models.CharField(
                                choices=[("accepted", "accepted"), ("refused", "refused")],
                                max_length=8,
                                verbose_name="decision",
                            ),
                        ),
                        (
                            "priority",
                            models.CharField(
                                choices=[("low", "low"), ("normal", "normal"), ("high", "high"), ("urgent", "urgent")],
                                max_length=6,
                                verbose_name="priority",
                            ),
                        ),
                        (
                            "target_minutes",
                            models.PositiveIntegerField(
                                blank=True,
                                null=True,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(129600),
                                ],
                                verbose_name="first answer (minutes)",
                            ),
                        ),
                        (
                            "programme",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="crm.careprogramme",
                                verbose_name="care programme",
                            ),
                        ),
                        (
                            "control_percent",
                            models.PositiveSmallIntegerField(default=50, verbose_name="served as before, %"),
                        ),
                        ("is_changed", models.BooleanField(default=False, verbose_name="differs from the proposal")),
                        (
                            "decided_by",
                            models.ForeignKey(
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="decided by",
                            ),
                        ),
                        ("decided_at", models.DateTimeField(verbose_name="decided")),
                        ("reason", models.CharField(max_length=300, verbose_name="why")),
                        (
                            "withdrawn_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                        ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                        ("withdrawn_because", models.CharField(blank=True, max_length=300)),
                        (
                            "experiment",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.experiment",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "service strategy",
                        "verbose_name_plural": "service strategies",
                        "ordering": ["-decided_at", "-id"],
                        "default_permissions": ("view", "change"),
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("withdrawn_at", None)),
                                fields=("group",),
                                name="service_strategy_one_for_a_group",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("control_percent__lte", 50)),
                                name="service_strategy_control_is_half_at_most",
                            ),
                        ],
                    },
                ),
            ],
        ),
    ]
