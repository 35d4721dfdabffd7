// Reads the numbers of the runs that have ended, and checks that each ledger adds up.

import assert from "node:assert/strict";

/** The terms of the ledger, in the order of src/insight/ledger.rs. */
const TERMS = ["computing", "lock", "shared", "io", "starting", "serialise", "transfer", "deserialise", "dispatch", "idle"];

/** What the page says of the runs that have ended, model by model; times are in microseconds. */
export async function numbers(page) {
  const seen = await page.evaluate(() => ({
    ledgers: [...document.querySelectorAll("figure.ledger")].map(({ dataset }) => ({ ...dataset })),
    advice: [...document.querySelectorAll(".advice [data-advice]")].map((item) => ({
      model: item.parentElement.dataset.model,
      name: item.dataset.advice,
      known: [...item.querySelectorAll(".known")].map((label) => label.textContent),
    })),
    charts: document.querySelectorAll(".dial-chart").length,
  }));
  const ledgers = seen.ledgers.map(({ model, workers, total, terms }) => {
    const times = Object.fromEntries(terms.split(" ").map((time, place) => [TERMS[place], Number(time)]));
    return { model, workers: Number(workers), total: Number(total), times };
  });
  for (const { model, workers, total, times } of ledgers) {
    const sum = Object.values(times).reduce((sum, time) => sum + time, 0);
    // Each figure is rounded down to a microsecond; clocks of workers tick in steps of up to a tenth of a millisecond.
    const allowed = Math.max(total / 100, TERMS.length + 100 * workers);
    assert.ok(Math.abs(sum - total) <= allowed, `${model}: ${sum} of ${total}: ${JSON.stringify(times)}`);
    assert.ok(workers > 0 && times.starting > 0, `${model}: ${JSON.stringify(times)}`);
  }
  assert.equal(seen.charts, 2 * ledgers.length);
  return { ...seen, ledgers };
}
