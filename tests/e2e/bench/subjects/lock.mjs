// How the lock is held and handed over, in a browser and natively.

import { browserBench, cargoBench } from "../commands.mjs";
import { line } from "../figures.mjs";

export const title = "The lock";

/** What begins a line, the number in it, and what that is held to. */
const HELD_TO = [
  [/^forced holds of the lock.*?: median ([\d.]+)/, "forced holds, median"],
  [/^forced holds of the lock.*99th ([\d.]+)/, "forced holds, 99th percentile"],
  [/^forced hand-over.*?: median ([\d.]+)/, "forced hand-over, median"],
  [/^two threads under the lock, in times of Sequential: ([\d.]+)/, "two threads under the lock, in times of Sequential"],
];

export function measure() {
  console.log("In Chromium");
  for (const text of browserBench("lock")) {
    const judged = HELD_TO.flatMap(([pattern, target]) => {
      const found = pattern.exec(text);
      return found === null ? [] : [[target, Number(found[1])]];
    });
    // The bench says the targets too; here they come with a verdict.
    if (judged.length > 0 || text.startsWith("of that")) line(text.replace(/ \([^()]*(?:of at most|to \d)[^()]*\)/, ""), judged);
  }
  console.log("Natively");
  console.log(cargoBench("gil").trimEnd());
}
