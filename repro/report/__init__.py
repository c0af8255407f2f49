"""The static web report of a dataset: pages that open from a disk, without a server."""
