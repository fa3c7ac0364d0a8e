"""Which axioms a mechanism satisfies: claims put to the test, and a game to show for every one that fails."""
