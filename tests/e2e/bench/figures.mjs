// How figures are printed: each with its median, 95th percentile and n, and beside it the target that it is held to, with
// the word that comes of the two.

import { TARGETS } from "./targets.mjs";

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

/** The number below which a part of a sample lies. */
export const quantile = (numbers, part) => sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))];

export const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

export const median = (numbers) => quantile(numbers, 0.5);

/** Three digits that count, as on the page. */
export function digits(number) {
  const size = Math.abs(number);
  if (size >= 999.5) return Math.round(number).toLocaleString("en");
  return number.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.0995 || size === 0 ? 2 : 4);
}

const verdicts = [];

/** Whether a number is what a target asks for. A number that could not be measured is not. */
function holds({ atMost = Infinity, atLeast = -Infinity }, number) {
  return number <= atMost && number >= atLeast;
}

function wording({ atMost, atLeast, says }, unit) {
  if (says !== undefined) return says;
  if (atMost !== undefined && atLeast !== undefined) return `${atLeast} to ${atMost}${unit}`;
  return atMost === undefined ? `at least ${atLeast}${unit}` : `at most ${atMost}${unit}`;
}

/** Prints a line, and after it what each of these targets makes of its number: `[[target's name, number]]`. */
export function line(text, judged = [], unit = "") {
  const words = judged.map(([name, number]) => {
    if (!(name in TARGETS)) throw new Error(`there is no target ${name}`);
    const verdict = { name, text, met: holds(TARGETS[name], number), words: wording(TARGETS[name], unit) };
    verdicts.push(verdict);
    return `${verdict.words}: ${verdict.met ? "ok" : "not yet"}`;
  });
  console.log(words.length > 0 ? `${text.padEnd(112)}  ${words.join("; ")}` : text);
}

/** Prints a sample. Its median is held to the target of the name `target`, if it has one. */
export function row(name, numbers, unit = "", target) {
  if (numbers.length === 0) return line(`${name.padEnd(60)} not measured`, target ? [[target, NaN]] : []);
  const [middle, late] = [median(numbers), quantile(numbers, 0.95)];
  const text = `${name.padEnd(60)} median ${digits(middle)}${unit}, 95th percentile ${digits(late)} (n = ${numbers.length})`;
  line(text, target ? [[target, middle]] : [], unit);
}

/** Prints what cannot be measured yet, and why, so that nobody takes it for forgotten. */
export function missing(name, why, target) {
  line(`${name.padEnd(60)} not measured: ${why}`, target ? [[target, NaN]] : []);
}

/** One number of each round over another of the same round: machines have moods, which both met. */
export const ratios = (over, under) => over.map((number, round) => number / under[round]);

/** Prints how many targets were met, and which were not. */
export function summary() {
  const unmet = verdicts.filter(({ met }) => !met);
  console.log(`\n${verdicts.length - unmet.length} ok, ${unmet.length} not yet`);
  for (const { name, text, words } of unmet) console.log(`  not yet: ${name} (${words}): ${text.trim().replace(/ {2,}/g, " ")}`);
}
