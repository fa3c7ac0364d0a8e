"""Catalogue of dynamics: how mixtures move on a finite game."""
