import datetime
from decimal import Decimal

import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.models.base
import core.models.experiments
import core.operations


class Migration(migrations.Migration):
    replaces = [
        ("marketing", "0001_tables"),
        ("marketing", "0003_what_a_plan_keeps"),
        ("marketing", "0004_steps_have_no_condition"),
        ("marketing", "0005_audiences_by_score"),
        ("marketing", "0006_offers_with_limits"),
        ("marketing", "0007_occasions"),
        ("marketing", "0008_offers_per_group"),
        ("marketing", "0009_conditions_of_steps"),
        ("marketing", "0010_effects_and_private_learning"),
        ("marketing", "0011_kinds_of_reports"),
        ("marketing", "0012_a_restriction_ends_personalisation"),
        ("marketing", "0014_offers_within_a_budget"),
        ("marketing", "0015_hours_of_customers"),
    ]

    initial = True

    dependencies = [
        ("analytics", "0001_all_tables"),
        ("crm", "0001_all_tables"),
    ]

    operations = [
        core.operations.AllTables(
            tables=[
                migrations.CreateModel(
                    name="OfferAllocation",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "campaign",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="allocations",
                                to="marketing.campaign",
                                verbose_name="campaign",
                            ),
                        ),
                        (
                            "audience",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="marketing.audience",
                                verbose_name="audience",
                            ),
                        ),
                        (
                            "offers",
                            models.JSONField(
                                default=list, help_text="Keys of the offers that may be given.", verbose_name="offers"
                            ),
                        ),
                        ("budget", core.models.base.MoneyField(decimal_places=4, max_digits=18, verbose_name="budget")),
                        (
                            "margin",
                            models.DecimalField(
                                decimal_places=3,
                                help_text="Part of a price that is left to the shop.",
                                max_digits=4,
                                verbose_name="margin",
                            ),
                        ),
                        (
                            "holdout_share",
                            models.DecimalField(
                                decimal_places=3, default=0, max_digits=4, verbose_name="share that gets nothing"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("computing", "being worked out"),
                                    ("proposed", "to decide"),
                                    ("accepted", "accepted"),
                                    ("dropped", "taken back"),
                                ],
                                default="computing",
                                max_length=9,
                                verbose_name="state",
                            ),
                        ),
                        (
                            "basis",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("ranking", "a proved ranking"),
                                    ("mean", "the mean of all, people by chance"),
                                    ("chance", "chance, as nothing is measured"),
                                ],
                                max_length=7,
                                verbose_name="people are chosen by",
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
                        ("as_of", models.DateTimeField(blank=True, null=True, verbose_name="as of")),
                        ("results", models.JSONField(blank=True, default=dict, verbose_name="results")),
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
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
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
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                    ],
                    options={
                        "verbose_name": "allocation of offers",
                        "verbose_name_plural": "allocations of offers",
                        "default_permissions": (),
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("budget__gt", 0), ("margin__gt", 0), ("margin__lte", 1)),
                                name="offer_allocation_means_something",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("state", "accepted")),
                                fields=("campaign",),
                                name="offer_allocation_accepted_once",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="AllocatedOffer",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "allocation",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="people",
                                to="marketing.offerallocation",
                                verbose_name="allocation of offers",
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
                            "offer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="marketing.offer",
                                verbose_name="offer",
                            ),
                        ),
                        ("gain", models.FloatField(blank=True, null=True, verbose_name="expected margin")),
                        ("cost", models.FloatField(verbose_name="expected cost")),
                    ],
                    options={
                        "verbose_name": "offer allocated to a customer",
                        "verbose_name_plural": "offers allocated to customers",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("allocation", "customer"), name="allocated_offer_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Template",
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
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
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
                        "indexes": [models.Index(fields=["-updated_at", "-id"], name="template_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="TemplateVersion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
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
                    ],
                    options={
                        "verbose_name": "version of a message",
                        "verbose_name_plural": "versions of messages",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("template", "number"), name="template_version_once"),
                            models.CheckConstraint(
                                condition=models.Q(("number__gte", 1)), name="template_version_counts"
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Audience",
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
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        (
                            "source",
                            models.CharField(
                                choices=[
                                    ("segment", "segment"),
                                    ("rule", "rule"),
                                    ("upload", "uploaded list"),
                                    ("score", "score"),
                                    ("uplift", "whom messages move"),
                                ],
                                max_length=7,
                                verbose_name="source",
                            ),
                        ),
                        (
                            "definition",
                            models.JSONField(
                                default=dict,
                                help_text="Keys of segments, a rule, a score with its limit.",
                                verbose_name="definition",
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
                        ("size", models.PositiveIntegerField(editable=False, null=True, verbose_name="size")),
                        ("counted_at", models.DateTimeField(editable=False, null=True, verbose_name="counted")),
                        (
                            "counts",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                editable=False,
                                help_text="How many there are, can be reached, and cannot for each reason; for which purpose and channel.",
                                verbose_name="who can be reached",
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
                        "verbose_name": "audience",
                        "verbose_name_plural": "audiences",
                        "indexes": [models.Index(fields=["-updated_at", "-id"], name="audience_newest")],
                    },
                ),
                migrations.CreateModel(
                    name="Campaign",
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
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
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
                            "trigger_settings",
                            models.JSONField(
                                blank=True,
                                db_default={},
                                default=dict,
                                editable=False,
                                help_text="Hours, days and shares by name (marketing.triggers).",
                                verbose_name="settings of the trigger",
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
                                default=core.models.experiments.new_salt,
                                editable=False,
                                max_length=32,
                                verbose_name="salt",
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
                            models.PositiveSmallIntegerField(
                                blank=True, null=True, verbose_name="within this many days"
                            ),
                        ),
                        ("planned_for", models.DateTimeField(blank=True, null=True, verbose_name="starts")),
                        (
                            "send_within",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="Empty: everybody at the planned moment.",
                                null=True,
                                verbose_name="each at their own hour, within hours",
                            ),
                        ),
                        (
                            "timing",
                            models.JSONField(
                                blank=True,
                                db_default={},
                                default=dict,
                                editable=False,
                                help_text="What the plan knew of hours, as of when, and how many got which; names nobody.",
                                verbose_name="hours of the shop",
                            ),
                        ),
                        (
                            "cost_per_message",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="cost of a message"
                            ),
                        ),
                        (
                            "offer",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="campaigns",
                                to="marketing.offer",
                                verbose_name="offer",
                            ),
                        ),
                        (
                            "counts",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                editable=False,
                                help_text="How many there are, can be reached, and cannot for each reason.",
                                verbose_name="who can be reached",
                            ),
                        ),
                        ("counted_at", models.DateTimeField(editable=False, null=True, verbose_name="counted")),
                        (
                            "experiment",
                            models.OneToOneField(
                                blank=True,
                                editable=False,
                                help_text="What the plan drew by chance, and what it is judged by.",
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.experiment",
                                verbose_name="experiment",
                            ),
                        ),
                        (
                            "pause_reason",
                            models.CharField(
                                blank=True, editable=False, max_length=200, verbose_name="why it is paused"
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
                        ("checked_at", models.DateTimeField(editable=False, null=True, verbose_name="checked")),
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
                        ("approved_at", models.DateTimeField(editable=False, null=True, verbose_name="approved")),
                        ("started_at", models.DateTimeField(editable=False, null=True, verbose_name="started")),
                        ("ended_at", models.DateTimeField(editable=False, null=True, verbose_name="ended")),
                    ],
                    options={
                        "verbose_name": "campaign",
                        "verbose_name_plural": "campaigns",
                        "permissions": [
                            ("approve_campaign", "Can approve a campaign"),
                            ("run_campaign", "Can start, pause and cancel a campaign"),
                        ],
                        "indexes": [
                            models.Index(fields=["-updated_at", "-id"], name="campaign_newest"),
                            models.Index(
                                condition=models.Q(("state", "running")), fields=["id"], name="campaign_running"
                            ),
                        ],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("holdout_share__gte", 0), ("holdout_share__lte", 0.5)),
                                name="campaign_holdout_at_most_half",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("cap_days", None), ("cap_messages", None)),
                                    models.Q(("cap_days__gte", 1), ("cap_messages__gte", 1)),
                                    _connector="OR",
                                ),
                                name="campaign_cap_whole",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("send_within", None),
                                    models.Q(("send_within__gte", 2), ("send_within__lte", 72), ("trigger", "")),
                                    _connector="OR",
                                ),
                                name="campaign_send_within_three_days",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CampaignStep",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "campaign",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="steps",
                                to="marketing.campaign",
                                verbose_name="campaign",
                            ),
                        ),
                        ("position", models.PositiveSmallIntegerField(default=1, verbose_name="position")),
                        (
                            "wait_hours",
                            models.PositiveIntegerField(default=0, verbose_name="hours after the step before"),
                        ),
                        (
                            "condition",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", "everybody"),
                                    ("not_ordered", "only who has not ordered since"),
                                    ("not_clicked", "only who has not clicked the step before"),
                                ],
                                db_default="",
                                default="",
                                max_length=11,
                                verbose_name="to whom",
                            ),
                        ),
                        (
                            "template",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="marketing.template",
                                verbose_name="message",
                            ),
                        ),
                        (
                            "template_version",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="steps",
                                to="marketing.templateversion",
                                verbose_name="version of the message",
                            ),
                        ),
                        ("arms", models.JSONField(blank=True, default=list, verbose_name="arms")),
                    ],
                    options={
                        "verbose_name": "step of a campaign",
                        "verbose_name_plural": "steps of campaigns",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("campaign", "position"), name="campaign_step_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="CampaignEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                        ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                    ],
                    options={
                        "verbose_name": "change of a campaign",
                        "verbose_name_plural": "changes of campaigns",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["campaign", "-id"], name="campaign_history")],
                    },
                ),
                migrations.CreateModel(
                    name="AudienceMember",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        "verbose_name": "member of an audience",
                        "verbose_name_plural": "members of audiences",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["customer"], name="audiences_of_customer")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("audience", "campaign", "customer"),
                                name="audience_member_once",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Consent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
                                max_length=8,
                                verbose_name="channel",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("given", "given"),
                                    ("withdrawn", "withdrawn"),
                                    ("pending", "waits for confirmation"),
                                ],
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
                        (
                            "wording_version",
                            models.CharField(blank=True, max_length=40, verbose_name="version of the wording"),
                        ),
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
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "given")),
                                fields=["purpose", "channel", "customer"],
                                name="consent_given",
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("customer", "purpose", "channel"), name="consent_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ConsentEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
                                max_length=8,
                                verbose_name="channel",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("given", "given"),
                                    ("withdrawn", "withdrawn"),
                                    ("pending", "waits for confirmation"),
                                ],
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
                        (
                            "wording_version",
                            models.CharField(blank=True, max_length=40, verbose_name="version of the wording"),
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
                        (
                            "proof",
                            models.JSONField(
                                default=dict,
                                help_text="Keyed hash of the IP address, page, import, who wrote it down.",
                                verbose_name="proof",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "change of a consent",
                        "verbose_name_plural": "changes of consents",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["customer", "-at", "-id"], name="consent_history")],
                    },
                ),
                migrations.CreateModel(
                    name="Restriction",
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
                                related_name="restriction",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
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
                            "was_personalised",
                            models.BooleanField(
                                db_default=False,
                                default=False,
                                help_text="What comes back when it ends.",
                                verbose_name="was personalised",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "restriction of processing",
                        "verbose_name_plural": "restrictions of processing",
                    },
                ),
                migrations.CreateModel(
                    name="LedgerName",
                    fields=[
                        (
                            "id",
                            models.BigIntegerField(
                                primary_key=True, serialize=False, verbose_name="number in the ledger"
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
                        "verbose_name": "number in the ledger",
                        "verbose_name_plural": "numbers in the ledger",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Suppression",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "channel",
                            models.CharField(
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
                                max_length=8,
                                verbose_name="channel",
                            ),
                        ),
                        (
                            "address_hash",
                            models.CharField(editable=False, max_length=64, verbose_name="hash of the address"),
                        ),
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
                        "constraints": [
                            models.UniqueConstraint(fields=("channel", "address_hash"), name="suppressed_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="EffectLook",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "campaign",
                            models.ForeignKey(
                                blank=True,
                                db_index=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="effect_looks",
                                to="marketing.campaign",
                                verbose_name="campaign",
                            ),
                        ),
                        ("looked_at", models.DateTimeField(verbose_name="counted")),
                        (
                            "results",
                            models.JSONField(
                                default=dict, help_text="Sums and ranges; names nobody.", verbose_name="results"
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "count of an effect",
                        "verbose_name_plural": "counts of effects",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("campaign",), name="effect_look_once", nulls_distinct=False)
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Offer",
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
                        ("name", models.CharField(max_length=120, verbose_name="name")),
                        (
                            "title",
                            models.JSONField(
                                blank=True,
                                default=dict,
                                help_text="What customers read, per language.",
                                verbose_name="title",
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
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="value"
                            ),
                        ),
                        (
                            "least_order",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="from an order of"
                            ),
                        ),
                        (
                            "most_off",
                            core.models.base.MoneyField(
                                blank=True,
                                decimal_places=4,
                                help_text="Of one order, however large it is.",
                                max_digits=18,
                                null=True,
                                verbose_name="at most this much off",
                            ),
                        ),
                        (
                            "max_codes",
                            models.PositiveIntegerField(blank=True, null=True, verbose_name="at most this many codes"),
                        ),
                        (
                            "valid_days",
                            models.PositiveSmallIntegerField(
                                blank=True,
                                help_text="Empty: until the offer ends.",
                                null=True,
                                verbose_name="days a code is valid",
                            ),
                        ),
                        (
                            "budget",
                            core.models.base.MoneyField(
                                blank=True,
                                decimal_places=4,
                                help_text="As many codes are given as it can pay for, even if all of them are used.",
                                max_digits=18,
                                null=True,
                                verbose_name="budget",
                            ),
                        ),
                        ("given", models.PositiveIntegerField(default=0, editable=False, verbose_name="given")),
                        ("used", models.PositiveIntegerField(default=0, editable=False, verbose_name="used")),
                        (
                            "spent",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, editable=False, max_digits=18, verbose_name="spent"
                            ),
                        ),
                        (
                            "promised",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, editable=False, max_digits=18, verbose_name="promised"
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
                                condition=models.Q(("least_order__gte", 0), ("value__gte", 0)),
                                name="offer_not_negative",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("unit", "percent"), _negated=True), ("value__lte", 100), _connector="OR"
                                ),
                                name="offer_percent_at_most_hundred",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("max_codes", None), ("given__lte", models.F("max_codes")), _connector="OR"
                                ),
                                name="offer_codes_within_limit",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    ("budget", None),
                                    (
                                        "spent__lte",
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("budget"), "-", models.F("promised")
                                        ),
                                    ),
                                    _connector="OR",
                                ),
                                name="offer_within_budget",
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
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="coupon_codes",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("code", models.CharField(max_length=24, unique=True, verbose_name="code")),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                        ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                        ("used_at", models.DateTimeField(blank=True, null=True, verbose_name="used")),
                        (
                            "amount",
                            core.models.base.MoneyField(
                                blank=True,
                                decimal_places=4,
                                help_text="In the base currency.",
                                max_digits=18,
                                null=True,
                                verbose_name="took off",
                            ),
                        ),
                        (
                            "campaign",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="marketing.campaign",
                                verbose_name="campaign",
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
                    ],
                    options={
                        "verbose_name": "coupon code",
                        "verbose_name_plural": "coupon codes",
                        "indexes": [
                            models.Index(fields=["customer", "-created_at"], name="coupons_of_customer"),
                            models.Index(fields=["offer", "-created_at", "-id"], name="coupons_of_offer"),
                            models.Index(
                                condition=models.Q(("used_at__isnull", True)), fields=["offer"], name="coupons_unused"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("offer", "customer"), name="coupon_one_per_person")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PrivacyBudget",
                    fields=[
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        (
                            "total",
                            models.FloatField(
                                default=4.0,
                                validators=[
                                    django.core.validators.MinValueValidator(0.1),
                                    django.core.validators.MaxValueValidator(100),
                                ],
                                verbose_name="privacy budget (ε)",
                            ),
                        ),
                        (
                            "since",
                            models.DateTimeField(
                                default=django.utils.timezone.now, editable=False, verbose_name="since"
                            ),
                        ),
                        ("report", models.JSONField(default=dict, editable=False, verbose_name="report")),
                        ("measured_at", models.DateTimeField(editable=False, null=True, verbose_name="measured")),
                    ],
                    options={
                        "verbose_name": "privacy budget",
                        "verbose_name_plural": "privacy budgets",
                        "permissions": [("reset_privacybudget", "Can begin a new privacy budget")],
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="privacy_budget_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PrivacyRelease",
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
                                choices=[("release", "release"), ("reset", "new budget")],
                                default="release",
                                max_length=7,
                                verbose_name="kind",
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("waiting", "being learned"),
                                    ("done", "released"),
                                    ("refused", "too little data"),
                                ],
                                default="waiting",
                                max_length=7,
                                verbose_name="state",
                            ),
                        ),
                        ("epsilon", models.FloatField(default=0.0, verbose_name="ε")),
                        ("reason", models.CharField(max_length=200, verbose_name="reason")),
                        ("customers", models.PositiveIntegerField(default=0, verbose_name="customers")),
                        (
                            "weights",
                            models.JSONField(
                                default=dict, help_text="With noise; what was released.", verbose_name="weights"
                            ),
                        ),
                        ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="at")),
                        (
                            "by",
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
                        "verbose_name": "release under a privacy budget",
                        "verbose_name_plural": "releases under a privacy budget",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["-at", "-id"], name="privacy_release_newest")],
                        "constraints": [
                            models.CheckConstraint(
                                condition=models.Q(("epsilon__gte", 0)), name="privacy_epsilon_not_negative"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Occasion",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        (
                            "campaign",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="occasions",
                                to="marketing.campaign",
                                verbose_name="campaign",
                            ),
                        ),
                        (
                            "customer",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="campaign_occasions",
                                to="catalog.customer",
                                verbose_name="customer",
                            ),
                        ),
                        ("key", models.CharField(editable=False, max_length=120, verbose_name="key")),
                        ("at", models.DateTimeField(verbose_name="happened")),
                        ("found_at", models.DateTimeField(verbose_name="found")),
                        ("facts", models.JSONField(default=dict, verbose_name="facts")),
                        ("is_enrolled", models.BooleanField(default=True, verbose_name="takes part")),
                    ],
                    options={
                        "verbose_name": "occasion",
                        "verbose_name_plural": "occasions",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["customer", "campaign", "-found_at"], name="occasions_of_customer")
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("campaign", "customer", "key"), name="occasion_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TriggerMark",
                    fields=[
                        (
                            "campaign",
                            models.OneToOneField(
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="trigger_mark",
                                serialize=False,
                                to="marketing.campaign",
                                verbose_name="campaign",
                            ),
                        ),
                        ("ledger_index", models.BigIntegerField(default=0, verbose_name="place in the chain")),
                        ("looked_until", models.DateTimeField(null=True, verbose_name="looked until")),
                        ("whole_at", models.DateTimeField(null=True, verbose_name="looked at everything")),
                    ],
                    options={
                        "verbose_name": "look for occasions",
                        "verbose_name_plural": "looks for occasions",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="Recipient",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                            "occasion",
                            models.ForeignKey(
                                blank=True,
                                editable=False,
                                null=True,
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="recipients",
                                to="marketing.occasion",
                                verbose_name="occasion",
                            ),
                        ),
                        (
                            "key",
                            models.CharField(
                                blank=True, editable=False, max_length=120, null=True, unique=True, verbose_name="key"
                            ),
                        ),
                        (
                            "template_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="+",
                                to="marketing.templateversion",
                                verbose_name="version of the message",
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
                                choices=[
                                    ("email", "e-mail"),
                                    ("sms", "SMS"),
                                    ("wechat", "WeChat"),
                                    ("push", "push message"),
                                ],
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
                                    ("no_offer", "no offer within the budget"),
                                    ("holdout", "in the holdout"),
                                    ("no_address", "no valid address"),
                                    ("restricted", "processing restricted"),
                                    ("gone", "erased or merged"),
                                    ("ended", "campaign ended"),
                                    ("over", "no longer applies"),
                                    ("ordered", "has ordered since"),
                                    ("clicked", "has clicked the step before"),
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
                            "timing",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("", ""),
                                    ("own", "their own hours"),
                                    ("shop", "hours of all customers, too few of their own"),
                                    ("control", "the planned moment, drawn by chance to compare"),
                                    ("private", "the planned moment, does not want to be followed"),
                                    ("unknown", "the planned moment, too little is known"),
                                    ("quiet", "the planned moment, all others are quiet hours"),
                                ],
                                db_default="",
                                default="",
                                editable=False,
                                max_length=7,
                                verbose_name="why at this hour",
                            ),
                        ),
                        (
                            "timing_hour",
                            models.PositiveSmallIntegerField(
                                editable=False, help_text="Of the customer's day.", null=True, verbose_name="best hour"
                            ),
                        ),
                        (
                            "timing_events",
                            models.PositiveIntegerField(
                                editable=False, null=True, verbose_name="hours it is known from"
                            ),
                        ),
                        (
                            "message_id",
                            models.CharField(
                                blank=True,
                                editable=False,
                                max_length=120,
                                null=True,
                                unique=True,
                                verbose_name="message ID",
                            ),
                        ),
                        ("provider", models.CharField(blank=True, max_length=40, verbose_name="provider")),
                        ("language", models.CharField(blank=True, max_length=10, verbose_name="language")),
                        ("claimed_at", models.DateTimeField(editable=False, null=True, verbose_name="taken")),
                        ("sent_at", models.DateTimeField(editable=False, null=True, verbose_name="sent")),
                        ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                    ],
                    options={
                        "verbose_name": "recipient",
                        "verbose_name_plural": "recipients",
                        "permissions": [("settle_recipient", "Can decide what became of a message")],
                        "indexes": [
                            models.Index(
                                condition=models.Q(("state", "planned")),
                                fields=["campaign", "due_at", "id"],
                                name="recipient_due",
                            ),
                            models.Index(
                                condition=models.Q(("state", "sending")),
                                fields=["claimed_at"],
                                name="recipient_in_flight",
                            ),
                            models.Index(
                                condition=models.Q(("state__in", ["sending", "sent", "unknown"])),
                                fields=["customer", "claimed_at"],
                                name="recipient_for_cap",
                            ),
                            models.Index(fields=["campaign", "state"], name="recipient_by_state"),
                            models.Index(fields=["customer", "-id"], name="messages_of_customer"),
                            models.Index(
                                condition=models.Q(("state", "unknown")), fields=["id"], name="recipient_unknown"
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(("occasion", None)),
                                fields=("campaign", "step", "customer"),
                                name="recipient_once",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(("occasion__isnull", False)),
                                fields=("occasion", "step"),
                                name="recipient_once_an_occasion",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    models.Q(("campaign__isnull", False), ("key", None), ("step__isnull", False)),
                                    models.Q(("campaign", None), ("key__isnull", False), ("step", None)),
                                    _connector="OR",
                                ),
                                name="recipient_of_campaign_or_single",
                            ),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MessageEvent",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
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
                                    ("unsubscribed", "unsubscribed"),
                                ],
                                max_length=12,
                                verbose_name="kind",
                            ),
                        ),
                        ("at", models.DateTimeField(verbose_name="at")),
                        ("received_at", models.DateTimeField(auto_now_add=True, verbose_name="received")),
                        (
                            "raw",
                            models.JSONField(
                                default=dict,
                                help_text="Codes of the provider; nothing personal.",
                                verbose_name="details",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "event of a message",
                        "verbose_name_plural": "events of messages",
                        "default_permissions": (),
                        "indexes": [
                            models.Index(fields=["recipient", "kind"], name="events_of_message"),
                            models.Index(
                                condition=models.Q(("recipient", None)),
                                fields=["message_id"],
                                name="events_before_message",
                            ),
                        ],
                        "constraints": [
                            models.UniqueConstraint(fields=("provider", "provider_event"), name="message_event_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="TrackedLink",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
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
                        ("url", models.TextField(max_length=2000, verbose_name="address")),
                    ],
                    options={
                        "verbose_name": "link in a message",
                        "verbose_name_plural": "links in messages",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("campaign", "template_version", "url"),
                                name="tracked_link_once",
                                nulls_distinct=False,
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="MarketingSettings",
                    fields=[
                        (
                            "id",
                            models.PositiveSmallIntegerField(
                                default=1, editable=False, primary_key=True, serialize=False
                            ),
                        ),
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
                        "constraints": [
                            models.CheckConstraint(condition=models.Q(("id", 1)), name="marketing_settings_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="StrategyRun",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("number", models.PositiveIntegerField(unique=True, verbose_name="number")),
                        (
                            "basis",
                            models.CharField(
                                choices=[("cluster", "clusters of customers"), ("rfm", "RFM segments")],
                                max_length=7,
                                verbose_name="groups",
                            ),
                        ),
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                        ("since", models.DateTimeField(verbose_name="orders from")),
                        ("customers", models.PositiveIntegerField(verbose_name="customers")),
                        ("stability", models.FloatField(blank=True, null=True, verbose_name="stability")),
                        (
                            "groups_version",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="core.modelversion",
                                verbose_name="model version",
                            ),
                        ),
                        ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                    ],
                    options={
                        "verbose_name": "look at offers per group",
                        "verbose_name_plural": "looks at offers per group",
                        "default_permissions": (),
                    },
                ),
                migrations.CreateModel(
                    name="StrategyProposal",
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
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="proposals",
                                to="marketing.strategyrun",
                                verbose_name="look",
                            ),
                        ),
                        (
                            "segment",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="+",
                                to="analytics.segment",
                                verbose_name="group",
                            ),
                        ),
                        ("size", models.PositiveIntegerField(verbose_name="customers")),
                        ("answers", models.JSONField(default=dict, verbose_name="evidence")),
                        (
                            "kind",
                            models.CharField(
                                blank=True,
                                choices=[
                                    ("discount", "discount"),
                                    ("free_shipping", "free shipping"),
                                    ("points", "bonus points"),
                                ],
                                max_length=13,
                                verbose_name="proposed",
                            ),
                        ),
                        (
                            "value",
                            core.models.base.MoneyField(
                                decimal_places=4, default=0, max_digits=18, verbose_name="value"
                            ),
                        ),
                        (
                            "state",
                            models.CharField(
                                choices=[
                                    ("open", "to decide"),
                                    ("accepted", "accepted"),
                                    ("changed", "accepted with changes"),
                                    ("refused", "refused"),
                                ],
                                default="open",
                                max_length=8,
                                verbose_name="state",
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
                                verbose_name="by",
                            ),
                        ),
                        ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                        ("why", models.CharField(blank=True, max_length=200, verbose_name="why")),
                        (
                            "campaign",
                            models.ForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.SET_NULL,
                                related_name="+",
                                to="marketing.campaign",
                                verbose_name="campaign",
                            ),
                        ),
                    ],
                    options={
                        "verbose_name": "proposal for a group",
                        "verbose_name_plural": "proposals for groups",
                        "default_permissions": (),
                        "constraints": [
                            models.UniqueConstraint(fields=("run", "segment"), name="strategy_proposal_once")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="UpliftScore",
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
                        ("arm", models.CharField(max_length=20, verbose_name="arm")),
                        ("value", models.FloatField(verbose_name="expected difference")),
                        ("as_of", models.DateTimeField(verbose_name="as of")),
                    ],
                    options={
                        "verbose_name": "uplift score",
                        "verbose_name_plural": "uplift scores",
                        "default_permissions": (),
                        "indexes": [models.Index(fields=["model_version", "arm", "-value"], name="uplift_best")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("customer", "model_version", "arm"), name="uplift_score_once"
                            )
                        ],
                    },
                ),
            ],
        ),
    ]
