"""A channel for what the shop shows on its own pages."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("marketing", "0003_versions_in_batches"),
    ]

    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                default="email",
                max_length=8,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="consent",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                max_length=8,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                max_length=8,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="recipient",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                max_length=8,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="suppression",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                max_length=8,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="template",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                default="email",
                max_length=8,
                verbose_name="channel",
            ),
        ),
        migrations.AlterField(
            model_name="templateversion",
            name="channel",
            field=models.CharField(
                choices=[
                    ("email", "e-mail"),
                    ("sms", "SMS"),
                    ("wechat", "WeChat"),
                    ("push", "push message"),
                    ("in_site", "in the shop"),
                ],
                max_length=8,
                verbose_name="channel",
            ),
        ),
    ]
