"""Shards of a round's needs resident in Celery workers while its prices are found (decision 0013).

`messages` are bytes and names of keys, `crew` is the side that asks, `holder` the side that answers, `of_round` says which rounds and what of them.
"""
