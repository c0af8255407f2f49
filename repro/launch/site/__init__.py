"""A site: its settings, finding out which one this is, and checking whether cells can run there.

Nothing is imported here: nodes of a cluster start `node` before it is known what they can import.
"""
