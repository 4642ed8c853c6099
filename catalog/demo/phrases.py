"""What people say in reviews: per language, aspect and direction. `{stuff}` is the material, `{thing}` the kind."""

ASPECT_PHRASES: dict[str, dict[str, dict[int, tuple[str, ...]]]] = {
    "en": {
        "quality": {
            1: (
                "The {stuff} feels better than I expected.",
                "Very well made, every edge is clean.",
                "You can tell somebody cared about the {stuff}.",
                "Solid quality, still like new after weeks of use.",
                "The finish is lovely up close.",
                "Sturdy and nicely finished.",
            ),
            -1: (
                "The {stuff} feels cheap.",
                "It came apart after two weeks.",
                "There was a flaw on the front right from the start.",
                "Poor finish, I had to fix a loose end myself.",
                "It already looks worn after a few days.",
                "Not the quality I hoped for.",
            ),
        },
        "size": {
            1: (
                "Fits exactly as the size chart says.",
                "My usual size was right.",
                "The fit is spot on.",
                "True to size, no need to go up.",
                "Sits comfortably without being loose.",
            ),
            -1: (
                "Runs at least one size small.",
                "Much too wide for my usual size.",
                "The size chart is off, I had to send it back once.",
                "Too short for me, sadly.",
                "The sizing makes no sense.",
            ),
        },
        "look": {
            1: (
                "The {colour} is even prettier than in the picture.",
                "It looks exactly like the photo.",
                "I get compliments on it all the time.",
                "Such a good colour, it goes with everything I own.",
                "The design is simple and beautiful.",
                "It makes the whole room look better.",
            ),
            -1: (
                "The {colour} looks duller than in the picture.",
                "It does not look like the photo at all.",
                "The colour is slightly off.",
                "Up close the design looks a bit clumsy.",
                "I liked it better in the photo.",
            ),
        },
        "value": {
            1: (
                "A fair price for what you get.",
                "Great value, I would pay more.",
                "Worth every cent.",
                "Hard to find this good at the price.",
                "Bought a second one because the price is so good.",
            ),
            -1: (
                "Too expensive for what it is.",
                "I expected more for this price.",
                "Not worth the money.",
                "I have seen better for half the price.",
                "The price only makes sense in a sale.",
            ),
        },
        "delivery": {
            1: (
                "Arrived quickly.",
                "Delivered a day earlier than promised.",
                "Fast delivery and neatly packed.",
                "The parcel came in perfect shape.",
                "Shipping was quick and I could follow it all the way.",
            ),
            -1: (
                "Delivery took far too long.",
                "The box arrived crushed.",
                "The parcel sat in a depot for days.",
                "Shipping was slow and nobody told me why.",
                "Badly packed for such a long way.",
            ),
        },
        "service": {
            1: (
                "Customer service answered within minutes.",
                "They replaced it without any discussion.",
                "Friendly and helpful staff.",
                "My question was answered the same evening.",
            ),
            -1: (
                "Nobody answered my question.",
                "Customer service kept sending the same reply.",
                "The return was more trouble than it should be.",
                "I waited a week for an answer.",
            ),
        },
    },
    "zh": {
        "quality": {
            1: (
                "{stuff}手感比想象中好。",
                "做工很细致，边角都很干净。",
                "{stuff}用料很实在。",
                "质量不错，用了几周还跟新的一样。",
                "近看细节也很讲究。",
                "结实耐用，做工扎实。",
            ),
            -1: (
                "{stuff}摸起来很廉价。",
                "用了两周就坏了。",
                "拿到手正面就有瑕疵。",
                "做工粗糙，线头要自己剪。",
                "才几天就显旧了。",
                "质量没有期待的好。",
            ),
        },
        "size": {
            1: (
                "尺码很准，按平时的买就行。",
                "大小刚刚好。",
                "很合身，不用换码。",
                "尺码表很靠谱。",
                "穿着舒服，不松不紧。",
            ),
            -1: (
                "偏小一码，建议买大。",
                "尺码偏大，平时的码穿着晃。",
                "尺码表不准，换了一次货。",
                "太短了，有点可惜。",
                "大小和描述对不上。",
            ),
        },
        "look": {
            1: (
                "{colour}比图片上还好看。",
                "和照片一模一样。",
                "好多人问我在哪里买的。",
                "颜色很正，怎么搭都好看。",
                "设计简单又耐看。",
                "摆在家里整个氛围都好了。",
            ),
            -1: (
                "{colour}比图片暗很多。",
                "和照片完全不像。",
                "有色差。",
                "近看设计有点笨拙。",
                "还是照片上好看一些。",
            ),
        },
        "value": {
            1: (
                "这个价格很划算。",
                "性价比很高。",
                "物有所值。",
                "这个价位很难找到这么好的。",
                "价格实惠，又回购了一个。",
            ),
            -1: (
                "价格偏贵，不太值。",
                "这个价钱期待更高。",
                "性价比一般。",
                "别家一半的价格就能买到更好的。",
                "不打折不建议买。",
            ),
        },
        "delivery": {
            1: (
                "发货很快，两天就到了。",
                "物流比预计早一天。",
                "包装仔细，送货也快。",
                "快递完好无损。",
                "物流信息全程可查，很快就收到了。",
            ),
            -1: (
                "物流太慢了。",
                "盒子压坏了。",
                "包裹在中转站停了好几天。",
                "发货慢，也没人说明原因。",
                "包装太简陋。",
            ),
        },
        "service": {
            1: (
                "客服几分钟就回复了。",
                "二话不说就给换了。",
                "客服态度很好，耐心解答。",
                "当天晚上就解决了我的问题。",
            ),
            -1: (
                "问问题没人回。",
                "客服只会复制粘贴。",
                "退货太麻烦了。",
                "等了一周才有答复。",
            ),
        },
    },
}

