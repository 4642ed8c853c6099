"""What a person did last stands in one row, so that an answer reads a page or two instead of one for each month.

Triggers note whose acts changed; a row counts only while no note names its person (see `catalog.kept`). Each connection
keeps the plans: planning a query over the months of events takes ten times as long as running it.
"""

from django.db import migrations

ACTS = """
CREATE FUNCTION catalog_acts(of_customer bigint, of_visitor bigint, since timestamptz, most integer) RETURNS text
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    found text;
BEGIN
    IF of_customer IS NOT NULL THEN
        SELECT string_agg(a.told, ',' ORDER BY a.occurred_at DESC) INTO found FROM (
            SELECT i.occurred_at, concat('[', i.product_id, ',', to_json(i.kind), ',',
                (extract(epoch FROM i.occurred_at) * 1000000)::bigint, ',',
                coalesce(CASE WHEN abs(i.value) < 'Infinity' THEN i.value END::text, 'null'), ']') AS told
            FROM catalog_interaction i
            WHERE i.customer_id = of_customer AND i.product_id IS NOT NULL
                AND i.occurred_at >= coalesce(since, '-infinity')
            ORDER BY i.occurred_at DESC LIMIT most) a;
    ELSE
        SELECT string_agg(a.told, ',' ORDER BY a.occurred_at DESC) INTO found FROM (
            SELECT i.occurred_at, concat('[', i.product_id, ',', to_json(i.kind), ',',
                (extract(epoch FROM i.occurred_at) * 1000000)::bigint, ',',
                coalesce(CASE WHEN abs(i.value) < 'Infinity' THEN i.value END::text, 'null'), ']') AS told
            FROM catalog_interaction i
            WHERE i.visitor_id = of_visitor AND i.customer_id IS NULL AND i.product_id IS NOT NULL
                AND i.occurred_at >= coalesce(since, '-infinity')
            ORDER BY i.occurred_at DESC LIMIT most) a;
    END IF;
    RETURN concat('[', found, ']');
END $$;
"""

PAST = """
CREATE FUNCTION catalog_past(of_customer bigint, of_visitor text, most integer)
RETURNS TABLE (visitor_id bigint, may_track boolean, acts text)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    own bigint;
    allowed boolean;
    since timestamptz;
    found text;
BEGIN
    IF of_customer IS NOT NULL THEN
        SELECT k.acts INTO found FROM catalog_kepthistory k
        WHERE k.who = of_customer AND most <= 50
            AND NOT EXISTS (SELECT 1 FROM catalog_historychange n WHERE n.who = of_customer);
        IF found IS NULL THEN
            SELECT c.profile_since INTO since FROM catalog_customer c WHERE c.id = of_customer;
            found := catalog_acts(of_customer, NULL, since, most);
        END IF;
        RETURN QUERY SELECT NULL::bigint, NULL::boolean, found;
    END IF;
    IF of_visitor IS NOT NULL THEN
        SELECT v.id, v.may_track, v.profile_since INTO own, allowed, since
        FROM catalog_visitor v WHERE v.key = of_visitor;
        IF own IS NOT NULL THEN
            found := '[]';
            IF allowed THEN
                SELECT k.acts INTO found FROM catalog_kepthistory k
                WHERE k.who = -own AND most <= 50
                    AND NOT EXISTS (SELECT 1 FROM catalog_historychange n WHERE n.who = -own);
                IF found IS NULL THEN
                    found := catalog_acts(NULL, own, since, most);
                END IF;
            END IF;
            RETURN QUERY SELECT own, allowed, found;
        END IF;
    END IF;
END $$;
"""

NOTES = """
CREATE FUNCTION catalog_note_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_historychange (who)
    SELECT DISTINCT coalesce(customer_id, -visitor_id) FROM touched
    WHERE product_id IS NOT NULL AND coalesce(customer_id, visitor_id) IS NOT NULL;
    RETURN NULL;
END $$;
CREATE FUNCTION catalog_note_moved_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_historychange (who)
    SELECT coalesce(customer_id, -visitor_id) FROM was
    WHERE product_id IS NOT NULL AND coalesce(customer_id, visitor_id) IS NOT NULL
    UNION SELECT coalesce(customer_id, -visitor_id) FROM becomes
    WHERE product_id IS NOT NULL AND coalesce(customer_id, visitor_id) IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER history_acts_added AFTER INSERT ON catalog_interaction
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_acts();
CREATE TRIGGER history_acts_removed AFTER DELETE ON catalog_interaction
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_acts();
CREATE TRIGGER history_acts_changed AFTER UPDATE ON catalog_interaction
    REFERENCING OLD TABLE AS was NEW TABLE AS becomes
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_moved_acts();

CREATE FUNCTION catalog_note_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_historychange (who) VALUES (OLD.id);
    RETURN NULL;
END $$;
CREATE FUNCTION catalog_note_browser() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_historychange (who) VALUES (-OLD.id);
    RETURN NULL;
END $$;
CREATE TRIGGER history_customer_changed AFTER UPDATE OF profile_since, erased_at ON catalog_customer FOR EACH ROW
    WHEN (OLD.profile_since IS DISTINCT FROM NEW.profile_since OR OLD.erased_at IS DISTINCT FROM NEW.erased_at)
    EXECUTE FUNCTION catalog_note_customer();
CREATE TRIGGER history_customer_gone AFTER DELETE ON catalog_customer
    FOR EACH ROW EXECUTE FUNCTION catalog_note_customer();
CREATE TRIGGER history_browser_changed AFTER UPDATE OF profile_since, may_track ON catalog_visitor FOR EACH ROW
    WHEN (OLD.profile_since IS DISTINCT FROM NEW.profile_since OR OLD.may_track <> NEW.may_track)
    EXECUTE FUNCTION catalog_note_browser();
CREATE TRIGGER history_browser_gone AFTER DELETE ON catalog_visitor
    FOR EACH ROW EXECUTE FUNCTION catalog_note_browser();
"""

NO_NOTES = """
DROP TRIGGER history_browser_gone ON catalog_visitor;
DROP TRIGGER history_browser_changed ON catalog_visitor;
DROP TRIGGER history_customer_gone ON catalog_customer;
DROP TRIGGER history_customer_changed ON catalog_customer;
DROP FUNCTION catalog_note_browser();
DROP FUNCTION catalog_note_customer();
DROP TRIGGER history_acts_changed ON catalog_interaction;
DROP TRIGGER history_acts_removed ON catalog_interaction;
DROP TRIGGER history_acts_added ON catalog_interaction;
DROP FUNCTION catalog_note_moved_acts();
DROP FUNCTION catalog_note_acts();
"""


class Migration(migrations.Migration):
    replaces = [("catalog", "0021_history"), ("catalog", "0030_history_since"), ("catalog", "0036_kept_histories")]
    dependencies = [("catalog", "0006_changes_of_rows")]

    operations = [
        migrations.RunSQL(ACTS, "DROP FUNCTION catalog_acts(bigint, bigint, timestamptz, integer)"),
        migrations.RunSQL(PAST, "DROP FUNCTION catalog_past(bigint, text, integer)"),
        migrations.RunSQL(NOTES, NO_NOTES),
    ]
