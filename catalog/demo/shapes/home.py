"""Things for the home: they stand on a table, hang or lie."""

import numpy as np

from catalog.demo.canvas import Canvas, box, darker, ellipse, lighter, mirrored, mix, path, right

OAK = (196, 152, 104)
STEEL = (178, 184, 192)
WARM = (255, 236, 190)


def mug(c: Canvas) -> None:
    _cup(c, top=158, bottom=376, wide=100, taper=0.93, handle=1.0)


def tall_mug(c: Canvas) -> None:
    _cup(c, top=112, bottom=384, wide=84, taper=0.82, handle=1.1)


def espresso_cup(c: Canvas) -> None:
    c.stand(240, 386, 146, 14)
    c.body(ellipse(240, 376, 138, 20), tone=-0.04, rim=0.2)
    c.fill(ellipse(240, 372, 92, 11), darker(c.colour, 0.18), 0.6)
    _cup(c, top=216, bottom=372, wide=84, taper=0.62, handle=0.72, stand=False)


def _cup(c: Canvas, *, top: float, bottom: float, wide: float, taper: float, handle: float, stand: bool = True) -> None:
    if stand:
        c.stand(240, bottom, wide * 0.95)
    high, foot = bottom - top, wide * taper
    y0, y1, out = top + high * 0.2, top + high * 0.72, 62 * handle
    loop = right(f"M {wide - 8} {y0} C {wide + out} {y0 - 8} {wide + out} {y1 + 10} {wide * (1 + taper) / 2 - 6} {y1}")
    c.line(loop + (1, 3), 21 * handle**0.5, darker(c.colour, 0.28), 1.0)
    c.line(loop, 19 * handle**0.5, c.colour, 1.0)
    c.line(loop + (-2, -4), 4, lighter(c.colour, 0.6), 0.45)
    wall = right(
        f"M {-wide} {top} L {wide} {top} C {wide} {top + high * 0.6} {foot + 4} {bottom - 22} {foot - 8} {bottom - 3} "
        f"C {foot * 0.4} {bottom + 8} {-foot * 0.4} {bottom + 8} {-foot + 8} {bottom - 3} "
        f"C {-foot - 4} {bottom - 22} {-wide} {top + high * 0.6} {-wide} {top}"
    )
    c.body(wall, gloss=0.42, rim=0.42)
    c.body(ellipse(240, top, wide, wide * 0.17), tone=0.2, pattern=False, rim=0.0)
    c.fill(ellipse(240, top + 1, wide - 6, wide * 0.17 - 4), darker(mix(c.colour, (255, 250, 240), 0.6), 0.24))
    c.fill(ellipse(240, top + wide * 0.05, wide - 15, wide * 0.115 - 1), (84, 54, 38))
    c.fill(ellipse(228, top + wide * 0.045, wide * 0.5, wide * 0.05), (128, 88, 62), 0.7)


def dinner_plate(c: Canvas) -> None:
    _plate(c, 168)


def side_plate(c: Canvas) -> None:
    _plate(c, 132)


def _plate(c: Canvas, radius: float) -> None:
    """Seen from above."""
    disc = ellipse(240, 240, radius, radius)
    c.shadow(disc, dy=14, blur=14, alpha=0.34)
    c.body(disc, rim=0.3)
    c.line(np.vstack([disc, disc[:1]]) * 0.985 + 3.6, 2.4, lighter(c.colour, 0.6), 0.8)
    well = ellipse(240, 240, radius * 0.68, radius * 0.68)
    c.line(np.vstack([well, well[:1]]), 3.2, alpha=0.18)
    c.line(np.vstack([well, well[:1]]) + 2, 2.4, lighter(c.colour, 0.7), 0.5)
    c.fill(ellipse(240, 240, radius * 0.67, radius * 0.67), (255, 255, 255), 0.10)
    turn = np.linspace(np.pi * 1.09, np.pi * 1.42, 14)
    glint = np.column_stack([240 + radius * 0.84 * np.cos(turn), 240 + radius * 0.84 * np.sin(turn)])
    c.line(glint, 7, (255, 255, 255), 0.45)


