"""That a token of staff is made or ends stands in the ledger."""

from django.db import migrations

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
    replaces = [("core", "0023_staff_tokens")]
    dependencies = [("core", "0005_changes_of_rows")]

    operations = [
        migrations.RunSQL(WATCH, UNWATCH),
    ]
