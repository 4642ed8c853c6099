"""The words of the demo world: colours, patterns, materials, styles, brands and the tastes that join them."""

from dataclasses import dataclass, field

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Colour:
    en: str
    zh: str
    rgb: Rgb
    ink: Rgb  # what a pattern is printed with on this colour


COLOURS = {
    "black": Colour("black", "黑色", (50, 50, 56), (226, 222, 212)),
    "grey": Colour("grey", "灰色", (148, 152, 158), (246, 245, 242)),
    "white": Colour("white", "白色", (246, 244, 239), (92, 118, 150)),
    "beige": Colour("beige", "米色", (222, 202, 171), (140, 100, 66)),
    "brown": Colour("brown", "棕色", (140, 94, 60), (238, 214, 178)),
    "red": Colour("red", "红色", (200, 50, 52), (252, 236, 220)),
    "orange": Colour("orange", "橙色", (231, 130, 58), (255, 243, 224)),
    "yellow": Colour("yellow", "黄色", (243, 200, 76), (255, 252, 238)),
    "green": Colour("green", "绿色", (92, 142, 92), (240, 246, 222)),
    "mint": Colour("mint green", "薄荷绿", (164, 214, 190), (46, 122, 102)),
    "blue": Colour("blue", "蓝色", (78, 138, 204), (240, 247, 254)),
    "navy": Colour("navy", "藏青色", (40, 58, 104), (232, 236, 244)),
    "purple": Colour("purple", "紫色", (140, 100, 174), (246, 238, 250)),
    "pink": Colour("pink", "粉色", (238, 166, 182), (178, 62, 96)),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    adjective: str
    noun: str
    zh: str
    clause_en: str
    clause_zh: str


PATTERNS = {
    "plain": Pattern("", "", "", "", ""),
    "stripes": Pattern("striped", "stripes", "条纹", "with even stripes", "条纹匀称"),
    "dots": Pattern("dotted", "dots", "波点", "with small round dots", "点缀小圆波点"),
    "checks": Pattern("checked", "checks", "格纹", "with a quiet check", "格纹低调耐看"),
    "floral": Pattern("floral", "flowers", "碎花", "scattered with small flowers", "碎花清新"),
}


@dataclass(frozen=True, slots=True)
class Material:
    en: str
    zh: str
    price: float  # factor on the price of the kind
    care_en: tuple[str, ...]
    care_zh: tuple[str, ...]


_WASH_EN = "Wash it at 30 degrees and hang it to dry."
_WASH_ZH = "30 度以下水洗，悬挂晾干即可。"
_WIPE_EN = "Wipe it clean with a soft, damp cloth."
_WIPE_ZH = "用柔软的湿布擦拭即可。"
_DISH_EN = "It is safe in the dishwasher."
_DISH_ZH = "可放入洗碗机清洗。"

MATERIALS = {
    "cotton": Material(
        "cotton",
        "纯棉",
        1.0,
        (f"The cotton is soft from the first day. {_WASH_EN}", f"Combed cotton that keeps its shape. {_WASH_EN}"),
        (f"纯棉面料柔软亲肤。{_WASH_ZH}", f"精梳棉不易变形。{_WASH_ZH}"),
    ),
    "linen": Material(
        "linen",
        "亚麻",
        1.2,
        (
            f"Linen breathes on warm days and softens with every wash. {_WASH_EN}",
            "Washed linen with a dry, cool touch; a few creases belong to it.",
        ),
        (f"亚麻透气，越洗越软。{_WASH_ZH}", "水洗亚麻触感干爽，自然的褶皱正是它的味道。"),
    ),
    "wool": Material(
        "wool",
        "羊毛",
        1.4,
        (
            "The wool is warm without weight. Wash it by hand or air it overnight.",
            "Fine wool that does not scratch. Dry it flat.",
        ),
        ("羊毛轻而保暖，手洗或通风晾一晚即可。", "细羊毛不扎肤，洗后平铺晾干。"),
    ),
    "cashmere": Material(
        "cashmere",
        "羊绒",
        2.3,
        ("Cashmere from long fibres, so it pills little. Wash it by hand in cool water.",),
        ("长纤维羊绒不易起球，冷水手洗。",),
    ),
    "silk": Material(
        "silk",
        "真丝",
        1.9,
        ("The silk falls softly and feels cool. Wash it by hand and iron it on the inside.",),
        ("真丝垂顺清凉，手洗后从反面熨烫。",),
    ),
    "denim": Material(
        "denim",
        "牛仔",
        1.1,
        ("Sturdy denim that fades beautifully over the years. Wash it inside out.",),
        ("牛仔布结实耐穿，越穿越有味道，翻面水洗。",),
    ),
    "corduroy": Material(
        "corduroy",
        "灯芯绒",
        1.15,
        (f"Fine corduroy with a warm hand. {_WASH_EN}",),
        (f"细条灯芯绒手感温暖。{_WASH_ZH}",),
    ),
    "velvet": Material(
        "velvet",
        "丝绒",
        1.3,
        ("Dense velvet that catches the light. Brush it now and then.",),
        ("丝绒细密有光泽，偶尔轻刷即可。",),
    ),
    "leather": Material(
        "leather",
        "皮革",
        1.8,
        (f"Vegetable-tanned leather that ages well. {_WIPE_EN}",),
        (f"植鞣皮革，越用越有光泽。{_WIPE_ZH}",),
    ),
    "suede": Material(
        "suede",
        "绒面革",
        1.6,
        ("Soft suede; brush it dry and keep it away from rain.",),
        ("绒面革触感柔软，干刷保养，避免淋雨。",),
    ),
    "rubber": Material(
        "rubber",
        "橡胶",
        0.8,
        ("Natural rubber that keeps the water out. Rinse it and let it dry.",),
        ("天然橡胶防水，冲净晾干即可。",),
    ),
    "mesh": Material(
        "mesh", "网面", 1.0, ("Airy mesh that dries quickly. Wash it by hand.",), ("网面透气快干，手洗即可。",)
    ),
    "canvas": Material(
        "canvas",
        "帆布",
        0.9,
        (f"Heavy canvas that stands up to daily use. {_WIPE_EN}",),
        (f"厚实帆布，经得起日常使用。{_WIPE_ZH}",),
    ),
    "nylon": Material(
        "nylon", "尼龙", 0.95, ("Light nylon that sheds rain. Let it dry open.",), ("轻盈尼龙防泼水，撑开晾干。",)
    ),
    "ceramic": Material(
        "ceramic",
        "陶瓷",
        1.0,
        ("Glazed ceramic with a smooth, even finish.",),
        ("釉面陶瓷，光滑匀净。",),
    ),
    "stoneware": Material(
        "stoneware",
        "粗陶",
        1.1,
        (f"Stoneware fired at high heat, each piece a little different. {_DISH_EN}",),
        (f"高温烧制的粗陶，每件略有不同。{_DISH_ZH}",),
    ),
    "porcelain": Material(
        "porcelain", "细瓷", 1.25, (f"Thin, strong porcelain. {_DISH_EN}",), (f"瓷胎薄而坚。{_DISH_ZH}",)
    ),
    "glass": Material(
        "glass",
        "玻璃",
        1.1,
        ("Coloured glass, thick at the foot. Rinse it with warm water.",),
        ("有色玻璃，底部厚实，温水冲洗即可。",),
    ),
    "steel": Material(
        "steel",
        "不锈钢",
        1.0,
        ("Steel with a matt coating that does not chip.",),
        ("不锈钢哑光涂层，不易掉漆。",),
    ),
    "brass": Material(
        "lacquered-brass",
        "漆面黄铜",
        1.5,
        ("Solid brass under the lacquer gives it a pleasant weight.",),
        ("漆面之下是实心黄铜，分量恰好。",),
    ),
    "oak": Material(
        "oak",
        "橡木",
        1.3,
        ("Oiled oak from well-kept forests. Dust it with a dry cloth.",),
        ("橡木上油处理，干布除尘即可。",),
    ),
    "resin": Material(
        "resin", "树脂", 0.7, ("Light resin that does not crack when it falls.",), ("轻巧树脂，跌落不易裂。",)
    ),
    "paper": Material(
        "recycled-paper",
        "再生纸",
        0.9,
        ("Recycled paper of 100 grams that takes ink without bleeding.",),
        ("100 克再生纸，书写不洇墨。",),
    ),
}


@dataclass(frozen=True, slots=True)
class Style:
    en: str
    zh: str
    mood_en: tuple[str, ...]
    mood_zh: tuple[str, ...]


STYLES = {
    "classic": Style(
        "classic",
        "经典",
        ("made to look right for years", "a quiet classic that goes with everything"),
        ("经典耐看，多年不过时", "百搭的经典款"),
    ),
    "minimal": Style(
        "minimal",
        "简约",
        ("pared down to clean lines", "free of everything it does not need"),
        ("线条简洁利落", "去掉一切多余的细节"),
    ),
    "romantic": Style(
        "romantic",
        "浪漫",
        ("soft and a little romantic", "made for slow Sunday mornings"),
        ("带一点温柔的浪漫", "适合慢悠悠的周末早晨"),
    ),
    "sporty": Style(
        "sporty",
        "运动风",
        ("light, easy and ready to move", "made for days that start early"),
        ("轻便自在，随时出发", "为早起的日子而做"),
    ),
    "vintage": Style(
        "vintage",
        "复古",
        ("as if found in a good old shop", "full of the charm of another decade"),
        ("像从老铺子里淘来的好物", "带着旧时光的韵味"),
    ),
    "playful": Style(
        "playful",
        "趣味",
        ("to brighten dull mornings", "made with a wink"),
        ("让灰蒙蒙的早晨也明亮起来", "细节里藏着小趣味"),
    ),
}


@dataclass(frozen=True, slots=True)
class Brand:
    """`tier` multiplies the price; a brand makes only things of its departments."""

    name: str
    zh: str
    tier: float
    departments: tuple[str, ...]
    styles: tuple[str, ...]


BRANDS = (
    Brand("Mossbrook", "苔溪", 1.25, ("clothing", "accessories"), ("classic", "vintage")),
    Brand("Lanyu", "岚屿", 1.10, ("clothing", "accessories"), ("minimal", "classic")),
    Brand("Tangerine Pier", "橘子码头", 0.85, ("clothing", "accessories"), ("playful", "romantic")),
    Brand("Dunlark", "沙雀", 0.95, ("clothing", "shoes_bags", "accessories"), ("sporty", "minimal")),
    Brand("Kitewell", "鸢井", 1.05, ("shoes_bags",), ("sporty", "playful", "romantic")),
    Brand("Fernway", "蕨径", 1.35, ("shoes_bags",), ("classic", "vintage", "minimal")),
    Brand("Moonsill", "月窗", 1.15, ("home",), ("romantic", "minimal")),
    Brand("Cloudmill", "云坊", 0.90, ("home",), ("minimal", "playful", "sporty")),
    Brand("Stonelane", "石巷", 1.20, ("home", "desk"), ("vintage", "classic")),
    Brand("Paperheron", "纸鹭", 1.00, ("desk",), ("classic", "minimal", "vintage")),
    Brand("Sunpocket", "晴袋", 0.80, ("desk", "accessories"), ("playful", "romantic", "sporty")),
)

# Where names would run out, a product belongs to a collection of its maker.
COLLECTIONS = (
    ("Alder", "桤木"), ("Amberley", "琥珀"), ("Ashdown", "白蜡"), ("Birchwood", "白桦"), ("Bluebell", "蓝铃"),
    ("Brookside", "溪畔"), ("Cedarhill", "雪松"), ("Cliffside", "崖边"), ("Dewdrop", "晨露"), ("Driftwood", "浮木"),
    ("Fairhaven", "晴港"), ("Foxglove", "指顶花"), ("Greenfield", "青野"), ("Harbour", "港湾"), ("Hazelnut", "榛果"),
    ("Highland", "高地"), ("Ivyside", "常春藤"), ("Juniper", "杜松"), ("Lakeside", "湖畔"), ("Lantern", "灯笼"),
    ("Maplewood", "枫林"), ("Meadow", "草甸"), ("Midsummer", "仲夏"), ("Northwind", "北风"), ("Orchard", "果园"),
    ("Pebble", "卵石"), ("Quayside", "码头"), ("Rainfall", "雨落"), ("Riverbend", "河湾"), ("Rosehip", "玫果"),
    ("Saffron", "藏红"), ("Seaglass", "海玻"), ("Silverleaf", "银叶"), ("Skylark", "云雀"), ("Starlight", "星光"),
    ("Sunrise", "日出"), ("Thistle", "蓟草"), ("Tidewater", "潮汐"), ("Willow", "垂柳"), ("Windmill", "风车"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taste:
    """One planted group of customers. Numbers are added to the log of the chance to choose a product."""

    share: float
    styles: dict[str, float]
    colours: dict[str, float]
    patterns: dict[str, float]
    kinds: dict[str, float] = field(default_factory=dict)


TASTES = {
    "calm": Taste(
        0.20,
        {"minimal": 1.6, "classic": 0.3},
        {"white": 0.8, "grey": 0.8, "beige": 0.9, "black": 0.5},
        {"plain": 0.7},
        {
            "lamps": 0.9,
            "vases": 0.8,
            "blankets": 0.8,
            "mugs": 0.4,
            "tees": 0.5,
            "knitwear": 0.6,
            "plates": 0.7,
            "bottles": 0.4,
        },
    ),
    "garden": Taste(
        0.18,
        {"romantic": 1.6, "vintage": 0.2},
        {"pink": 0.9, "purple": 0.8, "mint": 0.7, "white": 0.3},
        {"floral": 0.9, "dots": 0.3},
        {"dresses": 1.0, "skirts": 0.9, "cushions": 0.7, "vases": 0.6, "scarves": 0.5, "totes": 0.3, "umbrellas": 0.5},
    ),
    "active": Taste(
        0.17,
        {"sporty": 1.7, "minimal": 0.2},
        {"blue": 0.8, "orange": 0.8, "black": 0.6, "mint": 0.4},
        {"plain": 0.3, "stripes": 0.4},
        {"sneakers": 1.1, "tees": 0.8, "backpacks": 0.9, "bottles": 1.0, "hats": 0.6, "socks": 0.6, "trousers": 0.3},
    ),
    "study": Taste(
        0.15,
        {"vintage": 1.5, "classic": 0.6},
        {"brown": 0.9, "green": 0.8, "beige": 0.4, "navy": 0.4},
        {"checks": 0.6, "plain": 0.2},
        {
            "notebooks": 1.1,
            "pens": 1.1,
            "pencil_cases": 0.6,
            "pen_pots": 0.8,
            "lamps": 0.5,
            "mugs": 0.5,
            "boots": 0.4,
            "backpacks": 0.3,
        },
    ),
    "sunny": Taste(
        0.14,
        {"playful": 1.7, "romantic": 0.2},
        {"yellow": 0.9, "red": 0.7, "orange": 0.6, "mint": 0.4},
        {"dots": 0.8, "stripes": 0.3},
        {
            "socks": 0.9,
            "mugs": 0.7,
            "pencil_cases": 0.8,
            "cushions": 0.5,
            "umbrellas": 0.6,
            "notebooks": 0.4,
            "tees": 0.4,
            "hats": 0.3,
        },
    ),
    "office": Taste(
        0.16,
        {"classic": 1.6, "minimal": 0.3},
        {"navy": 0.9, "grey": 0.6, "black": 0.5, "blue": 0.5, "white": 0.4},
        {"stripes": 0.6, "checks": 0.3, "plain": 0.2},
        {
            "shirts": 1.0,
            "trousers": 0.9,
            "jackets": 0.9,
            "totes": 0.7,
            "boots": 0.5,
            "pens": 0.5,
            "umbrellas": 0.3,
            "knitwear": 0.3,
        },
    ),
}
