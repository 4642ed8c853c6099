"""Clothes, laid flat."""

import numpy as np

from catalog.demo.canvas import Canvas, darker, ellipse, left, lighter, mirrored, mix, path, right

BUTTON = (250, 247, 240)


def _pair(text: str) -> tuple[np.ndarray, np.ndarray]:
    return left(text), right(text)


def _folds(c: Canvas, *texts: str, alpha: float = 0.13) -> None:
    for text in texts:
        for points in _pair(text):
            c.line(points, 2.2, alpha=alpha)


def _buttons(c: Canvas, top: float, bottom: float, count: int, x: float = 240, radius: float = 4.2) -> None:
    colour = BUTTON if sum(c.colour) < 640 else darker(c.colour, 0.35)
    for y in np.linspace(top, bottom, count):
        c.fill(ellipse(x + 0.8, y + 1.4, radius, radius), (40, 34, 50), 0.25)
        c.fill(ellipse(x, y, radius, radius), colour)
        c.fill(ellipse(x, y, radius * 0.3, radius * 0.3), darker(colour, 0.4))


def _torso(hem: float, wide: float, waist: float) -> str:
    """Right half of a body from the hollow of the neck to the hem."""
    middle = (176 + hem) / 2
    return (
        f"M 0 116 C 20 116 36 106 42 88 L 66 82 C 84 88 102 96 114 106 C 106 130 102 152 102 178 "
        f"C 101 {middle - 30} {waist} {middle} {wide} {hem - 6} C 60 {hem + 3} 30 {hem + 4} 0 {hem + 4}"
    )


SLEEVES = {
    "short": "M 110 102 C 132 112 146 124 154 142 L 176 196 "
    "C 160 210 142 216 122 218 L 103 182 C 102 152 104 128 110 102",
    "long": "M 110 102 C 134 112 146 130 152 156 L 184 356 "
    "C 174 364 160 368 146 368 L 103 192 C 102 156 104 128 110 102",
}
CUFFS = {
    "short": "M 174 191 L 177 197 C 160 212 142 218 122 220 L 119 212 C 140 210 158 204 174 191",
    "long": "M 181 336 L 185 358 C 174 366 160 370 146 370 L 139 348 C 154 348 168 344 181 336",
}


def _top(
    c: Canvas, *, sleeve: str, hem: float = 396, wide: float = 106, waist: float = 98, knit: bool = False
) -> np.ndarray:
    """Sleeves and body; the collar is laid on by the caller. Returns the outline of the body."""
    body = mirrored(_torso(hem, wide, waist))
    arms = _pair(SLEEVES[sleeve])
    c.shadow(body, *arms)
    back = mirrored("M 0 78 C 18 78 34 80 46 86 C 44 112 24 124 0 124")
    c.body(back, colour=darker(c.colour, 0.34), pattern=False, rim=0)
    for arm, angle in zip(arms, (-16, 16), strict=True):
        c.body(arm, angle=angle, tone=-0.05)
    for cuff in _pair(CUFFS[sleeve]):
        if knit or sleeve == "long":
            c.body(cuff, pattern=False, tone=-0.08, rim=0.2)
        else:
            c.line(cuff[-14:] if len(cuff) > 14 else cuff, 1.6, alpha=0.25)
    c.body(body)
    _folds(c, "M 103 178 C 100 196 90 216 78 230", "M 110 106 C 104 128 101 152 102 178", alpha=0.2)
    _folds(c, f"M 92 250 C 80 {hem - 110} 84 {hem - 70} 90 {hem - 24}", alpha=0.09)
    if knit:
        rib = mirrored(
            f"M 0 {hem - 22} C 40 {hem - 22} 70 {hem - 24} {wide - 1} {hem - 30} "
            f"L {wide} {hem - 6} C 60 {hem + 3} 30 {hem + 4} 0 {hem + 4}"
        )
        c.body(rib, pattern=False, tone=-0.08, rim=0.15)
    return body


