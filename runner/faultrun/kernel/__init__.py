"""Facts about Linux: tables and pure functions, each with its kernel source."""
