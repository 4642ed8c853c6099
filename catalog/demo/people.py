"""Names and places the invented customers are composed of."""

from dataclasses import dataclass

SURNAMES_ZH = (
    "王:wang 李:li 张:zhang 刘:liu 陈:chen 杨:yang 黄:huang 赵:zhao 周:zhou 吴:wu 徐:xu 孙:sun 马:ma 朱:zhu "
    "胡:hu 郭:guo 何:he 林:lin 高:gao 罗:luo 郑:zheng 梁:liang 谢:xie 宋:song 唐:tang 许:xu 韩:han 冯:feng "
    "邓:deng 曹:cao 彭:peng 曾:zeng 肖:xiao 田:tian 董:dong 潘:pan 袁:yuan 蔡:cai 蒋:jiang 余:yu 于:yu 杜:du "
    "叶:ye 程:cheng 魏:wei 苏:su 吕:lv 丁:ding 任:ren 卢:lu 姚:yao 沈:shen 钟:zhong 姜:jiang 崔:cui 谭:tan "
    "陆:lu 范:fan 汪:wang 廖:liao 石:shi 金:jin"
)
GIVEN_ZH = (
    "雨桐:yutong 思远:siyuan 晓琳:xiaolin 子涵:zihan 嘉怡:jiayi 文博:wenbo 佳宁:jianing 浩然:haoran "
    "梦洁:mengjie 一鸣:yiming 静怡:jingyi 俊杰:junjie 欣妍:xinyan 志强:zhiqiang 婷婷:tingting 明轩:mingxuan "
    "雅雯:yawen 建国:jianguo 心怡:xinyi 天宇:tianyu 慧敏:huimin 宇航:yuhang 若曦:ruoxi 伟:wei 芳:fang 娜:na "
    "敏:min 静:jing 磊:lei 洋:yang 艳:yan 勇:yong 杰:jie 娟:juan 涛:tao 明:ming 超:chao 霞:xia 平:ping 刚:gang "
    "云:yun 晨:chen 悦:yue 宁:ning 帆:fan 然:ran 书瑶:shuyao 乐怡:leyi 清扬:qingyang 知夏:zhixia 景行:jingxing "
    "安然:anran 沐阳:muyang 诗涵:shihan 瑞:rui 彤:tong 楠:nan 岚:lan"
)
FIRST_EN = (
    "Amelia Oliver Isla George Ava Harry Mia Noah Ivy Jack Lily Leo Grace Arthur Freya Oscar Sophie Henry Ella "
    "Thomas Ruby James Alice Theo Emily Max Chloe Daniel Hannah Samuel Zoe Adam Nora Benjamin Clara Lucas Maya "
    "Nathan Priya Ravi Leila Omar Elena Mateo Aisha Kenji Hana Marcus Jasmine Felix Naomi Peter Rachel Simon "
    "Tessa Victor Wendy Colin Diana Edith"
)
LAST_EN = (
    "Adams Bailey Baker Bennett Brooks Carter Clarke Collins Cooper Cox Davies Dixon Edwards Ellis Evans "
    "Fisher Foster Fraser Gibson Graham Gray Green Hall Harris Harvey Hughes Hunt Jenkins Kelly Kaur King "
    "Knight Lawson Lewis Marsh Martin Mason Mills Mitchell Morgan Murray Nair Owens Palmer Patel Pearce "
    "Phillips Reid Reyes Richards Rivera Rose Russell Scott Shaw Simpson Stone Tanaka Taylor Turner Walker "
    "Ward Watson Webb West White Wood Wright Young Ahmed Costa Novak Santos"
)


@dataclass(frozen=True, slots=True)
class Place:
    country: str
    city: str
    share: float


PLACES_ZH = tuple(
    Place("CN", city, share)
    for city, share in (
        ("上海", 14), ("北京", 12), ("杭州", 11), ("广州", 9), ("深圳", 9), ("成都", 9), ("南京", 6), ("苏州", 6),
        ("武汉", 6), ("西安", 5), ("重庆", 5), ("厦门", 4), ("青岛", 4), ("长沙", 4), ("天津", 4), ("宁波", 3),
        ("昆明", 3), ("大连", 3),
    )
)  # fmt: skip
PLACES_EN = tuple(
    Place(country, city, share)
    for country, city, share in (
        ("GB", "London", 16), ("GB", "Manchester", 7), ("GB", "Bristol", 5), ("GB", "Leeds", 4), ("GB", "Edinburgh", 5),
        ("US", "New York", 10), ("US", "Seattle", 6), ("US", "Boston", 5), ("US", "Chicago", 5), ("US", "Portland", 4),
        ("CN", "Shanghai", 14), ("CN", "Beijing", 9), ("CN", "Hangzhou", 5), ("CN", "Shenzhen", 5),
    )
)  # fmt: skip


def pairs(text: str) -> list[tuple[str, str]]:
    """ "王:wang 李:li" as [("王", "wang"), ("李", "li")]."""
    return [(word, latin) for word, _, latin in (entry.partition(":") for entry in text.split())]


MOBILE_GB = ("7700900",)
AREAS_GB = (
    "1134960", "1144960", "1154960", "1164960", "1174960", "1184960", "1214960", "1314960", "1414960", "1514960",
    "1614960", "1632960", "1914980", "2079460", "2896496", "2920180",
    "3069990",
)  # fmt: skip
AREAS_US = (
    206, 212, 213, 214, 215, 216, 253, 303, 305, 310, 312, 313, 314, 315, 360, 401, 404, 405, 406, 407, 408, 410, 412,
    413, 415, 425, 469, 480, 502, 503, 504, 505, 509, 510, 512, 513, 516, 518, 541, 602, 603, 607, 612, 614, 615, 617,
    619, 650, 702, 703, 713, 716, 718, 720, 773, 802, 804, 808, 816, 818, 858, 901, 904, 907, 914, 915, 917, 918, 919,
    971,
)  # fmt: skip


def phone(country: str, number: int) -> str:
    """A number nobody can own, another for each customer: drama numbers of Ofcom, 555-01xx in the United States, and
    in China a Beijing line that begins with 0, which the numbering plan does not allow. Empty where there are no more:
    two customers with one number would be taken for one person."""
    if country == "CN":
        return f"+86100{number * 37 % 10_000_000:07d}" if number < 10_000_000 else ""
    starts = [f"+44{area}" for area in MOBILE_GB + AREAS_GB] if country == "GB" else [f"+1{n}55501" for n in AREAS_US]
    digits = 3 if country == "GB" else 2
    place, last = divmod(number, 10**digits)
    return f"{starts[place]}{last:0{digits}d}" if place < len(starts) else ""
