"""What the ledger says: tables, figures and the page, as data first and rendered second."""
