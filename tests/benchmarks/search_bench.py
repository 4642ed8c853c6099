"""Search against what PostgreSQL does by itself, on judged queries; and its time as a shop grows.

Quality: the demo shop of 240 products over the API, and in the same database `ts_rank` of `simple` words plus trigram
similarity of the names. Time: one client over keep-alive, every judged query, the quickest of three answers of each;
the plain view of the load bench in the same rounds says how busy the machine is.

`python -m tests.benchmarks.search_bench [SIZE …]`: shops of so many products (default 2,000; `none` for quality alone).
Filling and tokenising one of 50,000 takes minutes, and the load bench turns through the same queries in one it keeps.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from catalog.search.evaluation import Row, difference, interval, measures  # noqa: E402
from core.supervisor.configuration import CHECKOUT  # noqa: E402
from tests.benchmarks.search import judged  # noqa: E402
from tests.faults.harness import Shop  # noqa: E402
from tests.faults.harness.load import Request  # noqa: E402

QUALITY_GAIN, P99_MS, RATIO = 0.0, 80.0, 0.04
ROUNDS = 3
SIZES = (2_000,)
PLAIN = """
SELECT p.external_id FROM catalog_product p LEFT JOIN catalog_category c ON c.id = p.category_id
    LEFT JOIN catalog_brand b ON b.id = p.brand_id,
    LATERAL (SELECT concat_ws(' ', p.name, p.name_translations::text) AS names) n,
    LATERAL (SELECT to_tsvector('simple', concat_ws(' ', n.names, c.name, c.name_translations::text, b.name,
        b.name_translations::text, p.attributes::text, p.description, p.description_translations::text)) AS words) w,
    LATERAL (SELECT plainto_tsquery('simple', %(q)s) AS query) q,
    LATERAL (SELECT greatest(similarity(p.name, %(q)s), word_similarity(%(q)s, n.names)) AS alike) s
