"""Those who remember what the shop shows hear of changed tags as they do of changed products."""

from django.db import migrations

HEAR = """
CREATE TRIGGER note_tag_made AFTER INSERT ON catalog_producttag REFERENCING NEW TABLE AS becomes
FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_picture();
CREATE TRIGGER note_tag_changed AFTER UPDATE ON catalog_producttag
REFERENCING OLD TABLE AS was NEW TABLE AS becomes FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_picture();
CREATE TRIGGER note_tag_gone AFTER DELETE ON catalog_producttag REFERENCING OLD TABLE AS was
FOR EACH STATEMENT EXECUTE FUNCTION catalog_note_picture();
"""

HEAR_NO_MORE = """
DROP TRIGGER note_tag_gone ON catalog_producttag;
DROP TRIGGER note_tag_changed ON catalog_producttag;
DROP TRIGGER note_tag_made ON catalog_producttag;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_bought_before")]

    operations = [
        migrations.RunSQL(HEAR, HEAR_NO_MORE),
    ]
