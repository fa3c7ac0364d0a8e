"""Equilibria of the whole report space, searched for, with certificates of how far the search saw."""
