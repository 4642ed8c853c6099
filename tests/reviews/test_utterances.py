"""The starter intents and the utterances that judge them: complete, without repeats, apart from training."""

import csv
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

STARTER = Path(__file__).resolve().parents[2] / "reviews" / "starter"
UTTERANCES = Path(__file__).resolve().parent / "utterances"
LANGUAGES = ["en", "zh"]
OUT_OF_SCOPE = "out_of_scope"
RISKS = {"refund_dispute", "injury", "legal_threat", "data_deletion"}
TEXTS = [f"{part}_{language}" for part in ("title", "description", "includes", "excludes") for language in LANGUAGES]


def read(path: Path, columns: tuple[str, ...] = ("text", "intent")) -> list[list[str]]:
    """Every row; fails unless the file is UTF-8 without BOM, with exactly these columns."""
    raw = path.read_bytes()
    assert raw.endswith(b"\n"), path.name
    assert b"\r" not in raw, path.name
    assert not raw.startswith(b"\xef\xbb\xbf"), path.name
    rows = list(csv.reader(raw.decode("utf-8").splitlines(), strict=True))
    assert rows[0] == list(columns), path.name
    assert all(len(row) == len(columns) for row in rows), path.name
    return rows[1:]


def plain(text: str) -> str:
    """What is left when width, case, spaces, punctuation and emoji do not count; of symbols alone, themselves."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] not in "PSZC") or folded


def intents() -> list[dict]:
    return json.loads((STARTER / "intents.json").read_text(encoding="utf-8"))


def judged(language: str) -> list[list[str]]:
    return read(UTTERANCES / f"test_{language}.csv")


def test_every_intent_is_described_in_both_languages():
    found = intents()
    assert 28 <= len(found) <= 32
    for intent in found:
        assert set(intent) == {"key", "hand_over", *TEXTS}, intent["key"]
        assert re.fullmatch("[a-z]+(_[a-z]+)*", intent["key"])
        assert intent["key"] != OUT_OF_SCOPE
        assert all(intent[name] and intent[name] == intent[name].strip() for name in TEXTS), intent["key"]
    for name in ("key", "title_en", "title_zh"):
        assert max(Counter(intent[name] for intent in found).values()) == 1


def test_the_risks_and_the_wish_for_a_person_always_go_to_a_person():
    assert {intent["key"] for intent in intents() if intent["hand_over"]} == RISKS | {"human_agent"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_has_enough_utterances(language):
    counts = Counter(intent for _, intent in judged(language))
    assert set(counts) == {intent["key"] for intent in intents()} | {OUT_OF_SCOPE}
    assert min(counts.values()) >= 20
    assert counts[OUT_OF_SCOPE] >= 150
    assert min(counts[risk] for risk in RISKS) >= 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_utterances_hold_no_stray_spaces_or_control_characters(language):
    for text, _ in judged(language):
        assert text == text.strip(), text
        assert 1 <= len(text) <= 300, text
        assert all(unicodedata.category(c) not in {"Cc", "Co", "Cn"} and c != "\ufffd" for c in text), text


def test_no_utterance_is_there_twice_within_or_across_languages():
    counts = Counter(plain(text) for language in LANGUAGES for text, _ in judged(language))
    assert [text for text, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(("name", "columns"), [("examples", ("text", "intent")), ("background", ("text",))])
def test_a_training_text_is_never_a_test_utterance(name, columns):
    tested = {plain(text) for language in LANGUAGES for text, _ in judged(language)}
    trained = {plain(row[0]) for language in LANGUAGES for row in read(STARTER / f"{name}_{language}.csv", columns)}

    assert sorted(tested & trained) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_intent_has_thirty_training_examples_without_repeats(language):
    rows = read(STARTER / f"examples_{language}.csv")
    counts = Counter(intent for _, intent in rows)

    assert set(counts) == {intent["key"] for intent in intents()}
    assert min(counts.values()) >= 30
    assert [text for text, count in Counter(plain(text) for text, _ in rows).items() if count > 1] == []


def test_width_case_marks_and_emoji_do_not_hide_a_repeat():
    assert plain("ＯＫ, thanks!! 🙂") == plain("ok thanks")
    assert plain("在吗？") == plain("在 吗")
    assert plain("🍕🍕") != plain("🍉")
