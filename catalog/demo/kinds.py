"""The category tree: four departments and the kinds of things they sell, each with its forms and facts."""

from dataclasses import dataclass

ALL_PATTERNS = ("plain", "stripes", "dots", "checks", "floral")
SOLID = ("plain",)
GRAPHIC = ("plain", "stripes", "dots")
CLOTH_SIZES = ("S", "M", "L", "XL")
SHOE_SIZES = ("36", "37", "38", "39", "40", "41", "42", "43")

WINTER, SUMMER, RAIN, SCHOOL = 10, 190, 160, 245  # day of the year at which demand peaks


@dataclass(frozen=True, slots=True)
class Form:
    """One shape of a kind; `key` is also what the picture is drawn by."""

    key: str
    en: str
    zh: str
    materials: tuple[str, ...]
    price: float = 1.0
    patterns: tuple[str, ...] = ()  # empty: those of the kind


@dataclass(frozen=True, slots=True)
class Kind:
    parent: str
    en: str
    zh: str
    forms: tuple[Form, ...]
    price: tuple[int, int]  # CNY, before the factors of material, brand and form
    uses_en: tuple[str, ...]
    uses_zh: tuple[str, ...]
    patterns: tuple[str, ...] = ALL_PATTERNS
    option: str = ""
    options: tuple[str, ...] = ()
    peak: int = 0  # day of the year, with `season` as the amplitude in log demand
    season: float = 0.0
    extra: float = 0.0  # mean of further pieces in one order line
    rebuy: float = -2.0  # added to the log chance of a product the customer already has


DEPARTMENTS = {
    "clothing": ("Clothing", "服装"),
    "shoes_bags": ("Shoes and bags", "鞋包"),
    "accessories": ("Accessories", "配饰"),
    "home": ("Home", "家居"),
    "desk": ("Desk", "文具"),
}

