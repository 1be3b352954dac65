"""Our own cfn-lint rules: `cfn-lint --append-rules review/rules out/*.yaml`. README.md lists them."""
