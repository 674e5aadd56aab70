"""A campaign made concrete: which task, in which order, with which writes. Needs no machine."""
