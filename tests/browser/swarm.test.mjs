/** The swarm: who is there, what is missing, and a node that does not answer. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { until } from "../swarmlet-node.mjs";
import { section, shown, unharmed } from "./browser.mjs";
import { founder, joiner } from "./device.mjs";

const PAGE = new URL("../../core/gateway/page/", import.meta.url);
const headline = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

test("a device that is cut off is missed, and found again", async (context) => {
  const first = await founder(context);
  const second = await joiner(context, first, "press-7");
  const third = await joiner(context, first, "tablet");
  const page = await shown(context, first);
  await headline(page, "In sync with 2 of 2 other devices");
  const node = (name) => page.locator("#topology .node").filter({ hasText: name });
  await node("press-7").waitFor();
  await node("tablet").waitFor();
  // How long an answer takes is known when there was one.
  await page.locator("#topology .trip").filter({ hasText: /\d.(\u00b5s|ms)/ }).first().waitFor();

  second.freeze();
  await headline(page, "In sync with 1 of 2 other devices");
  // Who listens is told, too.
  const told = page.locator("[aria-live]");
  assert.equal(await told.textContent(), "In sync with 1 of 2 other devices");
  await page.locator("#away").getByText("press-7").waitFor();
  assert.equal(await node("press-7").count(), 0);
  third.freeze();
  await headline(page, "Alone: none of 2 other devices is reached");
  await first.publish({ while: "alone" }, "press:7");
  second.thaw();
  third.thaw();
  await headline(page, "In sync with 2 of 2 other devices");
  await node("press-7").waitFor();
  await unharmed(page);
});

test("a node that does not answer is told of, and so is that it does again", async (context) => {
  const device = await founder(context);
  const page = await shown(context, device);
  await section(page, "live");
  await page.getByText("Live.", { exact: true }).waitFor();
  const lost = page.getByRole("alert").filter({ hasText: "The node does not answer" });
  device.freeze();
  await lost.waitFor();
  device.thaw();
  await lost.waitFor({ state: "hidden" });
  await device.publish({ mark: "after all" }, "press:7");
  await page.locator("#tail").getByText("after all").waitFor();
  await unharmed(page);
});

test("streams and blobs are shown, stored, taken along and taken back", async (context) => {
  const device = await founder(context);
  await device.publish(1, "a");
  const page = await shown(context, device);
  await section(page, "streams");
  await page.locator("#streams-rows tr").filter({ hasText: "office" }).waitFor();
  await section(page, "blobs");
  const buffer = Buffer.from("<script>window.__pwned = 1</script>");
  const file = { name: "plan.html", mimeType: "text/html", buffer };
  await page.getByLabel("File").setInputFiles(file);
  await page.getByRole("button", { name: "Upload" }).click();
  const row = page.locator("#blobs-rows tr");
  await row.getByText("plan.html").waitFor();
  const download = page.waitForEvent("download");
  await row.getByRole("button", { name: "Download" }).click();
  const stream = await (await download).createReadStream();
  assert.equal((await stream.toArray()).join(""), buffer.toString());
  await row.getByRole("button", { name: "Take back" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await row.waitFor({ state: "detached" });
  assert.deepEqual(await device.command("blobs", "ls"), []);
  await unharmed(page);
});

test("a tab that nobody sees does not ask for blobs", async (context) => {
  const device = await founder(context);
  const page = await shown(context, device);
  let questions = 0;
  page.on("request", (request) => (questions += request.url().endsWith("/blobs") ? 1 : 0));
  await page.clock.install();
  await section(page, "blobs");
  await until("a question", () => questions > 0);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
  });
  const before = questions;
  await page.clock.runFor(60_000);
  assert.equal(questions, before);
  await page.evaluate(() => delete document.hidden);
  await page.clock.runFor(6_000);
  await until("another question", () => questions > before);
  await unharmed(page);
});

test("measurements are drawn", async (context) => {
  const device = await founder(context);
  const page = await shown(context, device);
  const told = page.waitForResponse("**/page/v1/state");
  await section(page, "metrics");
  const { counters, gauges } = await (await told).json();
  const texts = JSON.parse(readFileSync(new URL("en.json", PAGE), "utf8"));
  const names = Object.keys({ ...counters, ...gauges });
  await until("all charts", async () => (await page.locator(".chart").count()) === names.length);
  const titles = await page.locator(".chart h3").allTextContents();
  assert.deepEqual(titles.sort(), names.map((name) => texts[`metric.${name}`]).sort());
  const chart = page.getByRole("img", { name: /^Events published here: now/ });
  await chart.waitFor();
  await device.publish(1, "a");
  await page.getByRole("img", { name: /^Events published here: .*at most (0\.|1)/ }).waitFor();
  assert.ok((await chart.locator(".line").getAttribute("d")).startsWith("M"));
});
