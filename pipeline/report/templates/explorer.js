"use strict";
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { units, facets, strings } = data;
const n = units.id.length;
const isPublic = data.edition === "public";
const PAGE = 25, NEAREST = 50, SIMILAR = 10, SEEDS = 100, PRINTED = 500, WAIT = 150;
// Numbers look the same in every language of the page, as in the report.
const whole = count => String(count).replace(/\B(?=(\d{3})+$)/g, count < 10000 ? "" : "\u202f");
const share = value => value.toFixed(2);

// ── words ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const say = (key, values = {}) => strings[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
const counted = (key, count, values = {}) => say(`${key}_${shown(count) === "1" ? "one" : "many"}`, { n: shown(count), ...values });
// A small count of a public edition is not told.
const shown = count => isPublic && count > 0 && count < data.k ? `< ${data.k}` : whole(count);

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "click") node.addEventListener("click", value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined));
  return node;
}

// No machine is certain: what would round to 1 is told as more than .99.
const probability = value => value >= 0.995 ? `> ${share(0.99)}` : share(value);

// ── search by words ────────────────────────────────────────────────────────────────────────────────────────────────

const ALIKE = { "ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ı": "i", "ς": "σ" };
// These scripts set no spaces between words: a word may begin anywhere.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const plain = text => text.toLowerCase().normalize("NFKD").replace(/\p{M}+/gu, "").replace(/[ßøłæœđðıς]/g, letter => ALIKE[letter]);
const words = text => plain(text).match(/[\p{L}\p{N}]+/gu) || [];
const index = new Array(n);
const indexed = i => index[i] ??= units.text[i] === null ? "" : ` ${words(units.text[i]).join(" ")} `;

// A query as the pieces that all must occur: words as beginnings of words, quoted ones as a phrase.
function pieces(query) {
  const found = [];
  for (const [, phrase, word] of query.matchAll(/["“”„«]([^"“”„«»]+)["“”»]|([^\s"“”„«»]+)/gu)) {
    const own = words(phrase ?? word);
    if (own.length) found.push((UNSPACED.test(own[0]) ? "" : " ") + own.join(" ") + (phrase ? " " : ""));
    else if ((phrase ?? word).trim()) found.push({ literal: (phrase ?? word).trim() });
  }
  return found;
}

const holds = (i, piece) => piece.literal ? (units.text[i] || "").includes(piece.literal) : indexed(i).includes(piece);

// The index is made while nobody waits; a search before that makes what it lacks.
function prepare(from = 0) {
  const end = Math.min(n, from + 500);
  for (let i = from; i < end; i++) indexed(i);
  if (end < n) (window.requestIdleCallback || setTimeout)(() => prepare(end));
}

// ── likeness ───────────────────────────────────────────────────────────────────────────────────────────────────────

// Made when first asked for: bytes, row after row, and the row of each unit (-1 for none).
const meaning = once(() => {
  const text = atob(data.vectors.base64), bytes = new Int8Array(text.length), row = new Int32Array(n).fill(-1);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  data.vectors.rows.forEach((unit, place) => { row[unit] = place; });
  return { bytes, row, d: data.vectors.dimensions };
});
const placed = i => Boolean(data.vectors) && meaning().row[i] >= 0;

function once(work) {
  let done, value;
  return () => { if (!done) { value = work(); done = true; } return value; };
}

function centre(seeds) {
  const { bytes, row, d } = meaning(), sum = new Float32Array(d);
  for (const seed of seeds) for (let k = 0; k < d; k++) sum[k] += bytes[row[seed] * d + k];
  return sum;
}

// The units nearest to the seeds' centre by cosine, nearest first, without the seeds.
function nearest(seeds, candidates, limit) {
  const { bytes, row, d } = meaning(), target = centre(seeds), without = new Set(seeds), found = [];
  const length = Math.hypot(...target) || 1;
  for (const i of candidates) {
    if (without.has(i) || row[i] < 0) continue;
    let dot = 0, own = 0;
    for (let k = 0, at = row[i] * d; k < d; k++, at++) { dot += target[k] * bytes[at]; own += bytes[at] * bytes[at]; }
    if (dot > 0) found.push([i, dot / (length * Math.sqrt(own))]);
  }
  return found.sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
}

