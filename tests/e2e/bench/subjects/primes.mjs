// Primes on every model with workers, in turn with the same Rust natively.

import { cargoBench } from "../commands.mjs";
import { ratios, row } from "../figures.mjs";

const [BELOW, TASKS, WORKERS, ROUNDS] = [16_000_000, 16, 2, 9];
const MODELS = [["Cores", "cores"], ["Free threads", "free-threads"], ["Process pool", "processes"], ["Threads with a GIL", "threads"]];

export const title = `Count primes below ${BELOW.toLocaleString("en")}, ${TASKS} tasks, ${WORKERS} workers`;

export async function measure({ page }) {
  const figures = { nativeSequential: [], nativePool: [], nativeGain: [], wasmSequential: [], slower: [] };
  const gains = Object.fromEntries(MODELS.map(([name]) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const [nativeSequential, nativePool] = cargoBench("native", BELOW, TASKS, WORKERS).trim().split(" ").map((ns) => Number(ns) / 1e6);
    figures.nativeSequential.push(nativeSequential);
    figures.nativePool.push(nativePool);
    figures.nativeGain.push(nativeSequential / nativePool);
    for (const [name, model] of MODELS) {
      await page.open(`run=primes&as=${model}&workers=${WORKERS}&below=${BELOW}&tasks=${TASKS}`);
      const [[sequential, pool]] = await page.runs(1);
      figures.wasmSequential.push(sequential.wall);
      figures.slower.push(sequential.wall / nativeSequential);
      gains[name].push(sequential.wall / pool.wall);
    }
  }
  row("native, sequential", figures.nativeSequential, " ms");
  row("native, rayon", figures.nativePool, " ms");
  row("page, Sequential", figures.wasmSequential, " ms");
  row("page to native, sequential", figures.slower);
  row("native speedup", figures.nativeGain);
  for (const [name] of MODELS) {
    row(`page speedup, ${name}`, gains[name]);
    if (name !== "Threads with a GIL") row("  in native speedups", ratios(gains[name], figures.nativeGain), "", `${name}, in native speedups`);
  }
}
