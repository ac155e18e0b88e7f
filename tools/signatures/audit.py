"""What single numbers tell about the real SigComp2011, before and after its pens are taken out.

python -m tools.signatures.audit        needs the terms of the data accepted
"""

import numpy as np

from lib.data.audit import balanced_accuracy


def sigcomp2011() -> dict[str, dict[str, float]]:
    """Balanced accuracy of one threshold, genuine against forged, {part: {number: accuracy}}: on the scans, and on what `load` makes of them."""
    from lib.data.published import ink
    from lib.data.published import sigcomp2011 as source

    paths = {part: source.fetch_archive(part) for part in source.ARCHIVES}
    sentence = source.accept_terms(None, paths)
    results = {}
    for part, path in paths.items():
        seen = [
            (
                who[1] >= 0,
                ink.saturation(scan),
                ink.mean_darkness(scan),
                ink.stroke_width(scan),
                ink.normalise(scan, (64, 144)).mean(),
            )
            for _, who, scan in source.read_scans(path, part, "dutch", sentence)
        ]
        forged, *numbers = map(np.array, zip(*seen))
        names = (
            "colour saturation of the ink",
            "darkness of the ink",
            "width of the strokes",
            "mean of the normalised picture",
        )
        results[part] = {
            name: balanced_accuracy(number, forged)[0] for name, number in zip(names, numbers)
        }
    return results


if __name__ == "__main__":
    for part, accuracies in sigcomp2011().items():
        for name, accuracy in accuracies.items():
            print(f"SigComp2011 Dutch, {part:8}  {name:32} {accuracy:.1%}")
