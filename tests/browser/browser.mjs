/** The browser: Debian's Chromium, and pages that tell of every error and of every trick. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { after } from "node:test";

import { chromium } from "playwright-core";

import { SOON_MS } from "../swarmlet-node.mjs";

/** A folder to take the page from instead of the program, for who changes it and does not build. */
const PAGE = process.env.SWARMLET_PAGE;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** The browser of all tests of a file. */
let browser = null;
after(async () => (await browser)?.close());

function launched() {
  // As root there is no sandbox; what is opened here is our own.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser ??= chromium.launch({ executablePath: CHROMIUM, args });
  return browser;
}

/** A tab with an address, as somebody sees it who is called by these options. */
export async function tab(test, address, options = {}) {
  const context = await (await launched()).newContext({ locale: "en-US", ...options });
  test.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(SOON_MS);
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("dialog", (dialog) => {
    page.troubles.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("console", (message) => {
    if (/Content Security Policy/.test(message.text())) page.troubles.push(message.text());
  });
  if (PAGE) {
    const answer = (route) => fromFolder(route).catch(() => route.abort());
    await context.route(/^[^#?]*\/(page\/[^/]+)?$/, answer);
  }
  await page.goto(address);
  return page;
}

/** Answers with a file of the folder, and with what browsers are told by the node. */
async function fromFolder(route) {
  const url = new URL(route.request().url());
  const answer = await route.fetch({ url: `${url.origin}/` });
  const name = basename(url.pathname) || "index.html";
  const headers = answer.headers();
  delete headers["content-type"];
  delete headers["content-length"];
  await route.fulfill({ headers, path: join(PAGE, name) });
}

/** A tab with the page of a device, which shows how that stands. */
export async function shown(test, device, options) {
  const page = await tab(test, await device.link(), options);
  await page.locator("#headline").waitFor();
  return page;
}

/** Opens a section, by the keyboard's way. */
export async function section(page, name) {
  await page.locator(`nav a[href="#${name}"]`).click();
  await page.locator(`#${name}`).waitFor();
}

/** Nothing that somebody else wrote has done anything. */
export async function unharmed(page) {
  assert.deepEqual(page.troubles, []);
  assert.equal(await page.evaluate(() => window.__pwned), undefined);
}
