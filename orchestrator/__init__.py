"""When and where it runs: plan, launch on Ray, ledger, command line."""