KINDS = {
    "dresses": Kind(
        "clothing",
        "Dresses",
        "连衣裙",
        (
            Form("slip_dress", "slip dress", "吊带裙", ("silk", "cotton", "linen"), 0.95),
            Form("shirt_dress", "shirt dress", "衬衫裙", ("cotton", "linen", "denim")),
            Form("midi_dress", "midi dress", "中长连衣裙", ("cotton", "linen", "silk"), 1.1),
        ),
        (239, 399),
        (
            "Wear it with bare legs in June and over a roll neck in October.",
            "It has two side pockets and a hidden zip.",
            "The waist sits a little high and the skirt moves when you walk.",
        ),
        ("夏天单穿，秋天叠搭高领衫都好看。", "两侧有口袋，隐形拉链。", "腰线略高，走动时裙摆轻盈。"),
        option="size",
        options=CLOTH_SIZES,
        peak=SUMMER,
        season=0.7,
    ),
    "shirts": Kind(
        "clothing",
        "Shirts",
        "衬衫",
        (
            Form("shirt", "shirt", "衬衫", ("cotton", "linen", "silk", "denim")),
            Form("short_shirt", "short-sleeved shirt", "短袖衬衫", ("cotton", "linen"), 0.85),
            Form("band_shirt", "band-collar shirt", "立领衬衫", ("cotton", "linen"), 1.05),
        ),
        (159, 279),
        (
            "The cut is straight, neither slim nor wide.",
            "Tuck it in for the office or leave it open over a T-shirt.",
            "The buttons are sewn on by hand.",
        ),
        ("版型直身，不紧不松。", "上班时塞进裤腰，周末敞开搭T恤。", "纽扣手工缝制。"),
        option="size",
        options=CLOTH_SIZES,
        peak=SUMMER,
        season=0.2,
    ),
    "tees": Kind(
        "clothing",
        "T-shirts",
        "T恤",
        (
            Form("tee", "T-shirt", "T恤", ("cotton",)),
            Form("long_tee", "long-sleeved T-shirt", "长袖T恤", ("cotton", "wool"), 1.15),
        ),
        (69, 129),
        (
            "The neckline keeps its shape after many washes.",
            "It falls straight and ends at the hip.",
            "Good alone, good under a jacket.",
        ),
        ("领口多次水洗也不变形。", "直身版型，长度及胯。", "单穿或内搭都合适。"),
        patterns=("plain", "stripes", "dots"),
        option="size",
        options=CLOTH_SIZES,
        peak=SUMMER,
        season=0.6,
        extra=0.2,
        rebuy=-1.0,
    ),
    "knitwear": Kind(
        "clothing",
        "Knitwear",
        "针织衫",
        (
            Form("jumper", "jumper", "毛衣", ("wool", "cashmere", "cotton")),
            Form("cardigan", "cardigan", "针织开衫", ("wool", "cashmere", "cotton"), 1.1),
            Form("roll_neck", "roll-neck jumper", "高领毛衣", ("wool", "cashmere"), 1.1),
        ),
        (199, 329),
        (
            "Cuffs and hem are ribbed so that nothing slips.",
            "Light enough for the office and warm enough for the walk home.",
            "The shoulders are knitted in one piece, without a seam.",
        ),
        ("袖口和下摆罗纹收边，不易松垮。", "办公室里不闷，回家路上够暖。", "肩部一体编织，没有接缝。"),
        patterns=("plain", "stripes", "checks", "dots"),
        option="size",
        options=CLOTH_SIZES,
        peak=WINTER,
        season=1.0,
    ),
    "trousers": Kind(
        "clothing",
        "Trousers",
        "裤装",
        (
            Form("trousers", "straight trousers", "直筒裤", ("cotton", "linen", "wool", "corduroy", "denim")),
            Form("wide_trousers", "wide-leg trousers", "阔腿裤", ("cotton", "linen", "wool"), 1.05),
            Form("shorts", "shorts", "短裤", ("cotton", "linen", "denim"), 0.7),
        ),
        (179, 289),
        (
            "The pockets are deep enough for a phone.",
            "The waistband has a little stretch at the back.",
            "Hemmed so that they can be let down by two centimetres.",
        ),
        ("口袋够深，放得下手机。", "后腰微弹，久坐不勒。", "裤脚可放长两厘米。"),
        patterns=("plain", "stripes", "checks"),
        option="size",
        options=CLOTH_SIZES,
    ),
    "skirts": Kind(
        "clothing",
        "Skirts",
        "半身裙",
        (
            Form("a_line_skirt", "A-line skirt", "A字裙", ("cotton", "wool", "denim", "corduroy")),
            Form("pleated_skirt", "pleated skirt", "百褶裙", ("cotton", "silk", "wool"), 1.15),
        ),
        (149, 249),
        (
            "It ends just below the knee.",
            "The lining is smooth and does not cling.",
            "A flat waistband lets it sit well under a jumper.",
        ),
        ("长度刚过膝。", "内衬顺滑，不贴腿。", "平腰设计，套毛衣也服帖。"),
        option="size",
        options=CLOTH_SIZES,
        peak=SUMMER,
        season=0.4,
    ),
    "jackets": Kind(
        "clothing",
        "Jackets and coats",
        "外套",
        (
            Form("jacket", "jacket", "夹克", ("cotton", "denim", "corduroy")),
            Form("coat", "coat", "大衣", ("wool", "cashmere"), 1.5),
            Form("rain_jacket", "rain jacket", "防雨外套", ("nylon",), 0.9, SOLID),
        ),
        (329, 529),
        (
            "There is an inside pocket with a zip.",
            "It leaves room for a jumper below.",
            "The collar can be turned up against the wind.",
        ),
        ("内侧有拉链口袋。", "里面叠穿毛衣也不紧绷。", "领子可以立起挡风。"),
        patterns=("plain", "checks", "stripes"),
        option="size",
        options=CLOTH_SIZES,
        peak=WINTER - 40,
        season=0.9,
    ),
    "sneakers": Kind(
        "shoes_bags",
        "Sneakers",
        "运动鞋",
        (
            Form("low_sneakers", "low-top sneakers", "低帮板鞋", ("canvas", "leather", "suede")),
            Form("running_shoes", "running shoes", "跑鞋", ("mesh",), 1.2),
        ),
        (229, 369),
        ("The insole can be taken out and washed.", "The sole is stitched, not only glued.", "They run true to size."),
        ("鞋垫可取出清洗。", "鞋底缝线加固，不只靠胶。", "尺码标准，按平时码选即可。"),
        patterns=("plain", "stripes"),
        option="size",
        options=SHOE_SIZES,
        peak=SUMMER - 60,
        season=0.3,
    ),
    "boots": Kind(
        "shoes_bags",
        "Boots",
        "靴子",
        (
            Form("ankle_boots", "ankle boots", "短靴", ("leather", "suede"), 1.15),
            Form("rain_boots", "rain boots", "雨靴", ("rubber",), 0.75, ("plain", "dots", "checks", "floral")),
        ),
        (329, 499),
        (
            "The heel is low enough for a whole day on foot.",
            "The sole grips on wet stone.",
            "There is room for a thick sock.",
        ),
        ("跟不高，走一天也不累。", "鞋底防滑，雨天石板路也稳。", "可以搭配厚袜子。"),
        patterns=SOLID,
        option="size",
        options=SHOE_SIZES,
        peak=WINTER - 30,
        season=0.8,
    ),
    "totes": Kind(
        "shoes_bags",
        "Tote bags",
        "托特包",
        (
            Form("tote", "tote bag", "托特包", ("canvas", "leather", "linen")),
            Form("shopper", "large shopper", "大号购物袋", ("canvas", "nylon"), 0.7),
        ),
        (129, 239),
        (
            "A laptop of 14 inches fits in flat.",
            "The handles are long enough for a winter coat.",
            "Inside there is a pocket for keys and card.",
        ),
        ("平放可装 14 英寸电脑。", "提手够长，冬天也能挎肩。", "内袋可放钥匙和卡片。"),
    ),
    "backpacks": Kind(
        "shoes_bags",
        "Backpacks",
        "双肩包",
        (
            Form("backpack", "backpack", "双肩包", ("canvas", "nylon", "leather")),
            Form("mini_backpack", "mini backpack", "迷你双肩包", ("nylon", "canvas", "leather"), 0.8),
        ),
        (199, 329),
        (
            "The back is padded and the straps do not cut in.",
            "A side pocket holds a bottle.",
            "The zip runs smoothly with one hand.",
        ),
        ("背部加垫，肩带不勒。", "侧袋可放水杯。", "拉链顺滑，单手就能拉开。"),
        peak=SCHOOL,
        season=0.5,
    ),
    "scarves": Kind(
        "accessories",
        "Scarves",
        "围巾",
        (
            Form("scarf", "scarf", "围巾", ("wool", "cashmere", "cotton")),
            Form("square_scarf", "square scarf", "方巾", ("silk", "cotton"), 0.9),
        ),
        (99, 189),
        (
            "The edges are rolled and stitched by hand.",
            "Long enough to go round twice.",
            "It comes in a small box, ready to give.",
        ),
        ("手工卷边。", "长度足够绕两圈。", "附小礼盒，送人正好。"),
        peak=WINTER,
        season=1.1,
    ),
    "hats": Kind(
        "accessories",
        "Hats",
        "帽子",
        (
            Form("beanie", "beanie", "针织帽", ("wool", "cashmere", "cotton"), 1.0, ("plain", "stripes", "dots")),
            Form("bucket_hat", "bucket hat", "渔夫帽", ("cotton", "linen", "denim")),
            Form("cap", "cap", "棒球帽", ("cotton", "corduroy", "canvas"), 0.9, ("plain", "stripes", "checks")),
        ),
        (69, 119),
        ("One size fits most heads.", "It folds flat into a coat pocket.", "The inside band is soft on the forehead."),
        ("均码，适合大多数头围。", "可折叠放进大衣口袋。", "内圈柔软，不勒额头。"),
    ),
    "socks": Kind(
        "accessories",
        "Socks",
        "袜子",
        (
            Form("crew_socks", "crew socks", "中筒袜", ("cotton", "wool")),
            Form("ankle_socks", "ankle socks", "短袜", ("cotton",), 0.8),
        ),
        (25, 45),
        (
            "The toe seam is flat and does not press.",
            "The cuff holds without leaving a mark.",
            "Heel and toe are knitted double.",
        ),
        ("袜头平整无骨缝。", "袜口不勒脚踝。", "袜跟袜尖双层加固。"),
        option="size",
        options=("35–38", "39–42", "43–46"),
        peak=WINTER,
        season=0.2,
        extra=1.2,
        rebuy=0.3,
    ),
    "umbrellas": Kind(
        "accessories",
        "Umbrellas",
        "雨伞",
        (
            Form("umbrella", "long umbrella", "长柄伞", ("nylon",)),
            Form("folding_umbrella", "folding umbrella", "折叠伞", ("nylon",), 0.85),
        ),
        (79, 139),
        (
            "Eight ribs keep it steady in the wind.",
            "It opens with one push and dries fast.",
            "The canopy covers one person and a bag.",
        ),
        ("八骨伞架，风中也稳。", "一键开合，速干伞面。", "伞面够大，人和包都不淋。"),
        peak=RAIN,
        season=0.8,
    ),
    "mugs": Kind(
        "home",
        "Mugs and cups",
        "杯子",
        (
            Form("mug", "mug", "马克杯", ("ceramic", "stoneware", "porcelain")),
            Form("tall_mug", "tall mug", "高身马克杯", ("ceramic", "stoneware"), 1.15),
            Form("espresso_cup", "espresso cup", "浓缩咖啡杯", ("porcelain", "stoneware"), 0.7),
        ),
        (45, 79),
        (
            "The handle has room for three fingers.",
            "It keeps a coffee warm for a long chapter.",
            "The foot is unglazed and stands firm.",
        ),
        ("把手宽敞，三指可握。", "读完一章，咖啡还是热的。", "杯底无釉，放置稳当。"),
        extra=0.7,
        rebuy=-0.5,
        peak=WINTER,
        season=0.2,
    ),
    "plates": Kind(
        "home",
        "Plates and bowls",
        "碗盘",
        (
            Form("dinner_plate", "dinner plate", "餐盘", ("stoneware", "porcelain", "ceramic")),
            Form("side_plate", "side plate", "点心盘", ("stoneware", "porcelain", "ceramic"), 0.75),
            Form("bowl", "bowl", "汤碗", ("stoneware", "porcelain", "ceramic"), 0.9),
        ),
        (39, 75),
        (
            "It stacks neatly with the others of the series.",
            "The rim is slightly raised so that sauce stays in.",
            "Big enough for supper, light enough for one hand.",
        ),
        ("与同系列叠放整齐。", "盘沿微翘，汤汁不外溢。", "大小够一餐，单手也拿得稳。"),
        extra=1.4,
        rebuy=0.0,
    ),
    "vases": Kind(
        "home",
        "Vases",
        "花瓶",
        (
            Form("vase", "vase", "花瓶", ("ceramic", "stoneware", "glass")),
            Form("bud_vase", "bud vase", "单枝花瓶", ("ceramic", "stoneware", "porcelain"), 0.65),
        ),
        (89, 179),
        (
            "A single branch is enough to fill it.",
            "It is watertight and heavy at the foot.",
            "It looks finished even when it is empty.",
        ),
        ("插一枝就很好看。", "不渗水，底部稳重。", "不插花也是一件摆设。"),
    ),
    "cushions": Kind(
        "home",
        "Cushions",
        "抱枕",
        (
            Form("cushion", "cushion", "抱枕", ("cotton", "linen", "velvet", "corduroy")),
            Form("lumbar_cushion", "lumbar cushion", "腰枕", ("cotton", "linen", "velvet"), 0.9),
        ),
        (79, 139),
        (
            "The cover comes off with a hidden zip.",
            "The filling springs back after a long film.",
            "Two of them change the whole sofa.",
        ),
        ("隐形拉链，枕套可拆洗。", "看完一部电影依然回弹。", "放上两个，沙发焕然一新。"),
        extra=0.5,
        rebuy=-0.8,
    ),
    "lamps": Kind(
        "home",
        "Lamps",
        "灯具",
        (
            Form("table_lamp", "table lamp", "台灯", ("ceramic", "oak")),
            Form("bedside_lamp", "bedside lamp", "床头灯", ("ceramic", "oak", "glass"), 0.8),
            Form("pendant_lamp", "pendant lamp", "吊灯", ("steel", "glass"), 1.2),
        ),
        (189, 349),
        (
            "The shade softens the light without swallowing it.",
            "The switch sits on the cable, within reach.",
            "It takes a standard bulb, which is included.",
        ),
        ("灯罩让光线柔和而不暗。", "线控开关，伸手可及。", "附标准灯泡，可自行更换。"),
        peak=WINTER - 40,
        season=0.3,
    ),
    "blankets": Kind(
        "home",
        "Throws and blankets",
        "毯子",
        (
            Form("throw", "throw", "盖毯", ("wool", "cotton", "cashmere")),
            Form("blanket", "bed blanket", "床毯", ("wool", "cotton"), 1.3),
        ),
        (179, 319),
        (
            "Large enough for two on one sofa.",
            "The fringe is knotted by hand.",
            "It comes on the train as well as on the bed.",
        ),
        ("够两个人在沙发上一起盖。", "流苏手工打结。", "居家出行都能带上。"),
        patterns=("plain", "stripes", "checks", "dots"),
        peak=WINTER,
        season=0.9,
    ),
    "bottles": Kind(
        "home",
        "Bottles",
        "水杯",
        (
            Form("bottle", "insulated bottle", "保温杯", ("steel",)),
            Form("tumbler", "travel tumbler", "随行杯", ("steel",), 0.85),
        ),
        (89, 159),
        (
            "Tea stays hot for eight hours in it.",
            "It does not leak, even upside down in a bag.",
            "The mouth is wide enough for ice.",
        ),
        ("泡茶可保温 8 小时。", "倒放在包里也不漏。", "杯口够宽，放得进冰块。"),
        option="capacity",
        options=("350 ml", "500 ml"),
    ),
    "notebooks": Kind(
        "desk",
        "Notebooks",
        "笔记本",
        (
            Form("notebook", "notebook", "笔记本", ("paper", "canvas", "leather")),
            Form("spiral_notebook", "spiral notebook", "线圈本", ("paper",), 0.7),
            Form("planner", "weekly planner", "周计划本", ("paper", "leather", "canvas"), 1.2),
        ),
        (29, 59),
        (
            "The pages lie flat from the first to the last.",
            "There are 160 pages with a faint dotted grid.",
            "A ribbon marks where you stopped.",
        ),
        ("从第一页到最后一页都能摊平。", "内页 160 页，浅点阵。", "附丝带书签。"),
        option="format",
        options=("A5", "A6"),
        peak=SCHOOL,
        season=0.4,
        extra=0.5,
        rebuy=0.6,
    ),
    "pens": Kind(
        "desk",
        "Pens",
        "笔",
        (
            Form("gel_pen", "gel pen", "中性笔", ("resin", "steel"), 0.5),
            Form("fountain_pen", "fountain pen", "钢笔", ("resin", "brass", "steel"), 2.6),
            Form("ballpoint", "ballpoint pen", "圆珠笔", ("brass", "resin", "steel"), 0.9),
        ),
        (29, 59),
        (
            "It writes at once, even after a week in the drawer.",
            "The weight sits low, so the hand does not tire.",
            "Refills are easy to find.",
        ),
        ("放一周再写也不断墨。", "重心偏低，久写不累。", "笔芯通用，容易买到。"),
        patterns=GRAPHIC,
        option="ink",
        options=("black", "blue"),
        peak=SCHOOL,
        season=0.4,
        extra=0.6,
        rebuy=0.6,
    ),
    "pencil_cases": Kind(
        "desk",
        "Pencil cases",
        "笔袋",
        (
            Form("pencil_case", "pencil case", "笔袋", ("canvas", "leather", "corduroy", "nylon")),
            Form("pencil_roll", "pencil roll", "笔帘", ("canvas", "leather"), 1.1, ("plain", "stripes", "checks")),
        ),
        (35, 69),
        (
            "Twelve pens fit without pressing.",
            "The lining wipes clean when a pen leaks.",
            "It opens wide, so nothing hides at the bottom.",
        ),
        ("可放 12 支笔，不拥挤。", "内衬漏墨一擦即净。", "开口大，找东西不费劲。"),
        peak=SCHOOL,
        season=0.6,
    ),
    "pen_pots": Kind(
        "desk",
        "Pen pots",
        "笔筒",
        (
            Form("pen_pot", "pen pot", "笔筒", ("ceramic", "stoneware")),
            Form("square_pen_pot", "square pen pot", "方形笔筒", ("ceramic", "steel"), 1.1),
        ),
        (39, 79),
        ("Heavy enough not to tip over.", "It holds pens, scissors and a ruler.", "A felt foot protects the desk."),
        ("分量足，不易倾倒。", "笔、剪刀和尺子都放得下。", "底部毛毡，不刮桌面。"),
    ),
}

