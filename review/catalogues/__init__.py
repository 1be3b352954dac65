"""The rules of AWS's own catalogues, each as a small check of what an environment really is.

Security Hub's controls (foundational best practices, NIST SP 800-53, PCI DSS, CIS), rules of AWS Config that AWS's
conformance packs add to them, and points of the Well-Architected framework that a template can satisfy. They are judged
on the resolved nest and the bootstrap stack; what Security Hub itself would say, only a deployed account can show.
"""