def bowl(c: Canvas) -> None:
    c.stand(240, 380, 96, 14)
    c.body(box(184, 362, 296, 384, 7), tone=-0.18, rim=0.3)
    wall = right("M -156 224 L 156 224 C 150 310 98 370 40 374 L -40 374 C -98 370 -150 310 -156 224")
    c.body(wall, gloss=0.36, rim=0.42)
    c.body(ellipse(240, 224, 156, 30), tone=0.22, pattern=False, rim=0.0)
    c.fill(ellipse(240, 226, 147, 25), darker(mix(c.colour, (255, 250, 240), 0.55), 0.2))
    c.fill(ellipse(240, 236, 118, 14), (26, 22, 44), 0.12)


def vase(c: Canvas) -> None:
    _stems(c, 150)
    c.stand(240, 404, 66, 13)
    wall = mirrored("M 0 140 L 36 138 C 40 160 34 178 40 196 C 60 222 92 250 92 300 C 92 352 66 392 48 404 L 0 408")
    c.body(wall, gloss=0.4, rim=0.42)
    c.body(ellipse(240, 139, 36, 8), tone=0.15, pattern=False, rim=0)
    c.fill(ellipse(240, 140, 30, 5.4), darker(c.colour, 0.5))


def bud_vase(c: Canvas) -> None:
    c.line(right("M 2 210 C 0 150 12 110 24 70"), 3, (92, 124, 82), 1.0)
    c.fill(path("M 252 150 C 284 128 306 130 316 138 C 300 158 274 164 252 150"), (118, 152, 104))
    c.fill(path("M 246 180 C 214 164 196 166 186 176 C 202 190 226 194 246 180"), (132, 164, 112))
    _bloom(c, 264, 66, 30, (238, 226, 214) if sum(c.colour) < 560 else (232, 158, 150))
    c.stand(240, 404, 58, 13)
    wall = mirrored("M 0 206 L 19 205 C 22 232 18 256 22 276 C 50 292 74 318 74 348 C 74 378 58 398 44 404 L 0 407")
    c.body(wall, gloss=0.4, rim=0.42)
    c.body(ellipse(240, 205.5, 19, 4.6), tone=0.15, pattern=False, rim=0)
    c.fill(ellipse(240, 206, 15, 3), darker(c.colour, 0.5))


def _bloom(c: Canvas, x: float, y: float, radius: float, colour: tuple[int, int, int]) -> None:
    for ring, (count, reach, size) in enumerate(((9, 0.62, 0.46), (6, 0.34, 0.40))):
        for petal in range(count):
            angle = petal * 2 * np.pi / count + ring * 0.4
            shape = ellipse(
                x + np.cos(angle) * radius * reach, y + np.sin(angle) * radius * reach, radius * size, radius * size
            )
            c.fill(shape, darker(colour, 0.05 + 0.05 * (petal % 2)) if ring == 0 else lighter(colour, 0.2))
    c.fill(ellipse(x, y, radius * 0.26, radius * 0.26), (222, 172, 88))


def _stems(c: Canvas, mouth: float) -> None:
    """Dry branches with small leaves, quiet enough to leave the vase the stage."""
    for end_x, end_y, bend in ((-74, 40, -20), (4, 20, 8), (70, 52, 26)):
        c.line(
            right(f"M 0 {mouth} C {bend * 0.2} {mouth - 40} {bend} {mouth - 70} {end_x} {end_y}"),
            2.6,
            (120, 112, 84),
            1.0,
        )
        for share in np.linspace(0.3, 1.0, 6):
            x = 240 + bend * 0.4 * (1 - share) + end_x * share**1.3
            y = mouth + (end_y - mouth) * share
            for side in (-1, 1):
                leaf = path(
                    f"M {x} {y} C {x + side * 8} {y - 16} {x + side * 22} {y - 18} {x + side * 30} {y - 16} "
                    f"C {x + side * 24} {y - 4} {x + side * 12} {y + 4} {x} {y}"
                )
                c.fill(leaf, (146, 166, 126) if side > 0 else (128, 150, 112))


