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


def phone(country: str, number: int) -> str:
    """A number nobody can own: drama numbers of Ofcom, 555-01xx in the United States, and in China a
    Beijing line that begins with 0, which the numbering plan does not allow."""
    if country == "GB":
        return f"+447700900{number % 1_000:03d}"
    if country == "US":
        area = (206, 212, 312, 415, 503, 617, 718, 773, 917, 971)[number // 100 % 10]
        return f"+1{area}55501{number % 100:02d}"
    return f"+86100{number % 10_000_000:07d}"
