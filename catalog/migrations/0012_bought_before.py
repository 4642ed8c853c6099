"""What a person bought before their newest acts stands behind these, so that it is not recommended again.

Behind the newest acts come the products bought before them, each with its last purchase, newest first and at most a
thousand. Whoever takes only the first acts of a history, as programs before this one did, sees no difference.
"""

from django.db import migrations

TOLD = """concat('[', i.product_id, ',', to_json(i.kind), ',',
                (extract(epoch FROM i.occurred_at) * 1000000)::bigint, ',',
                coalesce(CASE WHEN abs(i.value) < 'Infinity' THEN i.value END::text, 'null'), ']')"""


def acts(*, with_bought: bool) -> str:
    """The function; without `with_bought` as it was before."""

    told, names = (", count(*), min(a.occurred_at)", ", counted, oldest") if with_bought else ("", "")

    def newest(who: str) -> str:
        return f"""
        SELECT string_agg(a.told, ',' ORDER BY a.occurred_at DESC){told} INTO found{names} FROM (
            SELECT i.occurred_at, {TOLD} AS told
            FROM catalog_interaction i
            WHERE {who} AND i.product_id IS NOT NULL AND i.occurred_at >= coalesce(since, '-infinity')
            ORDER BY i.occurred_at DESC LIMIT most) a;"""  # noqa: S608 (our own words only)

    def bought(who: str) -> str:
        return f"""
        IF counted >= most THEN
            SELECT string_agg(b.told, ',' ORDER BY b.occurred_at DESC) INTO bought FROM (
                SELECT l.occurred_at, concat('[', l.product_id, ',"purchase",',
                    (extract(epoch FROM l.occurred_at) * 1000000)::bigint, ',null]') AS told
                FROM (
                    SELECT i.product_id, max(i.occurred_at) AS occurred_at
                    FROM catalog_interaction i
                    WHERE {who} AND i.kind = 'purchase' AND i.product_id IS NOT NULL
                        AND i.occurred_at >= coalesce(since, '-infinity') AND i.occurred_at <= oldest
                    GROUP BY i.product_id) l
                ORDER BY l.occurred_at DESC LIMIT 1000) b;
        END IF;"""  # noqa: S608 (our own words only)

    def both(who: str) -> str:
        return newest(who) + (bought(who) if with_bought else "")

    return f"""
CREATE OR REPLACE FUNCTION catalog_acts(of_customer bigint, of_visitor bigint, since timestamptz, most integer)
RETURNS text LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    found text;
    bought text;
    counted bigint;
    oldest timestamptz;
BEGIN
    IF of_customer IS NOT NULL THEN{both("i.customer_id = of_customer")}
    ELSE{both("i.visitor_id = of_visitor AND i.customer_id IS NULL")}
    END IF;
    RETURN concat('[', concat_ws(',', found, bought), ']');
END $$;
"""


# Rows that were kept before do not say it: the job writes them anew, and answers read the table until then.
NOTED = "INSERT INTO catalog_historychange (who) SELECT who FROM catalog_kepthistory"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_names_of_tags")]

    operations = [
        migrations.RunSQL(acts(with_bought=True), acts(with_bought=False)),
        migrations.RunSQL(NOTED, NOTED),
    ]
