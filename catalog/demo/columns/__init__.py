"""Large demo shops: the same planted world as columns of numbers, because a million orders as objects fill a machine.

What customers choose follows the same log weights as in the small shop (taste, favourite kinds and colour, price,
popularity, season, newness, companions). Products share a bounded set of drawn pictures: one for each form and colour.
"""
