"""Campaigns whose later batches shift towards the better version: how each was chosen, and who is in which."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0009_ids_of_customers"),
        ("core", "0006_tokens_in_the_ledger"),
        ("marketing", "0002_consents_under_drawn_numbers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BatchChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("batch", models.PositiveSmallIntegerField(verbose_name="batch")),
                ("as_of", models.DateTimeField(verbose_name="as of")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("first", "nothing is known yet"),
                            ("few", "too few results to shift"),
                            ("shifted", "shifted towards what did better"),
                            ("alone", "only one version is left"),
                        ],
                        max_length=7,
                        verbose_name="why",
                    ),
                ),
                (
                    "versions",
                    models.JSONField(
                        default=list,
                        help_text="Results, likely rates and shares of each; names nobody.",
                        verbose_name="versions",
                    ),
                ),
                (
                    "shares",
                    models.JSONField(
                        default=dict,
                        help_text="Of each version by language; for all others under no name.",
                        verbose_name="shares",
                    ),
                ),
                ("people", models.PositiveIntegerField(default=0, verbose_name="people")),
                ("released_at", models.DateTimeField(null=True, verbose_name="let go")),
            ],
            options={
                "verbose_name": "choice of versions",
                "verbose_name_plural": "choices of versions",
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="campaign",
            name="batches_out",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Nobody of a later batch is taken before its versions are chosen.",
                verbose_name="batches let go",
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="shift_by",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "by fixed shares"),
                    ("clicked", "towards what is clicked more"),
                    ("ordered", "towards what is ordered more"),
                ],
                db_default="",
                default="",
                help_text="Goes out in batches; later ones follow what the earlier ones brought.",
                max_length=7,
                verbose_name="versions",
            ),
        ),
        migrations.AddField(
            model_name="campaign",
            name="shift_hours",
            field=models.PositiveSmallIntegerField(db_default=24, default=24, verbose_name="hours between batches"),
        ),
        migrations.AddField(
            model_name="recipient",
            name="batch",
            field=models.PositiveSmallIntegerField(
                editable=False,
                help_text="Where a campaign goes out in batches; the version of a later one is chosen when it is let go.",
                null=True,
                verbose_name="batch",
            ),
        ),
        migrations.AddField(
            model_name="recipient",
            name="split",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", ""),
                    ("first", "fixed shares, in the first batch"),
                    ("fixed", "fixed shares, drawn by chance to compare"),
                    ("shifted", "by what earlier batches brought"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=7,
                verbose_name="why this version",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)), fields=["campaign", "batch", "id"], name="recipient_batch"
            ),
        ),
        migrations.AddConstraint(
            model_name="campaign",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("shift_by", ""),
                    models.Q(("send_within", None), ("shift_hours__gte", 2), ("shift_hours__lte", 24), ("trigger", "")),
                    _connector="OR",
                ),
                name="campaign_shift_within_a_day",
            ),
        ),
        migrations.AddField(
            model_name="batchchoice",
            name="campaign",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="batch_choices",
                to="marketing.campaign",
                verbose_name="campaign",
            ),
        ),
        migrations.AddConstraint(
            model_name="batchchoice",
            constraint=models.UniqueConstraint(fields=("campaign", "batch"), name="batch_choice_once"),
        ),
    ]
