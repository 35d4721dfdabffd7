// Drives the built page as a person does: opens plans, presses Run, and reads the numbers that it shows.

/** "1.14 s", "450 ms", "850 µs" in milliseconds. */
function milliseconds(text) {
  const [number, unit] = text.split(" ");
  return Number(number) * { s: 1_000, ms: 1, "µs": 0.001 }[unit];
}

/** A plan's link, without the page's address: the form of src/model/fragment.rs. */
const fragment = (plan) => `#v=1&${plan}&end`;

/** What the page says against the plan that it was opened with; null where it can run it, undefined while that is open. */
const objection = () => {
  const notice = document.querySelector("[role=alert]");
  if (notice !== null) return notice.innerText.replace(/\s*Close$/, "");
  const button = document.querySelector("#run");
  if (button === null) return undefined;
  if (button.ariaDisabled !== "true") return null;
  const problem = document.querySelector("p.error");
  return problem?.innerText;
};

/** The built page in `browser`, served at `url`. */
export function overlap(browser, url) {
  /** Opens a plan as a new page, and gives what the page has against it, or null. */
  async function offer(plan) {
    await browser.goto("about:blank");
    await browser.goto(`${url}${fragment(plan)}`);
    await browser.until(`(${objection})() !== undefined`);
    return browser.evaluate(objection);
  }

  async function open(plan) {
    const against = await offer(plan);
    if (against !== null) throw new Error(`the page does not run ${plan}: ${against}`);
  }

  /** Opens the first of some plans that this page knows and gives it, or null: newer pages know more kinds of work. */
  async function openFirst(plans) {
    for (const plan of plans) if ((await offer(plan)) === null) return plan;
    return null;
  }

  /** Gives the page that is open another plan, without loading it anew. */
  async function change(plan) {
    const against = await browser.evaluate(`(async () => {
      const wanted = ${JSON.stringify(fragment(plan))};
      // To what it is already, nothing changes.
      if (location.hash !== wanted) {
        const changed = new Promise((resolve) => addEventListener("hashchange", () => setTimeout(resolve, 20), { once: true }));
        location.hash = wanted;
        await changed;
      }
      return (${objection})();
    })()`);
    if (against !== null) throw new Error(`the page does not run ${plan}: ${against}`);
  }

  /** Runs what is on the page `times` times, and gives the legs of each: wall and starting time in milliseconds. */
  async function runs(times) {
    const all = await browser.evaluate(async (times) => {
      const button = document.querySelector("#run");
      // The button says "Stop" in between. It is not asked again and again: that would take time from what is measured.
      const ended = () =>
        new Promise((resolve, reject) => {
          let changes = 0;
          setTimeout(() => changes === 0 && reject(new Error("the page did not begin to run")), 5_000);
          const observer = new MutationObserver(() => {
            changes++;
            if (button.textContent !== "Run") return;
            observer.disconnect();
            resolve();
          });
          observer.observe(button, { characterData: true, childList: true, subtree: true });
        });
      const seen = [];
      for (let index = 0; index < times; index++) {
        const over = ended();
        button.click();
        await over;
        const status = document.querySelector("#status").innerText;
        const cells = [...document.querySelectorAll("#comparison tbody tr")].map((row) => [...row.children].map((cell) => cell.innerText));
        const wall = document.querySelector("#wall strong").innerText;
        const starting = document.querySelector("#wall .card-note").innerText.replace(/^after | of starting$/g, "");
        const call = /to its answer (.*?) \(median/.exec(document.querySelector("#copied .card-note")?.innerText)?.[1];
        const endsOf = () => [...document.querySelectorAll("#results tbody tr")].map((row) => row.children[2].innerText);
        // The table can be a picture later than the button.
        for (let pictures = 0; pictures < 10 && endsOf().includes(""); pictures++) await new Promise(requestAnimationFrame);
        const ends = endsOf();
        seen.push({ status, call, ended: ends, legs: cells.length > 0 ? cells.map((cell) => [cell[1], cell[5]]) : [[wall, starting]] });
      }
      return seen;
    }, times);
    return all.map(({ status, legs, call, ended }) => {
      // A run that failed took no time that means anything.
      if (!/ is done(; 1 site failed, as planned)?$/.test(status)) throw new Error(`a run was to be measured, and the page says: ${status}`);
      const times = legs.map(([wall, starting]) => ({ wall: milliseconds(wall), starting: milliseconds(starting) }));
      // Of the last leg: from a call to its answer, and when each of the tasks that are listed ended.
      Object.assign(times.at(-1), { call: call && milliseconds(call), ended: ended.map((text) => (text === "" ? null : milliseconds(text))) });
      return times;
    });
  }

  return { offer, open, openFirst, change, runs };
}

/** The smallest task that a page knows, so many times: the newer page's, then the older's, which knows no more than 200. */
export const tiny = (as, tasks, more = "") => [
  `run=tiny&as=${as}&compare=no&tasks=${tasks}${more}`,
  `run=sleep&as=${as}&compare=no&ms=0&tasks=${Math.min(tasks, 200)}${more}`,
];

/** How many tasks a plan has. */
export const tasksOf = (plan) => Number(new URLSearchParams(plan).get("tasks"));

/** The work of a plan as it is called in a link. */
export const workOf = (plan) => new URLSearchParams(plan).get("run");
