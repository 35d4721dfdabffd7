// Serves a folder on loopback, with the headers that isolate a page or without them, and remembers what was asked for.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** Serves `folder` at `url`; `requests` lists the paths that were asked for; `close()` ends it, even for open connections. */
export async function serve(folder, { isolated = true, cache = "no-cache" } = {}) {
  const requests = [];
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    requests.push(path);
    const file = normalize(join(folder, path.endsWith("/") ? `${path}index.html` : path));
    const found = file.startsWith(folder + sep) && (await stat(file).catch(() => null))?.isFile();
    const headers = { "Cache-Control": cache, ...(isolated ? ISOLATION : {}) };
    if (!found) return response.writeHead(404, headers).end("not found\n");
    response.writeHead(200, { ...headers, "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}/`, requests, close };
}
