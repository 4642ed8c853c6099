"""Changes of watched columns are written down, whoever makes them (see core.RowChange)."""

from django.db import migrations

WATCH = """
CREATE FUNCTION core_row_change() RETURNS trigger LANGUAGE plpgsql AS $$
-- Arguments: the label of the table, then the watched columns; the values of one with ~ in front are not kept.
DECLARE
    old_row jsonb := to_jsonb(OLD);
    new_row jsonb := to_jsonb(NEW);
    before jsonb := '{}';
    after jsonb := '{}';
    name text;
    is_kept boolean;
BEGIN
    FOR place IN 1 .. TG_NARGS - 1 LOOP
        name := ltrim(TG_ARGV[place], '~');
        is_kept := left(TG_ARGV[place], 1) <> '~';
        IF old_row -> name IS DISTINCT FROM new_row -> name THEN
            before := before || jsonb_build_object(name, CASE WHEN is_kept THEN old_row -> name END);
            after := after || jsonb_build_object(name, CASE WHEN is_kept THEN new_row -> name END);
        END IF;
    END LOOP;
    IF before <> '{}' THEN
        INSERT INTO core_rowchange (subject, actor, before, after, at)
        VALUES (TG_ARGV[0] || ':' || (new_row ->> 'id'), core_ledger_actor(), before, after, clock_timestamp());
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER row_change AFTER UPDATE ON core_shopprofile FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION core_row_change('core.shopprofile', 'name', 'base_currency', 'time_zone', 'week_start', 'languages',
    'return_window_days', 'opening_hours', '~sender_email', 'second_factor_roles', 'holdout_percent', 'logo');
CREATE TRIGGER row_change AFTER UPDATE ON core_alertrule FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
EXECUTE FUNCTION core_row_change('core.alertrule', 'is_on', 'threshold', 'roles', 'by_mail');
"""

UNWATCH = """
DROP TRIGGER row_change ON core_alertrule;
DROP TRIGGER row_change ON core_shopprofile;
DROP FUNCTION core_row_change();
"""


class Migration(migrations.Migration):
    replaces = [("core", "0021_row_changes")]
    dependencies = [("core", "0004_rules_of_experiments")]

    operations = [
        migrations.RunSQL(WATCH, UNWATCH),
    ]
