"""Network devices: what `ip link` and `/sys/class/net` do to them, with the netdevice notifiers."""
