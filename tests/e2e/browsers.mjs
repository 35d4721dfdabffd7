// Chromium by Playwright and Firefox by puppeteer-core, behind the few calls that the tests make.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium as playwright } from "playwright-core";
import puppeteer from "puppeteer-core";

/** How long a condition may take to come true, in milliseconds: machines are shared. */
const PATIENCE_MS = 60_000;

function program(...names) {
  for (const name of names) {
    for (const folder of process.env.PATH.split(delimiter)) {
      if (existsSync(join(folder, name))) return join(folder, name);
    }
  }
  throw new Error(`none of ${names.join(", ")} is on PATH: './dev test' installs them`);
}

const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-sync",
  "--disable-background-networking",
  "--disable-component-update",
  "--no-first-run",
];

/**
 * What Firefox says of a request that its page was left with, when the service worker had not answered it yet: without an address,
 * and to the next page. What a page that stays asks for in vain has its address in such words.
 */
const LEFT = "Failed to load ‘’. A ServiceWorker intercepted the request and encountered an unexpected error.";

/** What a page complained about. */
function watch(page, errors) {
  page.on("pageerror", (error) => {
    const words = String(error.message ?? error);
    if (words !== LEFT) errors.push(`page error: ${words}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console.error: ${message.text()}`);
  });
}

export const browsers = {
  async chromium({ width = 1280, height = 900, dark = false, serviceWorkers = "allow" } = {}) {
    const browser = await playwright.launch({ executablePath: program("chromium", "google-chrome"), args: CHROMIUM_FLAGS });
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      serviceWorkers,
    });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]).catch(() => {});
    const page = await context.newPage();
    const errors = [];
    watch(page, errors);
    return {
      name: "chromium",
      page,
      errors,
      goto: (url) => page.goto(url),
      reload: () => page.reload(),
      evaluate: (run, argument) => page.evaluate(run, argument),
      until: (condition, argument) => page.waitForFunction(condition, argument, { timeout: PATIENCE_MS }),
      click: (selector) => page.click(selector),
      focus: (selector) => page.focus(selector),
      press: (key) => page.keyboard.press(key),
      offline: (state) => context.setOffline(state),
      screenshot: (path, fullPage = false) => page.screenshot({ path, fullPage }),
      close: () => browser.close(),
    };
  },

  async firefox({ width = 1280, height = 900 } = {}) {
    const browser = await puppeteer.launch({
      browser: "firefox",
      executablePath: program("firefox", "firefox-esr"),
      extraPrefsFirefox: { "dom.serviceWorkers.enabled": true },
      protocolTimeout: 2 * PATIENCE_MS,
    });
    const page = await browser.newPage();
    await page.setViewport({ width, height });
    const errors = [];
    watch(page, errors);
    return {
      name: "firefox",
      page,
      errors,
      goto: (url) => page.goto(url),
      reload: () => page.reload(),
      evaluate: (run, argument) => page.evaluate(run, argument),
      until: (condition, argument) => page.waitForFunction(condition, { timeout: PATIENCE_MS, polling: 50 }, argument),
      click: (selector) => page.click(selector),
      focus: (selector) => page.focus(selector),
      press: (key) => page.keyboard.press(key),
      screenshot: (path, fullPage = false) => page.screenshot({ path, fullPage }),
      close: () => browser.close(),
    };
  },
};
