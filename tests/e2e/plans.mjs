// How the tests of the built page open a plan, run it, and read what is on the screen.

/** A link to a plan, in the form of src/model/fragment.rs. */
export const link = (server, plan) => `${server.url}#v=1&${plan}&end`;

export const label = (page) => page.evaluate(() => document.querySelector("#run")?.innerText);

/** Opens a plan as a new page, and waits until it can be run. */
export async function open(page, server, plan = null) {
  // What was run before is being kept for a moment, by a worker that is loaded for it; Firefox takes one that is left while it
  // loads for an error of the page.
  await page.until(() => document.querySelector("#runs")?.ariaBusy !== "true");
  await page.goto("about:blank");
  await page.goto(plan === null ? server.url : link(server, plan));
  await page.until(() => document.querySelector("#run") !== null && document.querySelector("#run").ariaDisabled !== "true");
}

/** Runs what is chosen to its end, and gives what is on the screen. */
export async function run(page) {
  await start(page);
  return ended(page);
}

export async function start(page) {
  // A run can be over before anybody looks again, so what the button said is kept.
  await page.evaluate(() => {
    const button = document.querySelector("#run");
    globalThis.began = false;
    new MutationObserver(() => (globalThis.began ||= button.innerText !== "Run")).observe(button, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  await page.click("#run");
  await page.until(() => globalThis.began);
}

export async function ended(page) {
  await page.until(() => document.querySelector("#run").innerText === "Run");
  return page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.innerText ?? null;
    // Of what is far from the screen nothing is laid out, and Firefox gives no words of it that are: those of the document are there.
    const words = (element) => element.textContent.trim();
    const cells = (selector, read = (cell) => cell.innerText.trim()) =>
      [...document.querySelectorAll(`${selector} tbody tr`)].map((row) => [...row.children].map(read));
    return {
      status: text("#status"),
      sentence: text("#sentence"),
      answer: text("#answer"),
      inFlight: Number(document.querySelector("#in-flight")?.dataset.peak),
      computing: Number(document.querySelector("#computing")?.dataset.peak),
      speedup: text("#speedup strong"),
      comparison: cells("#comparison"),
      results: cells("#results", words),
      completion: [...document.querySelectorAll("#completion li")].map(words),
      limit: document.querySelector("#limit-split")?.textContent ?? null,
    };
  });
}
