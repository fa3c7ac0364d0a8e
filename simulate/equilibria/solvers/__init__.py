"""What concepts are solved with: paths, vertices, linear programmes, and the clock that ends them."""
