"""One form for the many ways in which languages are written."""

TRADITIONAL = frozenset({"hant", "tw", "hk", "mo"})


def plain_language(written: str) -> str:
    """`zh-CN`, `zh_Hans` and `zh` become zh-hans, `zh-TW` zh-hant; of others the first part is kept (`en-GB` → en).
    Empty for what is no language."""
    first, *rest = written.strip().lower().replace("_", "-").partition(".")[0].split("-")
    if not (first.isascii() and first.isalpha() and 2 <= len(first) <= 3):
        return ""
    if first != "zh":
        return first
    # The script decides before the place: `zh-Hans-HK` is written in simplified characters.
    told = next((part for part in rest if part in TRADITIONAL or part == "hans"), "")
    return "zh-hant" if told in TRADITIONAL else "zh-hans"
