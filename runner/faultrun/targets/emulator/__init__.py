"""QEMU: what it is started with, how it is spoken to, and what of a guest is kept for the next."""