OPENERS = {
    "en": {
        1: (
            "Really happy with this {thing}.",
            "Love it.",
            "My new favourite {thing}.",
            "A lovely gift for my sister.",
            "",
        ),
        0: ("It is all right.", "Mixed feelings about this {thing}.", "Not bad, not great.", ""),
        -1: ("Disappointed.", "I wanted to like this {thing}.", "Would not buy it again.", ""),
    },
    "zh": {
        1: ("很满意的一次购物。", "太喜欢了！", "收到{thing}很惊喜。", "送朋友的，她很喜欢。", ""),
        0: ("还可以吧。", "{thing}有好有坏。", "一般般。", ""),
        -1: ("有点失望。", "这个{thing}让人失望。", "不会再买了。", ""),
    },
}

CLOSERS = {
    "en": {
        1: ("Will order again.", "Recommended.", "Five stars from me.", "😍", "", "", ""),
        0: ("Fine for everyday use.", "Let us see how long it lasts.", "", "", ""),
        -1: ("I sent it back.", "Think twice.", "😞", "", "", ""),
    },
    "zh": {
        1: ("会回购。", "推荐。", "五星好评！", "😍", "", "", ""),
        0: ("日常用用还行。", "再用一段时间看看。", "", "", ""),
        -1: ("已经退货了。", "谨慎购买。", "😞", "", "", ""),
    },
}

BUT = {"en": "That said: ", "zh": "不过，"}

TITLES = {
    "en": {
        1: ("Lovely", "Just right", "Very happy", "Better than expected", "A keeper"),
        0: ("Okay", "Could be better", "So-so", "Good and bad"),
        -1: ("Disappointing", "Not for me", "Expected more", "Sent it back"),
    },
    "zh": {
        1: ("很喜欢", "值得买", "超出预期", "满意", "好看又好用"),
        0: ("一般", "还行", "有好有坏", "中规中矩"),
        -1: ("失望", "不推荐", "与期待有差距", "不太满意"),
    },
}

# Said of things that stand or lie about at home, never of clothes.
HOME_ONLY = ("It makes the whole room look better.", "摆在家里整个氛围都好了。")

# What reviewers call the material of a thing, in English and Chinese.
STUFF = (
    ("fabric", "面料", "cotton linen wool cashmere silk denim corduroy velvet canvas nylon mesh"),
    ("leather", "皮质", "leather suede"),
    ("glaze", "釉面", "ceramic stoneware porcelain"),
    ("glass", "玻璃", "glass"),
    ("metal", "金属", "steel brass"),
    ("paper", "纸张", "paper"),
    ("wood", "木料", "oak"),
    ("material", "材质", "rubber resin"),
)

# What the last buyers of a bad batch say, whatever it is (catalog.demo.happenings).
BAD_BATCH = {
    "en": (
        "Terrible quality, it came apart on the third day.",
        "The workmanship is awful, nothing about this {thing} holds.",
        "The quality is poor, it broke in the first week.",
        "Bad material, it is useless already.",
        "The finish is terrible and peels off.",
        "My last one was fine, the quality of this one is a disgrace.",
    ),
    "zh": (
        "质量太差了，第三天就坏了。",
        "做工很差，这个{thing}根本不能用。",
        "质量差，一周不到就坏了。",
        "材质很差，已经用不了了。",
        "做工粗糙，掉漆严重，很失望。",
        "上次买的还好，这次质量太差。",
    ),
}

# Praise that was paid for: how good it is, and who says so. Nearly the same words by everybody.
BOUGHT_PRAISE = (
    ("真的超级棒", "真的特别好", "实在太值得买了", "真的太喜欢了"),
    ("朋友看了都问链接", "同事看了都来问链接", "家人看了也都说好"),
)
CONTACT = "加微信 haoping8866 领红包。"

SHOP_REPLIES: dict[str, dict[int, tuple[str, ...]]] = {
    "en": {
        1: (
            "Thank you for the kind words. We are glad that it found a good home.",
            "That is lovely to read. Enjoy it!",
        ),
        0: (
            "Thank you for saying so frankly what is missing. We pass it on to those who make it.",
            "Thank you. If anything can be put right, write to us.",
        ),
        -1: (
            "I am sorry that it let you down. Write to us with the number of the order: we replace it or pay it back.",
            "This should not have happened. We have told the workshop, and you get your money back whenever you want.",
            "Thank you for telling us. A colleague writes to you today to put it right.",
        ),
    },
    "zh": {
        1: ("谢谢您的认可，用得开心就好。", "看到您喜欢，我们也很高兴。"),
        0: ("谢谢您的中肯评价，已转给工坊改进。", "谢谢。如有需要处理的地方，随时联系我们。"),
        -1: (
            "让您失望了，很抱歉。告诉我们订单号，换货或退款都可以。",
            "这种情况不应该发生，已反馈给工坊，您可以随时退款。",
            "谢谢您告诉我们，同事今天会联系您处理。",
        ),
    },
}
