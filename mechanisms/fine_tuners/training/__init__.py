"""How adapters of a language model are trained, and how what was trained is kept."""