def _crew(c: Canvas) -> None:
    band = right("M -43 87 C -40 108 -22 119 0 119 C 22 119 40 108 43 87")
    c.line(band, 8.5, darker(c.colour, 0.1), 1.0)
    c.line(band + (0, 5), 1.4, alpha=0.28)


def tee(c: Canvas) -> None:
    _top(c, sleeve="short")
    _crew(c)
    c.stitch(right("M -98 386 C -50 392 50 392 98 386"), alpha=0.35, dash=4)


def long_tee(c: Canvas) -> None:
    _top(c, sleeve="long")
    _crew(c)
    c.stitch(right("M -98 386 C -50 392 50 392 98 386"), alpha=0.35, dash=4)


def _collar(c: Canvas, size: float = 1.0) -> None:
    flap = (
        f"M 2 120 L 44 84 L 52 82 C 60 96 {62 * size} {110 * size} {54 * size} {128 * size} "
        f"L 30 {148 * size} C 20 140 10 130 2 120"
    )
    for points in _pair(flap):
        c.shadow(points, dx=2, dy=5, blur=4, alpha=0.25)
        c.body(points, tone=0.06, rim=0.2, scale=0.8)
    stand = mirrored("M 0 92 C 18 92 34 88 46 80 L 52 84 C 44 98 22 106 0 106")
    c.body(stand, tone=-0.16, pattern=False, rim=0.1)


def _placket(c: Canvas, top: float, hem: float, count: int) -> None:
    strip = path(f"M {232} {top} L 248 {top} L 248 {hem} L 232 {hem}")
    c.body(strip, tone=0.03, rim=0.0)
    c.line(path(f"M 249 {top} L 249 {hem}"), 1.6, alpha=0.26)
    c.line(path(f"M 231 {top} L 231 {hem}"), 1.2, alpha=0.14)
    _buttons(c, top + 20, hem - 34, count)


def shirt(c: Canvas) -> None:
    _top(c, sleeve="long", hem=400)
    _placket(c, 120, 403, 6)
    _collar(c)
    _pocket(c)


def short_shirt(c: Canvas) -> None:
    _top(c, sleeve="short", hem=396)
    _placket(c, 120, 399, 5)
    _collar(c)
    _pocket(c)


def band_shirt(c: Canvas) -> None:
    _top(c, sleeve="long", hem=404)
    _placket(c, 116, 230, 3)
    band = right("M -45 86 C -38 108 -18 118 0 119 C 18 118 38 108 45 86")
    c.line(band, 12, darker(c.colour, 0.08), 1.0)
    c.line(band + (0, 7), 1.4, alpha=0.3)
    _pocket(c)


def _pocket(c: Canvas) -> None:
    points = right("M 34 184 L 78 184 L 78 226 L 56 238 L 34 226")
    c.body(points, tone=0.03, rim=0.12)
    c.line(np.vstack([points, points[:1]]), 1.3, alpha=0.22)
    c.line(right("M 34 192 L 78 192"), 1.2, alpha=0.2)


def jumper(c: Canvas) -> None:
    _top(c, sleeve="long", hem=392, wide=108, knit=True)
    _crew(c)
    c.line(right("M -43 87 C -40 108 -22 119 0 119 C 22 119 40 108 43 87"), 1.2, alpha=0.2)


def roll_neck(c: Canvas) -> None:
    _top(c, sleeve="long", hem=392, wide=108, knit=True)
    neck = mirrored("M 0 62 C 18 62 34 64 42 68 C 46 82 48 94 50 104 C 34 122 16 126 0 126")
    c.shadow(neck, dx=1, dy=5, blur=5, alpha=0.25)
    c.body(neck, pattern=False, tone=-0.02)
    c.line(right("M -44 76 C -24 88 24 88 44 76"), 2, alpha=0.22)
    c.fill(ellipse(240, 68, 34, 6), darker(c.colour, 0.4), 0.75)


