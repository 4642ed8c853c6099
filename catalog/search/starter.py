"""Common synonyms of retail in both languages: what a new shop may begin with."""

import csv
from pathlib import Path

FILE = Path(__file__).parent / "starter_synonyms.csv"


def read(path: Path = FILE) -> list[tuple[str, str, list[str]]]:
    """(language, direction, words) of a file with these columns; words are separated by bars."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (row["language"], row["direction"], [word.strip() for word in row["words"].split("|") if word.strip()])
            for row in csv.DictReader(file)
        ]


def add() -> int:
    """Write those whose words are not there yet. Number of new ones."""
    from catalog.models import SearchSynonym

    there = set(SearchSynonym.objects.values_list("words", flat=True))
    new = [
        SearchSynonym(language=language, direction=direction, words="\n".join(words))
        for language, direction, words in read()
        if "\n".join(words) not in there
    ]
    SearchSynonym.objects.bulk_create(new)
    return len(new)
