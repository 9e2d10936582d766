"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const [canvas, search, details] = ["picture", "search", "details"].map(byId);
const paint = canvas.getContext("2d");
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();

// Types, each with a colour: hues as far apart as they can be.
const types = [...new Set(data.nodes.map((node) => node.type))].sort();
const hue = new Map(types.map((type, at) => [type, Math.round((at * 360) / types.length)]));
const fill = (type, light = 52) => `hsl(${hue.get(type)} 60% ${light}%)`;

// Nodes begin on a spiral, those of a type side by side, so that every drawing of the same graph is the same.
const nodes = data.nodes.map((node, at) => {
  const turn = at * 2.399963, far = 14 * Math.sqrt(at + 1);
  return { ...node, x: far * Math.cos(turn), y: far * Math.sin(turn), vx: 0, vy: 0, out: [], in: [], shown: true, hit: false };
});
const place = new Map(nodes.map((node) => [node.id, node]));
const edges = [];
for (const { from, to, via } of data.edges) {
  const edge = { from: place.get(from), to: place.get(to), via };
  edge.from.out.push(edge);
  edge.to.in.push(edge);
  if (edge.from !== edge.to) edges.push(edge);
}
for (const node of nodes) {
  node.degree = node.out.length + node.in.length;
  node.size = 4 + Math.min(10, Math.sqrt(node.degree));
  node.text = (node.type + " " + node.key + " " + JSON.stringify(node.model)).toLowerCase();
  const name = node.model && node.model.Tags && node.model.Tags.Name;
  node.label = name && name !== node.key && /^[a-z]+-[0-9a-f]{8,}$/.test(node.key) ? name : node.key.split("/").slice(-2).join("/");
}

// The layout: nodes push each other away by cells of a grid, references pull, and it cools.
const layout = { heat: 1, cell: 90 };
function step() {
  const grid = new Map();
  for (const node of nodes) {
    const name = Math.floor(node.x / layout.cell) + "," + Math.floor(node.y / layout.cell);
    const cell = grid.get(name);
    if (cell) { cell.nodes.push(node); cell.x += node.x; cell.y += node.y; }
    else grid.set(name, { nodes: [node], x: node.x, y: node.y });
  }
  const cells = [...grid.values()];
  for (const cell of cells) { cell.many = cell.nodes.length; cell.x /= cell.many; cell.y /= cell.many; }
  const push = (node, x, y, weight) => {
    let dx = node.x - x, dy = node.y - y;
    const square = dx * dx + dy * dy + 25;
    const force = (1400 * weight) / square;
    node.vx += (dx / Math.sqrt(square)) * force;
    node.vy += (dy / Math.sqrt(square)) * force;
  };
  for (const cell of cells) {
    for (const node of cell.nodes) {
      for (const other of cells) if (other !== cell) push(node, other.x, other.y, other.many);
      for (const other of cell.nodes) if (other !== node) push(node, other.x, other.y, 1);
      node.vx -= node.x * 0.012;
      node.vy -= node.y * 0.012;
    }
  }
  for (const { from, to } of edges) {
    // What many refer to pulls each of them less.
    const strength = 0.5 / Math.sqrt(Math.min(from.degree, to.degree));
    const dx = to.x - from.x, dy = to.y - from.y, far = Math.hypot(dx, dy) || 1;
    const force = ((far - 60) / far) * strength * 0.25;
    from.vx += dx * force; from.vy += dy * force;
    to.vx -= dx * force; to.vy -= dy * force;
  }
  for (const node of nodes) {
    const speed = Math.hypot(node.vx, node.vy), most = 40 * layout.heat;
    const slow = speed > most ? most / speed : 1;
    node.x += node.vx * slow; node.y += node.vy * slow;
    node.vx *= 0.4; node.vy *= 0.4;
  }
  layout.heat *= 0.985;
}

