"""
The credit ledger's arithmetic: `entries` says what an entry is, `booking` which to append.

`release` says whether people have to agree first, `notes` which entries have a document.
"""
