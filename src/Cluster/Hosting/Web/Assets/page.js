// The page of a running cluster. It is told everything by /events: "whole" once, then "change". What comes from the cluster is only ever text.
import { Chart, nearest, short } from "/charts.js";

const by = id => document.getElementById(id);
const state = { job: null, steps: [], bands: [], events: [], members: null, jobs: null, ring: null, needle: null, trouble: null };
const mostSteps = 20000;
const mostEvents = 200;
const charts = [new Chart(by("loss"), by("loss-at"), 1, ""), new Chart(by("rate"), by("rate-at"), 3, " tokens/s"), new Chart(by("norm"), by("norm-at"), 2, "")];
const dirty = new Set();
let planned = false;

function plan(...parts) {
  for (const part of parts) dirty.add(part);
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    const parts = [...dirty];
    dirty.clear();
    for (const part of parts) painters[part]();
    for (const chart of charts) chart.draw();
  });
}

function addStep(row) {
  const last = state.steps.at(-1);
  if (last && row[0] <= last[0]) {
    state.bands.push([row[0], last[0]]);
    state.steps.length = state.steps[0][0] < row[0] ? nearest(state.steps, row[0] - 1) + 1 : 0;
  }
  state.steps.push(row);
  // Twice as coarse: of four updates those with the least and the greatest loss stay.
  if (state.steps.length > mostSteps) {
    const kept = [];
    let at = 0;
    for (; at + 4 < state.steps.length; at += 4) {
      const four = state.steps.slice(at, at + 4).sort((a, b) => a[1] - b[1]);
      kept.push(...[four[0], four[3]].sort((a, b) => a[0] - b[0]));
    }
    state.steps = kept.concat(state.steps.slice(at));
  }
}

function take(news) {
  for (const topic of ["members", "jobs", "ring", "needle", "trouble"]) {
    if (topic in news) {
      state[topic] = news[topic];
      plan(topic);
    }
  }
  if (news.events?.length) {
    state.events = state.events.concat(news.events).slice(-mostEvents);
    plan("events");
  }
  if (news.steps?.length || news.recoveries) plan("curves");
}

function connect() {
  const source = new EventSource("/events");
  source.addEventListener("open", () => setLink("live", "live"));
  source.addEventListener("whole", event => {
    const news = JSON.parse(event.data);
    Object.assign(state, { job: news.job, steps: news.steps, bands: news.recoveries, events: [] });
    take(news);
    plan("events", "jobs", "curves");
  });
  source.addEventListener("change", event => {
    const news = JSON.parse(event.data);
    for (const row of news.steps) addStep(row);
    take(news);
  });
  source.addEventListener("error", () => {
    setLink("lost", "no answer from the seed; trying again");
    // A refused stream ends for good; one that broke is taken up again by the browser.
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(connect, 3000);
    }
  });
}

function setLink(kind, text) {
  const link = by("link");
  link.className = kind;
  if (link.textContent !== text) link.textContent = text;
}

function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

// Rows are changed in place: what is selected or scrolled stays as it is.
function fill(table, columns, rows, classOf) {
  if (!table.tHead) {
    const head = table.createTHead().insertRow();
    for (const [title, , kind] of columns) {
      const cell = element("th", title, kind);
      cell.scope = "col";
      head.append(cell);
    }
    table.createTBody();
  }
  const body = table.tBodies[0];
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach((row, index) => {
    const line = body.rows[index] ?? body.insertRow();
    line.className = classOf?.(row) ?? "";
    columns.forEach(([, value, kind], at) => {
      const cell = line.cells[at] ?? line.insertCell();
      cell.className = kind ?? "";
      setText(cell, String(value(row)));
    });
  });
}

const words = text => text.replaceAll("_", " ");
const count = number => number.toLocaleString("en");
const share = part => part === null ? "–" : `${Math.round(part * 100)} %`;
const ms = value => value === null ? "–" : value >= 1000 ? `${short(value / 1000)} s` : `${short(value)} ms`;

function span(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.round(seconds % 60)).padStart(2, "0")} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds % 3600 / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  for (; bytes >= 1024 && at < units.length - 1; at++) bytes /= 1024;
  return `${short(bytes)} ${units[at]}`;
}

function pace() {
  const times = state.steps.slice(-20).map(row => row[4]).filter(seconds => seconds !== null);
  return times.length ? times.reduce((sum, seconds) => sum + seconds, 0) / times.length : null;
}

