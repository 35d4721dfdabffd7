// What each kernel takes in Chromium, in times of the same Rust natively, and what SIMD gains.

import { browserBench, portableBench } from "../commands.mjs";
import { line } from "../figures.mjs";

export const title = "Kernels";

export function measure() {
  // The native peer reads what the page's kernels took, measures itself, and prints both.
  const printed = portableBench(browserBench("kernels").join("\n"), "native", "kernels");
  for (const text of printed.trimEnd().split("\n")) {
    const mean = /geometric mean[^\d]*([\d.]+)/.exec(text);
    if (mean !== null) line(text, [["wasm in times of native, geometric mean", Number(mean[1])]]);
    else console.log(text);
  }
}
