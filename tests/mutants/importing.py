"""A plugin for pytest: import the module FAULTY_MODULE from FAULTY_SOURCE, as if it stood in its usual file."""

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

MODULE = os.environ["FAULTY_MODULE"]
PLACE = Path(MODULE.replace(".", "/"))
FILE = (PLACE / "__init__.py" if PLACE.is_dir() else PLACE.with_suffix(".py")).resolve()


class _Faulty(MetaPathFinder):
    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return (
            spec_from_file_location(fullname, FILE, loader=_Loader(fullname, str(FILE))) if fullname == MODULE else None
        )


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        return compile(Path(os.environ["FAULTY_SOURCE"]).read_bytes(), self.path, "exec")


sys.meta_path.insert(0, _Faulty())
