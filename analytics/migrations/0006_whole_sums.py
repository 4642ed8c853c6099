"""A sum of whole numbers that is a whole number: the database's own `sum` of a bigint makes a numeric of every group,
which full counts paid for in each of millions of groups."""

from django.db import migrations

MAKE = """
CREATE AGGREGATE analytics_sum(bigint) (
    SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE
);
"""

DROP = "DROP AGGREGATE analytics_sum(bigint);"


class Migration(migrations.Migration):
    replaces = [("analytics", "0019_sums_stay_whole")]
    dependencies = [("analytics", "0005_room_in_pages")]

    operations = [
        migrations.RunSQL(MAKE, DROP),
    ]
