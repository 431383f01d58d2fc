/** How the page looks, to everybody: languages, colours, sizes, the keyboard, and axe's rules. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { until } from "../swarmlet-node.mjs";
import { section, shown, tab, unharmed } from "./browser.mjs";
import { Device, founder, joiner } from "./device.mjs";

const SECTIONS = ["swarm", "events", "live", "streams", "blobs", "devices", "metrics"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What a person of each language looks for. */
const WORDS = {
  "en-US": { letIn: /^Let in forklift/, needsLink: "This page needs a link" },
  "de-DE": { letIn: /^forklift .* hereinlassen$/, needsLink: "Diese Seite braucht einen Link" },
};
const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** Where pictures go: into the guide if they are to be made anew. */
const PICTURES = join(ROOT, process.env.SWARMLET_WRITE ? "docs/guide/images" : "target/browser");

/** A swarm of three in which something has happened. */
async function plant(test) {
  const office = await founder(test);
  const press = await joiner(test, office, "press-7");
  const tablet = await joiner(test, office, "tablet");
  for (let order = 4711; order < 4719; order += 1) {
    await press.publish({ order, by: "Ada", parts: ["lid", "box"] }, "press:7", "started");
    await press.publish({ order, reason: "jam", lost: order % 4 }, "press:7", "stopped");
  }
  await tablet.publish({ order: 4711, is: "confirmed" }, "order", "order:4711");
  await office.command("status", "--wait", "30s");
  return { office, press, tablet };
}

/** What axe finds wrong, each with the place. */
async function findings(page) {
  // The policy of the page lets nothing in; the browser itself may.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}

/** Shows a section with something in it. */
async function filled(page, name) {
  await section(page, name);
  if (name === "events") {
    await page.locator("#run").click();
    await page.locator("#results tr").first().waitFor();
    await page.locator("#results summary").first().click();
  }
  if (name === "devices" && (await page.locator("#invites li").count()) === 0) {
    await page.locator("#invite-form button").click();
    await page.locator("#invites li").waitFor();
  }
}

/** Looks at everything that somebody sees in a language and a colour. */
async function lookedAt(context, { office, colorScheme, locale, letIn, needsLink }) {
  const options = { colorScheme, locale, reducedMotion: "reduce" };
  const page = await shown(context, office, options);
  for (const name of SECTIONS) {
    await filled(page, name);
    assert.deepEqual(await findings(page), [], `${name}, ${locale}`);
  }
  await section(page, "devices");
  await page.getByRole("button", { name: letIn }).click();
  assert.deepEqual(await findings(page), [], `a question, ${locale}`);
  const gate = await tab(context, office.address, options);
  await gate.getByRole("heading", { name: needsLink }).waitFor();
  assert.deepEqual(await findings(gate), [], `without a link, ${locale}`);
  const grounds = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [red] = grounds.match(/\d+/).map(Number);
  assert.equal(red < 128, colorScheme === "dark", grounds);
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe has nothing to say, ${colorScheme}`, async (context) => {
    const { office } = await plant(context);
    const stranger = await Device.started(context);
    const [{ listening }] = await office.command("status");
    await stranger.begun("swarm", "ask", listening[0], "--device", "forklift");
    for (const [locale, words] of Object.entries(WORDS)) {
      await lookedAt(context, { office, colorScheme, locale, ...words });
    }
  });
}

test("it speaks the language of the browser, and the one that is chosen", async (context) => {
  const { office } = await plant(context);
  const page = await shown(context, office, { locale: "de-DE" });
  await page.getByRole("heading", { level: 1, name: "Auf gleichem Stand mit 2 von 2" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  for (const name of SECTIONS) await filled(page, name);
  assert.match(await page.locator("#results time").first().textContent(), /^\d\d\.\d\d\., /);
  await page.getByLabel("Sprache").selectOption("en");
  await page.getByRole("heading", { level: 1, name: "In sync with 2 of 2" }).waitFor();
  await page.getByRole("link", { name: "Measurements" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "In sync with 2 of 2" }).waitFor();
  const words = await page.locator("body").innerText();
  assert.doesNotMatch(words, /Ger\u00e4t|Schwarm|undefined|\{\w+\}/);
});

test("it is of use on a small screen", async (context) => {
  const { office } = await plant(context);
  const viewport = { width: 360, height: 740 };
  for (const locale of ["en-US", "de-DE"]) {
    const page = await shown(context, office, { viewport, locale });
    for (const name of SECTIONS) {
      await filled(page, name);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${name} is ${over} px too wide`);
    }
    await section(page, "devices");
    const button = page.locator("#members button").first();
    const box = await button.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 360, "what can be done is in sight");
  }
});

