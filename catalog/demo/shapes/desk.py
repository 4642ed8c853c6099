"""Things for the desk."""

import numpy as np

from catalog.demo.canvas import Canvas, box, darker, ellipse, lighter, mix, path, turned
from catalog.demo.world import Rgb

PAPER = (250, 247, 240)
STEEL = (186, 192, 200)
GOLD = (206, 172, 104)
TILT = 40.0


def _book(c: Canvas, tilt: float) -> None:
    pages = turned(box(134, 82, 358, 412, 8), tilt)
    cover = turned(box(126, 74, 350, 404, 12), tilt)
    c.shadow(pages, cover, dy=14, blur=12, alpha=0.34)
    c.fill(pages, PAPER)
    for offset in (2.5, 5.0):
        c.line(turned(path(f"M {352 + offset} 90 L {352 + offset} 408"), tilt), 1, (150, 140, 130), 0.5)
    c.body(cover, angle=-int(tilt), rim=0.26)


def notebook(c: Canvas) -> None:
    tilt = -7.0
    c.line(turned(path("M 206 400 L 204 436"), tilt), 6, c.accent, 1.0)
    _book(c, tilt)
    c.fill(turned(path("M 126 86 L 150 74 L 150 404 L 126 392"), tilt), (26, 22, 44), 0.13)
    c.line(turned(path("M 151 75 L 151 403"), tilt), 1.6, alpha=0.25)
    _label(c, tilt, 196, 138, 300, 196)
    c.line(turned(path("M 326 74 L 326 404"), tilt), 7, c.accent, 0.95)


def planner(c: Canvas) -> None:
    tilt = 6.0
    _book(c, tilt)
    c.fill(turned(path("M 126 86 L 146 74 L 146 404 L 126 392"), tilt), (26, 22, 44), 0.13)
    _label(c, tilt, 180, 128, 306, 236)
    for row in range(3):
        for column in range(4):
            x, y = 196 + column * 26, 168 + row * 20
            c.fill(
                turned(box(x, y, x + 16, y + 11, 2), tilt),
                mix(c.colour, (130, 120, 120), 0.4),
                0.6 if (row, column) == (1, 2) else 0.28,
            )
    for place, tint in enumerate(((226, 128, 108), (240, 194, 96), (126, 172, 150))):
        c.fill(turned(box(348, 120 + place * 64, 372, 158 + place * 64, 5), tilt), tint)


def _label(c: Canvas, tilt: float, x0: float, y0: float, x1: float, y1: float) -> None:
    c.fill(turned(box(x0, y0, x1, y1, 5), tilt), PAPER, 0.96)
    c.line(turned(path(f"M {x0 + 14} {y0 + 20} L {x1 - 14} {y0 + 20}"), tilt), 2.4, (120, 112, 112), 0.7)
    if y1 - y0 < 80:
        c.line(turned(path(f"M {x0 + 14} {y0 + 36} L {x1 - 40} {y0 + 36}"), tilt), 2.4, (120, 112, 112), 0.45)


def spiral_notebook(c: Canvas) -> None:
    tilt = 5.0
    _book(c, tilt)
    _label(c, tilt, 196, 150, 312, 206)
    for y in np.linspace(96, 382, 19):
        c.fill(turned(ellipse(144, y, 4.2, 4.2), tilt), darker(c.colour, 0.6))
        c.line(turned(path(f"M 144 {y} C 130 {y - 12} 108 {y - 8} 112 {y + 2}"), tilt), 3.4, (120, 122, 130), 1.0)
        c.line(turned(path(f"M 142 {y - 1.5} C 130 {y - 12} 110 {y - 8} 113 {y}"), tilt), 1.2, (236, 238, 242), 0.9)


Part = tuple[np.ndarray, Rgb | None]  # without a colour: the printed barrel


def _pen(c: Canvas, parts: list[Part]) -> None:
    shapes = [turned(points, TILT) for points, _colour in parts]
    c.shadow(*shapes, dx=9, dy=14, blur=8, alpha=0.32)
    for shape, (_points, colour) in zip(shapes, parts, strict=True):
        if colour is None:
            c.body(shape, angle=-int(TILT), scale=0.75, rim=0.42, texture=False)
        else:
            c.body(shape, colour=colour, pattern=False, texture=False, rim=0.35)


