"""What changing a parameter of the root does to the resources of a deployed nest, computed from the templates."""
