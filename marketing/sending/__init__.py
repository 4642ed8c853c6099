"""Sending: at most once to each recipient, and only to those who want it at that moment.

    planned → (all checks again) → sending → committed → handed to the provider → sent | failed | unknown

`claiming` takes due rows, `rules` decides, `channels` hands over, `working` is the loop of the job, `reconciling` says
what became of rows that a dead worker left, `events` takes what providers report, `single` is for one message under a
key (docs/adr/0108).
"""
