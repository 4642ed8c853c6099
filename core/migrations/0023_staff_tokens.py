"""Tokens with which programs of staff call the API. That one is made or ends stands in the ledger."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

WATCH = """
CREATE TRIGGER ledger_staff_token_made AFTER INSERT ON core_stafftoken FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('permission', 'core.stafftoken', 'id', 'person_id', 'expires_at', 'revoked_at');
CREATE TRIGGER ledger_staff_token_changed AFTER UPDATE ON core_stafftoken FOR EACH ROW
WHEN ((OLD.person_id, OLD.token_hash, OLD.expires_at, OLD.revoked_at)
      IS DISTINCT FROM (NEW.person_id, NEW.token_hash, NEW.expires_at, NEW.revoked_at))
EXECUTE FUNCTION core_ledger_watch('permission', 'core.stafftoken', 'id', 'person_id', 'expires_at', 'revoked_at');
CREATE TRIGGER ledger_staff_token_gone AFTER DELETE ON core_stafftoken FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('permission', 'core.stafftoken', 'id', 'person_id', 'expires_at', 'revoked_at');
"""
UNWATCH = """
DROP TRIGGER ledger_staff_token_gone ON core_stafftoken;
DROP TRIGGER ledger_staff_token_changed ON core_stafftoken;
DROP TRIGGER ledger_staff_token_made ON core_stafftoken;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0022_credit_hours"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="changed")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("prefix", models.CharField(editable=False, max_length=16, verbose_name="begins with")),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked")),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used")),
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
            ],
            options={
                "verbose_name": "staff token",
                "verbose_name_plural": "staff tokens",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.RunSQL(WATCH, UNWATCH),
    ]
