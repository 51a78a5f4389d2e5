"""The credit ledger's arithmetic: `entries` says what an entry is, `booking` which to append."""
