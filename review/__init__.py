"""What is said about the generated templates: nothing here writes them or talks to AWS."""