// ── state: it stands in the address, so that it can be linked to and gone back from ─────────────────────────────────

const at = new Map(units.id.map((id, i) => [id, i]));
let state;

function read() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const area = (asked.get("area") || "").split(",").map(Number);
  return {
    q: asked.get("q") || "", u: asked.get("u") || "", like: asked.get("like") || "", sort: asked.get("sort") || "",
    page: Math.max(1, parseInt(asked.get("page"), 10) || 0) * (asked.has("page") ? 1 : 0),
    area: area.length === 4 && area.every(Number.isFinite) ? area : null,
    chosen: facets.map(facet => new Set(asked.getAll(facet.key).map(key => facet.values.findIndex(v => v[0] === key)).filter(i => i >= 0))),
  };
}

function address(of) {
  const asked = new URLSearchParams();
  for (const key of ["q", "like", "sort", "u"]) if (of[key]) asked.set(key, of[key]);
  facets.forEach((facet, f) => { for (const v of [...of.chosen[f]].sort((a, b) => a - b)) asked.append(facet.key, facet.values[v][0]); });
  if (of.area) asked.set("area", of.area.join(","));
  if (of.page > 1 || (of.page && of.u)) asked.set("page", of.page);
  return `#${asked}`;
}

function go(changes, replace = false) {
  clearTimeout(typing);
  const next = { ...state, page: 0, u: "", ...changes };
  const hash = address(next);
  if (hash !== address(state)) history[replace ? "replaceState" : "pushState"](null, "", hash);
  state = next;
  render();
}

const arrived = () => { state = read(); render(); if (state.u) settle(); };

// ── what is found ──────────────────────────────────────────────────────────────────────────────────────────────────

// Each facet's cells as two flat arrays: unit i has cell[start[i]] … cell[start[i + 1] - 1].
for (const facet of facets) {
  facet.start = new Int32Array(n + 1);
  facet.cells.forEach((own, i) => { facet.start[i + 1] = facet.start[i] + (own.length ?? 1); });
  facet.cell = Int16Array.from(facet.cells.flat());
  facet.counts = new Int32Array(facet.values.length);
}

function find() {
  const asked = pieces(state.q), like = at.get(state.like), area = state.area;
  const near = like !== undefined && placed(like) ? new Map(nearest([like], units.id.keys(), NEAREST)) : null;
  const base = i => (!near || near.has(i)) && (!area || inside(i, area)) && asked.every(piece => holds(i, piece));
  const chosen = facets.map((_, f) => state.chosen[f].size ? state.chosen[f] : null);
  const hits = [], fitting = [];
  for (const facet of facets) facet.counts.fill(0);
  for (let i = 0; i < n; i++) {
    // A unit that fails one facet only still counts in that facet: it would come in with another value of it.
    const failed = failing(i, chosen);
    if (failed === MANY) continue;
    const matches = base(i);
    if (failed < 0) (matches ? hits : fitting).push(i);
    if (matches) for (let f = 0; f < facets.length; f++) if (failed < 0 || failed === f) count(facets[f], i);
  }
  return { hits: ordered(hits, near), fitting, asked, near };
}

const MANY = 1e6;
function failing(i, chosen) {
  let failed = -1;
  for (let f = 0; f < chosen.length; f++) {
    if (!chosen[f] || has(facets[f], i, chosen[f])) continue;
    if (failed >= 0) return MANY;
    failed = f;
  }
  return failed;
}

function has(facet, i, values) {
  for (let k = facet.start[i]; k < facet.start[i + 1]; k++) if (values.has(facet.cell[k])) return true;
  return false;
}

function count(facet, i) {
  for (let k = facet.start[i]; k < facet.start[i + 1]; k++) facet.counts[facet.cell[k]]++;
}

function ordered(hits, near) {
  if (near) return hits.sort((a, b) => near.get(b) - near.get(a) || a - b);
  const sign = { sure: -1, unsure: 1 }[state.sort];
  return sign ? hits.sort((a, b) => sign * (units.certainty[a] - units.certainty[b]) || a - b) : hits;
}

