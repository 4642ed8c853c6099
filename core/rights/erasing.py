"""Erasure: tables by the registry, places that may quote a person, files.

Files come first and tables last: the tables know what to look for in the files, so a run that dies half-way can be
repeated until both are done. Then the files are looked through once more, for those that were written meanwhile.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import structlog
from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core import ledger
from core.extensions import personal_files, personal_traces
from core.models import LedgerEntry, SavedView
from core.rights.holdings import Identity, holdings, subject

log = structlog.get_logger(__name__)
REMOVED = "Removed: it quoted a person whose data was erased."
QUOTES = {
    "core_job": {"error": REMOVED, "message": "", "message_values": "{}", "result": "{}", "checkpoint": "{}"},
    "core_webhookdelivery": {"response_excerpt": "", "error": "", "log": "[]"},
    "core_export": {"query": "{}"},
    "core_alert": {"text_values": "{}"},
    "core_datarequest": {"reason": REMOVED},
}
"""Columns that may quote a person in passing, and what stands there instead."""
SHORT = 5
TEXT_FILES = (".csv", ".txt", ".json", ".jsonl", ".log", ".tsv")
PACKED = (".xlsx", ".zip", ".gz")


def erase(label: str, pk: int) -> dict[str, Any]:
    """Remove what tells who this person is, wherever it lies. Returns counts per table. Safe to repeat.

    Orders and other books stay under a pseudonym: a row without a name that nobody outside knows.
    """
    for other in subject(label).others(pk):
        erase(label, other)
    who = subject(label).identity(pk)
    files = scrub_files(who)
    with transaction.atomic():
        _lock(label, pk)
        counts: Counter[str] = Counter()
        for entry in personal_traces:  # first: they look people up by rows that go next
            counts[entry.key] += entry.resolve()(who, label, pk)
        for one in holdings(label):
            counts[one.label] += one.erase(pk)
        ledger.record(LedgerEntry.Kind.RIGHTS, f"{label.lower()}:{pk}", act="erased", rows=sum(counts.values()))
    _write_journal(label, pk, timezone.now())  # only of what is done; a run that ends right here is repeated
    files += scrub_files(who)
    return {"rows": {key: count for key, count in sorted(counts.items()) if count}, "files": files}


def _lock(label: str, pk: int) -> None:
    """Two erasures of one person take turns, and nobody writes to the person meanwhile."""
    list(apps.get_model(label)._default_manager.select_for_update().filter(pk=pk).values_list("pk"))


# --- texts that may quote somebody ----------------------------------------------------------------------------------


def core_traces(who: Identity, label: str, pk: int) -> int:
    """Errors and results of jobs, answers of webhook receivers, kept answers of the API, the history of staff acts."""
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType

    table = ContentType.objects.get_for_model(apps.get_model(label))
    acts = LogEntry.objects.filter(content_type=table, object_id=str(pk))
    count = acts.exclude(object_repr=f"#{pk}").update(object_repr=f"#{pk}")
    for table_name, columns in QUOTES.items():
        count += clear_quotes(who, table_name, columns)
    return count + _forget_kept_answers(who) + _forget_views(who)


def _forget_views(who: Identity) -> int:
    """Saved views that look for the person, or are called like them."""
    if not who.texts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM core_savedview WHERE name ~* ANY(%(texts)s) OR query::text ~* ANY(%(texts)s)",
            {"texts": patterns(who)},
        )
        found = [pk for (pk,) in cursor.fetchall()]
    SavedView.objects.filter(pk__in=found).delete()
    return len(found)


def clear_quotes(who: Identity, table: str, columns: Mapping[str, str]) -> int:
    """Put these values into the columns that hold a text of the person (see `patterns`). Counts rows.

    Table and columns are names of ours; only the texts come from outside.
    """
    if not who.texts:
        return 0
    found = {name: f"{name}::text ~* ANY(%(texts)s)" for name in columns}
    changes = ", ".join(f"{name} = CASE WHEN {test} THEN %({name})s ELSE {name} END" for name, test in found.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {changes} WHERE {' OR '.join(found.values())}",  # noqa: S608
            {**columns, "texts": patterns(who)},
        )
        return int(cursor.rowcount)


def patterns(who: Identity) -> list[str]:
    """The texts for `~*`, which does not look at the case. Short Latin ones count as whole words, so that "Li" does not
    empty whatever says "list"; longer ones count wherever they stand."""
    return [_whole_word(text) if text.isascii() and len(text) < SHORT else re.escape(text) for text in _forms(who)]


def _whole_word(text: str) -> str:
    return f"(?<![0-9A-Za-z]){re.escape(text)}(?![0-9A-Za-z])"


def _forget_kept_answers(who: Identity) -> int:
    """Answers are bytes: the texts are looked for as UTF-8. A caller who repeats the request is answered anew."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_idempotencykey WHERE EXISTS "
            "(SELECT 1 FROM unnest(%s::text[]) AS t(text) WHERE position(convert_to(t.text, 'UTF8') IN body) > 0)",
            [_forms(who)],
        )
        return int(cursor.rowcount)


