// What recording an event costs in a browser.

import { browserBench } from "../commands.mjs";
import { line } from "../figures.mjs";

export const title = "Recording";

export function measure() {
  for (const text of browserBench("recorder")) {
    const found = /^recording an event: median ([\d.]+) ns/.exec(text);
    if (found !== null) line(text, [["recording an event, ns", Number(found[1])]], " ns");
  }
}