// ── facets ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const byKey = Object.fromEntries(facets.map(facet => [facet.key, facet]));
const scores = i => [units.scores[i]].flat();
const valueName = (facet, v) => facet.values[v][1] ?? say("withheld");
const ownValues = (facet, i) => Array.from(facet.cell.subarray(facet.start[i], facet.start[i + 1]));
const OPEN = new Set(["theme", "language", "role", "certainty"]);

function buildFacets() {
  facets.forEach((facet, f) => {
    facet.boxes = facet.values.map((_, v) => {
      const box = make("input", { type: "checkbox" });
      box.addEventListener("change", () => {
        const chosen = state.chosen.map(set => new Set(set));
        chosen[f][box.checked ? "add" : "delete"](v);
        go({ chosen });
      });
      const total = make("span", { class: "n" });
      const mark = facet.key === "theme" ? marker(v) : null;
      const label = make("label", {}, box, mark, make("bdi", { class: "name" }, valueName(facet, v)), total);
      return { box, total, label };
    });
    const used = new Set(facet.cell);
    facet.boxes.forEach(({ label }, v) => { label.hidden = !used.has(v); });
    const set = make("fieldset", {}, make("legend", { class: "quiet" }, say(`facet_${facet.key}`)), ...facet.boxes.map(box => box.label));
    facet.chosenCount = make("span", { class: "about" });
    facet.details = make("details", { class: "facet", open: OPEN.has(facet.key) }, make("summary", {}, say(`facet_${facet.key}`), " ", facet.chosenCount), set);
    // One value for everything filters nothing.
    facet.details.hidden = used.size < 2 && !(used.size === 1 && facet.key === "stance");
    $("filters").append(facet.details);
  });
}

function showFacets() {
  facets.forEach((facet, f) => {
    facet.boxes.forEach(({ box, total, label }, v) => {
      box.checked = state.chosen[f].has(v);
      const text = shown(facet.counts[v]);
      if (total.textContent !== text) total.textContent = text;
      label.classList.toggle("none", facet.counts[v] === 0);
    });
    facet.chosenCount.textContent = state.chosen[f].size ? say("facet_chosen", { n: state.chosen[f].size }) : "";
  });
}

function chosenFilters() {
  const listed = [];
  facets.forEach((facet, f) => {
    for (const v of state.chosen[f]) {
      const chosen = state.chosen.map(set => new Set(set));
      chosen[f].delete(v);
      listed.push([`${say(`facet_${facet.key}`)}: ${valueName(facet, v)}`, { chosen }]);
    }
  });
  if (state.q.trim()) listed.unshift([`${say("search")}: ${state.q.trim()}`, { q: "" }]);
  if (found.near) listed.push([say("like_chip", { id: state.like }), { like: "" }]);
  if (state.area) listed.push([say("area_chip"), { area: null }]);
  return listed;
}

function showChips() {
  const chosen = chosenFilters();
  $("chips").replaceChildren(...chosen.map(([name, without]) =>
    make("li", {}, make("button", { type: "button", "aria-label": say("remove", { name }), click: () => { go(without); $("count").focus(); } }, make("bdi", {}, name), make("span", { class: "no-print" }, " ×")))));
  $("chips").hidden = $("clear").hidden = !chosen.length;
}

// ── marks: a colour and a shape for each theme ─────────────────────────────────────────────────────────────────────

const SHAPES = [
  "M0-5a5 5 0 1 0 .01 0z", "M-4.4-4.4h8.8v8.8h-8.8z", "M0-5.6 5.6 4.4h-11.2z", "M0-6.2 5.2 0 0 6.2-5.2 0z", "M0 5.6 5.6-4.4h-11.2z",
  "M-1.9-5.4h3.8v3.5h3.5v3.8h-3.5v3.5h-3.8v-3.5h-3.5v-3.8h3.5z", "M0-5.6 5.3-1.7 3.3 4.5h-6.6l-2-6.2z",
];
const COLOURS = 7;
const themes = byKey.theme;
const isTheme = v => v >= 0 && themes.values[v][0] !== "other";
const OTHER = "M0-3a3 3 0 1 0 .01 0z", NONE = "M-4-.9h8v1.8h-8z";
const shapeOf = v => isTheme(v) ? SHAPES[(v + Math.floor(v / COLOURS)) % SHAPES.length] : v < 0 ? NONE : OTHER;
const colourOf = v => isTheme(v) ? `--c${v % COLOURS}` : "--muted";
// A unit is drawn as its surest theme.
function markOf(i) {
  const own = ownValues(themes, i), sure = scores(i).map(score => score ?? 0);
  return own.length ? own[sure.indexOf(Math.max(...sure))] : -1;
}

