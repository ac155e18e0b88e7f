// The page's whole way from a picture to a decision, without a page: see test_phone_golden.py. LiteRT.js is
// written for browsers, so Node.js is made to look like a worker of one.
import fs from "node:fs";
import path from "node:path";
import vm from "node:vm";

const [site] = process.argv.slice(2), origin = "http://page/";
const at = (address) => path.join(site, new URL(address, origin).pathname);
const type = (address) => (String(address).endsWith(".wasm") ? "application/wasm" : "application/octet-stream");
process.type = "renderer";
globalThis.self = globalThis;
globalThis.location = new URL(`${origin}runtime/worker.js`);
globalThis.WorkerGlobalScope = class {};
globalThis.importScripts = (address) => vm.runInThisContext(fs.readFileSync(at(address), "utf8"));
globalThis.fetch = async (address) => new Response(fs.readFileSync(at(address)), { headers: { "content-type": type(address) } });

const { Phone, mainFace, thresholdFor } = await import(path.join(site, "phone.js"));
const { openNetwork } = await import(path.join(site, "network.js"));
const { measure } = await import(path.join(site, "quality.js"));
const { Gallery } = await import(path.join(site, "gallery.js"));
const { gallery: text, pictures } = JSON.parse(fs.readFileSync(0, "utf8"));
const phone = await Phone.open(), { contract } = phone;
const gallery = await Gallery.fromText(text, contract.fingerprint, contract.output.shape[1]);
const results = [];
for (const { width, height, bytes } of pictures) {
  const picture = { width, height, data: new Uint8Array(Buffer.from(bytes, "base64")) }, faces = await phone.find(picture);
  const face = mainFace(faces, picture), result = { faces, main: face ? faces.indexOf(face) : null };
  if (face) {
    const crop = phone.cut(picture, face.points), { refused, vector } = await phone.prepare(picture, face.points);
    const decision = gallery.decide(vector ?? [], thresholdFor(contract, gallery.length), contract.margin ?? 0, refused);
    const embedded = Array.from(await phone.embed(crop)), [left, right, nose, mouth] = face.points;
    const exchanged = (await phone.prepare(picture, [right, left, nose, mouth])).refused;
    Object.assign(result, { exchanged, crop: Buffer.from(crop).toString("base64"), quality: measure(crop, face.points), vector: embedded, decision });
  }
  results.push(result);
}
const wrong = await openNetwork("./model/wrong.tflite").then(() => "opened", (error) => error.message);
console.log(JSON.stringify({ results, gallery: await gallery.toText(), wrong }));
