import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import core.models.base
import core.operations


class Migration(migrations.Migration):
    replaces = [
        ("recommender", "0001_placements"),
        ("recommender", "0003_online"),
        ("recommender", "0005_served_lists"),
        ("recommender", "0006_recommendation_lists"),
        ("recommender", "0007_watching"),
    ]

    initial = True

    dependencies = [
        ("catalog", "0001_all_tables"),
    ]

    operations = [
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="RecommendationDay",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("placement", models.CharField(max_length=40, verbose_name="placement")),
                        (
                            "arm_id",
                            models.BigIntegerField(default=0, help_text="0 outside experiments.", verbose_name="arm"),
                        ),
                        ("source", models.CharField(blank=True, max_length=12, verbose_name="source")),
                        (
                            "version_id",
                            models.BigIntegerField(
                                default=0, help_text="0 when no model answered.", verbose_name="model version"
                            ),
                        ),
                        ("people", models.PositiveIntegerField(default=0, verbose_name="people")),
                        ("lists", models.PositiveIntegerField(default=0, verbose_name="lists seen")),
                        ("slots", models.PositiveBigIntegerField(default=0, verbose_name="products seen")),
                        ("clicked", models.PositiveIntegerField(default=0, verbose_name="lists clicked")),
                        (
                            "carted",
                            models.PositiveIntegerField(
                                default=0, verbose_name="lists with something put into the basket"
                            ),
                        ),
                        ("bought", models.PositiveIntegerField(default=0, verbose_name="lists with something bought")),
                        (
                            "revenue",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="revenue"
                            ),
                        ),
                        ("lists_lists", models.FloatField(default=0)),
                        ("clicked_clicked", models.FloatField(default=0)),
                        ("carted_carted", models.FloatField(default=0)),
                        ("bought_bought", models.FloatField(default=0)),
                        ("revenue_revenue", models.FloatField(default=0)),
                        ("lists_clicked", models.FloatField(default=0)),
                        ("lists_carted", models.FloatField(default=0)),
                        ("lists_bought", models.FloatField(default=0)),
                        ("lists_revenue", models.FloatField(default=0)),
                    ],
                    options={
                        "verbose_name": "day of recommendations",
                        "verbose_name_plural": "days of recommendations",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("day", "placement", "arm_id", "source", "version_id"),
                                name="recommendation_day_once",
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ShownProduct",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        ("placement", models.CharField(max_length=40, verbose_name="placement")),
                        ("arm_id", models.BigIntegerField(default=0, verbose_name="arm")),
                        (
                            "product",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                                verbose_name="product",
                            ),
                        ),
                        ("times", models.PositiveIntegerField(verbose_name="times seen")),
                    ],
                    options={
                        "verbose_name": "product seen",
                        "verbose_name_plural": "products seen",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("day", "placement", "arm_id", "product"), name="shown_product_once"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="RefusedCredit",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "reason",
                            models.CharField(
                                choices=[
                                    ("forged", "not signed by this shop"),
                                    ("foreign", "of something else than a placement"),
                                    ("expired", "later than the time that counts"),
                                ],
                                max_length=8,
                                verbose_name="reason",
                            ),
                        ),
                        ("acts", models.PositiveIntegerField(verbose_name="acts")),
                    ],
                    options={
                        "verbose_name": "acts credited to nothing",
                        "verbose_name_plural": "acts credited to nothing",
                        "constraints": [models.UniqueConstraint(fields=("day", "reason"), name="refused_credit_once")],
                    },
                ),
                migrations.CreateModel(
                    name="TouchedHour",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("hour", models.DateTimeField(verbose_name="hour")),
                        ("is_order", models.BooleanField(default=False, verbose_name="of an order")),
                    ],
                    options={
                        "verbose_name": "hour to count",
                        "verbose_name_plural": "hours to count",
                    },
                ),
                migrations.CreateModel(
                    name="CreditState",
                    fields=[
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "counted_at",
                            models.DateTimeField(
                                db_default=django.db.models.functions.datetime.Now(), verbose_name="counted"
                            ),
                        ),
                        ("hours", models.PositiveSmallIntegerField(verbose_name="hours that count")),
                    ],
                    options={
                        "verbose_name": "state of the count",
                        "verbose_name_plural": "state of the count",
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="credit_state_is_one")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DriftCheck",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "feature",
                            models.CharField(
                                choices=[
                                    ("kinds", "what people do"),
                                    ("categories", "which categories they look at"),
                                    ("lengths", "how much each of them does"),
                                ],
                                max_length=12,
                                verbose_name="feature",
                            ),
                        ),
                        ("index", models.FloatField(verbose_name="stability index")),
                        ("acts", models.PositiveBigIntegerField(verbose_name="acts in the newest week")),
                        ("acts_before", models.PositiveBigIntegerField(verbose_name="acts before")),
                    ],
                    options={
                        "verbose_name": "drift check",
                        "verbose_name_plural": "drift checks",
                        "constraints": [models.UniqueConstraint(fields=("day", "feature"), name="drift_check_once")],
                    },
                ),
                migrations.CreateModel(
                    name="ServedEvaluation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("day", models.DateField(verbose_name="day")),
                        (
                            "version",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        ("since", models.DateTimeField(verbose_name="judged on acts since")),
                        ("customers", models.PositiveIntegerField(verbose_name="customers judged")),
                        ("measures", models.JSONField(default=dict, verbose_name="measures")),
                    ],
                    options={
                        "verbose_name": "evaluation of what serves",
                        "verbose_name_plural": "evaluations of what serves",
                        "constraints": [
                            models.UniqueConstraint(fields=("day", "version"), name="served_evaluation_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Placement",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                        ("name", models.CharField(max_length=300, verbose_name="name")),
                        (
                            "name_translations",
                            models.JSONField(
                                blank=True, db_default={}, default=dict, verbose_name="name in other languages"
                            ),
                        ),
                        (
                            "key",
                            models.SlugField(
                                help_text="The storefront asks for the placement by this word.",
                                max_length=40,
                                unique=True,
                                verbose_name="key",
                            ),
                        ),
                        (
                            "surface",
                            models.CharField(
                                choices=[
                                    ("home", "home page"),
                                    ("product", "product page"),
                                    ("cart", "cart"),
                                    ("category", "category page"),
                                    ("search", "search page"),
                                    ("email", "e-mail"),
                                ],
                                max_length=10,
                                verbose_name="where",
                            ),
                        ),
                        (
                            "strategy",
                            models.CharField(
                                choices=[
                                    ("automatic", "for this customer"),
                                    ("similar", "like the product on the page"),
                                    ("together", "bought together with the product or basket"),
                                    ("category", "popular in the category"),
                                    ("trending", "popular right now"),
                                    ("rising", "rising fast"),
                                    ("popular", "popular"),
                                    ("newest", "newest"),
                                ],
                                default="automatic",
                                max_length=12,
                                verbose_name="strategy",
                            ),
                        ),
                        (
                            "fallback",
                            models.CharField(
                                choices=[
                                    ("popular", "what fits best, then popular products, then the newest"),
                                    ("newest", "the newest products"),
                                    ("nothing", "a shorter list"),
                                ],
                                default="popular",
                                max_length=8,
                                verbose_name="when too little is found",
                            ),
                        ),
                        (
                            "slots",
                            models.PositiveSmallIntegerField(
                                default=10,
                                validators=[
                                    django.core.validators.MinValueValidator(1),
                                    django.core.validators.MaxValueValidator(50),
                                ],
                                verbose_name="products",
                            ),
                        ),
                        (
                            "repeats_allowed",
                            models.BooleanField(
                                default=False,
                                help_text="For things that people buy again and again.",
                                verbose_name="show what was bought before",
                            ),
                        ),
                        (
                            "diversity",
                            models.FloatField(
                                default=0.0,
                                help_text="0 shows the best matches, however alike; 1 shows what differs most.",
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(1),
                                ],
                                verbose_name="variety",
                            ),
                        ),
                        (
                            "category_cap",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(1)],
                                verbose_name="most per category",
                            ),
                        ),
                        (
                            "exploration",
                            models.FloatField(
                                default=0.0,
                                help_text="New products have no clicks yet. This share of the slots tries them.",
                                validators=[
                                    django.core.validators.MinValueValidator(0),
                                    django.core.validators.MaxValueValidator(0.5),
                                ],
                                verbose_name="share for new products",
                            ),
                        ),
                        (
                            "category",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.category",
                                verbose_name="only this category",
                            ),
                        ),
                        (
                            "brand",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="catalog.brand",
                                verbose_name="only this brand",
                            ),
                        ),
                        (
                            "price_min",
                            core.models.base.MoneyField(
                                blank=True, decimal_places=4, max_digits=18, null=True, verbose_name="price from"
                            ),
                        ),
                        (
                            "price_max",
                            core.models.base.MoneyField(
                                blank=True, decimal_places=4, max_digits=18, null=True, verbose_name="price to"
                            ),
                        ),
                        ("is_on", models.BooleanField(default=True, verbose_name="on")),
                        ("version", models.PositiveIntegerField(default=0, editable=False, verbose_name="version")),
                    ],
                    options={
                        "verbose_name": "placement",
                        "verbose_name_plural": "placements",
                        "ordering": ["key"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("slots__range", (1, 50))), name="placement_slots_1_to_50"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("diversity__range", (0, 1))), name="placement_diversity_0_to_1"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(("exploration__range", (0, 0.5))),
                                name="placement_exploration_to_half",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("price_min", None),
                                    ("price_max", None),
                                    ("price_min__lte", models.F("price_max")),
                                    _connector="OR",
                                ),
                                name="placement_prices_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlacementRule",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "placement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="rules",
                                to="recommender.placement",
                                verbose_name="placement",
                            ),
                        ),
                        (
                            "kind",
                            models.CharField(
                                choices=[("pin", "pin"), ("boost", "boost"), ("bury", "bury"), ("exclude", "exclude")],
                                max_length=8,
                                verbose_name="rule",
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
                            "brand",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.brand",
                                verbose_name="brand",
                            ),
                        ),
                        (
                            "slot",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                null=True,
                                validators=[django.core.validators.MinValueValidator(1)],
                                verbose_name="slot",
                            ),
                        ),
                        (
                            "strength",
                            models.FloatField(
                                default=2.0,
                                help_text="How many times as relevant a boosted product counts, or a buried one less.",
                                validators=[
                                    django.core.validators.MinValueValidator(1.1),
                                    django.core.validators.MaxValueValidator(10),
                                ],
                                verbose_name="strength",
                            ),
                        ),
                        ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="from")),
                        ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="why")),
                    ],
                    options={
                        "verbose_name": "placement rule",
                        "verbose_name_plural": "placement rules",
                        "ordering": ["placement", "id"],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("brand", None), ("category", None), ("product__isnull", False)),
                                    models.Q(("brand", None), ("category__isnull", False), ("product", None)),
                                    models.Q(("brand__isnull", False), ("category", None), ("product", None)),
                                    _connector="OR",
                                ),
                                name="placement_rule_has_one_target",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("kind", "pin"), _negated=True),
                                    models.Q(("product__isnull", False), ("slot__isnull", False)),
                                    _connector="OR",
                                ),
                                name="placement_pin_has_slot",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("starts_at", None),
                                    ("ends_at", None),
                                    ("starts_at__lt", models.F("ends_at")),
                                    _connector="OR",
                                ),
                                name="placement_rule_dates_in_order",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PlacementVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "placement",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="versions",
                                to="recommender.placement",
                                verbose_name="placement",
                            ),
                        ),
                        ("number", models.PositiveIntegerField(verbose_name="version")),
                        ("settings", models.JSONField(verbose_name="settings")),
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="what was changed")),
                        (
                            "saved_by",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                                verbose_name="by",
                            ),
                        ),
                        ("saved_at", models.DateTimeField(auto_now_add=True, verbose_name="saved")),
                    ],
                    options={
                        "verbose_name": "placement version",
                        "verbose_name_plural": "placement versions",
                        "ordering": ["placement", "-number"],
                        "constraints": [
                            models.UniqueConstraint(fields=("placement", "number"), name="placement_version_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ItemDay",
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
                                db_index=False,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="catalog.product",
                            ),
                        ),
                        ("day", models.DateField()),
                        ("people", models.PositiveIntegerField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["day"], name="item_day_by_day")],
                        "constraints": [models.UniqueConstraint(fields=("product", "day"), name="item_day_once")],
                    },
                ),
                migrations.CreateModel(
                    name="ServedList",
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
                                    ("trending", "Trending"),
                                    ("rising", "Rising"),
                                    ("category", "Category"),
                                    ("segment", "Segment"),
                                    ("together", "Together"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("key", models.CharField(blank=True, max_length=200)),
                        (
                            "product_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), default=list, size=None
                            ),
                        ),
                        (
                            "lifts",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.FloatField(), default=list, size=None
                            ),
                        ),
                        ("total", models.PositiveIntegerField(default=0)),
                        ("version", models.BigIntegerField()),
                    ],
                    options={
                        "indexes": [models.Index(fields=["version"], name="served_list_by_version")],
                        "constraints": [models.UniqueConstraint(fields=("kind", "key"), name="served_list_once")],
                    },
                ),
                migrations.CreateModel(
                    name="RecommendationList",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "customer",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="recommendation_list",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        (
                            "product_ids",
                            django.contrib.postgres.fields.ArrayField(
                                base_field=models.BigIntegerField(), size=None, verbose_name="products"
                            ),
                        ),
                        (
                            "speaker_ids",
                            django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
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
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "list of recommendations",
                        "verbose_name_plural": "lists of recommendations",
                    },
                ),
                migrations.CreateModel(
                    name="ListCount",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("version", models.BigIntegerField(default=0)),
                        ("whole_version", models.BigIntegerField(default=0)),
                        ("whole_at", models.DateTimeField()),
                        ("counted_until", models.DateTimeField()),
                        ("orders", models.PositiveIntegerField(default=0)),
                        ("changed_at", models.DateTimeField(auto_now=True)),
                    ],
                    options={
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("pk", 1)), name="list_count_is_one_row")
                        ],
                    },
                ),
            ],
        ),
    ]