function marker(v) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "-7 -7 14 14");
  svg.setAttribute("class", "marker");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", shapeOf(v));
  path.setAttribute("style", `fill: var(${colourOf(v)})`);
  svg.append(path);
  return svg;
}

// ── one unit ───────────────────────────────────────────────────────────────────────────────────────────────────────

function bandName(i) { return valueName(byKey.certainty, byKey.certainty.cell[byKey.certainty.start[i]]); }

function card(i, asked = [], likeness = null) {
  const id = units.id[i], near = likeness === null ? null : make("span", { class: "badge" }, say("likeness", { value: share(likeness) }));
  const node = make("li", {}, make("article", { class: "card", id: `c-${id}`, "data-unit": i, "aria-labelledby": `h-${id}` },
    make("div", { class: "heading" }, make("h3", { id: `h-${id}` }, make("a", { href: `#u=${encodeURIComponent(id)}` }, say("unit"), " ", make("code", {}, id))), near),
    quotation(i, asked), codes(i), about(i), ...further(i), actions(i)));
  node.addEventListener("pointerenter", () => point(i));
  node.addEventListener("focusin", () => point(i));
  return node;
}

function quotation(i, asked) {
  const text = units.text[i];
  if (text === null) return make("p", { class: "withheld" }, say("text_withheld"));
  const kind = units.kind[i] === 1 ? make("p", { class: "about" }, say("paraphrase")) : null;
  return make("blockquote", { lang: units.lang[i] }, make("p", { class: "passage", dir: "auto" }, ...marked(text, asked)), kind);
}

// The text in pieces, those that were searched for within <mark>.
function marked(text, asked) {
  const starts = asked.filter(piece => !piece.literal).map(piece => piece.trim().split(" "));
  if (!starts.length) return [text];
  const found = [];
  let end = 0;
  for (const match of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
    const word = plain(match[0]);
    if (!starts.some(own => own.some((start, k) => k === own.length - 1 ? word.startsWith(start) : word === start) || (UNSPACED.test(own[0]) && word.includes(own[0])))) continue;
    found.push(text.slice(end, match.index), make("mark", {}, match[0]));
    end = match.index + match[0].length;
  }
  return [...found, text.slice(end)];
}

function codes(i) {
  const own = ownValues(themes, i);
  if (!own.length) return make("p", { class: "codes" }, make("span", { class: "code" }, marker(-1), say("no_theme")));
  return make("ul", { class: "codes", "aria-label": say("facet_theme") }, ...own.map((v, k) => make("li", { class: "code" },
    marker(v), make("bdi", {}, valueName(themes, v)),
    typeof scores(i)[k] === "number" ? make("span", { class: "n", title: say("probability") }, make("span", { class: "quiet" }, ` ${say("probability")} `), probability(scores(i)[k])) : null)));
}

function about(i) {
  const parts = ["language", "role", "source", "topic", "stance", "status", "certainty", "by"].flatMap(key =>
    ownValues(byKey[key], i).filter(v => byKey[key].values[v][0] !== "assigned").map(v => [say(`facet_${key}`), valueName(byKey[key], v)]));
  if (units.copies[i]) parts.push([say("copies"), whole(units.copies[i])]);
  return make("dl", { class: "about" }, ...parts.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, make("bdi", {}, value)))));
}

function further(i) {
  const context = units.context?.[i], place = units.place?.[i], found = [];
  if (context && (context[0] || context[1])) {
    found.push(make("details", {}, make("summary", {}, say("context")),
      make("p", { class: "passage context", lang: units.lang[i], dir: "auto" }, context[0] || "", " ", make("strong", {}, units.text[i]), " ", context[1] || "")));
  }
  if (place) found.push(make("details", {}, make("summary", {}, say("place")), make("p", { class: "about" }, make("bdi", {}, place))));
  return found;
}

