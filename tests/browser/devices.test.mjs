/** Devices: letting them in, sending them away, putting them out. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../swarmlet-node.mjs";
import { section, shown, unharmed } from "./browser.mjs";
import { Device, founder, joiner } from "./device.mjs";

async function addressOf(device) {
  const [{ listening }] = await device.command("status");
  return listening[0];
}

test("a device that asks is let in by who compares the codes", async (context) => {
  const issuer = await founder(context);
  const page = await shown(context, issuer);
  await section(page, "devices");
  const tablet = await Device.started(context);
  const address = await addressOf(issuer);
  const asking = await tablet.begun("swarm", "ask", address, "--device", "tablet");
  const code = `${asking.row.code.slice(0, 3)} ${asking.row.code.slice(3)}`;
  await page.getByText("1 waits").waitFor();
  await page.getByRole("button", { name: `Let in tablet, which shows ${code}` }).click();
  const dialog = page.getByRole("dialog", { name: `Does it show ${code}?` });
  await dialog.getByLabel("Name of the device").fill("hall tablet");
  await dialog.getByLabel("Rights").fill("r:*");
  await dialog.getByRole("button", { name: `It shows ${code}: let it in` }).click();
  assert.deepEqual(await asking.over, [0, null]);
  await page.getByText("hall tablet is in.").waitFor();
  const member = page.locator("#members tr").filter({ hasText: "hall tablet" });
  await member.getByText("r:*").waitFor();
  await page.getByText("Nobody asks to be let in.").waitFor();
  await unharmed(page);
});

test("a device keeps its name as it is, however little of it is shown", async (context) => {
  const issuer = await founder(context);
  const page = await shown(context, issuer);
  await section(page, "devices");
  const [long, cut] = ["W".repeat(64), `${"W".repeat(60)}\u2026`];
  for (const [called, told, filled] of [[long, cut, null], ["press-7", "press-7", ""]]) {
    const device = await Device.started(context);
    const asking = await device.begun("swarm", "ask", await addressOf(issuer), "--device", called);
    await page.getByRole("button", { name: /^Let in / }).click();
    const dialog = page.getByRole("dialog");
    if (filled !== null) await dialog.getByLabel("Name of the device").fill(filled);
    await dialog.getByRole("button", { name: /let it in$/ }).click();
    assert.deepEqual(await asking.over, [0, null]);
    await page.getByText(`${told} is in.`).waitFor();
    const members = await issuer.command("swarm", "members");
    assert.ok(members.some((member) => member.name === called), JSON.stringify(members));
  }
});

test("a device that asks is sent away", async (context) => {
  const issuer = await founder(context);
  const page = await shown(context, issuer);
  await section(page, "devices");
  const stranger = await Device.started(context);
  const asking = await stranger.begun("swarm", "ask", await addressOf(issuer), "--within", "20s");
  const { code } = asking.row;
  await page.getByText(`${code.slice(0, 3)} ${code.slice(3)}`).waitFor();
  await page.getByRole("button", { name: "Send away" }).click();
  await page.getByText("Nobody asks to be let in.").waitFor();
  assert.deepEqual(await issuer.command("swarm", "pending"), []);
  assert.equal((await issuer.command("swarm", "members")).length, 1);
});

test("an invite of the page lets a device in, and none that was withdrawn", async (context) => {
  const issuer = await founder(context);
  const page = await shown(context, issuer);
  await section(page, "devices");
  await page.locator("#invite-name").fill("press-7");
  await page.locator("#invite-labels").fill("hall=2, line=b");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const picture = page.getByRole("img", { name: "The invite as a QR code" });
  await until("the picture is there", () => picture.evaluate((image) => image.naturalWidth > 0));
  const invite = await page.getByRole("textbox", { name: "Invite" }).inputValue();
  const press = await Device.started(context);
  await press.command("swarm", "join", invite, "--device", "press");
  await page.getByRole("heading", { level: 1, name: "In sync with the other device" }).waitFor();
  const member = page.locator("#members tr").filter({ hasText: "press-7" });
  await member.getByText("hall=2, line=b").waitFor();

  await page.getByRole("button", { name: "Withdraw" }).click();
  await page.locator("#invites li").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  const second = await page.getByRole("textbox", { name: "Invite" }).inputValue();
  await page.getByRole("button", { name: "Withdraw" }).click();
  await page.locator("#invites li").waitFor({ state: "detached" });
  const late = await Device.started(context);
  await assert.rejects(late.command("swarm", "join", second, "--within", "5s"));
  await unharmed(page);
});

test("invites are twenty at most, and none is lost sight of while it is good", async (context) => {
  const issuer = await founder(context);
  const page = await shown(context, issuer);
  await section(page, "devices");
  const make = page.getByRole("button", { name: "Invite", exact: true });
  const invites = page.locator("#invites li");
  for (let count = 0; count < 20; count += 1) {
    await page.locator("#invite-name").fill(`press-${count}`);
    await make.click();
    await page.getByRole("heading", { name: `press-${count}`, exact: true }).waitFor();
  }
  await page.getByText("20 invites are here.").waitFor();
  assert.equal(await make.isDisabled(), true);
  // Nor does the keyboard make another one.
  await page.locator("#invite-name").press("Enter");
  await page.waitForResponse("**/page/v1/state");
  assert.equal(await invites.count(), 20);
  const oldest = invites.filter({ has: page.getByRole("heading", { name: "press-0" }) });
  await oldest.getByRole("button", { name: "Withdraw" }).click();
  await page.getByText("The invite was withdrawn.").waitFor();
  await page.getByText("20 invites are here.").waitFor({ state: "hidden" });
  await make.click();
  await until("there is room for another one", async () => (await invites.count()) === 20);
  await unharmed(page);
});

test("what an invite may not say is told", async (context) => {
  const issuer = await founder(context);
  const page = await shown(context, issuer);
  await section(page, "devices");
  await page.locator("#invite-rights").fill("everything");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByText("There is no invite.").waitFor();
});

test("a member is put out, after a question", async (context) => {
  const issuer = await founder(context);
  await joiner(context, issuer, "tablet");
  const page = await shown(context, issuer);
  await section(page, "devices");
  const button = page.getByRole("button", { name: "Put out tablet" });
  await button.click();
  const dialog = page.getByRole("dialog", { name: "Put out tablet?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await issuer.command("swarm", "members")).some((one) => one.isRevoked), false);
  await button.click();
  await dialog.getByLabel("Why").fill("lost on the train");
  await dialog.getByRole("button", { name: "Put out" }).click();
  await page.locator("#members tr").filter({ hasText: "put out" }).waitFor();
  assert.equal((await issuer.command("swarm", "members")).some((one) => one.isRevoked), true);
  await page.getByRole("heading", { level: 1, name: "Alone in the swarm" }).waitFor();
});

test("who may not let anybody in is told so", async (context) => {
  const issuer = await founder(context);
  const member = await joiner(context, issuer, "press-7");
  const page = await shown(context, member);
  await section(page, "devices");
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByText("There is no invite.").waitFor();
  assert.equal(await page.locator("#invites li").count(), 0);
});
