"""Acts of shoppers on their way into the table: a stream in Redis, and what takes from it.

The API appends and answers (`stream.append`); `consumer` writes what waits into PostgreSQL (`writing.store`) and takes
it off the stream after the commit. Whatever is written twice is stored once, so every step may be repeated.
"""
