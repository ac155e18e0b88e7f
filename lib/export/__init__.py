"""From a trained network to files a phone runs, and what each costs: size, agreement, time, and verification errors.

phone.py     the network as the phone sees it, and its contract
rewrite.py   the same function, kinder to int8 and to a runtime
convert.py   ONNX, LiteRT and ExecuTorch, in float32 and in fewer bits
files.py     the contract inside each file and beside it; written whole or not at all
golden.py    pictures, inputs and outputs as plain files, for tests outside Python
bits.py      the rounding of int8 in PyTorch, to see which layers it hurts
cost.py      errors in verification, made by the file itself
runtimes.py  each file in its own runtime: run, parity, latency, report
"""

from lib.export.contract import PhoneModel, ShortFaceNet
from lib.export.convert import export_all, to_executorch, to_onnx, to_tflite
from lib.export.cost import table, verification_cost
from lib.export.files import read_contract
from lib.export.golden import check_golden, write_golden
from lib.export.runtimes import latency, parity, report, run

__all__ = [
    "PhoneModel",
    "ShortFaceNet",
    "check_golden",
    "export_all",
    "latency",
    "parity",
    "read_contract",
    "report",
    "run",
    "table",
    "to_executorch",
    "to_onnx",
    "to_tflite",
    "verification_cost",
    "write_golden",
]
