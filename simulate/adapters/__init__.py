"""What fine-tunes leave behind in a run folder: the adapters of every model that was trained."""
