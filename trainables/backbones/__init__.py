"""Networks that several methods build on."""
