"""Pictures of an environment and of the nest, drawn from the templates."""
