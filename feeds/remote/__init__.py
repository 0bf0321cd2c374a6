"""Stores reached by address, through fsspec <https://filesystem-spec.readthedocs.io/>.

    url       what an address looks like, and what is wrong with one
    system    the one door to fsspec: list, read, put, remove
    pool      several requests at once
    source    records of a store: which there are, and what they hold
    target    documents of a store: the doors that `write.Output` has for a folder

All but `url` is imported only where an address is given.
"""