function actions(i) {
  const id = units.id[i];
  const copying = units.text[i] === null ? null : make("button", { type: "button", "aria-describedby": `h-${id}`, click: () => copy(cited(i), say("copied")) }, say("copy_cited"));
  const like = placed(i) ? make("button", { type: "button", "aria-describedby": `h-${id}`, click: () => { go({ like: id, q: "", area: null }); scrollTo(0, 0); $("count").focus(); } }, say("more_like_this")) : null;
  return make("div", { class: "row" }, copying, like);
}

const citation = id => data.citation.replace("{unit}", () => id);
const warning = () => isPublic ? "" : say("not_for_publication");
const cited = i => [`“${units.text[i]}”${units.kind[i] === 1 ? ` (${say("paraphrase")})` : ""}`, citation(units.id[i]), warning()].filter(Boolean).join("\n");

// ── taking along ───────────────────────────────────────────────────────────────────────────────────────────────────

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { class: "quiet", readonly: true }), before = document.activeElement;
    area.value = text;
    document.body.append(area);
    area.select();
    const worked = document.execCommand("copy");
    area.remove();
    before?.focus();
    if (!worked) return announce(say("copy_failed"));
  }
  announce(done, true);
}

function save(text, suffix, type) {
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type })), download: `explorer-${data.edition}.${suffix}` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  announce(counted("saved", found.hits.length), true);
}

// A spreadsheet takes a cell that begins like this for a formula.
const guarded = text => /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) ? `'${text}` : text;
const keys = (key, i) => ownValues(byKey[key], i).map(v => byKey[key].values[v][0]).join(";");

function csv() {
  const columns = ["unit_id", "text", "kind", "language", "role", "source", "themes", "probabilities", "status", "certainty", "coded_by", "topic", "stance", "copies", ...(units.place ? ["place"] : []), "edition", "citation"];
  const rows = found.hits.map(i => [
    units.id[i], units.text[i] ?? "", ["verbatim", "paraphrase", "withheld"][units.kind[i]], keys("language", i), keys("role", i), keys("source", i), keys("theme", i),
    scores(i).map(score => score ?? "").join(";"), keys("status", i), units.certainty[i], keys("by", i), keys("topic", i), keys("stance", i), units.copies[i],
    ...(units.place ? [units.place[i] ?? ""] : []), data.edition, [citation(units.id[i]), warning()].filter(Boolean).join(" "),
  ]);
  return "\ufeff" + [columns, ...rows].map(row => row.map(cell => `"${guarded(String(cell)).replaceAll('"', '""')}"`).join(",") + "\r\n").join("");
}

// What Markdown would read as markup anywhere, and at the beginning of a line.
const escaped = text => text.replace(/[\\`*_[\]<>|~&]/g, "\\$&").replace(/^(\s*)([#+=-])/gm, "$1\\$2").replace(/^(\s*\d+)([.)])/gm, "$1\\$2");

function markdown() {
  const filters = chosenFilters().map(([name]) => `- ${escaped(name)}`);
  const entries = found.hits.map(i => {
    const text = units.text[i] === null ? `*${say("text_withheld")}*` : escaped(units.text[i]).replace(/\r\n?|\n/g, "\n> ");
    const named = [ownValues(themes, i).map(v => valueName(themes, v)).join(", ") || say("no_theme"), ...["language", "role", "source"].flatMap(key => ownValues(byKey[key], i).map(v => valueName(byKey[key], v))), bandName(i)];
    return `> ${text}\n>\n> ${units.kind[i] === 1 ? `(${say("paraphrase")}) ` : ""}${named.map(escaped).join(" · ")} · \`${units.id[i]}\``;
  });
  const head = [`# ${escaped(data.title)}`, warning() && `**${warning()}**`, [escaped($("count").textContent), ...filters].join("\n\n"), escaped(citation("[id]"))];
  return [...head, ...entries].filter(Boolean).join("\n\n") + "\n";
}

// ── the map ────────────────────────────────────────────────────────────────────────────────────────────────────────

const hasMap = Boolean(units.x) && units.x.some(x => x !== null);
const canvas = document.querySelector("#map canvas");
let found = { hits: [], fitting: [], asked: [], near: null }, pointed = -1, brush = null, sprites = null, marks = null;

