"""Time zones of customers, as far as a country tells them, and the hours in which nobody is written to.

Shops know countries, not time zones. A country with several zones counts as quiet while it is quiet in any of them, so
that nobody there is woken. Which zones a country has says the time zone database.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_NAMES = """
CN CHN 中国 中國; HK HKG 香港; TW TWN 台湾 台灣; MO MAC Macao 澳门; JP JPN 日本; KR KOR|South Korea|Korea|韩国
SG SGP 新加坡; MY MYS 马来西亚; TH THA 泰国; VN VNM|Viet Nam|越南; PH PHL 菲律宾; IN IND 印度; ID IDN 印度尼西亚
AE ARE UAE 阿联酋; SA SAU 沙特阿拉伯; IL ISR 以色列; TR TUR Türkiye 土耳其
GB GBR UK|United Kingdom|Great Britain|Britain|英国; IE IRL EIRE 爱尔兰; PT PRT 葡萄牙; DE DEU Deutschland 德国
FR FRA 法国; ES ESP España 西班牙; IT ITA Italia 意大利; NL NLD Holland 荷兰; BE BEL 比利时; CH CHE 瑞士
AT AUT Österreich 奥地利; SE SWE 瑞典; NO NOR 挪威; DK DNK 丹麦; FI FIN 芬兰; PL POL 波兰; GR GRC 希腊
CY CYP 塞浦路斯; CZ CZE Czechia 捷克; HU HUN 匈牙利; RO ROU 罗马尼亚; UA UKR 乌克兰
US USA|United States of America|美国; CA CAN 加拿大; MX MEX 墨西哥; BR BRA Brasil 巴西; AR ARG 阿根廷
CL CHL 智利; AU AUS 澳大利亚; NZ NZL 新西兰; ZA ZAF 南非; RU RUS|Russian Federation|俄罗斯
"""
"""How countries are written beside their code and English name of the time zone database."""
_MAIN = {
    "AU": "Australia/Sydney", "BR": "America/Sao_Paulo", "CA": "America/Toronto", "ID": "Asia/Jakarta",
    "MX": "America/Mexico_City", "RU": "Europe/Moscow", "UA": "Europe/Kyiv",
}  # fmt: skip
"""Where most people of a wide country live; of others the database names it first."""
_ONE = {"CN": "Asia/Shanghai", "AQ": "Antarctica/McMurdo", "UM": "Pacific/Midway"}
"""One hour holds by law in all of China. Stations and islands around the globe leave no hour that is loud for all."""
STEP = timedelta(minutes=15)
MOST_STEPS = 4 * 24 * 4


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, ...]]:
    """By code or name in small letters: the zones of a country, the main one first."""
    by_code: dict[str, list[str]] = {}
    for code, _place, zone, *_comment in _rows("zone.tab"):
        by_code.setdefault(code, []).append(zone)
    zones = {code: _apart(code, found) for code, found in by_code.items()}
    names = {name.casefold(): code for code, name in _rows("iso3166.tab")} | {code.casefold(): code for code in zones}
    for said in _NAMES.strip().replace("\n", "; ").split("; "):
        first, *others = said.split("|")
        code, *short = first.split(" ")
        names |= {name.casefold(): code for name in (*short, *others)}
    return {name: zones[code] for name, code in names.items() if code in zones}


def _rows(name: str) -> Iterator[list[str]]:
    """Lines of a table of the time zone database (the package tzdata)."""
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))


def _apart(code: str, found: list[str]) -> tuple[str, ...]:
    """Without those whose clocks say the same as others' do: of the United States eight of 29 are left."""
    if code in _ONE:
        return (_ONE[code],)
    main = _MAIN.get(code, found[0])
    seen: dict[tuple[timedelta | None, ...], str] = {}
    for zone in (main, *found):
        seen.setdefault(tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in _SAMPLES), zone)
    return tuple(seen.values())


_SAMPLES = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=5 * count) for count in range(365 * 3 // 5)]
"""Moments at which clocks are compared; those that differ do so for weeks."""


def zones_of(country: str, shop_zone: str) -> tuple[str, ...]:
    """Names of the zones of a country, however it is written; the shop's for one that is not known."""
    return _known().get(country.strip().casefold(), (shop_zone,))


def is_quiet(moment: datetime, zones: tuple[str, ...], begins: time, ends: time) -> bool:
    """Whether it is a quiet hour in any of these zones. The same begin and end: never."""
    if begins == ends:
        return False
    for zone in zones:
        local = moment.astimezone(ZoneInfo(zone)).time()
        inside = begins <= local < ends if begins < ends else local >= begins or local < ends
        if inside:
            return True
    return False


@lru_cache(maxsize=4096)  # many people of one country are asked about at one moment
def next_loud(moment: datetime, zones: tuple[str, ...], begins: time, ends: time) -> datetime:
    """The first quarter of an hour from `moment` on that is quiet in none of the zones; clock changes included, because
    each is looked at as its own moment. Zones that leave no common hour: two days later, to be asked again."""
    if not is_quiet(moment, zones, begins, ends):
        return moment
    start = moment.replace(minute=moment.minute - moment.minute % 15, second=0, microsecond=0)
    for count in range(1, MOST_STEPS // 2):
        later = start + count * STEP
        if not is_quiet(later, zones, begins, ends):
            return later
    return moment + timedelta(days=2)