const view = { x: 0, y: 0, scale: 1, moved: false };
let chosen = null;
function fit() {
  const seen = nodes.filter((node) => node.shown);
  if (!seen.length || !canvas.width) return;
  const xs = seen.map((node) => node.x).sort((a, b) => a - b), ys = seen.map((node) => node.y).sort((a, b) => a - b);
  const [left, right, top, bottom] = [xs[0], xs.at(-1), ys[0], ys.at(-1)];
  const wide = canvas.clientWidth, high = canvas.clientHeight;
  view.scale = Math.min(2.5, 0.9 * Math.min(wide / (right - left + 80), high / (bottom - top + 80)));
  view.x = wide / 2 - ((left + right) / 2) * view.scale;
  view.y = high / 2 - ((top + bottom) / 2) * view.scale;
}
function draw() {
  const sharp = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
  if (canvas.width !== Math.round(wide * sharp) || canvas.height !== Math.round(high * sharp)) {
    canvas.width = Math.round(wide * sharp); canvas.height = Math.round(high * sharp);
  }
  paint.setTransform(sharp, 0, 0, sharp, 0, 0);
  paint.clearRect(0, 0, wide, high);
  const at = (node) => [node.x * view.scale + view.x, node.y * view.scale + view.y];
  const near = new Set();
  if (chosen) { near.add(chosen); chosen.out.forEach((e) => near.add(e.to)); chosen.in.forEach((e) => near.add(e.from)); }
  const searching = search.value.trim() !== "";
  const dim = (node) => (chosen && !near.has(node)) || (searching && !node.hit);
  paint.lineWidth = 1;
  for (const edge of edges) {
    if (!edge.from.shown || !edge.to.shown) continue;
    const close = chosen && (edge.from === chosen || edge.to === chosen);
    paint.strokeStyle = close ? colour("--accent") : colour("--edge");
    paint.globalAlpha = close ? 1 : chosen || searching ? 0.2 : 0.5;
    const [x1, y1] = at(edge.from), [x2, y2] = at(edge.to);
    paint.beginPath(); paint.moveTo(x1, y1); paint.lineTo(x2, y2); paint.stroke();
    if (close || view.scale > 0.9) {
      const turn = Math.atan2(y2 - y1, x2 - x1), back = edge.to.size * Math.max(0.6, Math.min(1.4, view.scale)) + 2;
      const x = x2 - back * Math.cos(turn), y = y2 - back * Math.sin(turn);
      paint.beginPath(); paint.moveTo(x, y);
      paint.lineTo(x - 6 * Math.cos(turn - 0.4), y - 6 * Math.sin(turn - 0.4));
      paint.lineTo(x - 6 * Math.cos(turn + 0.4), y - 6 * Math.sin(turn + 0.4));
      paint.fillStyle = paint.strokeStyle; paint.fill();
    }
  }
  const swell = Math.max(0.6, Math.min(1.4, view.scale));
  for (const node of nodes) {
    if (!node.shown) continue;
    const [x, y] = at(node);
    paint.globalAlpha = dim(node) ? 0.3 : 1;
    paint.beginPath(); paint.arc(x, y, node.size * swell, 0, 7);
    paint.fillStyle = node.outcome === "found" ? fill(node.type) : colour("--back");
    paint.fill();
    paint.lineWidth = node === chosen || node.root ? 3 : 1;
    paint.strokeStyle = node === chosen ? colour("--accent") : node.outcome === "found" ? fill(node.type, 38) : "#cf222e";
    paint.stroke();
  }
  // Labels, those of the largest first, wherever there is room.
  paint.font = "11px system-ui, sans-serif";
  paint.textAlign = "center";
  const taken = [];
  const order = nodes.filter((node) => node.shown && !dim(node))
    .sort((a, b) => near.has(b) - near.has(a) || !!b.root - !!a.root || b.degree - a.degree);
  paint.fillStyle = colour("--text");
  paint.globalAlpha = 1;
  for (const node of order.slice(0, 400)) {
    const [x, y] = at(node);
    if (x < -50 || y < -20 || x > wide + 50 || y > high + 20) continue;
    const label = node.label.length > 28 ? node.label.slice(0, 27) + "…" : node.label;
    const half = paint.measureText(label).width / 2 + 3, top = y + node.size * swell + 2;
    const box = [x - half, top, x + half, top + 13];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    paint.fillText(label, x, top + 10);
  }
}
let settled = false;
function frame() {
  const end = performance.now() + 12;
  while (layout.heat > 0.02 && performance.now() < end) step();
  if (layout.heat > 0.02) { if (!view.moved) fit(); draw(); requestAnimationFrame(frame); }
  else { if (!view.moved) fit(); draw(); settled = true; document.body.dataset.settled = "true"; }
}
const redraw = () => { if (settled) requestAnimationFrame(draw); };

