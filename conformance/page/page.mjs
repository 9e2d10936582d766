// Opens a page that `dig --format html` wrote in a real browser, uses it, and takes a picture of it.
//   node page.mjs PAGE.html PICTURE.png KEY
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const [page, picture, key] = process.argv.slice(2);
const browser = process.env.CHROMIUM ?? "chromium";
const profile = mkdtempSync(join(tmpdir(), "page-"));
const chromium = spawn(browser, [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0",
  "--remote-debugging-address=127.0.0.1", `--user-data-dir=${profile}`, "--window-size=1400,900", "about:blank",
]);

function fail(problem) {
  console.error(`page: ${problem}`);
  process.exitCode = 1;
}

try {
  const address = await new Promise((found, lost) => {
    let said = "";
    chromium.stderr.on("data", (text) => {
      said += text;
      const line = said.match(/ws:\/\/(127\.0\.0\.1:\d+)\//);
      if (line) found(line[1]);
    });
    chromium.on("error", (error) => lost(new Error(`${browser} does not start: ${error.message}`)));
    chromium.on("exit", () => lost(new Error(`${browser} ended: ${said.slice(0, 300)}`)));
  });
  const targets = await (await fetch(`http://${address}/json/list`)).json();
  const socket = new WebSocket(targets.find((it) => it.type === "page").webSocketDebuggerUrl);
  await new Promise((open) => (socket.onopen = open));
  const waiting = new Map();
  const problems = [];
  let number = 0;
  socket.onmessage = ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (id) waiting.get(id)(error ? Promise.reject(new Error(error.message)) : result);
    if (method === "Runtime.exceptionThrown") problems.push(params.exceptionDetails.exception?.description ?? "an exception");
    if (method === "Log.entryAdded" && params.entry.level === "error") problems.push(params.entry.text);
    if (method === "Network.requestWillBeSent" && !params.request.url.startsWith("file:")) problems.push(`it asks for ${params.request.url}`);
  };
  const send = (method, params = {}) => new Promise((done) => {
    waiting.set(++number, done);
    socket.send(JSON.stringify({ id: number, method, params }));
  });
  const run = async (expression) => {
    const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  for (const domain of ["Runtime", "Log", "Network", "Page"]) await send(`${domain}.enable`);
  await send("Emulation.setDeviceMetricsOverride", { width: 1400, height: 900, deviceScaleFactor: 1, mobile: false });
  await send("Page.navigate", { url: `file://${resolve(page)}` });
  const until = Date.now() + 60_000;
  while (!(await run("document.body?.dataset.settled === 'true'"))) {
    if (Date.now() > until) throw new Error("the layout did not come to rest within a minute");
    await new Promise((later) => setTimeout(later, 100));
  }
  const check = async (what, expression) => ((await run(expression)) ? console.log(`ok: ${what}`) : fail(what));
  const type = (text) => run(`(() => { search.value = ${JSON.stringify(text)}; search.dispatchEvent(new Event("input")); })()`);
  const count = "document.getElementById('count').textContent";
  await check("every resource is drawn", `nodes.length === data.nodes.length && nodes.every((it) => Number.isFinite(it.x + it.y))`);
  await check("no two resources are in one place", `new Set(nodes.map((it) => it.x.toFixed(1) + "," + it.y.toFixed(1))).size === nodes.length`);
  await type(key);
  await check("search finds by key", `parseInt(${count}) >= 1`);
  await type("no such thing at all");
  await check("search says when there is nothing", `parseInt(${count}) === 0`);
  await type("");
  const first = `document.querySelector("#filters input")`;
  await run(`${first}.click()`);
  await check("a filter hides a type", `nodes.filter((it) => it.shown).length < nodes.length && nodes.every((it) => it.shown !== (it.type === ${first}.dataset.filter))`);
  await run(`${first}.click()`);
  await check("and shows it again", `nodes.every((it) => it.shown)`);
  const [x, y] = await run(`(() => { const box = canvas.getBoundingClientRect(), [x, y] = whereIs(${JSON.stringify(key)}); return [box.left + x, box.top + y]; })()`);
  for (const kind of ["mousePressed", "mouseReleased"]) {
    await send("Input.dispatchMouseEvent", { type: kind, x, y, button: "left", clickCount: 1 });
  }
  await check("a click shows the details", `!details.hidden && details.textContent.includes(${JSON.stringify(key)})`);
  await check("and what it refers to", `details.querySelectorAll("a").length > 0`);
  await run(`details.querySelector("a").click()`);
  await check("a link leads on", `chosen && chosen.key !== ${JSON.stringify(key)}`);
  await run(`document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }))`);
  await check("Escape closes them", `details.hidden && chosen === null`);
  await run(`(() => { view.moved = false; choose(nodes.find((it) => it.key === ${JSON.stringify(key)})); fit(); })()`);
  await new Promise((later) => setTimeout(later, 300));
  await run("fit(), draw()");
  const { data } = await send("Page.captureScreenshot", { format: "png" });
  writeFileSync(picture, Buffer.from(data, "base64"));
  for (const problem of problems) fail(problem);
  if (problems.length === 0) console.log("ok: no error, and nothing is loaded from anywhere");
  socket.close();
} catch (error) {
  fail(error.message);
} finally {
  chromium.kill();
  await new Promise((ended) => (chromium.exitCode === null ? chromium.on("exit", ended) : ended()));
  rmSync(profile, { recursive: true, force: true });
}
