"""The conformance statement, in the layout of PS3.2 Annex N, generated from our tables.

Law: a claim is read off the table that makes it true (catalogue, keys, statuses, limits, profiles,
the settings in force), never typed again; sentences are only for what no table says. What is not
done is said as well. `tests/test_conformance.py` negotiates all of it with a running node.
"""