function link(edge, node) {
  const line = document.createElement("a");
  line.href = "#";
  const via = document.createElement("small");
  via.textContent = edge.via + " ";
  line.append(via, `${node.type} ${node.key}`);
  line.onclick = (event) => { event.preventDefault(); choose(node, true); };
  return line;
}
function part(title, ...inside) {
  const head = document.createElement("h3");
  head.textContent = title;
  details.append(head, ...inside);
}
function choose(node, go) {
  chosen = node;
  details.hidden = !node;
  details.replaceChildren();
  if (node) {
    const head = document.createElement("h2"), line = document.createElement("p");
    head.textContent = node.key;
    line.textContent = [node.type, node.account, node.region, node.outcome].filter(Boolean).join(" · ");
    details.append(head, line);
    if (node.reason) part("Why", document.createTextNode(node.reason));
    for (const gap of node.gaps || []) part(`${gap.part}: ${gap.outcome}`, document.createTextNode(gap.reason));
    if (node.out.length) part(`Refers to ${node.out.length}`, ...node.out.slice(0, 200).map((edge) => link(edge, edge.to)));
    if (node.in.length) part(`Referred to by ${node.in.length}`, ...node.in.slice(0, 200).map((edge) => link(edge, edge.from)));
    if (node.model) {
      const text = document.createElement("pre");
      text.textContent = JSON.stringify(node.model, null, 2);
      part("Model", text);
    }
    if (go) {
      view.moved = true;
      view.x = canvas.clientWidth / 2 - node.x * view.scale;
      view.y = canvas.clientHeight / 2 - node.y * view.scale;
    }
  }
  redraw();
}
function count() {
  const seen = nodes.filter((node) => node.shown), text = search.value.trim().toLowerCase();
  for (const node of nodes) node.hit = node.shown && text !== "" && node.text.includes(text);
  const hits = nodes.filter((node) => node.hit);
  byId("count").textContent = text ? `${hits.length} of ${seen.length} resources` : `${seen.length} resources, ${data.edges.length} references`;
  redraw();
  return hits;
}
search.oninput = count;
search.onkeydown = (event) => { if (event.key === "Enter") { const [first] = count(); if (first) choose(first, true); } };
byId("fit").onclick = () => { fit(); redraw(); };
document.onkeydown = (event) => {
  if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape") { search.value = ""; search.blur(); count(); choose(null); }
};
function filters(title, names, of, dot) {
  const head = document.createElement("h2");
  head.textContent = title;
  byId("filters").append(head);
  for (const name of names) {
    const label = document.createElement("label"), box = document.createElement("input"), many = document.createElement("span");
    box.type = "checkbox"; box.checked = true; box.dataset.filter = name;
    box.onchange = () => {
      const hidden = new Set([...document.querySelectorAll("#filters input:not(:checked)")].map((it) => it.dataset.filter));
      for (const node of nodes) node.shown = !hidden.has(node.type) && !hidden.has(node.outcome);
      if (chosen && !chosen.shown) choose(null);
      count();
    };
    many.className = "many";
    many.textContent = nodes.filter((node) => of(node) === name).length;
    label.append(box);
    if (dot) { const mark = document.createElement("span"); mark.className = "dot"; mark.style.background = fill(name); label.append(mark); }
    label.append(name, many);
    byId("filters").append(label);
  }
}
filters("Types", types, (node) => node.type, true);
filters("Outcomes", [...new Set(nodes.map((node) => node.outcome))].sort(), (node) => node.outcome, false);

const pointers = new Map();
let dragged = false;
canvas.onpointerdown = (event) => { canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, event); dragged = false; };
canvas.onpointermove = (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
  if (pointers.size === 2) {
    const [other] = [...pointers.values()].filter((it) => it.pointerId !== event.pointerId);
    const far = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    zoom(far(event) / (far(before) || 1), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    pointers.set(event.pointerId, event);
    dragged = true;
  } else if (dragged || Math.hypot(dx, dy) > 4) {
    dragged = view.moved = true;
    view.x += dx; view.y += dy;
    pointers.set(event.pointerId, event);
    redraw();
  }
};
canvas.onpointerup = canvas.onpointercancel = (event) => {
  pointers.delete(event.pointerId);
  if (dragged) return;
  const box = canvas.getBoundingClientRect();
  const x = (event.clientX - box.left - view.x) / view.scale, y = (event.clientY - box.top - view.y) / view.scale;
  let best = null, least = 14 / view.scale;
  for (const node of nodes) {
    const far = Math.hypot(node.x - x, node.y - y) - node.size / view.scale;
    if (node.shown && far < least) { best = node; least = far; }
  }
  choose(best);
};
function zoom(by, clientX, clientY) {
  const box = canvas.getBoundingClientRect(), x = clientX - box.left, y = clientY - box.top;
  const scale = Math.max(0.05, Math.min(8, view.scale * by));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  view.moved = true;
  redraw();
}
canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY * 0.0015), event.clientX, event.clientY); }, { passive: false });
new ResizeObserver(() => { if (!view.moved) fit(); draw(); }).observe(canvas);

byId("title").textContent = document.title;
if (!data.complete) {
  const unseen = data.problems.map((it) => `${it.api} in ${[it.account, it.region].filter(Boolean).join(" ")}: ${it.count} ${it.outcome} (${it.reason})`);
  byId("unseen").hidden = false;
  byId("unseen").textContent = "Not everything was seen. " + unseen.join("; ");
}
count();
frame();
// For tests: where a resource is drawn.
window.whereIs = (key) => { const node = nodes.find((it) => it.key === key); return [node.x * view.scale + view.x, node.y * view.scale + view.y]; };