def _forms(who: Identity) -> list[str]:
    """Each text as it is, as JSON writes it, and as it stands in an address (filters of exports)."""
    forms = {
        form for text in who.texts for form in (text, json.dumps(text)[1:-1], quote(text, safe=""), quote_plus(text))
    }
    return sorted(forms)


# --- files ----------------------------------------------------------------------------------------------------------


def scrub_files(who: Identity) -> int:
    """Take every line that names the person out of text files, and delete other files that name them. Counts files."""
    if not who.texts:
        return 0
    return sum(_scrub(path, who) for path in _files())


def export_folders() -> list[Path]:
    """Files that staff asked for."""
    return [Path(settings.EXPORT_ROOT)]


def _files() -> Iterator[Path]:
    for entry in personal_files:
        for folder in entry.resolve()():
            if Path(folder).is_dir():
                found = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
                yield from (path for path in found if not _is_being_written(path.relative_to(folder)))


def _is_being_written(path: Path) -> bool:
    """Names with a dot belong to writers, which would lose their file; what they finish is looked through later."""
    return any(part.startswith(".") for part in path.parts)


def _scrub(path: Path, who: Identity) -> bool:
    """Line by line, so that a large file costs no memory; the new file replaces the old one in one step."""
    if path.suffix.lower() in PACKED:
        # What is inside cannot be seen from here, and these files are copies that can be made again.
        path.unlink(missing_ok=True)
        return True
    if path.suffix.lower() not in TEXT_FILES:
        return False
    named = _pattern(who)
    aside, touched = path.with_name(f".{path.name}.scrubbing"), False
    try:
        with path.open("rb") as old, aside.open("wb") as new:
            for line in old:
                if named.search(line):
                    touched = True
                else:
                    new.write(line)
            new.flush()
            os.fsync(new.fileno())
        if touched:
            aside.replace(path)
    except FileNotFoundError:
        return False
    finally:
        aside.unlink(missing_ok=True)
    return touched


def _pattern(who: Identity) -> re.Pattern[bytes]:
    """Any of the texts; those in Latin letters as whole words, so that "Li" does not take "List" along."""
    forms = []
    for text in sorted(who.texts, key=len, reverse=True):
        forms.append((_whole_word(text) if text.isascii() else re.escape(text)).encode())
    return re.compile(b"|".join(forms), re.IGNORECASE)


# --- erasures outlive a restored backup ---------------------------------------------------------------------------


def journal() -> Path:
    return Path(settings.VAR_DIR) / "rights" / "erased.jsonl"


def _write_journal(label: str, pk: int, at: datetime) -> None:
    """A line that a restored backup does not know: with it the erasure is repeated (`apply_erasures`)."""
    path = journal()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"subject": label, "id": pk, "at": at.isoformat()}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def apply_journal() -> int:
    """Erase again whoever was erased after the backup that now serves was made. Returns how many came back."""
    path = journal()
    if not path.exists():
        return 0
    count = 0
    known = {
        (line["subject"], line["id"])
        for line in (json.loads(text) for text in path.read_text("utf-8").splitlines() if text.strip())
    }
    for label, pk in sorted(known):
        if subject(label).exists(pk):
            log.info("rights.erased_again", subject=label, id=pk)
            erase(label, pk)
            count += 1
    return count
