"""Views, baskets and purchases note their hour, one row for each statement and hour; so do browsers that turn out to
belong to a customer, for the last five weeks."""

from django.db import migrations

ACTS = """
CREATE FUNCTION analytics_touch_acts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedvisit (hour)
    SELECT DISTINCT date_trunc('hour', occurred_at) FROM touched WHERE kind IN ('view', 'cart', 'purchase');
    RETURN NULL;
END $$;
CREATE TRIGGER analytics_acts_added AFTER INSERT ON catalog_interaction
    REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_acts();
CREATE TRIGGER analytics_acts_removed AFTER DELETE ON catalog_interaction
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_acts();
CREATE TRIGGER analytics_acts_changed AFTER UPDATE ON catalog_interaction
    REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_acts();
"""

NO_ACTS = """
DROP TRIGGER analytics_acts_added ON catalog_interaction;
DROP TRIGGER analytics_acts_removed ON catalog_interaction;
DROP TRIGGER analytics_acts_changed ON catalog_interaction;
DROP FUNCTION analytics_touch_acts();
"""

BROWSERS = """
CREATE FUNCTION analytics_touch_joined() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_touchedvisit (hour)
    SELECT DISTINCT date_trunc('hour', i.occurred_at)
    FROM touched t JOIN before b USING (id) CROSS JOIN LATERAL (
        SELECT occurred_at FROM catalog_interaction
        WHERE visitor_id = t.id AND occurred_at > now() - interval '35 days' OFFSET 0
    ) i WHERE t.customer_id IS DISTINCT FROM b.customer_id;
    RETURN NULL;
END $$;
CREATE TRIGGER analytics_browsers_joined AFTER UPDATE ON catalog_visitor
    REFERENCING OLD TABLE AS before NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION analytics_touch_joined();
"""

NO_BROWSERS = """
DROP TRIGGER analytics_browsers_joined ON catalog_visitor;
DROP FUNCTION analytics_touch_joined();
"""


class Migration(migrations.Migration):
    replaces = [("analytics", "0010_visits_note_themselves")]
    dependencies = [("analytics", "0003_ten_segments")]

    operations = [
        migrations.RunSQL(ACTS, NO_ACTS),
        migrations.RunSQL(BROWSERS, NO_BROWSERS),
    ]
