/**
 * Keeps the whole page on the device: fetched once, answered from the cache ever after, with or without a network.
 *
 * The build writes the list of files and a fingerprint of their content into the line below. A new fingerprint is a new cache;
 * it takes over when the last open page of the old one is closed or somebody asks for it, so that one page never mixes two builds.
 */
const CONTENT = { version: "not built", files: [] };
const NAME = `two-faces-${CONTENT.version}`;

self.addEventListener("install", (event) => {
  const fresh = ["./", ...CONTENT.files].map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("two-faces-") && name !== NAME;
  const forgotten = caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))));
  event.waitUntil(forgotten.then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => event.data === "use it" && self.skipWaiting());

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || new URL(event.request.url).origin !== self.location.origin) return;
  const wanted = event.request.mode === "navigate" ? "./" : event.request;
  const kept = caches.open(NAME).then((cache) => cache.match(wanted, { ignoreSearch: true }));
  event.respondWith(kept.then((answer) => answer ?? fetch(event.request)));
});
