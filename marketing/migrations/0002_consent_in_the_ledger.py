"""Consent and restrictions of processing stand in the ledger, whoever writes them.

They are entered under the number of the customer's row, which names nobody once the row is emptied: the chain stays
whole after an erasure.
"""

from django.db import migrations

CONSENT = "core_ledger_watch('consent', 'catalog.customer', 'customer_id', 'purpose', 'channel', 'state', 'source', 'wording_version')"
RESTRICTION = "core_ledger_watch('consent', 'catalog.customer', 'customer_id', 'since')"
WATCH = f"""
CREATE TRIGGER ledger_consent_made AFTER INSERT ON marketing_consent FOR EACH ROW EXECUTE FUNCTION {CONSENT};
CREATE TRIGGER ledger_consent_changed AFTER UPDATE ON marketing_consent FOR EACH ROW
WHEN ((OLD.customer_id, OLD.purpose, OLD.channel, OLD.state) IS DISTINCT FROM
      (NEW.customer_id, NEW.purpose, NEW.channel, NEW.state))
EXECUTE FUNCTION {CONSENT};
CREATE TRIGGER ledger_consent_gone AFTER DELETE ON marketing_consent FOR EACH ROW EXECUTE FUNCTION {CONSENT};
CREATE TRIGGER ledger_restriction_made AFTER INSERT ON marketing_restriction FOR EACH ROW
EXECUTE FUNCTION {RESTRICTION};
CREATE TRIGGER ledger_restriction_gone AFTER DELETE ON marketing_restriction FOR EACH ROW
EXECUTE FUNCTION {RESTRICTION};
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON marketing_consent EXECUTE FUNCTION core_ledger_no_truncate();
"""
UNWATCH = """
DROP TRIGGER ledger_no_truncate ON marketing_consent;
DROP TRIGGER ledger_restriction_gone ON marketing_restriction;
DROP TRIGGER ledger_restriction_made ON marketing_restriction;
DROP TRIGGER ledger_consent_gone ON marketing_consent;
DROP TRIGGER ledger_consent_changed ON marketing_consent;
DROP TRIGGER ledger_consent_made ON marketing_consent;
"""


class Migration(migrations.Migration):
    dependencies = [("marketing", "0001_tables"), ("core", "0014_no_truncate")]

    operations = [migrations.RunSQL(WATCH, UNWATCH)]
