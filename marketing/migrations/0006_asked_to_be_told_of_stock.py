"""Who asked to be told when something is back, and the purpose of messages that this is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0015_ordered_long_ago"),
        ("marketing", "0005_what_offers_are_about"),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("offers", "offers"),
                    ("news", "news"),
                    ("care", "care after a purchase"),
                    ("surveys", "surveys"),
                    ("stock", "what you asked to be told of"),
                ],
                default="offers",
                max_length=8,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("offers", "offers"),
                    ("news", "news"),
                    ("care", "care after a purchase"),
                    ("surveys", "surveys"),
                    ("stock", "what you asked to be told of"),
                ],
                max_length=8,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("offers", "offers"),
                    ("news", "news"),
                    ("care", "care after a purchase"),
                    ("surveys", "surveys"),
                    ("stock", "what you asked to be told of"),
                ],
                max_length=8,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("offers", "offers"),
                    ("news", "news"),
                    ("care", "care after a purchase"),
                    ("surveys", "surveys"),
                    ("stock", "what you asked to be told of"),
                ],
                max_length=8,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="template",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("offers", "offers"),
                    ("news", "news"),
                    ("care", "care after a purchase"),
                    ("surveys", "surveys"),
                    ("stock", "what you asked to be told of"),
                ],
                default="offers",
                max_length=8,
                verbose_name="purpose",
            ),
        ),
        migrations.AlterField(
            model_name="templateversion",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("offers", "offers"),
                    ("news", "news"),
                    ("care", "care after a purchase"),
                    ("surveys", "surveys"),
                    ("stock", "what you asked to be told of"),
                ],
                max_length=8,
                verbose_name="purpose",
            ),
        ),
        migrations.CreateModel(
            name="StockRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                (
                    "rounds",
                    models.PositiveSmallIntegerField(
                        default=0,
                        editable=False,
                        help_text="Each has a key of its own.",
                        verbose_name="messages planned",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock_requests",
                        to="catalog.customer",
                        verbose_name="customer",
                    ),
                ),
                (
                    "recipient",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="stock_request",
                        to="marketing.recipient",
                        verbose_name="message",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.variant",
                        verbose_name="variant",
                    ),
                ),
            ],
            options={
                "verbose_name": "request to be told of stock",
                "verbose_name_plural": "requests to be told of stock",
                "default_permissions": (),
                "indexes": [models.Index(fields=["asked_at"], name="stock_request_oldest")],
                "constraints": [models.UniqueConstraint(fields=("customer", "variant"), name="stock_request_once")],
            },
        ),
    ]