const inside = (i, [x0, y0, x1, y1]) => units.x?.[i] != null && units.x[i] >= x0 && units.x[i] <= x1 && units.y[i] >= y0 && units.y[i] <= y1;
const margin = 12;
const toPixel = (value, size) => margin + value * (size - 2 * margin);
const toMap = (pixel, size) => (pixel - margin) / (size - 2 * margin);

// Each mark is drawn once and then stamped: 50,000 paths would take too long.
function stamps(scale, small) {
  const style = getComputedStyle(document.body), colour = name => style.getPropertyValue(name).trim();
  const stamp = (d, fill, alpha, size) => {
    const tile = document.createElement("canvas"), brushes = tile.getContext("2d");
    tile.width = tile.height = Math.ceil(16 * size * scale);
    brushes.translate(tile.width / 2, tile.height / 2);
    brushes.scale(size * scale, size * scale);
    brushes.globalAlpha = alpha;
    const path = new Path2D(d);
    brushes.fillStyle = fill;
    brushes.fill(path);
    brushes.strokeStyle = colour("--edge");
    brushes.lineWidth = 1;
    if (alpha === 1) brushes.stroke(path);
    return tile;
  };
  const of = v => stamp(shapeOf(v), colour(colourOf(v)), 1, small);
  return { of: [...themes.values.keys()].map(of), none: of(-1), faint: stamp("M0-2.2a2.2 2.2 0 1 0 .01 0z", colour("--muted"), 0.35, small), ink: colour("--ink"), accent: colour("--accent") };
}

function draw() {
  if (!hasMap) return;
  const width = canvas.clientWidth, height = canvas.clientHeight, scale = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
  if (!width) return;
  if (canvas.width !== Math.round(width * scale)) { canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale); sprites = null; }
  sprites ??= stamps(scale, n > 20000 ? 0.35 : n > 2000 ? 0.55 : 1);
  marks ??= Int16Array.from({ length: n }, (_, i) => markOf(i));
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const stamp = (i, tile) => { if (units.x[i] !== null) pen.drawImage(tile, toPixel(units.x[i], width) - tile.width / scale / 2, toPixel(units.y[i], height) - tile.height / scale / 2, tile.width / scale, tile.height / scale); };
  if (found.hits.length < n) for (let i = 0; i < n; i++) stamp(i, sprites.faint);
  for (const i of found.hits) stamp(i, marks[i] < 0 ? sprites.none : sprites.of[marks[i]]);
  for (const i of [at.get(state.u) ?? -1, pointed]) if (i >= 0 && units.x[i] !== null) ring(pen, i, width, height);
  if (state.area) frame(pen, state.area.map((value, k) => toPixel(value, k % 2 ? height : width)));
  if (brush?.moved) frame(pen, [brush.x0, brush.y0, brush.x1, brush.y1]);
}

function ring(pen, i, width, height) {
  pen.beginPath();
  pen.arc(toPixel(units.x[i], width), toPixel(units.y[i], height), 9, 0, 7);
  pen.lineWidth = 2.5;
  pen.strokeStyle = sprites.ink;
  pen.stroke();
}

function frame(pen, [x0, y0, x1, y1]) {
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 4]);
  pen.strokeStyle = sprites.accent;
  pen.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
  pen.setLineDash([]);
}

let drawing = 0;
function redraw() {
  cancelAnimationFrame(drawing);
  drawing = requestAnimationFrame(draw);
}

function point(i) {
  if (pointed === i || !hasMap) return;
  pointed = i;
  $("peek").textContent = i < 0 ? say("map_hint") : units.text[i] === null ? say("text_withheld") : units.text[i].slice(0, 300);
  if (i < 0 || units.text[i] === null) $("peek").removeAttribute("lang"); else $("peek").setAttribute("lang", units.lang[i]);
  redraw();
}

// The unit in the selection whose mark is nearest to the pointer, within reach.
function under(event) {
  const { clientWidth: width, clientHeight: height } = canvas;
  let best = -1, least = 14 ** 2;
  for (const i of found.hits) {
    if (units.x[i] === null) continue;
    const distance = (toPixel(units.x[i], width) - event.offsetX) ** 2 + (toPixel(units.y[i], height) - event.offsetY) ** 2;
    if (distance < least) { least = distance; best = i; }
  }
  return best;
}