def cushion(c: Canvas) -> None:
    points = path(
        "M 84 92 C 130 108 190 112 240 112 C 290 112 350 108 396 92 "
        "C 384 140 376 190 376 240 C 376 290 384 340 396 388 "
        "C 350 372 290 368 240 368 C 190 368 130 372 84 388 C 96 340 104 290 104 240 C 104 190 96 140 84 92"
    )
    _pillow(c, points)


def lumbar_cushion(c: Canvas) -> None:
    points = path(
        "M 52 150 C 110 162 180 166 240 166 C 300 166 370 162 428 150 "
        "C 420 180 414 210 414 240 C 414 270 420 302 428 330 "
        "C 370 318 300 314 240 314 C 180 314 110 318 52 330 C 60 302 66 270 66 240 C 66 210 60 180 52 150"
    )
    _pillow(c, points)


def _pillow(c: Canvas, points: np.ndarray) -> None:
    c.shadow(points, dy=16, blur=14, alpha=0.32)
    c.body(points, rim=0.5)
    middle = points.mean(axis=0)
    inner = (points - middle) * 0.965 + middle
    c.line(np.vstack([inner, inner[:1]]), 2, alpha=0.2)
    c.line(np.vstack([points, points[:1]]), 2.2, lighter(c.colour, 0.35), 0.55)
    for corner in (
        points.min(axis=0),
        points.max(axis=0),
        (points[:, 0].min(), points[:, 1].max()),
        (points[:, 0].max(), points[:, 1].min()),
    ):
        start = np.array(corner) + (middle - corner) * 0.16
        end = np.array(corner) + (middle - corner) * 0.42
        bent = (start + end) / 2 + (6, -6)
        c.line(path(f"M {start[0]} {start[1]} Q {bent[0]} {bent[1]} {end[0]} {end[1]}"), 2.6, alpha=0.14)


def table_lamp(c: Canvas) -> None:
    c.stand(240, 408, 70, 13)
    _base(c, mirrored("M 0 262 L 9 262 C 10 290 12 300 30 318 C 58 340 60 384 38 402 L 0 406"))
    _shade(c, "M 0 84 L 62 84 L 116 250 L 0 252", 84, 62, 250, 116)


def bedside_lamp(c: Canvas) -> None:
    c.stand(240, 396, 62, 13)
    _base(c, mirrored("M 0 280 L 8 280 L 10 340 C 40 344 58 366 58 392 L 0 396"))
    _shade(c, "M 0 136 C 60 136 104 190 108 276 L 0 280", 136, 4, 276, 108)


def _base(c: Canvas, points: np.ndarray) -> None:
    if c.material == "oak":
        c.body(points, colour=OAK, pattern=False, rim=0.4)
    elif c.material == "glass":
        c.body(points, colour=lighter(c.colour, 0.45), pattern=False, rim=0.3, gloss=0.6, texture=False)
    else:
        c.body(
            points,
            colour=lighter(c.colour, 0.7) if sum(c.colour) < 560 else darker(c.colour, 0.25),
            pattern=False,
            rim=0.4,
            gloss=0.4,
            texture=False,
        )


def _shade(c: Canvas, half: str, top: float, narrow: float, bottom: float, wide: float) -> None:
    glow = ellipse(240, bottom + 30, wide * 1.25, 60)
    c.glow(glow, WARM, 0.55)
    c.fill(ellipse(240, bottom, wide, 11), WARM)
    points = mirrored(half)
    c.body(points, rim=0.3)
    c.glow(ellipse(240, bottom - 50, wide * 0.62, 54), WARM, 0.34, within=points)
    c.line(
        right(f"M {-wide} {bottom} C {-wide * 0.5} {bottom + 5} {wide * 0.5} {bottom + 5} {wide} {bottom}"),
        3,
        darker(c.colour, 0.15),
        0.8,
    )


