"""The competition's protocol, on a synthetic archive in the official layout, locked."""

import io

import numpy as np
import pytest
from PIL import Image
from test_data_download import encrypted

from lib.data.published import sigcomp2011
from lib.data.synthetic import pen, signatures
from lib.evaluation import Scored
from tools.signatures import competition, verifier

SENTENCE = "I accept made-up terms."
TRAINING, TEST, FORGERS = (2, 4), (13, 17, 19), (101, 102)


def scan(identity: int, number: int, by: int = -1) -> bytes:
    """A made-up signature at scanner size, blue ink on paper, as PNG."""
    own, forger = signatures.writer(identity), signatures.forger(by) if by >= 0 else None
    trace = signatures.write(own, forger, np.random.default_rng([identity, number]))
    xy = (trace.xy - own.centre) * own.scale * [1, -1] * 4 + [300, 140]
    radius = 4 * pen.line_radius(trace, 0.9 * own.pen, own.contrast)
    grey = pen.draw_line(xy, radius, (280, 600))
    page = 250 - grey[..., None] * np.array([190.0, 170.0, 90.0])
    out = io.BytesIO()
    Image.fromarray(page.astype(np.uint8)).save(out, "png")
    return out.getvalue()


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Both parts with the publisher's folders and file names, locked as the publisher does."""
    folder = tmp_path_factory.mktemp("official")
    top, files = "trainingSet/OfflineSignatures/Dutch/TrainingSet", {}
    for w in TRAINING:
        for k in range(6):
            files[f"{top}/Offline Genuine/{w:03}_{k:02}.PNG"] = scan(w, k)
        for f in FORGERS:
            for k in range(2):
                files[f"{top}/Offline Forgeries/{f:04}{w:03}_{k:02}.png"] = scan(w, k, f % 12)
    (folder / "sigcomp2011").mkdir()
    (folder / "sigcomp2011" / "sigComp2011-trainingSet.zip").write_bytes(
        encrypted(files, SENTENCE.encode())
    )
    top, files = "Testdata_SigComp2011/SigComp11-Offlinetestset/Dutch", {}
    for w in TEST:
        files |= {f"{top}/Reference(646)/{w:03}/{k:02}_{w:03}.PNG": scan(w, k) for k in range(4)}
        files |= {
            f"{top}/Questioned(1287)/{w:03}/{k:02}_{w:03}.PNG": scan(w, k + 4) for k in range(3)
        }
        files |= {
            f"{top}/Questioned(1287)/{w:03}/{k:02}_{f:04}{w:03}.PNG": scan(w, k + 10, f % 12)
            for f in FORGERS
            for k in range(2)
        }
    (folder / "sigcomp2011" / "sigComp2011-test.zip").write_bytes(
        encrypted(files, SENTENCE.encode())
    )
    return folder


@pytest.fixture(scope="module")
def parts(archives, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_MIRROR", str(archives))
        patch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("cache")))
        first = [verifier.describe_part(part, disclaimer=SENTENCE) for part in ("training", "test")]
        patch.setattr(verifier, "describe", None)  # the second time nothing is described anew
        again = [verifier.describe_part(part, disclaimer=SENTENCE) for part in ("training", "test")]
    for one, other in zip(first, again):
        assert one.names == other.names
        np.testing.assert_array_equal(one.rows["layout"], other.rows["layout"])
    return first


def test_each_questioned_signature_meets_all_references_of_its_writer_once(parts):
    test = parts[1]
    draws = competition.official_draws(test.names, test.writer, test.genuine)
    assert [draw.identity for draw in draws] == list(TEST)
    for draw in draws:
        assert (len(draw.references), len(draw.genuine), len(draw.skilled), len(draw.random)) == (
            4,
            3,
            4,
            0,
        )
        assert all("Reference" in test.names[i] for i in draw.references)
        assert all("Questioned" in test.names[i] for i in (*draw.genuine, *draw.skilled))
        assert (
            test.genuine[draw.references].all()
            and test.genuine[draw.genuine].all()
            and not test.genuine[draw.skilled].any()
        )
        assert {test.writer[i] for i in (*draw.references, *draw.genuine, *draw.skilled)} == {
            draw.identity
        }


def test_the_whole_protocol_runs_and_its_counts_are_those_of_the_archive(parts):
    found = competition.run_protocol(*parts, names=verifier.LINE, draws=3)
    assert (found.writers, found.genuine, found.forged) == (3, 9, 12)
    assert found.accuracy == pytest.approx((9 * (1 - found.frr) + 12 * (1 - found.far)) / 21)
    assert 0 <= found.eer < 0.5 and found.eer_interval[0] <= found.eer <= found.eer_interval[1]
    assert found.min_cllr <= found.cllr + 1e-9


def test_threshold_and_calibration_come_from_the_training_writers_alone():
    def scored(genuine, forged, writer):
        score = np.concatenate([genuine, forged])
        same = np.arange(len(score)) < len(genuine)
        return Scored(score, same, ~same, writer, writer)

    training = scored(
        [3.0, 4.0, 5.0], [-1.0, 0.0, 1.0], np.array([1, 1, 2, 1, 2, 2])
    )  # threshold between 1 and 3
    test = scored([2.5, 0.5, 6.0], [2.7, 0.0, -1.0], np.array([7, 8, 9, 7, 8, 9]))
    found = competition.figures(test, training, resamples=50)
    assert (found.far, found.frr) == (pytest.approx(1 / 3), pytest.approx(1 / 3))
    moved = competition.figures(test, training._replace(score=training.score - 10), resamples=50)
    assert (
        (moved.far, moved.frr) == (1.0, 0.0) and moved.eer == found.eer and moved.cllr > found.cllr
    )


def test_a_part_without_questioned_genuine_signatures_is_refused_in_words(parts):
    test = parts[1]
    names = tuple(
        name.replace("Questioned(1287)", "Other") if genuine else name
        for name, genuine in zip(test.names, test.genuine)
    )
    with pytest.raises(ValueError, match="no questioned genuine signatures"):
        competition.official_draws(names, test.writer, test.genuine)


def test_writers_and_names_are_read_as_the_two_parts_spell_them(parts):
    training, test = parts
    assert set(training.writer) == set(TRAINING) and set(test.writer) == set(TEST)
    assert (
        set(training.forger[~training.genuine]) == set(FORGERS) == set(test.forger[~test.genuine])
    )
    assert sigcomp2011.parse_name("0119002_05", "training") == (2, 119, 5)
    assert sigcomp2011.parse_name("05_0119017", "test") == (17, 119, 5)
