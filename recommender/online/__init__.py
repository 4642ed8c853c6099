"""What recommendations really did: seen, clicked, put into the basket, bought, counted per day and place.

`ids` reads the signed ids that events carry, `counting` turns days of events into rows, `reports` reads the rows for
pages, `watching` looks for what got worse.
"""
