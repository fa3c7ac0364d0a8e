"""What a fine-tune on open text leaves behind: samples of its policy, and what can be said about payments from them."""