/** What a node says that is one of many, some of which are late, far away, or called strangely. */
function crowded(state) {
  const standings = [{}, { behind: 1200 }, { ahead: 7 }];
  const members = Array.from({ length: 60 }, (_, number) => {
    const node = String(number).padStart(43, "a");
    const name = ["press", "\u202egnp.exe", "W".repeat(64), `a${"\u0301".repeat(9)}`][number % 4];
    return {
      node, name, rights: "rw:*,".repeat(50), labels: { hall: "x".repeat(200) }, notAfter: 1e12,
      isIssuer: true, isOwn: false, isRevoked: number % 10 === 9,
    };
  });
  const peers = members.filter((member) => !member.isRevoked).slice(0, 20);
  state.members.push(...members);
  state.peers = peers.map(({ node, name }, number) => ({
    node, name, address: `tcp://[${"f".repeat(39)}]:4001`, isInSync: number % 3 === 0, behind: 0,
    ahead: 0, lagSecs: 4000, roundTripMicros: number % 2 ? 20_000 : null, ...standings[number % 3],
  }));
  state.pending = [{ device: "p", code: "012345", name: "<b>\u2066" }];
  state.refused = Array.from({ length: 300 }, () => ({ with: "y".repeat(500), why: "\u202eno" }));
  const counts = { memberCount: state.members.length, streamCount: 12_345 };
  return { ...state, ...counts, isInSync: false, behind: 1200, fault: "z".repeat(5000) };
}

test("a crowded swarm finds room, on every screen", async (context) => {
  const office = await founder(context);
  const page = await shown(context, office);
  await page.route("**/page/v1/state", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: crowded(await answer.json()) });
  });
  await page.getByRole("heading", { name: "Behind by 1,200 events" }).waitFor();
  assert.equal(await page.locator("#topology .node").count(), 20);
  assert.equal(await page.locator("#topology .lag").first().textContent(), "1,200");
  await page.locator("#storage").filter({ hasText: "12,345" }).waitFor({ state: "attached" });
  for (const width of [360, 700, 1400]) {
    await page.setViewportSize({ width, height: 800 });
    for (const name of ["streams", "devices", "swarm"]) {
      await section(page, name);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${name} is ${over} px too wide at ${width}`);
    }
    assert.deepEqual(await findings(page), [], `at ${width}`);
    await page.screenshot({ path: join(ROOT, `target/browser/crowded-${width}.png`) });
  }
  assert.doesNotMatch(await page.locator("body").innerText(), /[\u202e\u2066]|NaN|undefined/);
  await unharmed(page);
  await page.unrouteAll({ behavior: "ignoreErrors" });
});

test("everything can be reached without a mouse", async (context) => {
  const { office } = await plant(context);
  const page = await shown(context, office);
  const focus = () => page.evaluate(() => {
    const { activeElement: at } = document;
    const { outlineStyle, outlineWidth } = getComputedStyle(at);
    const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
    return { is: at.id || at.getAttribute("href") || at.textContent, isSeen };
  });
  await page.keyboard.press("Tab");
  assert.deepEqual(await focus(), { is: "skip", isSeen: true });
  await page.keyboard.press("Enter");
  assert.equal((await focus()).is, "content");
  await page.locator("#skip").focus();
  const reached = [];
  for (let steps = 0; steps < 9; steps += 1) {
    await page.keyboard.press("Tab");
    const { is, isSeen } = await focus();
    assert.ok(isSeen, `the focus is seen at ${is}`);
    reached.push(is);
  }
  assert.deepEqual(reached.slice(0, 8), ["language", ...SECTIONS.map((name) => `#${name}`)]);
  await page.locator('nav a[href="#events"]').focus();
  await page.keyboard.press("Enter");
  await until("the section has the focus", async () => (await focus()).is === "events-title");
  assert.equal(await page.evaluate(() => scrollY), 0, "the headline is in sight");
  await page.keyboard.press("Tab");
  assert.equal((await focus()).is, "query");
  await page.keyboard.press("Control+Enter");
  await page.locator("#results tr").first().waitFor();
  await page.locator("#results summary").first().focus();
  await page.keyboard.press("Enter");
  await page.locator("#results .members").first().waitFor();
  await page.locator('nav a[href="#devices"]').focus();
  await page.keyboard.press("Enter");
  const out = page.getByRole("button", { name: "Put out tablet" });
  await out.focus();
  // A list that follows what there is keeps the focus where it is.
  await page.waitForResponse("**/page/v1/state");
  await page.waitForResponse("**/page/v1/state");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: "Put out tablet?" }).waitFor();
  assert.equal((await focus()).is, "dialog-reason");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal((await office.command("swarm", "members")).some((one) => one.isRevoked), false);
});

test("pictures for the guide", async (context) => {
  mkdirSync(PICTURES, { recursive: true });
  const { office } = await plant(context);
  await joiner(context, office, "gate");
  const forklift = await joiner(context, office, "forklift");
  await forklift.stop();
  const options = { viewport: { width: 1024, height: 800 }, reducedMotion: "reduce" };
  const page = await shown(context, office, options);
  await page.getByRole("heading", { name: "In sync with 3 of 4 other devices" }).waitFor();
  for (const name of ["swarm", "events", "devices"]) {
    await filled(page, name);
    const below = name === "devices" ? 340 : 0;
    await page.evaluate((top) => scrollTo(0, top), below);
    await page.screenshot({ path: join(PICTURES, `page-${name}.png`) });
  }
  const dark = { ...options, colorScheme: "dark", viewport: { width: 400, height: 720 } };
  const small = await shown(context, office, dark);
  await small.screenshot({ path: join(PICTURES, "page-small.png") });
  await unharmed(page);
});
