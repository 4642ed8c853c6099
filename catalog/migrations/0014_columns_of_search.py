"""What web processes remember of what search shows (catalog.search.shown) follows changed tags as it does products, and
words are looked up in their index.

PostgreSQL does not see that tokens lie beside the table: for a word that half of all products hold it would read the
tokens of every product, which takes twenty times as long as its index. So the look-up plans by itself.
"""

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

HOLDING = """
CREATE FUNCTION catalog_products_holding(words tsquery) RETURNS bytea LANGUAGE plpgsql STABLE
SET enable_seqscan = off AS $$
BEGIN
    RETURN (SELECT string_agg(int8send(d.product_id), '') FROM catalog_searchdocument d WHERE d.tokens @@ words);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0012_bought_before")]

    operations = [
        migrations.RunSQL(HEAR, HEAR_NO_MORE),
        migrations.RunSQL(HOLDING, "DROP FUNCTION catalog_products_holding(tsquery)"),
    ]
