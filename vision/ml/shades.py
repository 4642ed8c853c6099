"""What colours people name how: the colour survey of xkcd (R. Munroe, 2010, dedicated to the public domain, CC0).

Of it those names that end in one of ours or in a usual word for it ("maroon" is red, "turquoise" is teal). Left out are
blends ("blue green"), whites that are none quite, dark beiges, and greens, browns and yellows that are named after mud
and the like, which lie where olive does.
"""

SURVEY = {
    "black": ("000000 070d0d"),
    "grey": (
        "343837 363737 3c4142 516572 536267 59656d 6b7c85 6f828a 738595 7d7f7c 929591 95a3a6 978a84 a8a495 c5c9c7 "
        "d8dcd6"
    ),
    "white": ("ffffff"),
    "beige": ("b9a281 c69f59 cfaf7b d1b26f e2ca76 e6daa6 f1da7a fbeeac fffeb6"),
    "brown": (
        "1d0200 341c02 3d1c02 410200 411900 653700 742802 7f4e1e 7f5112 836539 875f42 876e4b 8b3103 964e02 9c6d57 "
        "9d7651 a6814c ac7e04 ad8150 b1916e b2713d b27a01 c4a661 cba560 d3b683"
    ),
    "red": (
        "3c0008 4b0101 610023 650021 680018 730039 770001 7b002c 7b0323 80013f 840000 850e04 8c000f 8f1402 980002 "
        "9a0200 9d0216 9f2305 a24857 a8415b a90308 aa2704 af2f0d b9484e bb3f3f be0119 be013c c0022f c44240 ca0147 "
        "cf0234 d3494e d9544d db5856 e50000 ec2d01 f7022a fe0002 fe2f4a ff000d ff073a ff474c"
    ),
    "orange": (
        "c04e01 c14a09 c45508 c65102 c87606 cd5909 d8863b dc4d01 e17701 f0833a f0944d f97306 fb7d07 fc824a fd8d49 "
        "fdaa48 fe4b03 ff5b00 ff9408 ff964f ffa62b ffa756"
    ),
    "yellow": (
        "a88905 b59410 ceb301 cfff04 d0fe1d d2bd0a d5ab09 d5b60a dbb40c ddd618 eedc5b f1f33f f5bf03 f7d560 fac205 "
        "faee66 fafe4b fce166 fddc5c fdde6c fdee73 fdff38 fdff52 fdff63 fec615 fedf08 feff7f ffc512 ffda03 ffdf22 "
        "fff917 fffd01 fffd37 fffd74 fffe40 fffe71 fffe7a ffff14 ffff7e ffff84"
    ),
    "green": (
        "002d04 009337 014600 019529 01a049 01ff07 02590f 028f1e 02ab2e 02c14d 033500 044a05 048243 05472a 05480d "
        "054907 05ffa6 062e03 06470c 089404 08ff08 0a481e 0add08 0aff02 0b4008 0b5509 0bf77d 0cff0c 11875d 154406 "
        "15b01a 1bfc06 1fa774 20c073 21c36f 21fc0d 25ff29 287c37 2a7e19 2b5d34 2baf6a 2cfa1f 2dfe54 2fef10 33b864 "
        "35ad6b 388004 39ad48 3d9973 3eaf76 3f9b0b 40a368 419c03 48c072 4da409 4efd54 4f9153 50a747 51b73b 53fca1 "
        "53fe5c 548d44 56ae57 58bc08 598556 5ca904 5cac2d 5cb200 5fa052 61e160 658d6d 65fe08 699d4c 69d84f 6ba353 "
        "6fc276 71aa34 74a662 75b84f 75fd63 76a973 76cd26 76ff7b 7af9ab 7bb274 7ebd01 84b701 87ae73 87fd05 88b378 "
        "89fe05 8cfd7e 8cff9e 8ee53f 8ffe09 8fff9f 90fda9 96f97b 98f6b0 9af764 9be5aa 9ffeb0 a6fbb2 a7ffb5 a8b504 "
        "a8ff04 a9f971 aaff32 adf802 aefd6c aeff6e b0ff9d b1fc99 b1ff65 b2fba5 b6ffbb b9ff66 bbf90f bcecac bcf5a6 "
        "bdf8a3 befd73 bffe28 c7fdb5 c8ffb0 cffdbc d1ffbd"
    ),
    "olive": ("373e02 4b5d16 4b6113 526525 667c3e 6e750e 728639 749551 9cbb04 acbf69 b9cc81"),
    "teal": (
        "00555a 00ffff 014d4e 017371 017374 01f9c6 029386 045c5a 04d8b2 05696b 06c2ac 08787f 0a888a 0bf9ea 0ffef9 "
        "13eac9 24bca8 41fdfe 4c9085 5f9e8f 7bfdc7 7ef4cc 82cbb2 8cffdb 90e4c1 a5fbd5 acfffc b7fffa b8ffeb"
    ),
    "blue": (
        "004577 010fcc 01386a 014182 015482 0165fc 016795 0203e2 02066f 021bf9 02ccfe 030aa7 0339f8 0343df 03719c "
        "040273 047495 0485d1 04d9ff 0504aa 056eee 0652ff 069af3 0804f9 0a437a 0c06f7 0c1793 0d75f8 0e87cc 107ab0 "
        "152eff 1805db 1d5dec 1e488f 2138ab 214761 247afd 26538d 26f7fd 276ab3 2976bb 2c6fbb 31668a 3778bf 3a18b1 "
        "3a2efe 3b5b92 3b638c 3b719f 3c73a8 3d7afd 3e82fc 3f829d 436bad 448ee4 475f94 49759c 4984b8 4b57db 4e7496 "
        "4f738e 507b9c 5170d7 5684ae 5a7d9a 5a86ad 5b7c99 6488ea 658cbb 75bbfd 78d1b6 7bc8f6 7bf2da 82cafc 8ab8fe "
        "8af1fe 8f99fb 95d0fc 98eff9 a2bffe a2cffe acc2d9 b1d1fc bdf6fe c3fbf4 c4fff7 c6fcff cafffb d0fefe d4ffff "
        "d5ffff d6fffe d7fffe"
    ),
    "navy": ("000133 00035b 000435 01153e 020035 030764 040348 155084"),
    "purple": (
        "1f0954 280137 2a0134 34013f 35063e 36013f 380282 380835 3d0734 3f012c 430541 490648 4b006e 580f41 5d1451 "
        "6c3461 6d5acf 720058 734a65 751973 7e1e9c 805b87 825f87 84597e 856798 874c62 8756e4 894585 895b7b 8d5eb7 "
        "916e99 94568c 952e8f 966ebd 983fb2 98568d 9900fa 9a0eea 9b5fc0 9c6da5 9d5783 9e43a2 a00498 a442a0 a552e6 "
        "a55af4 a66fb5 a87dc2 aa23ff ac86a8 ad03de ad0afd ae7181 b790d4 bc13fe be03fd bf77f6 c071fe c292a1 c48efd "
        "c760ff c79fef c875c4 c95efb ca9bf7 caa0ff cb00f5 cea2fd ceaefa d6b4fc dfc5fe e4cbff edc8ff eecffe efc0fe "
        "f6cefc fed0fc"
    ),
    "pink": (
        "b5485d ba6873 c0737a c74767 c77986 c87f89 ca7b80 cb0162 cb416b cc7a8b cd7584 cf6275 d1768f d46a7e d5869d "
        "d58a94 d90166 da467d de9dac e78ea5 f36196 f6688e f7879a fb5581 fc86aa fdb0c0 fdc1c5 fe019a fe01b1 fe02a2 "
        "fe46a5 fe828c fe83cc fe86a4 ff028d ff0490 ff0789 ff6163 ff63e9 ff69af ff7fa7 ff81c0 ff9a8a ffb2d0 ffb7ce "
        "ffbacd ffc5cb ffcfdc ffd1df"
    ),
    "magenta": ("960056 9d0759 a0025c c20078 d767ad ed0dd9 f504c9 fa5ff7 ff08e8"),
}
"""Name to what was called so, as `rrggbb`."""
