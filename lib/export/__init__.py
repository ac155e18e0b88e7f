"""From a trained network to files that a phone runs, and what each costs.

All of it is taught in 14_mobile_export; 15_on_the_phone opens the files.

PhoneModel, ShortFaceNet           contract: the network as the phone sees it
to_onnx, to_tflite, to_executorch  convert: three formats, in float and in fewer bits; export_all;
                                   onnx_file, tflite_file, executorch_file: each by its converter
read_contract                      files: the contract inside each file and beside it
run, parity, latency, report       runtimes: each file in its own runtime
write_golden, check_golden         runtimes: pictures, inputs and outputs for tests outside Python
verification_cost, table           cost: errors in verification, made by the file itself
bits                               int8 simulated in PyTorch: which layers it hurts
rewrite                            the same function, better suited to int8 and to a runtime
"""

from lib.export.contract import PhoneModel, ShortFaceNet
from lib.export.convert import export_all, to_executorch, to_onnx, to_tflite
from lib.export.cost import table, verification_cost
from lib.export.files import read_contract
from lib.export.runtimes import check_golden, latency, parity, report, run, write_golden