# What people put into the same basket: kind -> the kinds that complete it, likeliest first.
COMPLEMENTS = {
    "dresses": ("totes", "scarves", "knitwear", "boots"),
    "shirts": ("trousers", "jackets", "knitwear"),
    "tees": ("trousers", "sneakers", "hats"),
    "knitwear": ("trousers", "skirts", "scarves"),
    "trousers": ("shirts", "tees", "socks"),
    "skirts": ("knitwear", "shirts", "boots"),
    "jackets": ("scarves", "boots", "hats"),
    "sneakers": ("socks", "backpacks", "bottles"),
    "boots": ("socks", "scarves", "umbrellas"),
    "totes": ("notebooks", "umbrellas", "scarves"),
    "backpacks": ("bottles", "pencil_cases", "sneakers"),
    "scarves": ("hats", "jackets", "boots"),
    "hats": ("scarves", "tees", "socks"),
    "socks": ("sneakers", "boots", "hats"),
    "umbrellas": ("boots", "jackets", "totes"),
    "mugs": ("plates", "notebooks", "blankets"),
    "plates": ("mugs", "vases"),
    "vases": ("cushions", "plates", "lamps"),
    "cushions": ("blankets", "lamps", "vases"),
    "lamps": ("cushions", "blankets", "vases"),
    "blankets": ("cushions", "mugs", "lamps"),
    "bottles": ("backpacks", "sneakers", "tees"),
    "notebooks": ("pens", "pencil_cases", "mugs"),
    "pens": ("notebooks", "pen_pots", "pencil_cases"),
    "pencil_cases": ("pens", "notebooks"),
    "pen_pots": ("pens", "notebooks", "lamps"),
}

OPTION_ZH = {"size": "尺码", "capacity": "容量", "format": "开本", "ink": "墨色"}
