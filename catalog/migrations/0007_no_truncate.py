"""Products and variants carry prices and stock: emptying them has to leave its entries in the ledger."""

from django.db import migrations

TABLES = ("catalog_product", "catalog_variant")
REFUSE = "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON {} EXECUTE FUNCTION core_ledger_no_truncate()"
ALLOW = "DROP TRIGGER ledger_no_truncate ON {}"


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_ledger_watch"), ("core", "0014_no_truncate")]

    operations = [migrations.RunSQL(REFUSE.format(table), ALLOW.format(table)) for table in TABLES]
