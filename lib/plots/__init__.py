"""Every figure and every control of the course.

A draw function takes plain values and an axes. A control connects sliders to a draw function.

`show` displays a finished figure with its alt text, `explore` a figure with controls; the names in
capitals and `text_colour` are the palette. The draw functions are in modules:

welcome       pairs of faces with and without their score (lesson 00)
faces         a sheet of faces, pairs with score and decision (02, 10)
siamese       twins, distances of unseen pairs, a value a seed (01)
handwriting   a sheet of signatures or characters (02, 07)
datasets      what a split hides and what single numbers give away (02)
pairs         tables of pairs, batches, kinds of triplets (03)
losses        forces, the loss of constant distances, embeddings on a plane (04)
negatives     shares of the push by temperature, collapse of embeddings (05)
margins       what an angular margin does to a logit (06)
signatures    losses beside a baseline, scores by kind of forgery, systems compared (07)
oneshot       an episode, accuracy by ways, what a search finds (08)
models        convolutions, a bottleneck, costs by stage, where the last layer looks (09)
training      a loss with its baseline, learning rates (06, 08, 10)
scores        histograms with a threshold, ROC curves, values with intervals (06, 10, 11, 15)
verification  thresholds on three scales, open-set scores, groups, disturbances (00, 11, 12, 15)
maps          embeddings on a plane, and what such a map keeps (13)
export        difference, size, time and error of each exported file (14)
phone         the phone's pipeline, its decision, attacks, attributes (15, 16)
people        the scores of one's own people: a matrix and two histograms (15)
webcam        Webcam: a picture from the camera, and a function's answer to it (15)
"""

from lib.plots.controls import explore
from lib.plots.palette import *  # noqa: F403  (the colours, HALO, text_colour, text_on)
from lib.plots.style import show