WHERE p.status = 'live' AND p.deleted_at IS NULL AND (w.words @@ q.query OR s.alike >= 0.3)
ORDER BY ts_rank(w.words, q.query) + s.alike DESC, p.id DESC LIMIT 50
"""
Judged = dict[tuple[str, str, str], dict[str, float]]


def program(shop: Shop, *arguments: str) -> None:
    environment = {**os.environ, **shop.environment}
    subprocess.run([sys.executable, *arguments], check=True, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL)


def read_judged(folder: Path) -> Judged:
    found: Judged = {}
    for query, language, part, product, grade in judged.judgements(folder):
        grades = found.setdefault((query, language, part), {})
        if product:
            grades[product] = float(grade)
    return found


def ask(caller: Any, query: str, language: str, **more: Any) -> Any:
    lang = "zh-hans" if language == "zh" else "en"
    return caller.ask(Request(f"/api/v1/search?{urlencode({'q': query, 'lang': lang, **more})}"))


def quality(shop: Shop, folder: Path) -> dict[str, Any]:
    """nDCG of both on the same database; the test part apart."""
    import psycopg2

    program(shop, "manage.py", "import_shop", "native", str(folder))
    program(shop, "manage.py", "add_starter_synonyms")
    program(shop, "manage.py", "rebuild_search")
    shop.start("web")
    caller, ours, theirs, parts = shop.caller(), [], [], []
    with psycopg2.connect(shop.postgres.url()) as connection, connection.cursor() as cursor:
        for (query, language, part), grades in read_judged(folder).items():
            answer = ask(caller, query, language, limit=50, facets="false").json()
            shown = [row["external_id"] for row in (*answer["results"], *answer["also"])]
            ours.append(Row(shown, grades, language, 0.0))
            cursor.execute(PLAIN, {"q": query})
            theirs.append(Row([row[0] for row in cursor.fetchall()], grades, language, 0.0))
            parts.append(part)
    judged_by = {"all": lambda row, part: True, "tune": lambda row, part: part == "tune",
                 "test": lambda row, part: part == "test", "en": lambda row, part: row.language == "en",
                 "zh": lambda row, part: row.language == "zh"}  # fmt: skip
    found: dict[str, Any] = {}
    for name, belongs in judged_by.items():
        kept = [at for at, (row, part) in enumerate(zip(ours, parts, strict=True)) if belongs(row, part)]
        mine, other = [ours[at] for at in kept], [theirs[at] for at in kept]
        found[name] = {
            "search": measures(mine),
            "postgresql": measures(other),
            "interval": interval([row.ndcg for row in mine if row.ideal], seed=0),
            "difference": difference(mine, other, seed=0),
        }
    return found


def as_table(found: dict[str, Any]) -> str:
    """The quality, one line for each part of the list; ranges are those of 95 %."""
    lines = [f"{'':6}{'nDCG@10':>26}{'PostgreSQL':>12}{'more':>26}{'':>8}{'recall@20':>11}{'no result':>11}"]
    for name, one in found.items():
        own, other, more = one["search"], one["postgresql"], one["difference"]
        lines.append(
            f"{name:6}{_ranged(own['ndcg@10'], one['interval']):>26}{other['ndcg@10']:>12.3f}"
            f"{_ranged(more['ndcg@10'], more['interval']):>26}{more['relative']:>+8.0%}{own['recall@20']:>11.3f}"
            f"{own['zero_result_rate']:>11.1%}"
        )
    return "\n".join(lines)


def _ranged(value: float, ends: list[float]) -> str:
    return f"{value:.3f} ({ends[0]:.3f} to {ends[1]:.3f})"


def times(shop: Shop) -> dict[str, Any]:
    """Milliseconds by language, and the rate beside the plain view."""
    caller, lists = shop.caller(), judged.LIST.read_text("utf-8").splitlines()
    queries = [line.split("|")[:2] for line in lists if line and not line.startswith("#")]
    for language, query in queries[:5]:
        ask(caller, query, language)
    best: dict[str, list[float]] = {"en": [], "zh": []}
    plain: list[float] = []
    for language, query in queries:
        seconds = []
        for _round in range(ROUNDS):
            started = time.perf_counter()
            caller.ask(Request("/api/v1/plain"))
            middle = time.perf_counter()
            answer = ask(caller, query, language)
            seconds.append(time.perf_counter() - middle)
            plain.append(middle - started)
            assert answer.status == 200, (query, answer.status)
        best[language].append(min(seconds) * 1000)
    both = [*best["en"], *best["zh"]]
    return {
        **{
            name: {"p50": round(float(np.percentile(ms, 50)), 1), "p99": round(float(np.percentile(ms, 99)), 1)}
            for name, ms in best.items()
        },
        "plain_p50": round(float(np.percentile(plain, 50)) * 1000, 2),
        "ratio": round(float(np.percentile(plain, 50)) * 1000 / float(np.mean(both)), 4),
    }


def measure(sizes: Sequence[int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        subprocess.run(
            [sys.executable, "manage.py", "make_demo_shop", "--size", "small", "--seed", "1", "--out", str(demo)],
            check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL, env={**os.environ, "VAR_DIR": folder},
        )  # fmt: skip
        shop = Shop(environment={"DJANGO_SETTINGS_MODULE": "tests.benchmarks.load_settings"})
        try:
            result["quality"] = quality(shop, demo)
            print(as_table(result["quality"]), flush=True)
        finally:
            shop.remove()
    for size in sizes:
        shop = Shop(environment={"DJANGO_SETTINGS_MODULE": "tests.benchmarks.load_settings"})
        try:
            program(shop, "-m", "tests.benchmarks.search.fill", str(size))
            program(shop, "manage.py", "add_starter_synonyms")
            shop.start("web")
            result[str(size)] = times(shop)
            print(f"{size} products: {result[str(size)]}", flush=True)
        finally:
            shop.remove()
    return result


def below(result: dict[str, Any]) -> list[str]:
    lines = []
    low, _high = result["quality"]["all"]["difference"]["interval"]
    if low <= QUALITY_GAIN:
        lines.append(f"search: nDCG@10 is not surely better than PostgreSQL's own: {low} more at least")
    for size, found in result.items():
        if size.isdigit():
            lines += [
                f"search: p99 at {size} products, {language}: {found[language]['p99']} ms > {P99_MS}"
                for language in ("en", "zh")
                if found[language]["p99"] > P99_MS
            ]
            if found["ratio"] < RATIO:
                lines.append(f"search: ratio to the plain view at {size} products: {found['ratio']} < {RATIO}")
    return lines


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "none"]
    short = below(measure([int(word) for word in given] or ([] if sys.argv[1:] else SIZES)))
    for line in short:
        print(f"BELOW {line}")
    sys.exit(bool(short))
