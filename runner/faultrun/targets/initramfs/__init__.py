"""A guest's root file system, made on the spot out of this machine's own files; no root needed."""
