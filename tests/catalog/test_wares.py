"""What may be sold, in columns: the same as rows of their own would say."""

import random

import numpy as np

from catalog.wares import Facts, Kinds, Wares


def row(pk, facts):
    return (pk, facts.published, facts.category_id, facts.brand_id, facts.price)


def held(wares):
    return wares.facts(wares.ids.tolist())


def test_products_are_found_with_their_facts_in_the_order_asked_for():
    wares = Wares.of([(7, 2.0, 3, None, 5.0), (4, float("inf"), None, 9, 1.5)])

    assert len(wares) == 2
    assert wares.among([9, 7, 4, 10**12]) == [7, 4]
    assert wares.facts([7, 1, 4]) == {7: Facts(2.0, 3, None, 5.0), 4: Facts(float("inf"), None, 9, 1.5)}
    assert wares.categories.tolist() == [-1, 3]
    assert held(wares.only([7, 1])) == {7: Facts(2.0, 3, None, 5.0)}


def test_nothing_for_sale_says_nothing():
    wares = Wares.of(())

    assert (len(wares), wares.among([1]), wares.facts([1]), wares.newest(3)) == (0, [], {}, [])
    assert held(Wares.joined([], Kinds())) == {}


def test_the_newest_come_first_those_of_unknown_time_before_them():
    wares = Wares.of([(1, 5.0, None, None, 1.0), (2, 9.0, None, None, 1.0), (3, 5.0, None, None, 1.0),
                      (4, float("inf"), None, None, 1.0)])  # fmt: skip

    assert wares.newest(9) == [4, 2, 3, 1]
    assert wares.newest(2) == [4, 2]


def test_five_hundred_chains_of_changes_end_as_a_dictionary_would():
    rng, groups = random.Random(4), (None, 1, 2)

    def some(most):
        return {
            pk: Facts(float(rng.randrange(9)), rng.choice(groups), rng.choice(groups), float(rng.randrange(5)))
            for pk in rng.sample(range(30), rng.randrange(most))
        }  # fmt: skip

    for _ in range(500):
        told, known = Kinds(), some(12)
        rows = [row(*one) for one in known.items()]
        wares = Wares.joined([Wares.of(rows[:3], told), Wares.of(rows[3:], told)], told)
        for _step in range(4):
            now = some(6)
            asked = {*now, *rng.sample(range(30), 3)}
            wares = wares.changed(asked, Wares.of((row(*one) for one in now.items()), told))
            known = {pk: one for pk, one in known.items() if pk not in asked} | now
        assert held(wares) == known
        assert wares.ids.tolist() == sorted(known)
        assert wares.newest(50) == sorted(known, key=lambda pk: (known[pk].published, pk), reverse=True)
        assert np.array_equal(wares.categories, [known[pk].category_id or -1 for pk in sorted(known)])
