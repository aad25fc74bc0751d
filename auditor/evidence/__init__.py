"""Facts: typed rows, the ledger of how they were obtained, and the sealed files that hold them."""
