"""The base paper's numbers and ours: on a terminal, on one page, and as figures."""
