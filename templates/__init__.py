"""One module per CloudFormation stack; each has `build() -> Template`."""

import importlib
import sys
import types


class _Later(types.ModuleType):
    """Stands for a module until something of it is used."""

    def __getattr__(self, name):
        del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


# troposphere imports it, and with it PyYAML and logging, for its own to_yaml(). We have a writer of our own.
# (importlib's LazyLoader does not do: in Python 3.11 a second `import` of the name already loads it.)
sys.modules.setdefault("cfn_flip", _Later("cfn_flip"))
