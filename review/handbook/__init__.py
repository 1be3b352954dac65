"""What an operations team reads first, beside the tables of other packages: how to deploy, operate and remove it, what
each alarm wants, what there is, and what may be done by whom. Texts with gaps, which are filled from the templates.
"""