def cardigan(c: Canvas) -> None:
    _top(c, sleeve="long", hem=396, wide=108, knit=True)
    inside = mirrored("M 0 80 C 18 80 34 82 44 88 C 34 130 14 176 0 206")
    c.fill(inside, lighter(mix(c.colour, (245, 240, 232), 0.8), 0.1))
    c.fill(mirrored("M 0 80 C 18 80 34 82 44 88 C 40 104 20 112 0 112"), darker(c.colour, 0.4), 0.9)
    for side in _pair("M 45 86 C 36 130 14 180 2 208 L 2 398"):
        c.line(side, 11, darker(c.colour, 0.12), 1.0)
    c.line(path("M 240 214 L 240 400"), 1.5, alpha=0.4)
    _buttons(c, 224, 376, 5, radius=5)


def jacket(c: Canvas) -> None:
    _top(c, sleeve="long", hem=372, wide=108, waist=106)
    _collar(c, 1.06)
    c.line(path("M 240 136 L 240 374"), 5, darker(c.colour, 0.3), 1.0)
    c.stitch(path("M 233 150 L 233 366"))
    c.stitch(path("M 247 150 L 247 366"))
    for points in _pair("M 32 176 L 84 172 L 84 196 L 58 206 L 32 198"):
        c.body(points, tone=0.04, rim=0.2)
        c.stitch(np.vstack([points, points[:1]]), dash=4)
    for points in _pair("M 84 270 L 62 330"):
        c.line(points, 4, darker(c.colour, 0.35), 0.8)
    band = mirrored("M 0 352 L 107 346 L 108 372 C 60 376 30 378 0 378")
    c.body(band, tone=-0.06, rim=0.15)
    _buttons(c, 190, 364, 5, x=254, radius=4.6)


def coat(c: Canvas) -> None:
    _top(c, sleeve="long", hem=430, wide=124, waist=104)
    inside = mirrored("M 0 80 C 18 80 34 82 44 88 C 34 120 14 152 0 170")
    c.fill(inside, darker(c.colour, 0.45))
    for points in _pair(
        "M 42 84 L 60 84 C 82 110 88 130 84 148 L 62 150 L 66 164 C 44 186 20 214 2 232 C 4 180 22 124 42 84"
    ):
        c.shadow(points, dx=2, dy=5, blur=5, alpha=0.28)
        c.body(points, tone=0.05, rim=0.22)
    c.line(path("M 240 232 L 240 432"), 2, alpha=0.45)
    _buttons(c, 262, 350, 3, x=222, radius=6)
    _buttons(c, 262, 350, 3, x=258, radius=6)
    for points in _pair("M 50 300 L 96 296 L 98 314 L 51 318"):
        c.body(points, tone=0.03, rim=0.25)


def rain_jacket(c: Canvas) -> None:
    hood = mirrored("M 0 40 C 36 40 62 62 66 104 C 54 130 26 140 0 142")
    c.shadow(hood)
    c.body(hood, tone=-0.06)
    c.fill(mirrored("M 0 58 C 24 58 42 74 44 100 C 34 122 16 130 0 132"), darker(c.colour, 0.5))
    _top_without_back(c)
    c.line(path("M 240 126 L 240 398"), 6, darker(c.colour, 0.28), 1.0)
    c.line(path("M 240 126 L 240 398"), 2, lighter(c.colour, 0.5), 0.8)
    for points in _pair("M 46 290 L 92 286 L 92 300 L 46 304"):
        c.body(points, tone=0.06, rim=0.25)
    for points in _pair("M 22 130 C 24 150 20 164 24 182"):
        c.line(points, 3, BUTTON, 0.95)


def _top_without_back(c: Canvas) -> None:
    body = mirrored(
        "M 0 132 C 26 130 50 112 60 92 C 84 92 102 96 114 106 "
        "C 106 130 102 152 102 178 C 101 260 106 330 112 392 C 70 400 30 402 0 402"
    )
    arms = _pair(SLEEVES["long"])
    c.shadow(body, *arms)
    for arm, angle in zip(arms, (-16, 16), strict=True):
        c.body(arm, angle=angle, tone=-0.05)
    for cuff in _pair(CUFFS["long"]):
        c.body(cuff, tone=-0.12, rim=0.2)
    c.body(body)
    _folds(c, "M 103 178 C 100 196 90 216 78 230", alpha=0.2)


