"""One module per CloudFormation stack; each has `build() -> Template`."""
