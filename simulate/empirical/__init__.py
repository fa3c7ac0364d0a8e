"""Empirical games: what every profile of reports, or of strategies, is worth to everybody."""
