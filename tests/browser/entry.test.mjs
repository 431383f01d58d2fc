/** Coming in: links, headers, and who is kept out. */

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";

import { section, shown, tab, unharmed } from "./browser.mjs";
import { founder } from "./device.mjs";

/** An answer of the node to a request with headers that a browser would not let a page write. */
function asked(device, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, device.address), { headers }, (answer) => {
      answer.setEncoding("utf8");
      let text = "";
      answer.on("data", (part) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on("error", reject).end();
  });
}

test("without a link the page says how to get one", async (context) => {
  const device = await founder(context);
  const page = await tab(context, device.address);
  await page.getByRole("heading", { name: "This page needs a link" }).waitFor();
  await page.getByText("swarmlet page", { exact: true }).waitFor();
  assert.equal(await page.locator("#columns").isVisible(), false);
  // A forged link is no better, and the next good one in the same tab is good.
  await page.goto(`${device.address}/#${"A".repeat(200)}`);
  await page.getByText("not good, or no longer").waitFor();
  const link = await device.link();
  await page.goto(`${device.address}/${new URL(link).hash}`);
  await page.locator("#headline").waitFor();
  await unharmed(page);
});

test("the link is not kept in the address, and outlives a reload", async (context) => {
  const device = await founder(context);
  const page = await shown(context, device);
  assert.equal(new URL(page.url()).hash, "");
  await page.reload();
  await page.locator("#headline").waitFor();
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), "Alone in the swarm");
});

test("of a session that is over nothing stays, and nothing is asked", async (context) => {
  const device = await founder(context);
  await device.publish({ mark: "of the swarm" }, "press:7");
  const page = await shown(context, device);
  await section(page, "events");
  await page.locator("#run").click();
  await page.locator("#results").getByText("of the swarm").waitFor();
  await section(page, "devices");
  await page.locator("#invite-form button").click();
  await page.locator("#invites li").waitFor();
  let loads = 0;
  let questions = 0;
  page.on("request", (request) => (loads += request.isNavigationRequest() ? 1 : 0));
  // From now on the node is shown a token as it was never issued, as it is when one has ended.
  await page.route("**/page/v1/*", (route) => {
    questions += 1;
    const headers = { ...route.request().headers(), authorization: `Bearer ${"A".repeat(200)}` };
    return route.continue({ headers });
  });
  await page.getByText("not good, or no longer").waitFor();
  assert.equal(await page.locator("#invites li, #results tr, #members tr").count(), 0);
  assert.equal(await page.locator("#columns").isVisible(), false);
  const asked = questions;
  await page.evaluate(() => new Promise((resolve) => {
    addEventListener("hashchange", resolve);
    location.hash = "#blobs";
  }));
  assert.equal(await page.locator("#columns").isVisible(), false);
  assert.deepEqual({ loads, questions }, { loads: 1, questions: asked });
  await unharmed(page);
});

test("a link of another device is not good here", async (context) => {
  const [device, other] = [await founder(context), await founder(context)];
  const { hash } = new URL(await other.link());
  const page = await tab(context, `${device.address}/${hash}`);
  await page.getByText("not good, or no longer").waitFor();
});

test("other names and other origins are kept out", async (context) => {
  const device = await founder(context);
  const token = new URL(await device.link()).hash.slice(1);
  const good = { Authorization: `Bearer ${token}` };
  const { port } = new URL(device.address);
  const elsewhere = { ...good, Host: `evil.example:${port}` };
  assert.equal((await asked(device, "/page/v1/state", good)).status, 200);
  for (const path of ["/", "/page/main.mjs", "/page/v1/state", "/page/v1/session"]) {
    const foreign = await asked(device, path, elsewhere);
    assert.equal(foreign.status, 403, `${path} at another name`);
    const page = await asked(device, path, { ...good, Origin: "https://evil.example" });
    assert.equal(page.status, 403, `${path} for another origin`);
  }
  for (const authorization of [undefined, "Bearer ", `Bearer ${token.slice(0, -8)}AAAAAAAA`]) {
    const headers = authorization ? { Authorization: authorization } : {};
    const refused = await asked(device, "/page/v1/state", headers);
    assert.equal(refused.status, 401, String(authorization));
    assert.ok(JSON.parse(refused.text).code);
  }
});

test("nothing but the page itself may run in it", async (context) => {
  const device = await founder(context);
  for (const path of ["/", "/page/main.mjs", "/page/style.css", "/page/en.json"]) {
    const { status, headers } = await asked(device, path, { accept: "text/html,*/*;q=0.8" });
    assert.equal(status, 200, path);
    const policy = headers["content-security-policy"];
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'(;|$)/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
  }
});