def pendant_lamp(c: Canvas) -> None:
    c.line(path("M 240 0 L 240 150"), 3, (60, 56, 60), 1.0)
    c.body(box(226, 140, 254, 170, 5), colour=(190, 158, 98), pattern=False, texture=False, rim=0.35)
    c.glow(ellipse(240, 366, 150, 66), WARM, 0.6)
    points = mirrored("M 0 164 C 30 164 50 172 62 196 C 112 220 144 266 150 322 L 0 326")
    c.shadow(points, dx=10, dy=22, blur=20, alpha=0.16)
    c.fill(ellipse(240, 322, 150, 15), lighter(WARM, 0.3))
    c.fill(ellipse(240, 330, 26, 20), (255, 250, 232))
    c.body(points, gloss=0.3, rim=0.4)
    c.fill(mirrored("M 0 322 L 150 320 C 120 331 60 336 0 336"), lighter(WARM, 0.3))
    c.fill(ellipse(240, 333, 26, 15), (255, 252, 240))


def throw(c: Canvas) -> None:
    _folded(c, fringe=True)


def blanket(c: Canvas) -> None:
    _folded(c, fringe=False)


def _folded(c: Canvas, *, fringe: bool) -> None:
    """A folded stack of two layers with the open corner turned back."""
    c.shadow(box(86, 180, 394, 376, 18), dy=12, blur=14, alpha=0.36)
    if fringe:
        for x in np.linspace(98, 382, 30):
            c.line(path(f"M {x} 364 L {x + 1} 398"), 3.2, darker(c.colour, 0.1), 1.0)
    lower = box(84, 250, 396, 372, 20)
    c.body(lower, tone=-0.12, rim=0.35)
    c.line(path("M 94 312 C 180 318 300 318 386 312"), 2.4, alpha=0.25)
    upper = path(
        "M 92 130 C 92 112 104 104 122 104 L 362 104 C 380 104 390 112 390 130 "
        "L 392 280 C 392 296 384 302 368 302 L 112 302 C 96 302 88 296 88 280"
    )
    c.shadow(upper, dx=0, dy=8, blur=7, alpha=0.3)
    c.body(upper, rim=0.34)
    c.line(path("M 90 282 C 180 296 300 296 390 282"), 2.2, alpha=0.2)
    edge = box(300, 104, 330, 302, 2)
    c.fill(edge, (26, 22, 44), 0.05)
    label = box(112, 262, 146, 284, 2)
    c.fill(label, (250, 246, 238))
    c.line(path("M 118 270 L 140 270"), 1.6, (120, 110, 110), 0.7)
    c.line(path("M 118 276 L 134 276"), 1.6, (120, 110, 110), 0.5)


def bottle(c: Canvas) -> None:
    c.stand(240, 416, 58, 12)
    c.body(
        box(202, 52, 278, 116, 12),
        colour=darker(mix(c.colour, (90, 90, 94), 0.6), 0.3),
        pattern=False,
        texture=False,
        rim=0.35,
        gloss=0.4,
    )
    c.line(right("M -26 60 C -24 20 24 20 26 60"), 8, darker(mix(c.colour, (90, 90, 94), 0.6), 0.25), 1.0)
    c.body(box(196, 112, 284, 130, 4), colour=STEEL, pattern=False, texture=False, rim=0.2, gloss=0.7)
    wall = mirrored("M 0 128 L 42 128 C 46 146 62 156 64 182 L 64 400 C 64 412 56 418 44 418 L 0 420")
    c.body(wall, gloss=0.44, rim=0.46)
    c.line(right("M -63 396 L 63 396"), 1.8, alpha=0.22)


def tumbler(c: Canvas) -> None:
    c.stand(240, 412, 56, 12)
    wall = mirrored("M 0 130 L 80 130 L 60 400 C 58 410 50 414 42 414 L 0 416")
    c.body(wall, gloss=0.44, rim=0.44)
    c.body(
        mirrored("M 0 384 L 61 384 L 60 400 C 58 410 50 414 42 414 L 0 416"),
        colour=STEEL,
        pattern=False,
        texture=False,
        rim=0.2,
        gloss=0.6,
    )
    c.body(
        box(152, 108, 328, 138, 10), colour=darker(c.colour, 0.35), pattern=False, texture=False, rim=0.3, gloss=0.35
    )
    c.body(box(166, 92, 314, 112, 8), colour=darker(c.colour, 0.25), pattern=False, texture=False, rim=0.25)
    c.line(path("M 262 96 L 284 30"), 9, lighter(c.colour, 0.35), 1.0)
    c.line(path("M 261 96 L 282 34"), 2, (255, 255, 255), 0.6)
