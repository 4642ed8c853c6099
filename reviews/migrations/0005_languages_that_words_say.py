"""Reviews whose language nobody named, and that were read already, are in that of their words. Backwards nothing is
taken away: who named a language is not known any more."""

from django.db import migrations

FROM_READINGS = """
UPDATE reviews_review r SET language = CASE d.language WHEN 'zh' THEN 'zh-hans' ELSE d.language END
FROM reviews_reviewreading d
WHERE d.review_id = r.id AND r.language = '' AND d.language NOT IN ('', 'und')
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0004_replies_to_begin_with")]

    operations = [migrations.RunSQL(FROM_READINGS, migrations.RunSQL.noop)]
