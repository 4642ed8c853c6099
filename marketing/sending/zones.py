"""Time zones of customers, as far as a country tells them, and the hours in which nobody is written to.

Shops know countries, not time zones. A country with several zones counts as quiet while it is quiet in any of its main
ones, so that nobody there is woken.
"""

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_ZONES: tuple[tuple[str, str], ...] = (
    ("CN CHN China 中国 中國", "Asia/Shanghai"), ("HK HKG|Hong Kong|香港", "Asia/Hong_Kong"),
    ("TW TWN Taiwan 台湾 台灣", "Asia/Taipei"), ("MO MAC Macau Macao 澳门", "Asia/Macau"),
    ("JP JPN Japan 日本", "Asia/Tokyo"), ("KR KOR|South Korea|Korea|韩国", "Asia/Seoul"),
    ("SG SGP Singapore 新加坡", "Asia/Singapore"), ("MY MYS Malaysia 马来西亚", "Asia/Kuala_Lumpur"),
    ("TH THA Thailand 泰国", "Asia/Bangkok"), ("VN VNM Vietnam 越南", "Asia/Ho_Chi_Minh"),
    ("PH PHL Philippines 菲律宾", "Asia/Manila"), ("IN IND India 印度", "Asia/Kolkata"),
    ("ID IDN Indonesia 印度尼西亚", "Asia/Jakarta Asia/Jayapura"),
    ("AE ARE|United Arab Emirates|阿联酋", "Asia/Dubai"), ("SA SAU|Saudi Arabia|沙特阿拉伯", "Asia/Riyadh"),
    ("IL ISR Israel 以色列", "Asia/Jerusalem"), ("TR TUR Turkey Türkiye 土耳其", "Europe/Istanbul"),
    ("GB GBR UK EIRE|United Kingdom|Great Britain|英国", "Europe/London"),
    ("IE IRL Ireland 爱尔兰", "Europe/Dublin"), ("PT PRT Portugal 葡萄牙", "Europe/Lisbon"),
    ("DE DEU Germany Deutschland 德国", "Europe/Berlin"), ("FR FRA France 法国", "Europe/Paris"),
    ("ES ESP Spain 西班牙", "Europe/Madrid"), ("IT ITA Italy 意大利", "Europe/Rome"),
    ("NL NLD Netherlands 荷兰", "Europe/Amsterdam"), ("BE BEL Belgium 比利时", "Europe/Brussels"),
    ("CH CHE Switzerland 瑞士", "Europe/Zurich"), ("AT AUT Austria 奥地利", "Europe/Vienna"),
    ("SE SWE Sweden 瑞典", "Europe/Stockholm"), ("NO NOR Norway 挪威", "Europe/Oslo"),
    ("DK DNK Denmark 丹麦", "Europe/Copenhagen"), ("FI FIN Finland 芬兰", "Europe/Helsinki"),
    ("PL POL Poland 波兰", "Europe/Warsaw"), ("GR GRC Greece 希腊", "Europe/Athens"),
    ("CY CYP Cyprus 塞浦路斯", "Asia/Nicosia"),
    ("CZ CZE|Czech Republic|Czechia|捷克", "Europe/Prague"), ("HU HUN Hungary 匈牙利", "Europe/Budapest"),
    ("RO ROU Romania 罗马尼亚", "Europe/Bucharest"), ("UA UKR Ukraine 乌克兰", "Europe/Kyiv"),
    ("US USA|United States|美国", "America/New_York America/Chicago America/Denver America/Los_Angeles"),
    ("CA CAN Canada 加拿大", "America/Halifax America/Toronto America/Vancouver"),
    ("MX MEX Mexico 墨西哥", "America/Mexico_City America/Tijuana"),
    ("BR BRA Brazil 巴西", "America/Sao_Paulo America/Manaus"),
    ("AR ARG Argentina 阿根廷", "America/Argentina/Buenos_Aires"), ("CL CHL Chile 智利", "America/Santiago"),
    ("AU AUS Australia 澳大利亚", "Australia/Sydney Australia/Adelaide Australia/Perth"),
    ("NZ NZL|New Zealand|新西兰", "Pacific/Auckland"), ("ZA ZAF|South Africa|南非", "Africa/Johannesburg"),
    ("RU RUS Russia 俄罗斯", "Europe/Moscow Asia/Yekaterinburg Asia/Vladivostok"),
)  # fmt: skip
STEP = timedelta(minutes=15)
MOST_STEPS = 4 * 24 * 4


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for names, zones in _ZONES:
        first, *others = names.split("|")
        for name in (*first.split(" "), *others):
            found[name.casefold()] = tuple(zones.split(" "))
    return found


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