const memberColumns = [
  ["name", row => row.name], ["role", row => row.role], ["state", row => row.state + (row.unreachable ? ", unreachable" : "")], ["rank", row => row.rank < 0 ? "–" : row.rank, "n"],
  ["phase", row => row.role === "seed" ? "–" : words(row.phase)], ["updates", row => row.role === "seed" ? "–" : count(row.steps), "n"],
  ["heard", row => row.heard_s === null ? "–" : row.heard_s < 1 ? "now" : `${span(row.heard_s)} ago`, "n"], ["", row => row.reason, "long"],
];
const degraded = row => row.durability === "degraded" ? `no TrainingCheckpoint since update ${count(row.degraded_since)}, for ${span(row.degraded_s)}: ${row.degraded_cause}` : "";
const jobColumns = [
  ["job", row => row.job], ["name", row => row.name], ["state", row => words(row.state)], ["updates", row => `${count(row.steps)} of ${count(row.wanted)}`, "n"],
  ["checkpoint", row => row.checkpoint ? count(row.checkpoint) : "–", "n"], ["durability", row => row.durability], ["ranks", row => `${row.ranks} of ${row.ranks_wanted}`, "n"], ["losses", row => row.losses, "n"], ["", row => row.verdict || degraded(row), "long"],
];
const ringColumns = [
  ["rank", row => row.rank, "n"], ["member", row => row.member], ["phase", row => words(row.phase)], ["updates", row => count(row.steps), "n"], ["sends to", row => row.to, "n"],
  ["hops", row => count(row.hops), "n"], ["p50", row => ms(row.p50_ms), "n"], ["p99", row => ms(row.p99_ms), "n"], ["moved", row => size(row.bytes), "n"],
  ["overlap", row => share(row.overlap), "n"], ["own work", row => row.work_ms ? ms(row.work_ms) + (row.slow ? `, ${short(row.slow)} × as usual` : "") : "–", "n"], ["waits", row => row.waits, "long"],
];

const painters = {
  curves() {
    const wanted = Number(by("span").value);
    const last = state.steps.at(-1);
    const from = wanted && last && state.steps[0][0] < last[0] - wanted ? nearest(state.steps, last[0] - wanted) + 1 : 0;
    for (const chart of charts) chart.show(state.steps, state.bands, from);
    painters.jobs();
  },

  jobs() {
    const rows = state.jobs?.rows ?? [];
    fill(by("jobs"), jobColumns, rows, row => row.state === "failed" ? "bad" : row.durability === "degraded" || row.state.startsWith("paus") ? "warn" : "");
    const job = rows.find(row => row.state === "running" || row.state === "pausing") ?? rows.find(row => row.job === state.job) ?? rows[0];
    if (!job) return;
    const last = job.job === state.job ? state.steps.at(-1) : null;
    const done = Math.max(job.steps, last && job.state === "running" ? last[0] : 0);
    setText(by("job-title"), `${job.job}: ${job.name}, ${words(job.state)}`);
    document.title = `${share(done / job.wanted)} ${job.name} · ActorRing`;
    by("job-progress").max = job.wanted;
    by("job-progress").value = done;
    setText(by("job-share"), share(done / job.wanted));
    const left = job.state === "running" && last ? (job.wanted - done) * pace() : null;
    const figures = [
      ["updates", `${count(done)} of ${count(job.wanted)}`], ["time left", span(left)], ["loss", last ? short(last[1]) : "–"], ["tokens/s", last ? short(last[3]) : "–"],
      ["gradient norm", last ? short(last[2]) : "–"], ["update", last ? ms(last[4] * 1000) : "–"], ["waits", last ? share(last[5]) : "–"], ["checkpoint", job.checkpoint ? count(job.checkpoint) : "–"], ["durability", job.durability],
      ["epoch", job.epoch], ["ranks", `${job.ranks} of ${job.ranks_wanted}`], ["ranks lost", String(job.losses)], ["submitted", job.submitted_s === null ? "–" : `${span(job.submitted_s)} ago`],
    ];
    const list = by("job-figures");
    figures.forEach(([name, value], at) => {
      const pair = list.children[at] ?? list.appendChild(element("div"));
      if (!pair.children.length) pair.append(element("dt"), element("dd"));
      setText(pair.children[0], name);
      setText(pair.children[1], value);
    });
    setText(by("job-verdict"), job.verdict || degraded(job));
  },

  members() {
    const { rows, term, up_s: up } = state.members;
    fill(by("members"), memberColumns, rows, row => row.state === "down" || row.state === "removed" ? "bad" : row.unreachable ? "warn" : "");
    const ranks = rows.filter(row => row.role === "rank");
    setText(by("cluster"), `${ranks.filter(row => row.state === "up").length} of ${ranks.filter(row => row.state !== "removed").length} members up · seed up for ${span(up)} · term ${term}`);
  },

  ring() {
    const { ranks, late_hops: lateHops, outcomes, late } = state.ring;
    setText(by("ring-line"), ranks.length ? `${state.ring.job} · ${state.ring.mode} · epoch ${state.ring.epoch} · ${words(state.ring.phase)}` : "no ring");
    fill(by("ring"), ringColumns, ranks, row => row.rank === late ? "bad" : row.slow ? "warn" : "");
    drawRing(ranks, late);
    const lines = [
      ...lateHops.map(hop => [hop.ago_s, "late", `late: rank ${hop.culprit} (${hop.member}); rank ${hop.waiter} waited at ${hop.hop}, epoch ${hop.epoch}`]),
      ...outcomes.map(end => [end.ago_s, end.cause === "operator" ? "" : "ended", `${end.job} epoch ${end.epoch} ended at update ${end.steps}: ${words(end.cause)}${end.reason ? `: ${end.reason}` : ""}`]),
    ].sort((a, b) => a[0] - b[0]);
    fillList(by("ledger"), lines.length ? lines.map(([ago, kind, text]) => [`${span(ago)} ago`, kind, text]) : [["", "", "nothing was late, no epoch has ended"]]);
  },

  events() {
    fillList(by("events"), state.events.toReversed().map(entry => [new Date(entry.at_ms).toLocaleTimeString("en-GB"), entry.kind, entry.text]));
  },

  trouble() {
    setLink(state.trouble ? "" : "live", state.trouble ?? "live");
  },

  needle() {
    by("needle-section").hidden = !state.needle;
    if (!state.needle) return;
    const { name, cells } = state.needle;
    setText(by("needle-title"), `Needle test: ${name}, ${cells.length} cells so far`);
    const lengths = [...new Set(cells.map(cell => cell.tokens))].sort((a, b) => a - b);
    const depths = [...new Set(cells.map(cell => cell.depth))].sort((a, b) => a - b);
    const table = by("needle");
    table.replaceChildren();
    const head = table.createTHead().insertRow();
    for (const title of ["depth \\ tokens", ...lengths.map(count)]) {
      const cell = element("th", title);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const depth of depths) {
      const row = body.insertRow();
      const title = element("th", `${depth} %`);
      title.scope = "row";
      row.append(title);
      for (const length of lengths) {
        const found = cells.findLast(cell => cell.tokens === length && cell.depth === depth);
        const cell = element("td", found ? short(found.score) : "", "cell");
        if (found) cell.style.backgroundColor = `hsl(${Math.round(found.score * 130)} 62% 66%)`;
        row.append(cell);
      }
    }
  },
};

