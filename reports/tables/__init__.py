"""One file per table. The folder is the registry: see `reports.registry`."""
