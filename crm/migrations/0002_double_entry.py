"""Double entry that PostgreSQL itself keeps: no transaction of points commits unless it has two entries or more that
sum to zero; what was booked is never changed or removed; each transaction stands in the ledger.

Pointers to orders, rules and staff may become empty when those go; a reason is a note, which an erasure empties.
"""

from django.db import migrations

from core.operations import watch_rows

BALANCE = """
CREATE FUNCTION crm_loyalty_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint := CASE TG_TABLE_NAME WHEN 'crm_loyaltyentry' THEN (to_jsonb(NEW) ->> 'transaction_id')::bigint
                      ELSE NEW.id END;
    entries bigint;
    total numeric;
BEGIN
    SELECT count(*), coalesce(sum(amount), 0) INTO entries, total FROM crm_loyaltyentry WHERE transaction_id = checked;
    IF entries < 2 OR total <> 0 THEN
        RAISE EXCEPTION 'Transaction % of points has % entries that sum to %.', checked, entries, total
            USING ERRCODE = 'check_violation', CONSTRAINT = 'loyalty_adds_up';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER loyalty_adds_up AFTER INSERT ON crm_loyaltytransaction
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm_loyalty_adds_up();
CREATE CONSTRAINT TRIGGER loyalty_adds_up AFTER INSERT ON crm_loyaltyentry
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION crm_loyalty_adds_up();
"""

UNBALANCE = """
DROP TRIGGER loyalty_adds_up ON crm_loyaltyentry;
DROP TRIGGER loyalty_adds_up ON crm_loyaltytransaction;
DROP FUNCTION crm_loyalty_adds_up();
"""

KEEP = """
CREATE TRIGGER loyalty_entry_stays BEFORE UPDATE OR DELETE ON crm_loyaltyentry
FOR EACH ROW EXECUTE FUNCTION core_ledger_refuse();
CREATE TRIGGER loyalty_transaction_stays BEFORE UPDATE ON crm_loyaltytransaction FOR EACH ROW
WHEN ((OLD.id, OLD.account_id, OLD.kind, OLD.points, OLD.key, OLD.created_at, OLD.takes_back_id)
      IS DISTINCT FROM (NEW.id, NEW.account_id, NEW.kind, NEW.points, NEW.key, NEW.created_at, NEW.takes_back_id)
      OR (NEW.order_id IS NOT NULL AND NEW.order_id IS DISTINCT FROM OLD.order_id))
EXECUTE FUNCTION core_ledger_refuse();
CREATE TRIGGER loyalty_transaction_not_gone BEFORE DELETE ON crm_loyaltytransaction
FOR EACH ROW EXECUTE FUNCTION core_ledger_refuse();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON crm_loyaltyentry EXECUTE FUNCTION core_ledger_no_truncate();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON crm_loyaltytransaction
EXECUTE FUNCTION core_ledger_no_truncate();
"""

UNKEEP = """
DROP TRIGGER ledger_no_truncate ON crm_loyaltytransaction;
DROP TRIGGER ledger_no_truncate ON crm_loyaltyentry;
DROP TRIGGER loyalty_transaction_not_gone ON crm_loyaltytransaction;
DROP TRIGGER loyalty_transaction_stays ON crm_loyaltytransaction;
DROP TRIGGER loyalty_entry_stays ON crm_loyaltyentry;
"""

CHAIN = """
CREATE TRIGGER ledger_points AFTER INSERT ON crm_loyaltytransaction FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('points', 'crm.loyaltyaccount', 'account_id', 'id', 'kind', 'points');
"""

UNCHAIN = "DROP TRIGGER ledger_points ON crm_loyaltytransaction"

WATCHED = {
    "loyaltyprogramme": (
        "is_on points_per_unit rounding undelivered_days expiry_months least_redeemed point_value code_days tier_basis"
    ),
    "loyaltytier": "name_en name_zh threshold multiplier",
    "earnrule": "name_en name_zh trigger is_on points multiplier category_id starts_on ends_on",
    "reward": "name_en name_zh kind cost amount product_id is_on starts_on ends_on",
}


def make_programme(apps, schema_editor):
    apps.get_model("crm", "LoyaltyProgramme").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    replaces = [("crm", "0002_books_that_add_up")]
    dependencies = [("crm", "0001_all_tables"), ("core", "0005_changes_of_rows")]

    operations = [
        migrations.RunSQL(BALANCE, UNBALANCE),
        migrations.RunSQL(KEEP, UNKEEP),
        migrations.RunSQL(CHAIN, UNCHAIN),
        *(watch_rows(f"crm.{table}", columns) for table, columns in WATCHED.items()),
        migrations.RunPython(make_programme, migrations.RunPython.noop),
    ]
