"""How long a deployment and an update take: the critical path of a nest, from its dependencies and a dated table."""
