"""Two tags for each product of a shop without any: `python -m tests.benchmarks.search.tagged`, then build the index."""

import os

GIVE = """
INSERT INTO catalog_producttag (product_id, kind, value, value_translations, source, created_at, updated_at)
SELECT p.id, %(kind)s, n.value, n.names::jsonb, 'import', now(), now()
FROM catalog_product p
JOIN unnest(%(keys)s::text[], %(values)s::text[], %(names)s::text[]) WITH ORDINALITY n (key, value, names, place)
    ON CASE WHEN p.attributes ->> %(kind)s = ANY(%(keys)s) THEN n.key = p.attributes ->> %(kind)s
            ELSE n.place = 1 + p.id %% cardinality(%(keys)s::text[]) END
ON CONFLICT DO NOTHING
"""
"""By what the product says of itself; where it says nothing that is known, one after the other."""


def tag() -> None:
    """A colour and a material for each product, as imported ones are. Changes nothing where there are tags."""
    import orjson
    from django.db import connection

    from catalog.demo.world import COLOURS, MATERIALS
    from catalog.models import ProductTag

    if ProductTag.objects.exists():
        return
    words = {
        "colour": {key: (one.en, one.zh) for key, one in COLOURS.items()},
        "material": {key: (one.en, one.zh) for key, one in MATERIALS.items()},
    }
    with connection.cursor() as cursor:
        for kind, named in words.items():
            names = [orjson.dumps({"en": en, "zh-hans": zh}).decode() for en, zh in named.values()]
            values = {"kind": kind, "keys": list(named), "values": [en for en, _zh in named.values()], "names": names}
            cursor.execute(GIVE, values)
        cursor.execute("ANALYZE catalog_producttag")


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    tag()