function fillList(list, lines) {
  while (list.children.length > lines.length) list.lastChild.remove();
  lines.forEach(([when, kind, text], at) => {
    const item = list.children[at] ?? list.appendChild(element("li"));
    if (!item.children.length) item.append(element("time"), element("span"));
    item.children[1].className = kind;
    setText(item.children[0], when);
    setText(item.children[1], text);
  });
}

let drawn = "";

function drawRing(ranks, late) {
  const drawing = by("ring-drawing");
  drawing.toggleAttribute("hidden", ranks.length === 0 || ranks.length > 32);
  const shape = JSON.stringify([late, ranks.map(row => [row.rank, row.to, row.phase])]);
  if (shape === drawn) return;
  drawn = shape;
  const svg = (name, attributes, text) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  drawing.replaceChildren();
  if (ranks.length > 32) return;
  const radius = 92;
  const angle = at => at / ranks.length * 2 * Math.PI - Math.PI / 2;
  const place = turn => [120 + radius * Math.cos(turn), 120 + radius * Math.sin(turn)];
  drawing.append(svg("circle", { class: "way", cx: 120, cy: 120, r: radius }));
  const places = new Map(ranks.map((row, at) => [row.rank, at]));
  ranks.forEach((row, at) => {
    const to = places.get(row.to);
    // An arrow half way along the ring, for the neighbour; other neighbours are in the table.
    if (to !== undefined && ranks.length > 1 && (to === (at + 1) % ranks.length || to === (at - 1 + ranks.length) % ranks.length)) {
      const way = to === (at + 1) % ranks.length ? 1 : -1;
      const turn = angle(at) + way * Math.PI / ranks.length;
      const [x, y] = place(turn);
      const degrees = (turn + way * Math.PI / 2) * 180 / Math.PI;
      drawing.append(svg("path", { d: "M-5,-5 L6,0 L-5,5 Z", transform: `translate(${x} ${y}) rotate(${degrees})` }));
    }
  });
  ranks.forEach((row, at) => {
    const [x, y] = place(angle(at));
    const dot = svg("g", { class: row.rank === late ? "late" : row.phase === "training" || row.phase === "parked" ? "" : "off" });
    dot.append(svg("circle", { class: "rank", cx: x, cy: y, r: ranks.length > 16 ? 9 : 15 }), svg("text", { x, y }, String(row.rank)));
    drawing.append(dot);
  });
}

by("span").addEventListener("change", () => plan("curves"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new ResizeObserver(redraw).observe(document.body);

function redraw() {
  for (const chart of charts) chart.dirty = true;
  plan();
}

plan("curves");
connect();
