"""What single numbers tell about the real SigComp2011, before and after its pens are taken out.

python -m tools.signatures.audit        needs the terms of the data accepted
"""

import numpy as np

from lib.data.audit import balanced_accuracy
from lib.data.published import ink, sigcomp2011
from tools.signatures import pen


def audit_sigcomp2011() -> dict[str, dict[str, float]]:
    """{part: {number: balanced accuracy}} of one threshold, genuine against forged.

    The last number is of what `load` makes of the scans, the others of the scans themselves.
    """
    paths = {part: sigcomp2011.ARCHIVES[part].fetch() for part in sigcomp2011.ARCHIVES}
    sentence = sigcomp2011.accept_terms(None, paths)
    results = {}
    for part, path in paths.items():
        forged: list[bool] = []
        numbers: dict[str, list[float]] = {
            "colour saturation of the ink": [],
            "darkness of the ink": [],
            "width of the strokes": [],
            "mean of the normalised picture": [],
        }
        for _, (_, forger, *_), scan in sigcomp2011.read_scans(path, part, "dutch", sentence):
            forged.append(forger >= 0)
            values = (
                pen.saturation(scan),
                pen.mean_darkness(scan),
                pen.stroke_width(scan),
                ink.normalise(scan, (64, 144)).mean(),
            )
            for column, value in zip(numbers.values(), values):
                column.append(value)
        results[part] = {
            name: balanced_accuracy(np.array(column), np.array(forged))[0]
            for name, column in numbers.items()
        }
    return results


if __name__ == "__main__":
    for part, accuracies in audit_sigcomp2011().items():
        for name, accuracy in accuracies.items():
            print(f"SigComp2011 Dutch, {part:8}  {name:32} {accuracy:.1%}")
