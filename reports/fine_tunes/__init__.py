"""What a reader sees of one real fine-tune."""
