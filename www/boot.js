// Until the program runs, nobody else can say that it does not.
(() => {
  const started = () => document.documentElement.dataset.started === "yes";
  const say = (event) => {
    const app = document.getElementById("app");
    if (started() || app === null) return;
    const reason = String(event.reason ?? event.error ?? event.message ?? "a file could not be loaded");
    const text = document.createElement("p");
    text.className = "boot-error";
    text.setAttribute("role", "alert");
    text.textContent =
      "Overlap could not start in this browser. It needs WebAssembly with threads and exceptions: " +
      "Chrome or Edge 119, Firefox 145, Safari 18.2, or later. The browser said: " + reason;
    app.replaceChildren(text);
  };
  if (typeof Atomics.waitAsync !== "function") addEventListener("DOMContentLoaded", () => say({ message: "there is no Atomics.waitAsync" }));
  addEventListener("error", say, true);
  addEventListener("unhandledrejection", say);
})();

// A newer version that waits takes over if this is the only page, which then begins again with its files.
(async () => {
  const workers = navigator.serviceWorker;
  const waiting = (await workers?.getRegistration())?.waiting;
  if (!waiting) return;
  workers.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("takeOver");
  // Where there are no service workers to be had, there is no version to wait for.
})().catch(() => {});
