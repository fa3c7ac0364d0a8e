"""One real fine-tune on open text: from a game file to a trained model, its samples and everybody's bill."""