function listenToMap() {
  canvas.addEventListener("pointerdown", event => {
    brush = { x0: event.offsetX, y0: event.offsetY, x1: event.offsetX, y1: event.offsetY, moved: false };
    if (event.pointerType !== "touch") canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (!brush || event.pointerType === "touch") return point(under(event));
    Object.assign(brush, { x1: event.offsetX, y1: event.offsetY });
    brush.moved ||= Math.hypot(brush.x1 - brush.x0, brush.y1 - brush.y0) > 6;
    redraw();
  });
  canvas.addEventListener("pointerup", event => {
    const done = brush, unit = under(event);
    brush = null;
    if (done?.moved) {
      const { clientWidth: width, clientHeight: height } = canvas, tidy = value => Math.round(1000 * value) / 1000;
      const xs = [done.x0, done.x1].map(x => tidy(toMap(x, width))).sort((a, b) => a - b), ys = [done.y0, done.y1].map(y => tidy(toMap(y, height))).sort((a, b) => a - b);
      go({ area: [xs[0], ys[0], xs[1], ys[1]] });
    } else if (unit >= 0) { go({ u: units.id[unit] }); settle(); }
  });
  canvas.addEventListener("pointercancel", () => { brush = null; redraw(); });
  canvas.addEventListener("pointerleave", () => point(-1));
  new ResizeObserver(redraw).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", () => { sprites = null; redraw(); });
}

// ── the page ───────────────────────────────────────────────────────────────────────────────────────────────────────

function render() {
  const started = performance.now();
  found = find();
  const { hits } = found, last = Math.max(1, Math.ceil(hits.length / PAGE)), linked = at.get(state.u);
  const spot = linked === undefined ? -1 : hits.indexOf(linked);
  const page = Math.min(last, state.page || (spot >= 0 ? Math.floor(spot / PAGE) + 1 : 1));
  if (document.activeElement !== $("q") || !state.q) $("q").value = state.q;
  $("sort").value = state.sort;
  $("sorting").hidden = Boolean(found.near) || !n;
  showFacets();
  showChips();
  $("count").textContent = found.near ? counted("near", hits.length) : counted("hits", hits.length, { all: whole(n) });
  announce($("count").textContent);
  $("export").hidden = !hits.length;
  showLinked(linked, spot);
  showList(hits.slice((page - 1) * PAGE, page * PAGE));
  $("pager").hidden = last === 1;
  $("place").textContent = say("page_of", { page: whole(page), last: whole(last) });
  $("back").disabled = page === 1;
  $("on").disabled = page === last;
  $("back").onclick = () => turn(page - 1);
  $("on").onclick = () => turn(page + 1);
  if ($("compare").open) showComparison();
  if (hasMap) canvas.setAttribute("aria-label", counted("map_alt", hits.length, { all: whole(n) }));
  redraw();
  clearTimeout(later);
  later = setTimeout(showSimilar, WAIT);
  document.body.dataset.ms = (performance.now() - started).toFixed(1);
}

let later = 0, typing = 0, saying = 0;

function announce(text, aloud = false) {
  clearTimeout(saying);
  saying = setTimeout(() => {
    $("status").textContent = text;
    $("status").classList.toggle("toast", aloud);
    if (aloud) saying = setTimeout(() => $("status").classList.remove("toast"), 4000);
  }, aloud ? 0 : 500);
}

function turn(page) {
  go({ page });
  $("count").scrollIntoView();
  $("count").focus();
}

function showList(part) {
  const nothing = n ? "nothing_found" : "nothing";
  $("list").replaceChildren(...part.map(i => card(i, found.asked, found.near?.get(i) ?? null)));
  if (!part.length) $("list").append(make("li", { class: "empty" }, say(nothing)));
  for (const article of $("list").querySelectorAll("article")) article.classList.toggle("current", units.id[article.dataset.unit] === state.u);
}

const note = (key, values) => make("p", { class: "notice" }, say(key, values));

// Above the list: the unit that the others are like, and the one of the address where it is not among them.
function showLinked(linked, spot) {
  const said = [], like = found.near ? at.get(state.like) : undefined;
  if (like !== undefined) said.push(note("like_of"), make("ol", { class: "cards" }, card(like)));
  if (state.u && linked === undefined) said.push(note("unknown_unit", { id: state.u }));
  else if (state.u && spot < 0 && linked !== like) said.push(note("outside_selection"), make("ol", { class: "cards" }, card(linked)));
  $("linked").replaceChildren(...said);
}