def _streak(c: Canvas, y0: float, y1: float, x: float = 229, alpha: float = 0.55) -> None:
    c.line(turned(path(f"M {x} {y0} L {x} {y1}"), TILT), 4, (255, 255, 255), alpha)


def gel_pen(c: Canvas) -> None:
    _pen(
        c,
        [
            (path("M 233 420 L 247 420 L 243 446 L 240 462 L 237 446"), STEEL),
            (path("M 222 372 L 258 372 L 250 424 L 230 424"), lighter(c.colour, 0.5)),
            (box(220, 96, 260, 376, 8), None),
            (box(228, 40, 252, 72, 6), darker(c.colour, 0.3)),
            (box(222, 66, 258, 100, 5), lighter(c.colour, 0.45)),
            (box(256, 80, 266, 178, 4), darker(c.colour, 0.25)),
        ],
    )
    _streak(c, 112, 362)


def ballpoint(c: Canvas) -> None:
    _pen(
        c,
        [
            (
                path("M 226 388 L 254 388 L 244 444 L 242 458 L 238 458 L 236 444"),
                GOLD if c.material == "brass" else STEEL,
            ),
            (box(222, 236, 258, 392, 5), None),
            (box(221, 226, 259, 242, 3), GOLD if c.material == "brass" else STEEL),
            (box(222, 72, 258, 228, 8), None),
            (box(232, 40, 248, 74, 5), GOLD if c.material == "brass" else STEEL),
            (box(256, 82, 265, 196, 4), GOLD if c.material == "brass" else STEEL),
        ],
    )
    _streak(c, 84, 216)
    _streak(c, 250, 380)


def fountain_pen(c: Canvas) -> None:
    metal = GOLD if c.material in ("brass", "resin") else STEEL
    _pen(
        c,
        [
            (path("M 229 396 L 251 396 C 253 420 247 440 240 464 C 233 440 227 420 229 396"), metal),
            (path("M 225 350 L 255 350 L 250 400 L 230 400"), darker(c.colour, 0.55)),
            (path("M 220 178 L 260 178 L 258 354 L 222 354"), None),
            (path("M 222 36 C 228 24 252 24 258 36 L 262 186 L 218 186"), None),
            (box(216, 178, 264, 192, 3), metal),
            (path("M 258 44 L 268 48 L 270 142 C 270 152 262 152 262 142"), metal),
        ],
    )
    c.line(turned(path("M 240 404 L 240 446"), TILT), 1.6, (70, 54, 30), 0.8)
    c.fill(turned(ellipse(240, 414, 3, 3), TILT), (70, 54, 30))
    _streak(c, 44, 172)
    _streak(c, 200, 344)


def pencil_case(c: Canvas) -> None:
    tilt = -6.0
    body = turned(
        path(
            "M 66 186 C 66 168 78 160 96 160 L 384 160 C 402 160 414 168 414 186 "
            "L 418 300 C 418 320 406 328 386 328 L 94 328 C 74 328 62 320 62 300"
        ),
        tilt,
    )
    c.shadow(body, dy=14, blur=12, alpha=0.32)
    c.body(body, angle=-int(tilt), rim=0.42)
    zip_line = turned(path("M 74 190 C 160 184 320 184 406 190"), tilt)
    c.line(zip_line, 13, darker(c.colour, 0.42), 1.0)
    c.line(zip_line, 4, STEEL, 0.9)
    c.stitch(turned(path("M 74 201 C 160 195 320 195 406 201"), tilt), dash=4)
    c.body(turned(box(380, 184, 400, 198, 4), tilt), colour=STEEL, pattern=False, texture=False, rim=0.3)
    c.line(turned(path("M 392 196 C 404 214 404 230 398 244"), tilt), 6, c.accent, 1.0)
    tab = turned(box(58, 210, 82, 250, 4), tilt)
    c.body(tab, colour=(150, 106, 70), pattern=False, texture=False, rim=0.25)
    c.line(turned(path("M 110 300 C 200 312 290 312 372 300"), tilt), 2.4, alpha=0.12)


