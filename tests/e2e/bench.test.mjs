// What the benchmarks make of numbers and of recorded events, held to examples that are known.

import assert from "node:assert/strict";
import { test } from "node:test";
import { digits, quantile, ratios } from "./bench/figures.mjs";
import { tasksOf, tiny, workOf } from "./bench/overlap.mjs";

test("quantiles are numbers of the sample", () => {
  const numbers = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.deepEqual([quantile(numbers, 0.5), quantile(numbers, 0.95), quantile(numbers, 1)], [51, 96, 100]);
  assert.deepEqual(quantile([7], 0.95), 7);
});

test("numbers have three digits that count", () => {
  assert.deepEqual([0, 0.0738, 1.234, 12.34, 123.4, 12345.6].map(digits), ["0.00", "0.0738", "1.23", "12.3", "123", "12,346"]);
});

test("ratios are those of one round", () => {
  assert.deepEqual(ratios([2, 9], [1, 3]), [2, 3]);
});

test("a plan says what it runs, and the older page's has no more tasks than that takes", () => {
  const [newer, older] = tiny("cores", 10_000, "&workers=2");
  assert.deepEqual([workOf(newer), tasksOf(newer), workOf(older), tasksOf(older)], ["tiny", 10_000, "sleep", 200]);
});

