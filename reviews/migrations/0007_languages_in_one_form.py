"""Languages of reviews in one form, as they are kept from now on (`catalog.languages.plain_language`): `zh` and `zh-cn`
become zh-hans, `zh-tw` zh-hant, `en-gb` en. Backwards nothing is changed: nobody knows any more how they were written."""

from django.db import migrations

IN_ONE_FORM = """
UPDATE reviews_review SET language = CASE
    WHEN language ~* '^zh([-_]|$)' THEN
        CASE WHEN language ~* '[-_](hant|tw|hk|mo)([-_]|$)' AND language !~* '[-_]hans([-_]|$)'
             THEN 'zh-hant' ELSE 'zh-hans' END
    ELSE lower(split_part(replace(language, '_', '-'), '-', 1)) END
WHERE language <> '' AND language NOT IN ('zh-hans', 'zh-hant')
    AND (language ~* '^zh([-_]|$)' OR language ~ '[-_A-Z]')
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0006_aspect_corrections")]

    operations = [migrations.RunSQL(IN_ONE_FORM, migrations.RunSQL.noop)]
