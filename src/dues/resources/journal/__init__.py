"""The journal: every movement of some days as double entries, for hledger, beancount, ledger and spreadsheets."""
