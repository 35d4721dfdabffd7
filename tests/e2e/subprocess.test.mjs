// The built page's commands in real browsers: what `tests/browser` cannot see, that the page has the files and that Firefox runs
// them. The messages are those of www/subprocess.js.

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browsers } from "./browsers.mjs";
import { serve } from "./server.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "../../dist");

/** Runs commands side by side, each reading what the one before it writes. Gives how each ended, and what the last wrote. */
async function pipeline(commands) {
  const pipe = () => new SharedArrayBuffer(16 + (64 << 10));
  const pipes = commands.slice(1).map(pipe);
  let output = "";
  const run = async ([name, ...args], place) => {
    const module = await WebAssembly.compileStreaming(fetch(`commands/${name}.wasm`));
    const worker = new Worker("subprocess.js", { type: "module" });
    const stdout = pipes[place] ?? { window: null };
    worker.postMessage({ module, args: [name, ...args], env: [], stdin: pipes[place - 1] ?? null, stdout, stderr: "page" });
    const waits = new Set();
    const end = await new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data: { kind, value, read, written } }) => {
        if (kind === "stdout") output += new TextDecoder().decode(value);
        if (kind === "blocked") waits.add(value);
        if (["exited", "trapped", "failed"].includes(kind)) resolve([kind, value, read, written]);
      };
    });
    worker.terminate();
    return { end, waits: [...waits] };
  };
  const ends = await Promise.all(commands.map(run));
  return { ends, output };
}

for (const name of ["chromium", "firefox"]) {
  describe(name, () => {
    let server, page;

    before(async () => {
      server = await serve(DIST);
      page = await browsers[name]();
      await page.goto(server.url);
    });

    after(async () => {
      await page?.close();
      await server?.close();
    });

    test("a pipeline of the page's commands gives what a shell gives", async () => {
      const commands = [["primes", "100000"], ["upper"], ["wc"]];
      const { ends, output } = await page.evaluate(pipeline, commands);
      assert.equal(output, "9592 9592 56126\n");
      assert.deepEqual(ends.map(({ end }) => end), [
        ["exited", 0, 0, 56_126],
        ["exited", 0, 56_126, 56_126],
        ["exited", 0, 56_126, 16],
      ]);
      const hashed = await page.evaluate(pipeline, [["primes", "3000000"], ["sha256sum"]]);
      assert.match(hashed.output, /^[0-9a-f]{64} {2}-\n$/);
      assert.ok(hashed.ends[1].waits.includes("stdin"), "primes take longer to find than to hash");
    });

    test("each command of the page starts", async () => {
      for (const command of ["primes", "printenv", "sha256sum", "upper", "wc"]) {
        const { ends } = await page.evaluate(pipeline, [[command]]);
        assert.equal(ends[0].end[0], "exited", command);
      }
    });
  });
}
