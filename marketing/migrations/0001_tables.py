import datetime
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.models.base
import core.models.experiments


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("analytics", "0018_keys_without_numbers"),
        ("catalog", "0041_known_customers"),
        ("core", "0028_conversations_scope"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Audience",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "source",
                    models.CharField(
                        choices=[("segment", "segment"), ("rule", "rule"), ("upload", "uploaded list")],
                        max_length=7,
                        verbose_name="source",
                    ),
                ),
                (
                    "definition",
                    models.JSONField(
                        default=dict,
                        help_text="Keys of segments, a rule, or numbers of customers.",
                        verbose_name="definition",
                    ),
                ),
                ("size", models.PositiveIntegerField(editable=False, null=True, verbose_name="size")),
                ("counted_at", models.DateTimeField(editable=False, null=True, verbose_name="counted")),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "segment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="analytics.segment",
                        verbose_name="segment",
                    ),
                ),
            ],
            options={
                "verbose_name": "audience",
                "verbose_name_plural": "audiences",
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("offers", "offers"),
                            ("news", "news"),
                            ("care", "care after a purchase"),
                            ("surveys", "surveys"),
                        ],
                        default="offers",
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        default="email",
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("checked", "checked"),
                            ("approved", "approved"),
                            ("planned", "planned"),
                            ("running", "running"),
                            ("paused", "paused"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "trigger",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "none"),
                            ("abandoned_cart", "abandoned cart"),
                            ("price_drop", "price drop"),
                            ("back_in_stock", "back in stock"),
                            ("first_order", "first order"),
                            ("win_back", "win back"),
                        ],
                        default="",
                        max_length=14,
                        verbose_name="trigger",
                    ),
                ),
                (
                    "holdout_share",
                    models.DecimalField(
                        decimal_places=3,
                        default=0,
                        help_text="Between 0 and 0.5. Without them nobody knows what the campaign brought.",
                        max_digits=4,
                        verbose_name="share that gets nothing",
                    ),
                ),
                (
                    "salt",
                    models.CharField(
                        default=core.models.experiments.new_salt, editable=False, max_length=32, verbose_name="salt"
                    ),
                ),
                (
                    "cap_messages",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Empty: as the shop says.",
                        null=True,
                        verbose_name="at most this many messages",
                    ),
                ),
                (
                    "cap_days",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="within this many days"),
                ),
                ("planned_for", models.DateTimeField(blank=True, null=True, verbose_name="starts")),
                (
                    "cost_per_message",
                    core.models.base.MoneyField(
                        decimal_places=4, default=0, max_digits=18, verbose_name="cost of a message"
                    ),
                ),
                (
                    "pause_reason",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="why it is paused"),
                ),
                ("checked_at", models.DateTimeField(editable=False, null=True, verbose_name="checked")),
                ("approved_at", models.DateTimeField(editable=False, null=True, verbose_name="approved")),
                ("started_at", models.DateTimeField(editable=False, null=True, verbose_name="started")),
                ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                (
                    "approved_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "audience",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="campaigns",
                        to="marketing.audience",
                        verbose_name="audience",
                    ),
                ),
                (
                    "checked_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="checked by",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "permissions": [
                    ("approve_campaign", "Can approve a campaign"),
                    ("run_campaign", "Can start, pause and cancel a campaign"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AudienceMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "audience",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="marketing.audience",
                        verbose_name="audience",
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
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="marketing.campaign",
                        verbose_name="campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "member of an audience",
                "verbose_name_plural": "members of audiences",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CampaignEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "before",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("draft", "draft"),
                            ("checked", "checked"),
                            ("approved", "approved"),
                            ("planned", "planned"),
                            ("running", "running"),
                            ("paused", "paused"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=9,
                        verbose_name="before",
                    ),
                ),
                (
                    "after",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("checked", "checked"),
                            ("approved", "approved"),
                            ("planned", "planned"),
                            ("running", "running"),
                            ("paused", "paused"),
                            ("done", "done"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=9,
                        verbose_name="after",
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="at")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="marketing.campaign",
                        verbose_name="campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a campaign",
                "verbose_name_plural": "changes of campaigns",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CampaignStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=1, verbose_name="position")),
                ("wait_hours", models.PositiveIntegerField(default=0, verbose_name="hours after the step before")),
                ("condition", models.JSONField(blank=True, default=dict, verbose_name="condition")),
                ("arms", models.JSONField(blank=True, default=list, verbose_name="arms")),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="marketing.campaign",
                        verbose_name="campaign",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of a campaign",
                "verbose_name_plural": "steps of campaigns",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("offers", "offers"),
                            ("news", "news"),
                            ("care", "care after a purchase"),
                            ("surveys", "surveys"),
                        ],
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("given", "given"), ("withdrawn", "withdrawn"), ("pending", "waits for confirmation")],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "API"),
                            ("import", "import"),
                            ("staff", "staff"),
                            ("preference_page", "preference page"),
                            ("unsubscribe", "unsubscribe link"),
                            ("double_opt_in", "confirmed by link"),
                        ],
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("wording_version", models.CharField(blank=True, max_length=40, verbose_name="version of the wording")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to="catalog.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
            },
        ),
        migrations.CreateModel(
            name="ConsentEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("offers", "offers"),
                            ("news", "news"),
                            ("care", "care after a purchase"),
                            ("surveys", "surveys"),
                        ],
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("given", "given"), ("withdrawn", "withdrawn"), ("pending", "waits for confirmation")],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("api", "API"),
                            ("import", "import"),
                            ("staff", "staff"),
                            ("preference_page", "preference page"),
                            ("unsubscribe", "unsubscribe link"),
                            ("double_opt_in", "confirmed by link"),
                        ],
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("wording_version", models.CharField(blank=True, max_length=40, verbose_name="version of the wording")),
                (
                    "proof",
                    models.JSONField(
                        default=dict,
                        help_text="Keyed hash of the IP address, page, import, who wrote it down.",
                        verbose_name="proof",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consent_events",
                        to="catalog.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of a consent",
                "verbose_name_plural": "changes of consents",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="MarketingSettings",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "is_sending",
                    models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="Off: no message of a campaign or a care programme leaves the shop, whatever runs.",
                        verbose_name="messages go out",
                    ),
                ),
                (
                    "quiet_from",
                    models.TimeField(
                        default=datetime.time(21, 0),
                        help_text="In the customer's time zone.",
                        verbose_name="quiet from",
                    ),
                ),
                ("quiet_until", models.TimeField(default=datetime.time(8, 0), verbose_name="quiet until")),
                (
                    "cap_messages",
                    models.PositiveSmallIntegerField(
                        default=3,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="at most this many messages",
                    ),
                ),
                (
                    "cap_days",
                    models.PositiveSmallIntegerField(
                        default=7,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(365),
                        ],
                        verbose_name="within this many days",
                    ),
                ),
                (
                    "double_opt_in",
                    models.BooleanField(
                        default=True,
                        help_text="A consent for e-mail counts once the link in a mail was followed.",
                        verbose_name="confirm by link",
                    ),
                ),
                (
                    "second_person_above",
                    models.PositiveIntegerField(
                        default=500,
                        help_text="Campaigns to more customers are approved by somebody else than who made them.",
                        verbose_name="second person above",
                    ),
                ),
                (
                    "per_second",
                    models.PositiveIntegerField(
                        default=20,
                        help_text="For each provider.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="messages a second",
                    ),
                ),
                (
                    "most_bounces",
                    models.DecimalField(
                        decimal_places=2, default=5, max_digits=4, verbose_name="pause above bounces of (%)"
                    ),
                ),
                (
                    "most_complaints",
                    models.DecimalField(
                        decimal_places=2,
                        default=Decimal("0.3"),
                        max_digits=4,
                        verbose_name="pause above complaints of (%)",
                    ),
                ),
                ("sender_name", models.CharField(blank=True, max_length=80, verbose_name="name of the sender")),
                (
                    "postal_address",
                    models.CharField(
                        blank=True,
                        help_text="Stands at the end of each message.",
                        max_length=200,
                        verbose_name="postal address",
                    ),
                ),
            ],
            options={
                "verbose_name": "message settings",
                "verbose_name_plural": "message settings",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="marketing_settings_once")],
            },
        ),
        migrations.CreateModel(
            name="Offer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "title",
                    models.JSONField(
                        blank=True, default=dict, help_text="What customers read, per language.", verbose_name="title"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("discount", "discount"),
                            ("free_shipping", "free shipping"),
                            ("points", "bonus points"),
                        ],
                        max_length=13,
                        verbose_name="kind",
                    ),
                ),
                (
                    "unit",
                    models.CharField(
                        choices=[("percent", "percent"), ("amount", "amount"), ("points", "points")],
                        default="percent",
                        max_length=7,
                        verbose_name="unit",
                    ),
                ),
                (
                    "value",
                    core.models.base.MoneyField(decimal_places=4, default=0, max_digits=18, verbose_name="value"),
                ),
                (
                    "least_order",
                    core.models.base.MoneyField(
                        decimal_places=4, default=0, max_digits=18, verbose_name="from an order of"
                    ),
                ),
                (
                    "max_codes",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="at most this many codes"),
                ),
                (
                    "budget",
                    core.models.base.MoneyField(
                        blank=True, decimal_places=4, max_digits=18, null=True, verbose_name="budget"
                    ),
                ),
                (
                    "spent",
                    core.models.base.MoneyField(
                        decimal_places=4, default=0, editable=False, max_digits=18, verbose_name="spent"
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="starts")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="ends")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
            ],
            options={
                "verbose_name": "offer",
                "verbose_name_plural": "offers",
                "indexes": [models.Index(fields=["-created_at", "-id"], name="offer_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("least_order__gte", 0), ("value__gte", 0)), name="offer_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("unit", "percent"), _negated=True), ("value__lte", 100), _connector="OR"
                        ),
                        name="offer_percent_at_most_hundred",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("starts_at", None),
                            ("ends_at", None),
                            ("starts_at__lt", models.F("ends_at")),
                            _connector="OR",
                        ),
                        name="offer_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CouponCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=24, unique=True, verbose_name="code")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="used")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="coupon_codes",
                        to="catalog.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "offer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="codes",
                        to="marketing.offer",
                        verbose_name="offer",
                    ),
                ),
            ],
            options={
                "verbose_name": "coupon code",
                "verbose_name_plural": "coupon codes",
            },
        ),
        migrations.AddField(
            model_name="campaign",
            name="offer",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="campaigns",
                to="marketing.offer",
                verbose_name="offer",
            ),
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "key",
                    models.CharField(
                        blank=True, editable=False, max_length=120, null=True, unique=True, verbose_name="key"
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("offers", "offers"),
                            ("news", "news"),
                            ("care", "care after a purchase"),
                            ("surveys", "surveys"),
                        ],
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                ("arm", models.CharField(blank=True, max_length=20, verbose_name="arm")),
                ("is_holdout", models.BooleanField(default=False, verbose_name="holdout")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "planned"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("unknown", "perhaps sent"),
                            ("failed", "failed"),
                            ("skipped", "left out"),
                            ("cancelled", "cancelled"),
                        ],
                        default="planned",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "skip_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", ""),
                            ("no_consent", "no consent"),
                            ("suppressed", "suppressed address"),
                            ("capped", "enough messages already"),
                            ("holdout", "in the holdout"),
                            ("no_address", "no valid address"),
                            ("restricted", "processing restricted"),
                            ("gone", "erased or merged"),
                            ("ended", "campaign ended"),
                            ("condition", "condition of the step not met"),
                            ("too_late", "too late"),
                            ("refused", "refused by the provider"),
                            ("unwritten", "message could not be written"),
                            ("not_handed_over", "never reached the provider"),
                        ],
                        default="",
                        max_length=15,
                        verbose_name="why not",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                (
                    "message_id",
                    models.CharField(
                        blank=True, editable=False, max_length=120, null=True, unique=True, verbose_name="message ID"
                    ),
                ),
                ("provider", models.CharField(blank=True, max_length=40, verbose_name="provider")),
                ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                ("claimed_at", models.DateTimeField(editable=False, null=True, verbose_name="taken")),
                ("sent_at", models.DateTimeField(editable=False, null=True, verbose_name="sent")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recipients",
                        to="marketing.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="campaign_messages",
                        to="catalog.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recipients",
                        to="marketing.campaignstep",
                        verbose_name="step",
                    ),
                ),
            ],
            options={
                "verbose_name": "recipient",
                "verbose_name_plural": "recipients",
                "permissions": [("settle_recipient", "Can decide what became of a message")],
            },
        ),
        migrations.CreateModel(
            name="MessageEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("message_id", models.CharField(blank=True, max_length=120, verbose_name="message ID")),
                ("provider", models.CharField(max_length=40, verbose_name="provider")),
                ("provider_event", models.CharField(max_length=200, verbose_name="event of the provider")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("delivered", "delivered"),
                            ("opened", "opened"),
                            ("clicked", "clicked"),
                            ("bounced", "bounced"),
                            ("complained", "complaint"),
                            ("deferred", "delayed"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="received")),
                (
                    "raw",
                    models.JSONField(
                        default=dict, help_text="Codes of the provider; nothing personal.", verbose_name="details"
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="marketing.recipient",
                        verbose_name="recipient",
                    ),
                ),
            ],
            options={
                "verbose_name": "event of a message",
                "verbose_name_plural": "events of messages",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Restriction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(verbose_name="since")),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "customer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="restriction",
                        to="catalog.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "restriction of processing",
                "verbose_name_plural": "restrictions of processing",
            },
        ),
        migrations.CreateModel(
            name="Suppression",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                ("address_hash", models.CharField(editable=False, max_length=64, verbose_name="hash of the address")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("bounce", "bounced"),
                            ("complaint", "complained"),
                            ("unsubscribe", "unsubscribed"),
                            ("erased", "erased"),
                            ("staff", "by staff"),
                        ],
                        max_length=11,
                        verbose_name="reason",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="since")),
            ],
            options={
                "verbose_name": "suppressed address",
                "verbose_name_plural": "suppressed addresses",
                "indexes": [models.Index(fields=["-at", "-id"], name="suppression_newest")],
                "constraints": [models.UniqueConstraint(fields=("channel", "address_hash"), name="suppressed_once")],
            },
        ),
        migrations.CreateModel(
            name="Template",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("name", models.CharField(max_length=120, verbose_name="name")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("offers", "offers"),
                            ("news", "news"),
                            ("care", "care after a purchase"),
                            ("surveys", "surveys"),
                        ],
                        default="offers",
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        default="email",
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("mjml", "MJML"), ("text", "plain text")],
                        default="mjml",
                        max_length=4,
                        verbose_name="kind",
                    ),
                ),
                ("subject", models.JSONField(blank=True, default=dict, verbose_name="subject")),
                ("preheader", models.JSONField(blank=True, default=dict, verbose_name="preview line")),
                ("body", models.JSONField(blank=True, default=dict, verbose_name="text")),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version")),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "message template",
                "verbose_name_plural": "message templates",
            },
        ),
        migrations.AddField(
            model_name="campaignstep",
            name="template",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="marketing.template",
                verbose_name="message",
            ),
        ),
        migrations.CreateModel(
            name="TemplateVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(verbose_name="version")),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("offers", "offers"),
                            ("news", "news"),
                            ("care", "care after a purchase"),
                            ("surveys", "surveys"),
                        ],
                        max_length=8,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("email", "e-mail"), ("sms", "SMS"), ("wechat", "WeChat"), ("push", "push message")],
                        max_length=8,
                        verbose_name="channel",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("mjml", "MJML"), ("text", "plain text")], max_length=4, verbose_name="kind"
                    ),
                ),
                ("subject", models.JSONField(default=dict, verbose_name="subject")),
                ("preheader", models.JSONField(default=dict, verbose_name="preview line")),
                ("body", models.JSONField(default=dict, verbose_name="text")),
                ("html", models.JSONField(default=dict, verbose_name="HTML")),
                ("text", models.JSONField(default=dict, verbose_name="plain text part")),
                ("frozen_at", models.DateTimeField(auto_now_add=True, verbose_name="approved")),
                (
                    "frozen_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="marketing.template",
                        verbose_name="message template",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a message",
                "verbose_name_plural": "versions of messages",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="recipient",
            name="template_version",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="marketing.templateversion",
                verbose_name="version of the message",
            ),
        ),
        migrations.AddField(
            model_name="campaignstep",
            name="template_version",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="marketing.templateversion",
                verbose_name="version of the message",
            ),
        ),
        migrations.CreateModel(
            name="TrackedLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.TextField(max_length=2000, verbose_name="address")),
                (
                    "campaign",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="marketing.campaign",
                        verbose_name="campaign",
                    ),
                ),
                (
                    "template_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="marketing.templateversion",
                        verbose_name="version of the message",
                    ),
                ),
            ],
            options={
                "verbose_name": "link in a message",
                "verbose_name_plural": "links in messages",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UpliftScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("arm", models.CharField(max_length=20, verbose_name="arm")),
                ("value", models.FloatField(verbose_name="expected difference")),
                ("as_of", models.DateTimeField(verbose_name="as of")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uplift_scores",
                        to="catalog.customer",
                        verbose_name="customer",
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
            ],
            options={
                "verbose_name": "uplift score",
                "verbose_name_plural": "uplift scores",
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="audience",
            index=models.Index(fields=["-updated_at", "-id"], name="audience_newest"),
        ),
        migrations.AddIndex(
            model_name="audiencemember",
            index=models.Index(fields=["customer"], name="audiences_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="audiencemember",
            constraint=models.UniqueConstraint(
                fields=("audience", "campaign", "customer"), name="audience_member_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="campaignevent",
            index=models.Index(fields=["campaign", "-id"], name="campaign_history"),
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                condition=models.Q(("state", "given")), fields=["purpose", "channel", "customer"], name="consent_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(fields=("customer", "purpose", "channel"), name="consent_once"),
        ),
        migrations.AddIndex(
            model_name="consentevent",
            index=models.Index(fields=["customer", "-at", "-id"], name="consent_history"),
        ),
        migrations.AddIndex(
            model_name="couponcode",
            index=models.Index(fields=["customer", "-created_at"], name="coupons_of_customer"),
        ),
        migrations.AddConstraint(
            model_name="couponcode",
            constraint=models.UniqueConstraint(fields=("offer", "customer"), name="coupon_one_per_person"),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(fields=["-updated_at", "-id"], name="campaign_newest"),
        ),
        migrations.AddIndex(
            model_name="campaign",
            index=models.Index(condition=models.Q(("state", "running")), fields=["id"], name="campaign_running"),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(("holdout_share__gte", 0), ("holdout_share__lte", 0.5)),
                name="campaign_holdout_at_most_half",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cap_days", None), ("cap_messages", None)),
                    models.Q(("cap_days__gte", 1), ("cap_messages__gte", 1)),
                    _connector="OR",
                ),
                name="campaign_cap_whole",
            ),
        ),
        migrations.AddIndex(
            model_name="messageevent",
            index=models.Index(fields=["recipient", "kind"], name="events_of_message"),
        ),
        migrations.AddIndex(
            model_name="messageevent",
            index=models.Index(
                condition=models.Q(("recipient", None)), fields=["message_id"], name="events_before_message"
            ),
        ),
        migrations.AddConstraint(
            model_name="messageevent",
            constraint=models.UniqueConstraint(fields=("provider", "provider_event"), name="message_event_once"),
        ),
        migrations.AddIndex(
            model_name="template",
            index=models.Index(fields=["-updated_at", "-id"], name="template_newest"),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.UniqueConstraint(fields=("template", "number"), name="template_version_once"),
        ),
        migrations.AddConstraint(
            model_name="templateversion",
            constraint=models.CheckConstraint(condition=models.Q(("number__gte", 1)), name="template_version_counts"),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("state", "planned")), fields=["campaign", "due_at", "id"], name="recipient_due"
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("state", "sending")), fields=["claimed_at"], name="recipient_in_flight"
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("state__in", ["sending", "sent", "unknown"])),
                fields=["customer", "claimed_at"],
                name="recipient_for_cap",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(fields=["campaign", "state"], name="recipient_by_state"),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(fields=["customer", "-id"], name="messages_of_customer"),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(condition=models.Q(("state", "unknown")), fields=["id"], name="recipient_unknown"),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(fields=("campaign", "step", "customer"), name="recipient_once"),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("campaign__isnull", False), ("key", None), ("step__isnull", False)),
                    models.Q(("campaign", None), ("key__isnull", False), ("step", None)),
                    _connector="OR",
                ),
                name="recipient_of_campaign_or_single",
            ),
        ),
        migrations.AddConstraint(
            model_name="campaignstep",
            constraint=models.UniqueConstraint(fields=("campaign", "position"), name="campaign_step_once"),
        ),
        migrations.AddConstraint(
            model_name="trackedlink",
            constraint=models.UniqueConstraint(
                fields=("campaign", "template_version", "url"), name="tracked_link_once", nulls_distinct=False
            ),
        ),
        migrations.AddIndex(
            model_name="upliftscore",
            index=models.Index(fields=["model_version", "arm", "-value"], name="uplift_best"),
        ),
        migrations.AddConstraint(
            model_name="upliftscore",
            constraint=models.UniqueConstraint(fields=("customer", "model_version", "arm"), name="uplift_score_once"),
        ),
    ]
