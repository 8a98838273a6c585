// The table: draws what lies where, twice a second, and sends what hands do.
const $ = id => document.getElementById(id);
const stock = await (await fetch("/stock.json")).json();
let last = "";

$("venue").textContent = stock.venue;

function make(tag, props = {}, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

function trouble(text) {
  $("trouble").hidden = !text;
  $("trouble").textContent = text;
}

async function act(what, id = "") {
  try {
    const r = await fetch("/do", { method: "POST", body: new URLSearchParams({ act: what, id }) });
    trouble(r.ok ? "" : await r.text());
  } catch (e) {
    trouble("The demonstration has ended.");
  }
  await look();
}

const button = (text, what, id) => make("button", { textContent: text, onclick: () => act(what, id) });
const sign = says => ({ loud: "●", quiet: "○", odd: "◐" })[says];

function tile(book, state) {
  const li = make("li", { className: book.class }, make("strong", { textContent: book.title }), make("span", { className: "author", textContent: book.author }));
  const row = make("div", { className: "do" });
  book.tags.forEach((tag, i) => {
    const on = state.pad.has(tag), says = state.says(tag);
    const name = (book.parts || [])[i] || "tag";
    if (book.tags.length > 1) row.append(button(`${sign(says)} ${name}: ${says}, ${on ? "lift" : "put down"}`, on ? "lift" : "put", tag));
    else row.append(make("span", { textContent: `${sign(says)} ${says}` }));
  });
  const some = book.tags.some(t => state.pad.has(t));
  row.append(button(some ? "Lift" : "Put down", some ? "lift" : "put", book.id), button("Show barcode", "barcode", book.id));
  li.append(row);
  return li;
}

function spine(book) {
  return make("button", { className: book.class, textContent: `● ${book.title}`, title: `${book.title}, ${book.author}`, onclick: () => act("put", book.id) });
}

function shown(list, items) {
  const at = document.activeElement, key = at && list.contains(at) ? [...list.querySelectorAll("button")].indexOf(at) : -1;
  list.replaceChildren(...items);
  if (key >= 0) (list.querySelectorAll("button")[key] || list).focus?.();
}

function draw(s) {
  const pad = new Set(s.pad), quiet = new Set(s.quiet), odd = new Set(s.odd);
  const state = { pad, says: t => quiet.has(t) ? "quiet" : odd.has(t) ? "odd" : "loud" };
  const find = $("find").value.trim().toLowerCase();
  const here = [], away = [], shelf = [];
  for (const b of stock.books) {
    if (b.tags.some(t => pad.has(t))) here.push(tile(b, state));
    else if (b.tags.some(t => state.says(t) !== "loud")) away.push(tile(b, state));
    else if (!find || `${b.title} ${b.author}`.toLowerCase().includes(find)) shelf.push(make("li", {}, spine(b)));
  }
  shown($("pad"), here);
  shown($("away"), away);
  shown($("shelf"), shelf);
  $("pad-empty").hidden = here.length > 0;
  $("pad-count").textContent = s.pad.length ? `${s.pad.length} tags` : "";
  $("shelf-count").textContent = `${shelf.length} items, click one to put it down`;
  toggle("power", s.power, "Power");
  toggle("network", s.network, "Network");
  $("mode").value = s.mode;
  $("fault").value = s.fault;
  papers(s.papers);
  record(s);
}

let newest = 0;
function papers(all) {
  const n = all.length ? all[0].n : 0;
  if (n === newest) return;
  newest = n;
  $("papers").replaceChildren(...all.map(p => make("img", { src: `/paper/${p.n}`, alt: p.text || "A receipt that is printed as a picture" })));
  $("papers-empty").hidden = all.length > 0;
}

function toggle(id, on, name) {
  const b = $(id);
  b.textContent = on ? `${name} is on: cut it` : `${name} is cut: restore it`;
  b.setAttribute("aria-pressed", on);
  b.onclick = () => act(`${id}-${on ? "off" : "on"}`);
}

function record(s) {
  $("loan-count").textContent = s.loans.length || "nothing";
  $("loans").replaceChildren(...s.loans.map(l => make("tr", {}, make("td", { textContent: l.title }), make("td", { textContent: l.who }), make("td", { className: "n", textContent: l.due }))));
  $("events").replaceChildren(...s.events.map(e => make("tr", {}, make("td", { className: "n", textContent: e.n }), make("td", { className: "n", textContent: e.at }),
    make("td", { textContent: e.type }), make("td", { textContent: e.title }), make("td", { className: "n", textContent: e.out }))));
  $("cases").replaceChildren(...(s.cases.length ? s.cases : ["Nothing."]).map(c => make("li", { textContent: c })));
}

async function look() {
  try {
    const text = await (await fetch("/state.json")).text();
    const now = text + $("find").value;
    if (now !== last) { last = now; draw(JSON.parse(text)); }
  } catch (e) {
    trouble("The demonstration has ended.");
  }
}

$("cards").replaceChildren(...stock.cards.map(c => make("li", {}, button(`${c.name} ••••${c.card.slice(-4)}${c.pin ? `, PIN ${c.pin}` : ""}`, "card", c.card))));
$("strays").replaceChildren(...stock.strays.map(s => make("li", {}, button(s.name, "stray", s.name))));
const modes = { service: "in service", closed: "closed", out: "out of order", tech: "being looked after" };
$("mode").replaceChildren(...stock.modes.map(m => make("option", { value: m, textContent: modes[m] ?? m })));
$("mode").onchange = e => act("mode", e.target.value);
const faults = { "": "nothing", "paper-out": "the paper is out", "paper-out-mid-job": "the paper ends in the next receipt", "cover-open": "the cover is open", silent: "it does not answer" };
if (stock.faults) {
  $("printing").hidden = false;
  $("fault").replaceChildren(...["", ...stock.faults].map(f => make("option", { value: f, textContent: faults[f] ?? f })));
  $("fault").onchange = e => act("printer", e.target.value);
}
$("help").onclick = () => act("help");
$("find").oninput = look;
$("check").onclick = async () => {
  const r = await fetch("/check.json");
  const v = r.ok ? await r.json() : { ok: false, summary: await r.text(), harms: [] };
  $("verdict").className = v.ok ? "ok" : "bad";
  $("verdict").replaceChildren(make("p", { textContent: v.summary + (v.waiting ? `; ${v.waiting} events wait to be sent` : "") }),
    ...(v.harms || []).map(h => make("p", { textContent: h })));
};

for (;;) {
  await look();
  await new Promise(done => setTimeout(done, 500));
}
