"""A site: what its file says of it, which one this is, and whether cells can run there.

Nothing is imported here: nodes of a cluster start `node` before it is known what they can import.
"""
