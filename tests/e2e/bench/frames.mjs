// How a page draws: what its own code does in each frame, and how far frames are apart. The same for ours and for others.

/** Runs in a page before any of its scripts: keeps what each of its callbacks took, by frame. */
export function watchFrames() {
  const seen = { own: 0, frames: [], answered: null };
  globalThis.seenFrames = seen;
  const timed = (callback) =>
    function (...parts) {
      const began = performance.now();
      try {
        return callback.apply(this, parts);
      } finally {
        seen.own += performance.now() - began;
        seen.last = performance.now();
      }
    };
  const ask = globalThis.requestAnimationFrame.bind(globalThis);
  globalThis.askUntimed = ask;
  globalThis.requestAnimationFrame = (callback) => ask(timed(callback));
  const wrapped = new WeakMap();
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (typeof listener !== "function" || !/^(wheel|pointer|mouse|key)/.test(type)) return listen.call(this, type, listener, options);
    if (!wrapped.has(listener)) wrapped.set(listener, timed(listener));
    return listen.call(this, type, wrapped.get(listener), options);
  };
  // When a worker's answer comes to the page: from then on it has the data.
  const handler = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
  Object.defineProperty(Worker.prototype, "onmessage", {
    ...handler,
    set(listener) {
      handler.set.call(
        this,
        listener &&
          function (event) {
            if (event.data?.kind === "answer") seen.answered = performance.now();
            return listener.call(this, event);
          },
      );
    },
  });
}

/** Zooms in, pans to and fro and zooms out again, a step a frame: gives the time between frames and the page's own work in each, in milliseconds. */
export function handle({ canvas, steps }) {
  const target = document.querySelector(canvas);
  const box = target.getBoundingClientRect();
  const wheel = (init) =>
    target.dispatchEvent(
      new WheelEvent("wheel", { bubbles: true, cancelable: true, clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, ...init }),
    );
  const acts = [
    ...Array(steps).fill({ deltaY: -60, ctrlKey: true }),
    ...Array(steps).fill({ deltaX: 40 }),
    ...Array(steps).fill({ deltaX: -40 }),
    ...Array(steps).fill({ deltaY: 60, ctrlKey: true }),
  ];
  return new Promise((resolve) => {
    const [apart, own] = [[], []];
    let [before, place] = [null, 0];
    const step = (now) => {
      if (before !== null) {
        apart.push(now - before);
        own.push(globalThis.seenFrames.own);
      }
      before = now;
      globalThis.seenFrames.own = 0;
      if (place === acts.length) return resolve({ apart, own });
      wheel(acts[place++]);
      globalThis.askUntimed(step);
    };
    globalThis.askUntimed(step);
  });
}