def _skirt_folds(c: Canvas, top: float, bottom: float, inner: tuple[float, ...], outer: tuple[float, ...]) -> None:
    for start, end in zip(inner, outer, strict=True):
        _folds(
            c, f"M {start} {top} C {start + 2} {(top + bottom) / 2} {end - 6} {bottom - 60} {end} {bottom}", alpha=0.12
        )


def slip_dress(c: Canvas) -> None:
    body = mirrored(
        "M 0 128 C 20 126 40 112 54 92 L 62 92 C 66 124 70 150 66 178 "
        "C 58 210 58 224 62 240 C 80 310 104 372 116 420 C 76 434 36 436 0 436"
    )
    c.shadow(body)
    for strap in _pair("M 57 94 C 54 76 48 58 40 44"):
        c.line(strap, 3.6, darker(c.colour, 0.15), 1.0)
    c.body(body)
    c.line(right("M -55 92 C -40 112 -20 126 0 128 C 20 126 40 112 55 92"), 2.4, lighter(c.colour, 0.3), 0.7)
    c.line(right("M -62 236 C -30 244 30 244 62 236"), 2, alpha=0.2)
    _skirt_folds(c, 246, 428, (14, 38), (26, 72))


def shirt_dress(c: Canvas) -> None:
    _skirted(c, "short")
    _placket(c, 120, 436, 8)
    _collar(c, 0.98)
    c.body(mirrored("M 0 246 L 72 242 L 73 260 L 0 264"), tone=-0.2, rim=0.1)
    c.fill(ellipse(240, 255, 11, 10), BUTTON)
    c.fill(ellipse(240, 255, 6.5, 6), darker(c.colour, 0.25))


def midi_dress(c: Canvas) -> None:
    _skirted(c, "short")
    neck = mirrored("M 0 78 C 18 78 34 80 46 86 L 2 146")
    c.fill(neck, darker(c.colour, 0.4))
    for side in _pair("M 47 84 C 40 106 20 130 1 148"):
        c.line(side, 3, lighter(c.colour, 0.25), 0.8)
    c.line(right("M -72 250 C -30 260 30 260 72 250"), 3, alpha=0.26)
    c.line(path("M 244 256 C 252 280 250 296 258 314"), 3.4, darker(c.colour, 0.2), 0.9)
    c.line(path("M 238 256 C 234 276 228 290 226 304"), 3.4, darker(c.colour, 0.2), 0.9)


def _skirted(c: Canvas, sleeve: str) -> None:
    body = mirrored(
        "M 0 116 C 20 116 36 106 42 88 L 66 82 C 84 88 102 96 110 106 C 100 130 94 152 92 178 C 88 214 76 230 72 250 "
        "C 92 314 116 376 128 424 C 84 438 40 440 0 440"
    )
    arms = _pair(
        SLEEVES[sleeve]
        if sleeve == "long"
        else "M 106 102 C 126 110 138 122 146 138 L 162 182 C 148 196 130 202 112 202 L 93 178 C 94 150 98 126 106 102"
    )
    c.shadow(body, *arms)
    c.body(
        mirrored("M 0 78 C 18 78 34 80 46 86 C 44 112 24 124 0 124"),
        colour=darker(c.colour, 0.34),
        pattern=False,
        rim=0,
    )
    for arm, angle in zip(arms, (-16, 16), strict=True):
        c.body(arm, angle=angle, tone=-0.05)
    c.body(body)
    _folds(c, "M 93 178 C 92 192 86 206 78 214", "M 108 104 C 98 128 94 152 93 178", alpha=0.18)
    _skirt_folds(c, 258, 432, (16, 44), (30, 82))


def trousers(c: Canvas) -> None:
    _legs(c, "M 0 66 L 62 66 C 72 120 76 180 76 236 L 72 426 C 58 432 40 433 24 430 L 14 250 C 10 222 6 206 0 198")
    _folds(c, "M 48 120 C 50 220 48 320 47 424", alpha=0.12)


