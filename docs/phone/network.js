/**
 * The two networks of this page and what they say of themselves: LiteRT.js computes Android's own .tflite files, on one thread, so that
 * any static host will do.
 *
 * @typedef {import("./score.js").Thresholds & {title: string, licence: string, fingerprint: string, trained_on: string, data: string, margin?: number,
 *   gallery_thresholds?: {templates: number[], threshold: number[]}, template: number[][],
 *   input: {shape: number[], subtract: number, divide: number}, output: {shape: number[]}}} Contract
 * @typedef {{contract: Contract, embed: (rgb: ArrayLike<number>) => Promise<Float32Array>}} Network
 */
import { loadAndCompile, loadLiteRt, Tensor } from "./runtime/litert.js";
import { SIDE } from "./align.js";
import { INPUT } from "./detector.js";
import { toInput } from "./pixels.js";
import { checkContract } from "./thresholds.js";

const runtime = loadLiteRt("./runtime/litert_wasm_compat_internal.js");

/**
 * @param {string} address  of a .tflite with one input, which the build packed with gzip
 * @param {number[]} shape  of that input
 * @returns {Promise<(values: Float32Array) => Promise<Float32Array[]>>} its outputs; one picture at a time
 */
async function open(address, shape) {
  const packed = /** @type {ReadableStream<any>} */ ((await fetch(`${address}.packed`)).body);
  const content = await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  await runtime;
  const model = await loadAndCompile(new Uint8Array(content), { accelerator: "wasm" });
  const run = async (/** @type {Float32Array} */ values) => {
    const input = new Tensor(values, shape), answers = /** @type {any[]} */ (await model.run(input));
    const outputs = answers.map((answer) => Float32Array.from(answer.toTypedArray())); // copies: the runtime uses its memory again
    for (const tensor of [input, ...answers]) tensor.delete();
    return outputs;
  };
  /** @type {Promise<any>} */
  let before = Promise.resolve();
  return (values) => (before = before.catch(() => {}).then(() => run(values)));
}

/**
 * The network that knows faces; its contract lies beside it as .json.
 *
 * @param {string} address
 * @returns {Promise<Network>}
 * @throws {Error} in words where the file wants another picture than this page makes, or decides by what is no cosine
 */
export async function openNetwork(address) {
  const contract = /** @type {Contract} */ (await fetch(`${address}.json`).then((answer) => answer.json()));
  checkContract(contract);
  const shape = contract.input.shape.join("×");
  if (shape !== `1×${SIDE}×${SIDE}×3`) throw new Error(`The network wants pictures of ${shape}; this page makes 1×${SIDE}×${SIDE}×3.`);
  const run = await open(address, contract.input.shape);
  return { contract, embed: async (rgb) => (await run(toInput(rgb, contract.input)))[0] };
}

/**
 * The network that finds faces.
 *
 * @param {string} address
 * @returns {Promise<import("./detector.js").Ask>}
 */
export async function openDetector(address) {
  const run = await open(address, [1, INPUT, INPUT, 3]);
  return async (rgb) => {
    const [one, other] = await run(toInput(rgb, { subtract: 127.5, divide: 127.5 }));
    return one.length > other.length ? { numbers: one, logits: other } : { numbers: other, logits: one };
  };
}
