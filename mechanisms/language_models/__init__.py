"""Language models as policies over text, and the low-rank adapters that are trained on them."""
