"""How the devices that a campaign asks for are made inside a guest, kind by kind."""
