"""Fault injection: `make chaos`. Commands are killed and run again; nothing may be lost, doubled or other."""