// Bring the unit of the address into view and put the focus on it.
function settle() {
  const article = $(`c-${state.u}`);
  article?.scrollIntoView({ block: "center" });
  article?.querySelector("h3 a").focus({ preventScroll: true });
}

// What means the same in other words: the units nearest to the centre of those that hold the words.
function showSimilar() {
  const seeds = data.vectors && found.asked.length && !found.near ? found.hits.filter(placed).sort((a, b) => a - b).slice(0, SEEDS) : [];
  const near = seeds.length ? nearest(seeds, found.fitting, SIMILAR) : [];
  $("similar").hidden = !near.length;
  $("similar").querySelector("ol").replaceChildren(...near.map(([i, likeness]) => card(i, [], likeness)));
}

function showComparison() {
  const across = byKey.language, cells = themes.values.map(() => new Int32Array(across.values.length)), none = new Int32Array(across.values.length);
  for (const i of found.hits) for (const v of ownValues(across, i)) {
    const own = ownValues(themes, i);
    for (const row of own.length ? own.map(t => cells[t]) : [none]) row[v]++;
  }
  const used = [...across.values.keys()].filter(v => found.hits.length && (none[v] || cells.some(row => row[v])));
  const line = (name, row, mark) => make("tr", {}, make("th", { scope: "row" }, mark, make("bdi", {}, name)), ...used.map(v => make("td", { class: "n" }, shown(row[v]))));
  $("compare").querySelector("div").replaceChildren(make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, say("facet_theme")), ...used.map(v => make("th", { scope: "col", class: "n" }, valueName(across, v))))),
    make("tbody", {}, ...themes.values.map((_, t) => line(valueName(themes, t), cells[t], marker(t))), line(say("no_theme"), none, marker(-1)))),
    make("p", { class: "about" }, say("compare_text")));
}

function listen() {
  $("q").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => go({ q: $("q").value, like: "" }, true), WAIT); });
  $("search").addEventListener("submit", event => { event.preventDefault(); go({ q: $("q").value, like: "" }); });
  $("sort").addEventListener("change", () => go({ sort: $("sort").value }));
  $("clear").addEventListener("click", () => { go({ q: "", like: "", area: null, chosen: facets.map(() => new Set()) }); $("q").focus(); });
  $("skip").addEventListener("click", event => { event.preventDefault(); $("count").focus(); });
  $("toggle").addEventListener("click", () => { const open = $("filters").classList.toggle("open"); $("toggle").setAttribute("aria-expanded", open); });
  $("to-map").addEventListener("click", () => { $("map").scrollIntoView(); $("h-map").focus({ preventScroll: true }); });
  $("compare").addEventListener("toggle", () => { if ($("compare").open) showComparison(); });
  $("csv").addEventListener("click", () => save(csv(), "csv", "text/csv;charset=utf-8"));
  $("markdown").addEventListener("click", () => save(markdown(), "md", "text/markdown;charset=utf-8"));
  $("copy").addEventListener("click", () => copy(markdown(), counted("copied_all", found.hits.length)));
  window.addEventListener("popstate", arrived);
  // Paper has no pages to turn in the browser: the whole selection goes on it.
  window.addEventListener("beforeprint", () => { showList(found.hits.slice(0, PRINTED)); });
  window.addEventListener("afterprint", render);
}

$("desk").hidden = false;
$("filters").hidden = $("compare").hidden = $("toggle").hidden = !n;
buildFacets();
listen();
if (hasMap) {
  $("map").hidden = $("to-map").hidden = false;
  $("peek").textContent = say("map_hint");
  const used = new Set(themes.cell);
  $("legend").append(...themes.values.map((_, v) => v).filter(v => used.has(v)).map(v => make("li", {}, marker(v), make("bdi", {}, valueName(themes, v)))), make("li", {}, marker(-1), say("no_theme")));
  listenToMap();
}
document.body.classList.toggle("mapped", hasMap);
state = read();
render();
if (state.u) settle();
(window.requestIdleCallback || setTimeout)(() => prepare());
})();
