// The service worker: the page's own network, its isolation headers where the host sends none, and its offline copy.

// `www/after_build.sh` writes both when the page is built.
const VERSION = "@VERSION@";
const FILES = ["@FILES@"];

const CACHE = `overlap-${VERSION}`;
const SCOPE = new URL(self.registration.scope);
const INDEX = new URL("index.html", SCOPE).href;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => Promise.all(FILES.map((file) => keep(cache, file)))),
  );
});

/** Keeps a file as it will be answered: what needs no change on its way passes the browser without a stream of ours. */
async function keep(cache, file) {
  const request = precached(file);
  const response = await fetch(request);
  if (!response.ok) throw new TypeError(`${request.url} has status ${response.status}`);
  await cache.put(request.url, isolated(response));
}

/**
 * Trunk's names have the hash of what is in them, so that what the page just loaded serves: it is not fetched twice. The
 * folder of a snippet has the hash of a name only.
 */
function precached(file) {
  const cache = /^[^/]+-[0-9a-f]{12,}(_bg)?\.\w+$/.test(file) ? "force-cache" : "no-cache";
  return new Request(new URL(file, SCOPE), { cache });
}

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOlder().then(() => self.clients.claim()));
});

/**
 * Files of older versions go when no page is open. One that begins while this version takes over still loads some of its own,
 * until it is loaded anew.
 */
async function forgetOlder() {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const names = await caches.keys();
  // A newer version keeps its files before it is asked for any.
  const { installing, waiting } = self.registration;
  if (open.length > 0 || installing || waiting) return;
  await Promise.all(names.filter((name) => name.startsWith("overlap-") && name !== CACHE).map((name) => caches.delete(name)));
}

// A page that was loaded past this worker (a forced reload) asks to be taken in.
self.addEventListener("message", (event) => {
  if (event.data === "claim") event.waitUntil(self.clients.claim());
  // A page that begins while this worker waits: if it is the only one, it is loaded anew, with this version's files.
  if (event.data === "takeOver") event.waitUntil(takeOver());
  // So the worker of a version before this one asks, which answers no page until it was done.
  if (event.data === "activate") self.skipWaiting();
});

async function takeOver() {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.length < 2) await self.skipWaiting();
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const path = url.pathname.slice(SCOPE.pathname.length);
  if (path.startsWith("io/")) event.respondWith(answer(path, url.searchParams));
  else if (event.request.method === "GET") event.respondWith(page(event.request));
  // An activated worker is often told of no other moment in which no page is open.
  if (event.request.mode === "navigate" && self.registration.active?.state === "activated") event.waitUntil(forgetOlder());
});

// --- The page, offline and isolated ----------------------------------------------------------------------------------

// A page has all its files from one version, the one that answers it, for as long as it is open: it loads some when they are first
// needed, and programs of a person's line at each run. A newer version waits until no page is open, or until one begins that is the only one (`boot.js`).
async function page(request) {
  const url = new URL(request.url);
  const file = url.pathname === SCOPE.pathname ? INDEX : url.origin + url.pathname;
  const kept = await (await caches.open(CACHE)).match(file);
  return kept ?? (request.mode === "navigate" ? undefined : await keptByOlder(file)) ?? isolated(await fetch(request));
}

/** A file of a page that was open before this version, of which it has the names. */
async function keptByOlder(file) {
  if (FILES.length === 0) return undefined;
  for (const name of await caches.keys()) {
    if (!name.startsWith("overlap-") || name === CACHE) continue;
    const kept = await (await caches.open(name)).match(file);
    if (kept) return isolated(kept);
  }
  return undefined;
}

/** The same answer, with what a page needs to share memory. Hosts that send the headers themselves keep theirs. */
function isolated(response) {
  if (response.status === 0 || response.type === "opaque") return response;
  const headers = new Headers(response.headers);
  const add = (name, value) => headers.has(name) || headers.set(name, value);
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Embedder-Policy", "require-corp");
  add("Cross-Origin-Resource-Policy", "same-origin");
  const { status, statusText } = response;
  const body = [204, 304].includes(status) ? null : response.body;
  return new Response(body, { status, statusText, headers });
}

// --- The network in the page -----------------------------------------------------------------------------------------

/**
 * Answers `io/NAME?latency=…&jitter=…&seed=…&size=…&status=…&fail=…`: after `latency` milliseconds, more or less by up to
 * `jitter` (drawn from `seed` and the name), with `size` bytes and `status`; or fails: `unreachable` as a network error,
 * `reset` after half of the body, `hang` never within the time that anybody waits. A parameter that makes no sense is status 400 with a sentence.
 */
async function answer(path, parameters) {
  const wrong = [];
  const number = (name, usual, least, most) => {
    const text = parameters.get(name);
    if (text === null) return usual;
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= least && value <= most) return value;
    wrong.push(`${name} is a whole number from ${least} to ${most}, not "${text}"`);
    return usual;
  };
  const latency = number("latency", 0, 0, 60_000);
  const jitter = number("jitter", 0, 0, 60_000);
  const seed = number("seed", 0, 0, 0xffffffff);
  const size = number("size", 0, 0, 16 << 20);
  const status = number("status", 200, 200, 599);
  const fail = parameters.get("fail");
  if (![null, "unreachable", "reset", "hang"].includes(fail)) wrong.push(`fail is unreachable, reset or hang, not "${fail}"`);
  if (wrong.length > 0) return new Response(`${wrong.join("; ")}\n`, { status: 400, headers: HEADERS });
  // Not for ever, so that what was asked does not stay behind when nobody waits any more.
  if (fail === "hang") await new Promise((resolve) => setTimeout(resolve, HANG_MS));
  const wait = latency + Math.round((2 * random(seed, path) - 1) * jitter);
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  if (fail === "unreachable") return Response.error();
  const body = [204, 205, 304].includes(status) ? null : stream(size, fail === "reset");
  return new Response(body, { status, headers: HEADERS });
}

const HANG_MS = 90_000;

const HEADERS = {
  "Content-Type": "text/plain; charset=utf-8",
  "Cache-Control": "no-store",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** A body of `size` bytes, which breaks off half way if it is to. */
function stream(size, breaks) {
  const bytes = new Uint8Array(breaks ? size >> 1 : size).fill(120);
  if (!breaks) return bytes;
  // An error takes what waits with it, so it comes when the half was taken.
  let sent = bytes.length === 0;
  return new ReadableStream(
    {
      pull(controller) {
        if (sent) controller.error(new TypeError("connection reset"));
        else controller.enqueue(bytes);
        sent = true;
      },
    },
    { highWaterMark: 0 },
  );
}

/** A number from 0 to 1 that depends on nothing but its arguments (FNV-1a, then a finaliser of MurmurHash3). */
function random(seed, name) {
  let hash = 0x811c9dc5 ^ seed;
  for (const unit of name) hash = Math.imul(hash ^ unit.codePointAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0xffffffff;
}
