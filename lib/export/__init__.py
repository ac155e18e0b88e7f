"""From a trained network to files a phone runs, and what each costs: size, agreement, time, and verification errors.

    phone.py     the network as the phone sees it, and its contract
    convert.py   ONNX, LiteRT and ExecuTorch, in float32 and in fewer bits
    files.py     the contract inside each file and beside it; written whole or not at all
"""

from lib.export.convert import to_onnx
from lib.export.files import read_contract
from lib.export.phone import PhoneModel

__all__ = ["PhoneModel", "read_contract", "to_onnx"]
