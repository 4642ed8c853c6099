"""Near real time: events per minute, who is there, who buys, what rises.

Everything is counted from rows of events (each of which the table holds once, by its id) of the last hour, never from
a counter that was added to: so the figures of a minute are the same after a replay, a flush of Redis or a kill, and
an event that comes late is in the next snapshot. One process counts (`loop`), everybody who watches reads its row.
"""
