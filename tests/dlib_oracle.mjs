// Descriptors by the network of @vladmandic/face-api: see dlib_example.py. Its bundle is written for
// browsers, so Node.js is made to look like one.
import fs from "node:fs";

Object.defineProperty(process, "versions", { value: {} });
globalThis.window = globalThis;
globalThis.document = { createElement: () => ({ getContext: () => null }) };
const [bundle, weights, manifest, pictures] = process.argv.slice(2);
const read = (path) => new Uint8Array(fs.readFileSync(path)).buffer;
const { tf, FaceRecognitionNet } = await import(bundle);
await tf.setBackend("cpu");
const network = new FaceRecognitionNet();
const [{ weights: entries }] = JSON.parse(fs.readFileSync(manifest, "utf8"));
network.loadFromWeightMap(tf.io.decodeWeights(read(weights), entries));
const values = new Float32Array(read(pictures));
const batch = tf.tensor4d(values, [values.length / (150 * 150 * 3), 150, 150, 3]);
const found = await network.forwardInput({ toBatchTensor: () => batch }).array();
console.log(JSON.stringify(found.map((row) => row.map((value) => Number(value.toPrecision(6))))));
