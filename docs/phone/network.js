/**
 * The network and what it says of itself: ONNX Runtime Web computes it on one thread, so that any static host will do.
 *
 * @typedef {import("./score.js").Thresholds & {name: string, fingerprint: string, trained_on: string, data: string,
 *   input: {shape: number[], subtract: number, divide: number}, output: {shape: number[]}}} Contract
 * @typedef {{contract: Contract, embed: (rgb: ArrayLike<number>) => Promise<Float32Array>}} Network
 */
import * as ort from "./runtime/ort.wasm.bundle.min.mjs";
import { SIDE } from "./align.js";
import { toInput } from "./pixels.js";
import { checkThresholds } from "./score.js";

ort.env.wasm.numThreads = 1;

/**
 * @param {string} address  of the .onnx; its contract lies beside it as .onnx.json
 * @returns {Promise<Network>}
 * @throws {Error} in words where the file wants another picture than this page makes, or has thresholds that are no cosines
 */
export async function openNetwork(address) {
  const [contract, session] = await Promise.all([
    fetch(`${address}.json`).then((answer) => answer.json()),
    ort.InferenceSession.create(address, { executionProviders: ["wasm"] }),
  ]);
  checkThresholds(contract);
  const shape = contract.input.shape.join("×");
  if (shape !== `1×${SIDE}×${SIDE}×3`) throw new Error(`The network wants pictures of ${shape}; this page makes 1×${SIDE}×${SIDE}×3.`);
  const run = async (/** @type {ArrayLike<number>} */ rgb) => {
    const image = new ort.Tensor("float32", toInput(rgb, contract.input), contract.input.shape);
    const { embedding } = await session.run({ image });
    return Float32Array.from(/** @type {Float32Array} */ (embedding.data)); // a copy: the runtime uses its memory again
  };
  /** @type {Promise<any>} */
  let before = Promise.resolve();
  // One at a time: a session takes no second picture while it has one.
  const embed = (/** @type {ArrayLike<number>} */ rgb) => (before = before.catch(() => {}).then(() => run(rgb)));
  return { contract, embed };
}