def pencil_roll(c: Canvas) -> None:
    """Half unrolled, with pencils in their loops."""
    cloth = box(60, 120, 342, 366, 8)
    c.shadow(cloth, box(330, 112, 420, 374, 30), dy=14, blur=12, alpha=0.32)
    c.body(cloth, rim=0.3)
    for place, tint in enumerate(
        ((214, 92, 80), (238, 178, 78), (112, 158, 118), (86, 132, 186), (150, 112, 172), (92, 88, 96))
    ):
        x = 82 + place * 40
        c.body(box(x, 108, x + 17, 290, 2), colour=tint, pattern=False, texture=False, rim=0.25)
        c.fill(path(f"M {x} 110 L {x + 17} 110 L {x + 8.5} 78"), (236, 208, 168))
        c.fill(path(f"M {x + 5.4} 90 L {x + 11.6} 90 L {x + 8.5} 78"), tint)
    pocket = box(60, 222, 342, 366, 8)
    c.shadow(pocket, dx=0, dy=-3, blur=5, alpha=0.25)
    c.body(pocket, tone=0.04, rim=0.26)
    for place in range(7):
        c.stitch(path(f"M {70 + place * 40} 226 L {70 + place * 40} 360"), dash=4)
    roll = box(330, 110, 418, 376, 34)
    c.body(roll, tone=-0.06, rim=0.55)
    c.line(path("M 374 108 C 410 140 420 200 412 250"), 2, alpha=0.15)
    c.line(path("M 330 236 L 418 240"), 8, (150, 106, 70), 1.0)
    c.line(path("M 418 240 C 440 250 436 280 446 300"), 6, (150, 106, 70), 1.0)


def pen_pot(c: Canvas) -> None:
    _contents(c, 196)
    c.stand(240, 404, 84, 13)
    wall = path("M 150 190 L 330 190 L 322 390 C 320 400 312 406 300 406 L 180 406 C 168 406 160 400 158 390")
    c.body(wall, gloss=0.4, rim=0.42)
    _mouth(c, 190, 90)


def square_pen_pot(c: Canvas) -> None:
    _contents(c, 200)
    c.stand(240, 402, 100, 13)
    c.body(path("M 140 196 L 268 196 L 268 406 L 148 406 Q 140 406 140 398"), rim=0.24)
    c.body(path("M 268 196 L 340 196 L 340 398 Q 340 406 332 406 L 268 406"), tone=-0.16, rim=0.24)
    c.fill(path("M 140 196 L 214 180 L 340 196 L 268 197"), darker(c.colour, 0.5))
    c.line(path("M 140 196 L 340 196"), 4, lighter(c.colour, 0.3), 0.9)


def _contents(c: Canvas, rim: float) -> None:
    for x, lean, top, tint in (
        (196, -22, 70, (226, 168, 72)),
        (226, -6, 44, (104, 146, 178)),
        (262, 10, 62, (206, 98, 86)),
        (292, 26, 92, (124, 156, 112)),
    ):
        tip = np.array([x + lean, top])
        foot = np.array([x, rim + 20])
        along = (tip - foot) / np.hypot(*(tip - foot))
        side = np.array([-along[1], along[0]]) * 7
        neck = tip - along * 24
        c.body(
            np.vstack([foot - side, foot + side, neck + side, neck - side]),
            colour=tint,
            pattern=False,
            texture=False,
            rim=0.25,
        )
        c.fill(np.vstack([neck - side, neck + side, tip]), (236, 208, 168))
        c.fill(np.vstack([tip - along * 9 - side * 0.38, tip - along * 9 + side * 0.38, tip]), (70, 62, 66))


def _mouth(c: Canvas, y: float, wide: float) -> None:
    front = np.linspace(0, np.pi, 33)
    lip = np.column_stack([240 + wide * np.cos(front), y + 13 * np.sin(front)])
    c.line(lip, 5, lighter(c.colour, 0.35), 0.9)
    c.fill(np.vstack([lip, lip[::-1] * (1, 0) + (0, y - 1)]), darker(c.colour, 0.55), 0.9)
    c.line(lip, 4, lighter(c.colour, 0.35), 0.9)
