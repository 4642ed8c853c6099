"""The tree of categories as it was before an import, as far as nobody rebuilt it since."""

from catalog.importing.staging import execute, fetch_one
from catalog.importing.undo import rows
from catalog.importing.undo.rows import LEFT, ROWS
from catalog.models import Category

TABLE = "catalog_category"
STEP = Category.steplen
PLACES = "undo_places"


def undo() -> None:
    """Remove the new categories that nobody uses, put the others back with their names, and in their places when all
    of them fit there."""
    rows.keep(TABLE, "u.is_new AND EXISTS (SELECT 1 FROM catalog_product p WHERE p.category_id = u.row_id)", "in_use")
    _plan(moving=True)
    if not _fits():
        _plan(moving=False)
        rows.keep(
            TABLE,
            "NOT u.is_new AND EXISTS (SELECT 1 FROM catalog_category t WHERE t.id = u.row_id"
            " AND t.path <> u.before ->> 'path')",
            "tree",
        )
    rows.keep(
        TABLE,
        f"u.is_new AND EXISTS (SELECT 1 FROM {PLACES} x JOIN {PLACES} own ON own.id = u.row_id"  # noqa: S608
        " WHERE x.id <> u.row_id AND NOT x.goes AND starts_with(x.path, own.path))",
        "in_use",
    )
    rows.remove(TABLE)
    _move()
    rows.restore(TABLE)
    execute(f"DROP TABLE {PLACES}")


def _plan(*, moving: bool) -> None:
    """Where every category would stand (`path`) and which of them go."""
    path = "CASE WHEN NOT u.is_new THEN u.before ->> 'path' END" if moving else "NULL"
    execute(f"DROP TABLE IF EXISTS {PLACES}")
    execute(
        f"""
        CREATE TEMPORARY TABLE {PLACES} ON COMMIT DROP AS
        SELECT t.id, coalesce({path}, t.path) AS path, coalesce(u.is_new, false) AS goes
        FROM {TABLE} t LEFT JOIN {ROWS} u ON u.table_name = '{TABLE}' AND u.row_id = t.id AND {LEFT}
        """  # noqa: S608
    )


def _fits() -> bool:
    """No place is taken twice, and every category that stays has one above it."""
    twice = f"SELECT path FROM {PLACES} WHERE NOT goes GROUP BY path HAVING count(*) > 1"  # noqa: S608
    orphans = f"""
        SELECT 1 FROM {PLACES} x WHERE NOT x.goes AND length(x.path) > {STEP} AND NOT EXISTS (
            SELECT 1 FROM {PLACES} y WHERE y.path = left(x.path, -{STEP})
        )
    """  # noqa: S608
    return not fetch_one(f"SELECT EXISTS ({twice}) OR EXISTS ({orphans})")[0]


def _move() -> None:
    """In two steps, so that no category meets another on its way."""
    moved = f"FROM {PLACES} x WHERE x.id = t.id AND x.path <> t.path"
    execute(f"DELETE FROM {PLACES} x WHERE NOT EXISTS (SELECT 1 FROM {TABLE} t WHERE t.id = x.id)")  # noqa: S608
    execute(f"DELETE FROM {PLACES} x USING {TABLE} t WHERE t.id = x.id AND t.path = x.path")  # noqa: S608
    execute(f"UPDATE {TABLE} t SET path = '~' || t.id {moved}")  # noqa: S608
    execute(f"UPDATE {TABLE} t SET path = x.path, depth = length(x.path) / {STEP} {moved}")  # noqa: S608
    execute(
        f"""
        UPDATE {TABLE} t SET numchild = c.n FROM (
            SELECT p.id, count(k.id) AS n FROM {TABLE} p LEFT JOIN {TABLE} k
            ON k.depth = p.depth + 1 AND starts_with(k.path, p.path) GROUP BY p.id
        ) c WHERE c.id = t.id AND t.numchild <> c.n
        """  # noqa: S608
    )
