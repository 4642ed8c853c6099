import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import core.models.base
import core.operations


class Migration(migrations.Migration):
    replaces = [
        ("analytics", "0001_facts"),
        ("analytics", "0002_touched_sales"),
        ("analytics", "0004_sales_part"),
        ("analytics", "0006_segments"),
        ("analytics", "0008_live"),
        ("analytics", "0009_visits"),
        ("analytics", "0011_report_subscription"),
        ("analytics", "0012_data_quality"),
        ("analytics", "0013_models_and_forecasts"),
        ("analytics", "0016_funnel_ways"),
        ("analytics", "0017_sales_are_rounded_one_by_one"),
    ]

    initial = True

    dependencies = [
        ("catalog", "0001_all_tables"),
    ]

    operations = [
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="CustomerStats",
                    fields=[
                        (
                            "customer",
                            models.OneToOneField(
                                db_constraint=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="stats",
                                serialize=False,
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("orders", models.PositiveIntegerField(verbose_name="paid orders")),
                        ("purchase_days", models.PositiveIntegerField(verbose_name="days with an order")),
                        ("items", models.PositiveBigIntegerField(default=0, verbose_name="pieces")),
                        ("gross", core.models.base.MoneyField(decimal_places=4, max_digits=18, verbose_name="paid")),
                        ("refunds", models.PositiveIntegerField(default=0, verbose_name="refunds")),
                        (
                            "refunded",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="refunded"
                            ),
                        ),
                        (
                            "revenue",
                            core.models.base.MoneyField(
                                decimal_places=4, help_text="Paid, less refunds.", max_digits=18, verbose_name="revenue"
                            ),
                        ),
                        ("first_day", models.DateField(verbose_name="first order")),
                        ("last_day", models.DateField(verbose_name="last order")),
                    ],
                    options={
                        "verbose_name": "customer in figures",
                        "verbose_name_plural": "customers in figures",
                    },
                ),
                migrations.CreateModel(
                    name="DailySales",
                    fields=[
                        ("day", models.DateField(primary_key=True, serialize=False, verbose_name="day")),
                        ("orders", models.PositiveIntegerField(default=0, verbose_name="paid orders")),
                        (
                            "buyers",
                            models.PositiveIntegerField(
                                default=0, help_text="Customers who paid; guests apart.", verbose_name="buyers"
                            ),
                        ),
                        ("new_buyers", models.PositiveIntegerField(default=0, verbose_name="first-time buyers")),
                        ("guest_orders", models.PositiveIntegerField(default=0, verbose_name="orders of guests")),
                        ("items", models.PositiveBigIntegerField(default=0, verbose_name="pieces")),
                        (
                            "gross",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="paid"
                            ),
                        ),
                        ("refunds", models.PositiveIntegerField(default=0, verbose_name="refunds")),
                        (
                            "refunded",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="refunded"
                            ),
                        ),
                        (
                            "revenue",
                            core.models.base.MoneyField(
                                decimal_places=4,
                                default=0,
                                help_text="Paid, less refunds of this day.",
                                max_digits=18,
                                verbose_name="revenue",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "day of sales",
                        "verbose_name_plural": "days of sales",
                        "ordering": ["day"],
                    },
                ),
                migrations.CreateModel(
                    name="ProductDay",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "day", "product", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "product",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        ("orders", models.PositiveIntegerField(default=0, verbose_name="orders")),
                        ("items", models.PositiveBigIntegerField(default=0, verbose_name="pieces")),
                        (
                            "gross",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="sold for"
                            ),
                        ),
                        ("returned", models.PositiveBigIntegerField(default=0, verbose_name="pieces returned")),
                        (
                            "refunded",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="refunded"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "product on a day",
                        "verbose_name_plural": "products by day",
                        "indexes": [models.Index(fields=["product", "day"], name="product_days")],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerMonth",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "customer", "month", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("month", models.DateField(help_text="Its first day.", verbose_name="month")),
                        ("orders", models.PositiveIntegerField(default=0, verbose_name="paid orders")),
                        (
                            "purchase_days",
                            models.PositiveSmallIntegerField(default=0, verbose_name="days with an order"),
                        ),
                        ("items", models.PositiveBigIntegerField(default=0, verbose_name="pieces")),
                        (
                            "gross",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="paid"
                            ),
                        ),
                        ("refunds", models.PositiveIntegerField(default=0, verbose_name="refunds")),
                        (
                            "refunded",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="refunded"
                            ),
                        ),
                        (
                            "revenue",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="revenue"
                            ),
                        ),
                        (
                            "first_day",
                            models.DateField(
                                help_text="Empty when there were only refunds.", null=True, verbose_name="first order"
                            ),
                        ),
                        ("last_day", models.DateField(null=True, verbose_name="last order")),
                    ],
                    options={
                        "verbose_name": "customer's month",
                        "verbose_name_plural": "customers by month",
                    },
                ),
                migrations.CreateModel(
                    name="CohortCell",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "grain",
                            models.CharField(
                                choices=[("week", "week"), ("month", "month")], max_length=5, verbose_name="by"
                            ),
                        ),
                        (
                            "cohort",
                            models.DateField(help_text="First day of the week or month.", verbose_name="first bought"),
                        ),
                        (
                            "offset",
                            models.PositiveSmallIntegerField(
                                help_text="0: the period of the first order.", verbose_name="periods later"
                            ),
                        ),
                        ("customers", models.PositiveIntegerField(verbose_name="customers who bought")),
                        ("orders", models.PositiveIntegerField(verbose_name="paid orders")),
                        (
                            "revenue",
                            core.models.base.MoneyField(decimal_places=4, max_digits=18, verbose_name="revenue"),
                        ),
                        (
                            "is_frozen",
                            models.BooleanField(
                                default=False,
                                help_text="The period is over: counted again only when an old order changes.",
                                verbose_name="final",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "cohort cell",
                        "verbose_name_plural": "cohort cells",
                        "constraints": [
                            models.UniqueConstraint(fields=("grain", "cohort", "offset"), name="cohort_cell_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TouchedSale",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("customer_id", models.BigIntegerField(null=True)),
                        ("moment", models.DateTimeField()),
                        ("order_id", models.BigIntegerField(null=True)),
                        ("refund_id", models.BigIntegerField(null=True)),
                        ("is_new", models.BooleanField(db_default=False, default=False)),
                    ],
                    options={
                        "verbose_name": "sale to count",
                        "verbose_name_plural": "sales to count",
                    },
                ),
                migrations.CreateModel(
                    name="FactsState",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("counted_at", models.DateTimeField(verbose_name="counted")),
                        ("time_zone", models.CharField(max_length=64, verbose_name="time zone")),
                        ("currency", models.CharField(max_length=3, verbose_name="currency")),
                        (
                            "week_start",
                            models.PositiveSmallIntegerField(db_default=1, default=1, verbose_name="week starts on"),
                        ),
                    ],
                    options={
                        "verbose_name": "state of the figures",
                        "verbose_name_plural": "state of the figures",
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("pk", 1)), name="facts_state_is_one")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FactsCheck",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("checked_at", models.DateTimeField(auto_now_add=True, verbose_name="checked")),
                        ("seconds", models.FloatField(verbose_name="seconds")),
                        ("rows", models.PositiveBigIntegerField(verbose_name="rows compared")),
                        (
                            "drift",
                            models.PositiveBigIntegerField(
                                help_text="They were put right.", verbose_name="rows that differed"
                            ),
                        ),
                        (
                            "differences",
                            models.JSONField(
                                default=dict, help_text="Table to the number of rows.", verbose_name="where"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "check of the figures",
                        "verbose_name_plural": "checks of the figures",
                        "ordering": ["-checked_at"],
                    },
                ),
                migrations.CreateModel(
                    name="Forecast",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "scope",
                            models.CharField(
                                choices=[("shop", "shop"), ("category", "category"), ("product", "product")],
                                max_length=8,
                                verbose_name="of",
                            ),
                        ),
                        (
                            "measure",
                            models.CharField(
                                choices=[("revenue", "revenue"), ("items", "pieces"), ("orders", "orders")],
                                max_length=8,
                                verbose_name="measure",
                            ),
                        ),
                        (
                            "product",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.category",
                                verbose_name="category",
                            ),
                        ),
                        (
                            "as_of",
                            models.DateField(help_text="The last day that the forecast knows.", verbose_name="as of"),
                        ),
                        ("is_newest", models.BooleanField(default=True, verbose_name="newest")),
                        ("method", models.CharField(blank=True, max_length=24, verbose_name="method")),
                        ("values", models.JSONField(default=list, verbose_name="expected")),
                        ("low", models.JSONField(default=list, verbose_name="from")),
                        ("high", models.JSONField(default=list, verbose_name="to")),
                        (
                            "week",
                            models.JSONField(
                                default=dict, help_text="Their sum with its range.", verbose_name="next seven days"
                            ),
                        ),
                        (
                            "tried",
                            models.JSONField(
                                default=dict,
                                help_text="Errors of every method on earlier windows.",
                                verbose_name="back-test",
                            ),
                        ),
                        ("mase", models.FloatField(null=True, verbose_name="MASE of the back-test")),
                        ("wape", models.FloatField(null=True, verbose_name="WAPE of the back-test")),
                        ("days_known", models.PositiveIntegerField(default=0, verbose_name="days known")),
                        ("days_judged", models.PositiveSmallIntegerField(default=0, verbose_name="days that came")),
                        (
                            "days_inside",
                            models.PositiveSmallIntegerField(default=0, verbose_name="of them within the range"),
                        ),
                        ("sum_error", models.FloatField(default=0.0, verbose_name="sum of their errors")),
                        ("sum_actual", models.FloatField(default=0.0, verbose_name="sum of their values")),
                        ("made_at", models.DateTimeField(verbose_name="made")),
                    ],
                    options={
                        "verbose_name": "forecast",
                        "verbose_name_plural": "forecasts",
                        "ordering": ["-as_of"],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("is_newest", True)),
                                fields=["scope", "measure"],
                                name="forecast_newest",
                            ),
                            models.Index(fields=["as_of"], name="forecast_by_day"),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("scope", "measure", "product", "category", "as_of"),
                                name="forecast_once_a_day",
                                nulls_distinct=False,
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("category", None), ("product", None), ("scope", "shop")),
                                    models.Q(("category", None), ("product__isnull", False), ("scope", "product")),
                                    models.Q(("category__isnull", False), ("product", None), ("scope", "category")),
                                    _connector="OR",
                                ),
                                name="forecast_of_its_scope",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Anomaly",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "measure",
                            models.CharField(
                                choices=[("revenue", "revenue"), ("items", "pieces"), ("orders", "orders")],
                                max_length=8,
                                verbose_name="measure",
                            ),
                        ),
                        ("value", models.FloatField(verbose_name="value")),
                        (
                            "expected",
                            models.FloatField(
                                help_text="Median of the same weekday in the eight weeks before.",
                                verbose_name="expected",
                            ),
                        ),
                        ("score", models.FloatField(verbose_name="robust standard deviations")),
                        ("drivers", models.JSONField(default=dict, verbose_name="likely drivers")),
                        (
                            "decision",
                            models.CharField(
                                choices=[("open", "to look at"), ("explained", "explained"), ("ignored", "ignored")],
                                default="open",
                                max_length=10,
                                verbose_name="decision",
                            ),
                        ),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="explanation")),
                        (
                            "decided_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                        ("found_at", models.DateTimeField(auto_now_add=True, verbose_name="found")),
                    ],
                    options={
                        "verbose_name": "anomaly",
                        "verbose_name_plural": "anomalies",
                        "ordering": ["-day", "measure"],
                        "constraints": [models.UniqueConstraint(fields=("day", "measure"), name="anomaly_once")],
                    },
                ),
                migrations.CreateModel(
                    name="LiveSnapshot",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("made_at", models.DateTimeField(verbose_name="counted")),
                        ("seconds", models.FloatField(verbose_name="seconds")),
                        ("figures", models.JSONField(default=dict, verbose_name="figures")),
                    ],
                    options={
                        "verbose_name": "live figures",
                        "verbose_name_plural": "live figures",
                        "default_permissions": (),
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("pk", 1)), name="live_snapshot_is_one")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SalesPart",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "kind",
                            models.CharField(
                                choices=[("hour", "hour"), ("channel", "channel"), ("country", "country")],
                                max_length=7,
                                verbose_name="by",
                            ),
                        ),
                        (
                            "part",
                            models.CharField(
                                blank=True,
                                help_text="00 to 23, or the name; may be empty.",
                                max_length=60,
                                verbose_name="part",
                            ),
                        ),
                        ("orders", models.PositiveIntegerField(default=0, verbose_name="paid orders")),
                        (
                            "gross",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="paid"
                            ),
                        ),
                        (
                            "refunded",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="refunded"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "part of a day of sales",
                        "verbose_name_plural": "parts of days of sales",
                        "constraints": [
                            models.UniqueConstraint(fields=("day", "kind", "part"), name="sales_part_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DataQualityReport",
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
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.importbatch",
                                verbose_name="import batch",
                            ),
                        ),
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                        ("seconds", models.FloatField(verbose_name="seconds")),
                        ("rows", models.PositiveBigIntegerField(verbose_name="rows looked at")),
                        (
                            "columns",
                            models.JSONField(
                                default=list,
                                help_text="Per column: missing values, outliers, and what is done.",
                                verbose_name="columns of models",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "data quality report",
                        "verbose_name_plural": "data quality reports",
                        "ordering": ["-as_of", "-id"],
                        "indexes": [models.Index(fields=["-as_of", "-id"], name="quality_newest")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("batch__isnull", False)),
                                fields=("batch",),
                                name="quality_once_per_import",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="QualityFinding",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "report",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="findings",
                                to="analytics.dataqualityreport",
                                verbose_name="report",
                            ),
                        ),
                        ("check_name", models.CharField(max_length=40, verbose_name="check")),
                        ("rows", models.PositiveBigIntegerField(verbose_name="rows found")),
                        ("of", models.PositiveBigIntegerField(verbose_name="of rows")),
                        (
                            "is_estimate",
                            models.BooleanField(
                                default=False, help_text="Counted on a part of the rows.", verbose_name="estimated"
                            ),
                        ),
                        ("low", models.FloatField(null=True, verbose_name="lowest usual value")),
                        ("high", models.FloatField(null=True, verbose_name="highest usual value")),
                        (
                            "examples",
                            models.JSONField(
                                default=list, help_text="Numbers of rows, or days.", verbose_name="examples"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "finding about data",
                        "verbose_name_plural": "findings about data",
                        "constraints": [
                            models.UniqueConstraint(fields=("report", "check_name"), name="quality_finding_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ScoreRun",
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
                                    ("value", "lifetime value"),
                                    ("churn", "churn risk"),
                                    ("propensity", "chance of an order"),
                                ],
                                max_length=12,
                                verbose_name="score",
                            ),
                        ),
                        (
                            "as_of",
                            models.DateField(help_text="The last day that the scores know.", verbose_name="as of"),
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
                        ("customers", models.PositiveIntegerField(default=0, verbose_name="customers scored")),
                        ("changed", models.PositiveIntegerField(default=0, verbose_name="scores that changed")),
                        ("figures", models.JSONField(default=dict, verbose_name="distribution")),
                        (
                            "refusal",
                            models.JSONField(
                                default=dict,
                                help_text="What is needed and what is there.",
                                verbose_name="why there are none",
                            ),
                        ),
                        ("finished_at", models.DateTimeField(verbose_name="finished")),
                    ],
                    options={
                        "verbose_name": "scoring",
                        "verbose_name_plural": "scorings",
                        "ordering": ["-finished_at"],
                        "indexes": [models.Index(fields=["kind", "-finished_at"], name="score_run_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="ScoreCheck",
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
                                    ("value", "lifetime value"),
                                    ("churn", "churn risk"),
                                    ("propensity", "chance of an order"),
                                ],
                                max_length=12,
                                verbose_name="score",
                            ),
                        ),
                        ("horizon", models.PositiveSmallIntegerField(verbose_name="days ahead")),
                        ("day", models.DateField(verbose_name="last day of the outcome")),
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
                        ("customers", models.PositiveIntegerField(verbose_name="customers")),
                        ("foretold", models.FloatField(verbose_name="share foretold")),
                        ("actual", models.FloatField(verbose_name="share that happened")),
                        ("auc", models.FloatField(null=True, verbose_name="AUC")),
                        (
                            "stability",
                            models.FloatField(
                                help_text="Scores of today against those of the day the model learned.",
                                null=True,
                                verbose_name="stability index",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "check of scores",
                        "verbose_name_plural": "checks of scores",
                        "ordering": ["-day", "horizon"],
                        "constraints": [
                            models.UniqueConstraint(fields=("kind", "horizon", "day"), name="score_check_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CustomerScore",
                    fields=[
                        (
                            "customer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="score",
                                serialize=False,
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "recency",
                            models.PositiveSmallIntegerField(
                                help_text="1 long ago to 5 lately.", null=True, verbose_name="recency score"
                            ),
                        ),
                        (
                            "frequency",
                            models.PositiveSmallIntegerField(
                                help_text="1 rare to 5 often.", null=True, verbose_name="frequency score"
                            ),
                        ),
                        (
                            "money",
                            models.PositiveSmallIntegerField(
                                help_text="1 little to 5 much.", null=True, verbose_name="money score"
                            ),
                        ),
                        (
                            "rfm_segment",
                            models.CharField(blank=True, db_default="", max_length=20, verbose_name="RFM segment"),
                        ),
                        ("rfm_as_of", models.DateField(null=True, verbose_name="RFM as of")),
                        (
                            "cluster_id",
                            models.BigIntegerField(
                                help_text="The segment that the customer's cluster is.",
                                null=True,
                                verbose_name="cluster",
                            ),
                        ),
                        ("alive", models.FloatField(null=True, verbose_name="chance to buy again")),
                        ("expected_orders", models.FloatField(null=True, verbose_name="expected orders, 12 months")),
                        (
                            "value",
                            core.models.base.MoneyField(
                                decimal_places=4, max_digits=18, null=True, verbose_name="lifetime value, 12 months"
                            ),
                        ),
                        ("churn_30", models.FloatField(null=True, verbose_name="churn risk, 30 days")),
                        ("churn_60", models.FloatField(null=True, verbose_name="churn risk, 60 days")),
                        ("churn_90", models.FloatField(null=True, verbose_name="churn risk, 90 days")),
                        (
                            "propensity_30",
                            models.FloatField(null=True, verbose_name="chance of an order within 30 days"),
                        ),
                        ("scored_at", models.DateTimeField(null=True, verbose_name="scored")),
                    ],
                    options={
                        "verbose_name": "customer's scores",
                        "verbose_name_plural": "customers' scores",
                        "indexes": [
                            models.Index(fields=["rfm_segment"], include=("customer",), name="score_by_rfm_segment"),
                            models.Index(fields=["cluster_id"], include=("customer",), name="score_by_cluster"),
                            models.Index(fields=["churn_90"], name="score_by_churn"),
                            models.Index(fields=["value"], name="score_by_value"),
                            models.Index(fields=["propensity_30"], name="score_by_propensity"),
                            models.Index(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("value"), "*", models.F("churn_90")
                                ),
                                name="score_by_loss",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Segment",
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
                        ("name", models.CharField(max_length=300, verbose_name="name")),
                        (
                            "name_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="name in other languages"
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("rule", "rule"), ("rfm", "RFM"), ("cluster", "cluster")],
                                default="rule",
                                max_length=8,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                blank=True,
                                help_text="Of RFM segments and clusters: stays from run to run.",
                                max_length=20,
                                verbose_name="key",
                            ),
                        ),
                        ("description", models.TextField(blank=True, verbose_name="description")),
                        (
                            "owner",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="owner",
                            ),
                        ),
                        (
                            "is_shared",
                            models.BooleanField(
                                default=True, help_text="Off: only the owner sees it.", verbose_name="shared"
                            ),
                        ),
                        (
                            "current",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.RESTRICT,
                                related_name="+",
                                to="analytics.segmentversion",
                                verbose_name="current version",
                            ),
                        ),
                        ("archived_at", models.DateTimeField(blank=True, null=True, verbose_name="archived")),
                        ("size", models.PositiveIntegerField(blank=True, null=True, verbose_name="customers")),
                        (
                            "revenue",
                            core.models.base.MoneyField(
                                blank=True, decimal_places=4, max_digits=18, null=True, verbose_name="revenue"
                            ),
                        ),
                        ("revenue_share", models.FloatField(blank=True, null=True, verbose_name="share of revenue")),
                        ("counted_at", models.DateTimeField(blank=True, null=True, verbose_name="counted")),
                    ],
                    options={
                        "verbose_name": "segment",
                        "verbose_name_plural": "segments",
                        "ordering": ["-size", "id"],
                        "indexes": [models.Index(fields=["kind", "id"], name="segment_by_kind")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("key", ""), _negated=True),
                                fields=("kind", "key"),
                                name="segment_key_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("key", ""), ("kind", "rule")),
                                    models.Q(
                                        models.Q(("kind", "rule"), _negated=True), models.Q(("key", ""), _negated=True)
                                    ),
                                    _connector="OR",
                                ),
                                name="segment_key_unless_rule",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SegmentVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "segment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="analytics.segment",
                                verbose_name="segment",
                            ),
                        ),
                        ("number", models.PositiveIntegerField(verbose_name="version")),
                        ("rule", models.JSONField(blank=True, default=dict, verbose_name="rule")),
                        (
                            "fingerprint",
                            models.CharField(
                                blank=True,
                                db_index=True,
                                help_text="The same for rules that say the same.",
                                max_length=64,
                                verbose_name="fingerprint",
                            ),
                        ),
                        (
                            "refers_to",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(),
                                blank=True,
                                default=list,
                                size=None,
                                verbose_name="segments in the rule",
                            ),
                        ),
                        ("profile", models.JSONField(blank=True, default=dict, verbose_name="profile")),
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
                            "made_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("made_at", models.DateTimeField(auto_now_add=True, verbose_name="saved")),
                        ("note", models.CharField(blank=True, max_length=300, verbose_name="what was changed")),
                    ],
                    options={
                        "verbose_name": "segment version",
                        "verbose_name_plural": "segment versions",
                        "ordering": ["segment", "-number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("segment", "number"), name="segment_version_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SegmentMembership",
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
                                related_name="segment_memberships",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "segment",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="memberships",
                                to="analytics.segment",
                                verbose_name="segment",
                            ),
                        ),
                        ("since", models.DateTimeField(verbose_name="since")),
                        ("until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                    ],
                    options={
                        "verbose_name": "membership in a segment",
                        "verbose_name_plural": "memberships in segments",
                        "indexes": [models.Index(fields=["segment", "since"], name="membership_of_segment")],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("until", None)),
                                fields=("segment", "customer"),
                                name="membership_once",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                                name="membership_ends_after_start",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SegmentSize",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "segment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="sizes",
                                to="analytics.segment",
                                verbose_name="segment",
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("size", models.PositiveIntegerField(verbose_name="customers")),
                        (
                            "revenue",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="revenue"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "size of a segment",
                        "verbose_name_plural": "sizes of segments",
                        "ordering": ["segment", "day"],
                        "constraints": [models.UniqueConstraint(fields=("segment", "day"), name="segment_size_once")],
                    },
                ),
                migrations.CreateModel(
                    name="SegmentSnapshot",
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
                            "segment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="snapshots",
                                to="analytics.segment",
                                verbose_name="segment",
                            ),
                        ),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="analytics.segmentversion",
                                verbose_name="version",
                            ),
                        ),
                        ("purpose", models.CharField(max_length=120, verbose_name="what for")),
                        ("size", models.PositiveIntegerField(verbose_name="customers")),
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                        (
                            "made_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "frozen list",
                        "verbose_name_plural": "frozen lists",
                        "ordering": ["-id"],
                    },
                ),
                migrations.CreateModel(
                    name="SnapshotMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "snapshot",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="members",
                                to="analytics.segmentsnapshot",
                                verbose_name="frozen list",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer of a frozen list",
                        "verbose_name_plural": "customers of frozen lists",
                        "constraints": [
                            models.UniqueConstraint(fields=("snapshot", "customer"), name="snapshot_member_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ReportSubscription",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "person",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="report_subscription",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="for",
                            ),
                        ),
                        (
                            "every",
                            models.CharField(
                                choices=[("day", "Every day"), ("week", "Every week"), ("month", "Every month")],
                                max_length=5,
                                verbose_name="how often",
                            ),
                        ),
                        (
                            "done_until",
                            models.DateField(
                                help_text="Last day of the newest period that was written, or that was over before.",
                                verbose_name="written up to",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="since")),
                    ],
                    options={
                        "verbose_name": "report by mail",
                        "verbose_name_plural": "reports by mail",
                    },
                ),
                migrations.CreateModel(
                    name="FunnelDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "device",
                            models.CharField(
                                blank=True, help_text="Empty where nobody said.", max_length=10, verbose_name="device"
                            ),
                        ),
                        (
                            "way",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "neither, or not known"),
                                    ("search", "search"),
                                    ("recommended", "recommendations"),
                                    ("both", "search and recommendations"),
                                ],
                                default="",
                                max_length=12,
                                verbose_name="found through",
                            ),
                        ),
                        ("viewed", models.PositiveIntegerField(default=0, verbose_name="looked at a product")),
                        ("carted", models.PositiveIntegerField(default=0, verbose_name="put it in the basket")),
                        ("bought", models.PositiveIntegerField(default=0, verbose_name="ordered")),
                        (
                            "skipped",
                            models.PositiveIntegerField(
                                default=0,
                                help_text="Ordered without a look or a basket on that day.",
                                verbose_name="ordered otherwise",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "day of the funnel",
                        "verbose_name_plural": "days of the funnel",
                        "constraints": [
                            models.UniqueConstraint(fields=("day", "device", "way"), name="funnel_day_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FunnelCustomer",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "step",
                            models.PositiveSmallIntegerField(
                                choices=[(1, "looked"), (2, "filled a basket"), (3, "ordered")], verbose_name="step"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "customer in the funnel",
                        "verbose_name_plural": "customers in the funnel",
                        "constraints": [
                            models.UniqueConstraint(fields=("day", "customer"), name="funnel_customer_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TouchedVisit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("hour", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name": "hour of visits to count",
                        "verbose_name_plural": "hours of visits to count",
                    },
                ),
            ],
        ),
    ]
