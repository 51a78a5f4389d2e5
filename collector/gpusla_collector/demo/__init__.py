"""The whole product on one machine, without a GPU: a month, a fault, a page and a credit."""
