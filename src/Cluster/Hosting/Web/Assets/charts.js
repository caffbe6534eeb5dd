// Line charts on canvases: one column of pixels is drawn once, whatever lies in it, so that ten thousand updates cost what a thousand do.

const margin = { left: 54, right: 10, top: 8, bottom: 22 };

export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toPrecision(4)} M`;
  if (size >= 1e4) return `${+(value / 1e3).toPrecision(4)} k`;
  if (size !== 0 && size < 1e-3) return value.toExponential(2);
  return String(+value.toPrecision(4));
}

// Round steps: 1, 2 or 5 times a power of ten.
export function ticks(least, greatest, most) {
  if (!(greatest > least)) return [least];
  const rough = (greatest - least) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(factor => factor * power).find(candidate => candidate >= rough);
  const first = Math.ceil(least / step - 1e-9);
  const marks = [];
  for (let at = first; at * step <= greatest + step * 1e-9; at++) marks.push(+(at * step).toPrecision(12));
  return marks;
}

export class Chart {
  constructor(canvas, readout, column, unit) {
    Object.assign(this, { canvas, readout, column, unit, steps: [], bands: [], from: 0, cursor: null, dirty: true });
    canvas.addEventListener("pointermove", event => this.point(event));
    canvas.addEventListener("pointerleave", () => this.setCursor(null));
    canvas.addEventListener("blur", () => this.setCursor(null));
    canvas.addEventListener("keydown", event => this.key(event));
    new ResizeObserver(() => { this.dirty = true; }).observe(canvas);
  }

  show(steps, bands, from) {
    const row = this.cursor === null ? null : this.steps[this.cursor];
    Object.assign(this, { steps, bands, from, dirty: true });
    if (row) this.cursor = steps.length ? nearest(steps, row[0]) : null;
    this.say();
  }

  say() {
    const row = this.cursor === null ? this.steps.at(-1) : this.steps[this.cursor];
    const text = row ? `update ${row[0].toLocaleString("en")}: ${short(row[this.column])}${this.unit}${row[6] ? " (done again)" : ""}` : "";
    if (this.readout.textContent !== text) this.readout.textContent = text;
  }

  setCursor(at) {
    if (at === this.cursor) return;
    this.cursor = at;
    this.dirty = true;
    this.say();
  }

  point(event) {
    if (this.steps.length <= this.from) return;
    const share = (event.offsetX - margin.left) / (this.canvas.clientWidth - margin.left - margin.right);
    const [first, last] = [this.steps[this.from][0], this.steps.at(-1)[0]];
    this.setCursor(Math.max(this.from, nearest(this.steps, first + share * (last - first))));
  }

  key(event) {
    const last = this.steps.length - 1;
    const at = this.cursor ?? last;
    const jump = Math.max(1, Math.round((last - this.from) / 50));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, PageUp: at - jump, PageDown: at + jump, Home: this.from, End: last }[event.key];
    if (to === undefined || last < 0) {
      if (event.key === "Escape") this.setCursor(null);
      return;
    }
    event.preventDefault();
    this.setCursor(Math.min(last, Math.max(this.from, to)));
  }

  draw() {
    if (!this.dirty) return;
    this.dirty = false;
    const { canvas, steps, column } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const g = canvas.getContext("2d");
    const style = getComputedStyle(document.documentElement);
    const color = name => style.getPropertyValue(name);
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    g.font = "11px system-ui, sans-serif";
    const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom];
    let [least, greatest] = [Infinity, -Infinity];
    for (let at = this.from; at < steps.length; at++) {
      const value = steps[at][column];
      if (value === null) continue;
      if (value < least) least = value;
      if (value > greatest) greatest = value;
    }
    g.strokeStyle = color("--line");
    g.strokeRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1);
    if (least > greatest) {
      g.fillStyle = color("--soft");
      g.textAlign = "center";
      g.fillText("no updates yet", (left + right) / 2, (top + bottom) / 2);
      return;
    }
    const room = (greatest - least) * 0.06 || Math.abs(greatest) * 0.05 || 1;
    least -= room;
    greatest += room;
    const first = steps[this.from][0];
    const last = Math.max(first + 1, steps.at(-1)[0]);
    const x = step => left + (step - first) / (last - first) * (right - left);
    const y = value => bottom - (value - least) / (greatest - least) * (bottom - top);

    g.textBaseline = "middle";
    g.textAlign = "right";
    for (const mark of ticks(least, greatest, 4)) {
      g.strokeStyle = color("--grid");
      line(g, left, y(mark), right, y(mark));
      g.fillStyle = color("--soft");
      g.fillText(short(mark), left - 6, y(mark));
    }
    g.textBaseline = "top";
    for (const mark of ticks(first, last, Math.max(2, Math.floor((right - left) / 60))).filter(Number.isInteger)) {
      const text = mark.toLocaleString("en");
      const half = g.measureText(text).width / 2;
      g.textAlign = "center";
      g.fillText(text, Math.min(right - half, Math.max(left + half, x(mark))), bottom + 6);
    }
    g.fillStyle = color("--band");
    for (const [from, to] of this.bands) {
      const [start, end] = [Math.max(left, x(from)), Math.min(right, x(to))];
      if (end >= left) g.fillRect(start, top, Math.max(2, end - start), bottom - top);
    }
    g.strokeStyle = color("--ink");
    g.lineWidth = 1.5;
    g.lineJoin = "round";
    curve(g, steps, this.from, column, x, y);
    g.lineWidth = 1;
    const row = this.cursor === null ? steps.at(-1) : steps[this.cursor];
    if (this.cursor !== null && row && row[0] >= first) {
      g.strokeStyle = color("--soft");
      line(g, x(row[0]), top, x(row[0]), bottom);
    }
    if (row && row[column] !== null && row[0] >= first) {
      g.fillStyle = color("--ink");
      g.beginPath();
      g.arc(x(row[0]), y(row[column]), 3, 0, 7);
      g.fill();
    }
  }
}

// The mean of each column as a line, and behind it, paler, from the least to the greatest. Where a value is missing the line ends.
function curve(g, steps, from, column, x, y) {
  const means = new Path2D();
  const spans = new Path2D();
  let open = false;
  for (let at = from; at < steps.length;) {
    const pixel = Math.floor(x(steps[at][0]));
    let [sum, values, low, high, gap] = [0, 0, Infinity, -Infinity, false];
    for (; at < steps.length && Math.floor(x(steps[at][0])) === pixel; at++) {
      const value = steps[at][column];
      gap ||= value === null;
      if (value === null) continue;
      sum += value;
      values++;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    open &&= !gap;
    if (values === 0) continue;
    const place = x(steps[at - 1][0]);
    if (open) means.lineTo(place, y(sum / values));
    else means.moveTo(place, y(sum / values));
    if (low < high) {
      spans.moveTo(place, y(low));
      spans.lineTo(place, y(high));
    }
    open = !gap;
  }
  g.globalAlpha = 0.4;
  g.stroke(spans);
  g.globalAlpha = 1;
  g.stroke(means);
}

function line(g, fromX, fromY, toX, toY) {
  g.beginPath();
  g.moveTo(fromX, fromY);
  g.lineTo(toX, toY);
  g.stroke();
}

// Where the update is, or the one before it.
export function nearest(steps, step) {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (steps[middle][0] <= step) low = middle;
    else high = middle - 1;
  }
  return low;
}
