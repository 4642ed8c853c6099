"""Consents and restrictions of processing stand in the ledger, whoever writes them, under a number that was drawn by chance
for each customer.

Only `marketing_ledgername` says whose number it is; an erasure deletes that row.
"""

from django.db import migrations

CONSENT = "marketing_ledger_watch('marketing.consent', 'purpose', 'channel', 'state', 'source', 'wording_version')"
RESTRICTION = "marketing_ledger_watch('marketing.restriction', 'since')"

NAMES = """
-- Below 10^18: 60 bits of a hash of a UUID that the server draws from the system's source.
CREATE FUNCTION marketing_ledger_number() RETURNS bigint LANGUAGE sql VOLATILE AS
$$ SELECT ('x' || substr(encode(sha256(uuid_send(gen_random_uuid())), 'hex'), 1, 15))::bit(60)::bigint
    % 1000000000000000000 $$;

-- Who is being removed gets no number any more: the last entry of somebody without one stands under a number of its own.
-- By index only: a plan that was made while few had a number would read all of them again for each of many consents.
CREATE FUNCTION marketing_ledger_name(who bigint, is_kept boolean) RETURNS bigint LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    found bigint;
BEGIN
    SELECT id INTO found FROM marketing_ledgername WHERE customer_id = who;
    IF found IS NULL THEN
        found := marketing_ledger_number();
        IF is_kept THEN
            INSERT INTO marketing_ledgername (id, customer_id) VALUES (found, who);
        END IF;
    END IF;
    RETURN found;
END $$;

CREATE FUNCTION marketing_ledger_watch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    told text[] := TG_ARGV[1:];
BEGIN
    INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
    SELECT 'consent',
        TG_ARGV[0] || ':' || marketing_ledger_name(
            (coalesce(new_row, old_row) ->> 'customer_id')::bigint, TG_OP <> 'DELETE'),
        core_ledger_actor(),
        jsonb_strip_nulls(jsonb_build_object(
            'before', (SELECT jsonb_object_agg(c, old_row -> c) FROM unnest(told) c WHERE old_row IS NOT NULL),
            'after', (SELECT jsonb_object_agg(c, new_row -> c) FROM unnest(told) c WHERE new_row IS NOT NULL)
        ))::text,
        clock_timestamp();
    RETURN NULL;
END $$;
"""

NO_NAMES = """
DROP FUNCTION marketing_ledger_watch();
DROP FUNCTION marketing_ledger_name(bigint, boolean);
DROP FUNCTION marketing_ledger_number();
"""

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
    replaces = [("marketing", "0002_consent_in_the_ledger"), ("marketing", "0013_consents_under_a_drawn_number")]
    dependencies = [("marketing", "0001_all_tables"), ("core", "0002_ledger_of_changes")]

    operations = [
        migrations.RunSQL(NAMES, NO_NAMES),
        migrations.RunSQL(WATCH, UNWATCH),
    ]