def wide_trousers(c: Canvas) -> None:
    _legs(c, "M 0 66 L 62 66 C 78 120 92 190 100 260 L 112 426 C 86 434 54 435 26 430 L 14 250 C 10 222 6 206 0 198")
    _folds(c, "M 40 120 C 50 220 58 320 64 428", "M 66 160 C 78 240 86 330 92 424", alpha=0.12)


def shorts(c: Canvas) -> None:
    _legs(
        c,
        "M 0 116 L 82 116 C 96 170 106 230 114 318 C 86 332 52 334 22 328 L 12 262 C 8 250 4 246 0 244",
        top=116,
        wide=82,
    )
    _folds(c, "M 56 180 C 62 230 66 280 68 326", alpha=0.12)


def _legs(c: Canvas, half: str, top: float = 66, wide: float = 62) -> None:
    sides = [_closed(points) for points in _pair(half)]
    c.shadow(*sides)
    for points in sides:
        c.body(points)
    band = mirrored(f"M 0 {top - 4} L {wide} {top - 6} L {wide + 3} {top + 20} L 0 {top + 22}")
    c.body(band, tone=-0.08, rim=0.12)
    c.line(right(f"M 0 {top + 22} L 0 {top + 112}"), 1.8, alpha=0.3)
    c.stitch(right(f"M 14 {top + 24} C 15 {top + 70} 12 {top + 90} 2 {top + 104}"), dash=4)
    for points in _pair(
        f"M {wide - 20} {top + 22} C {wide - 14} {top + 44} {wide - 4} {top + 54} {wide + 9} {top + 60}"
    ):
        c.line(points, 1.8, alpha=0.3)
        c.stitch(points + (0, 4), dash=4)
    for x in (-wide * 0.55, wide * 0.55):
        c.body(
            right(f"M {x - 4} {top - 8} L {x + 4} {top - 8} L {x + 4} {top + 24} L {x - 4} {top + 24}"),
            tone=-0.18,
            rim=0.1,
        )
    _buttons(c, top + 9, top + 9, 1, radius=5)


def _closed(points: np.ndarray) -> np.ndarray:
    return np.vstack([points, points[:1]])


def a_line_skirt(c: Canvas) -> None:
    body = mirrored("M 0 96 L 70 94 C 96 180 124 280 142 378 C 96 396 46 400 0 400")
    c.shadow(body)
    c.body(body)
    c.body(mirrored("M 0 92 L 70 90 L 76 116 C 50 121 24 122 0 122"), tone=-0.1, rim=0.12)
    _skirt_folds(c, 130, 384, (52,), (100,))
    c.line(path("M 240 122 L 240 398"), 1.8, alpha=0.25)
    _buttons(c, 106, 350, 7, radius=5)
    for points in _pair("M 78 128 C 66 156 52 166 36 170"):
        c.line(points, 1.8, alpha=0.25)
        c.stitch(points + (0, 4), dash=4)


def pleated_skirt(c: Canvas) -> None:
    body = mirrored("M 0 100 L 72 98 C 104 190 136 290 158 372 C 104 396 50 402 0 402")
    c.shadow(body)
    c.body(body)
    tops, ends = np.linspace(-72, 72, 13), np.linspace(-158, 158, 13)
    for index in range(12):
        bend = 402 - 30 * (np.abs(ends[index : index + 2]) / 158) ** 2
        left_x, right_x = ends[index] + 240, ends[index + 1] + 240
        shade = path(
            f"M {tops[index] + 240} 118 L {(tops[index] + tops[index + 1]) / 2 + 240} 118 "
            f"L {(left_x + right_x) / 2} {bend.mean()} L {left_x} {bend[0]}"
        )
        c.fill(shade, (26, 22, 44), 0.13, within=body)
        c.line(path(f"M {tops[index] + 240} 118 L {left_x} {bend[0]}"), 1.6, alpha=0.2)
    c.body(mirrored("M 0 96 L 72 94 L 78 120 C 50 125 24 126 0 126"), tone=-0.1, pattern=False, rim=0.12)
