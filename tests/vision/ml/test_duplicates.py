import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.vision.ml.pictures import garment, scene, stored
from vision.ml.duplicates import MIRROR, Pair, fingerprint, groups, look_apart, pairs
from vision.ml.pictures import opened

WAYS = {
    "q60": lambda image: stored(image, quality=60),
    "half": lambda image: stored(image.resize((image.width // 2, image.height // 2)), quality=85),
    "mirrored": lambda image: stored(ImageOps.mirror(image), quality=85),
    "brighter": lambda image: stored(image.point(lambda value: min(255, int(value * 1.06 + 4)))),
}


def fingerprints(pictures: list[bytes]):
    found = [fingerprint(opened(data)) for data in pictures]
    return np.array([one.hash for one in found], np.uint64), np.stack([one.look for one in found])


@pytest.mark.parametrize("way", WAYS)
def test_the_same_picture_is_found_again_and_no_other(way: str):
    originals = [scene(seed, side=200) for seed in range(60)]
    hashes, looks = fingerprints([stored(image) for image in originals] + [WAYS[way](image) for image in originals])

    found = list(pairs(hashes, looks))

    assert {(pair.one, pair.other) for pair in found} == {(at, at + 60) for at in range(60)}
    assert all(pair.is_mirrored == (way == "mirrored") for pair in found)


def test_the_hash_of_a_mirrored_picture_is_known_without_drawing_it():
    for seed in range(10):
        image = scene(seed)

        one, other = (fingerprint(opened(stored(turned, "PNG"))) for turned in (image, ImageOps.mirror(image)))

        assert int(np.bitwise_count(np.uint64(one.hash) ^ MIRROR ^ np.uint64(other.hash))) <= 1


def test_the_same_cut_in_two_colours_is_no_duplicate():
    hashes, looks = fingerprints([stored(garment(colour)) for colour in ((178, 34, 34), (34, 60, 178))])

    assert list(pairs(hashes, looks, near_bits=64)) == []


def test_only_pairs_with_a_new_picture_are_told():
    image = stored(scene(1))
    hashes, looks = fingerprints([image, image, stored(scene(2)), image])

    found = list(pairs(hashes, looks, since=3))

    assert found == [Pair(0, 3, 0, 0.0, False), Pair(1, 3, 0, 0.0, False)]


def test_pictures_of_one_colour_say_that_their_hash_means_nothing():
    assert fingerprint(opened(stored(Image.new("RGB", (50, 50), "red"), "PNG"))).is_flat
    assert not fingerprint(opened(stored(scene(4)))).is_flat


def test_likeness_forgives_light_and_not_colour():
    look = np.arange(12 * 12 * 3, dtype=np.uint8).reshape(12, 12, 3) // 3 + 60
    brighter = (look * 1.1 + 10).astype(np.uint8)
    other = look.copy()
    other[..., 0], other[..., 2] = 200, 20

    assert look_apart(look, brighter) < 1.0
    assert look_apart(look, other) > 20.0


def test_groups_follow_chains_and_the_largest_is_first():
    assert groups(8, [(0, 4), (5, 6), (4, 7), (6, 5)]) == [[0, 4, 7], [5, 6]]
    assert groups(3, []) == []
