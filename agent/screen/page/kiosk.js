// The page without this module is whole: forms, links, a refresh. With it, one
// event stream brings the next <main>, and only what differs is changed, so
// that a button stays the same button under a finger.

const body = document.body;
const main = () => document.querySelector("main");
let query = location.search; // ?page=2
let source = null;
let lostTimer = 0;

function parse(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  return box.content.querySelector("main");
}

// morph makes the element `have` equal to `want`, keeping what is the same.
function morph(have, want) {
  if (have.isEqualNode(want)) return;
  if (have.nodeType !== want.nodeType || have.nodeName !== want.nodeName || have.id !== want.id) {
    have.replaceWith(want);
    return;
  }
  if (have.nodeType !== Node.ELEMENT_NODE) {
    have.nodeValue = want.nodeValue;
    return;
  }
  morphAttributes(have, want);
  morphChildren(have, want);
}

function morphAttributes(have, want) {
  for (const a of [...have.attributes]) if (!want.hasAttribute(a.name)) have.removeAttribute(a.name);
  for (const a of want.attributes) if (have.getAttribute(a.name) !== a.value) have.setAttribute(a.name, a.value);
}

function morphChildren(have, want) {
  const byID = new Map();
  for (const child of have.children) if (child.id) byID.set(child.id, child);
  let at = have.firstChild;
  for (const next of [...want.childNodes]) {
    const known = next.id ? byID.get(next.id) : at && !at.id ? at : null;
    if (!known) {
      have.insertBefore(next, at);
      continue;
    }
    if (known === at) at = at.nextSibling;
    else have.insertBefore(known, at);
    morph(known, next);
  }
  while (at) {
    const rest = at.nextSibling;
    at.remove();
    at = rest;
  }
}

function show(html) {
  const want = parse(html);
  const have = main();
  if (!want) return;
  const focused = document.activeElement?.id;
  if (have.dataset.face === want.dataset.face) {
    morph(have, want);
    // A button that was pressed may have become another one in the same place.
    if (focused && focused !== document.activeElement?.id) (document.getElementById(focused) ?? heading())?.focus();
  } else {
    const other = have.dataset.serial && have.dataset.serial !== want.dataset.serial;
    have.replaceWith(want);
    heading()?.focus();
    if (other && query) turn("");
  }
  const now = main();
  document.documentElement.lang = now.lang;
  document.documentElement.dir = now.dir;
  fit();
  polite.say(now.dataset.say);
  urgent.say(now.dataset.urgent);
  sound(now.dataset.sound);
}

// fit makes the letters smaller, step by step, where a text is longer than its
// place: a text that is cut off says nothing.
const parts = ".middle > *, .rail > *, .items > *, .tiles > *, .words > *, .picks > *, .row > *, .foot > *, .row button, .foot button";
const boxes = ".button, .setting, .choice, .state, .what, .card";
function overflows() {
  const m = main();
  for (const e of m.querySelectorAll(parts)) {
    if (!e.checkVisibility()) continue;
    const r = e.getBoundingClientRect();
    const around = (e.parentElement.closest(".picks, .row") ?? e.closest(".middle, .lower")).getBoundingClientRect();
    if (r.top < around.top - 1 || r.bottom > around.bottom + 1 || r.left < around.left - 1 || r.right > around.right + 1) return true;
  }
  const count = m.querySelector(".count"); // its line is lower than its letters, on purpose
  if (count && count.scrollWidth > count.clientWidth + 1 && count.clientWidth > 0) return true;
  for (const e of m.querySelectorAll(boxes)) if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 8) return true;
  return false;
}

function fit() {
  delete main().dataset.tight;
  for (let step = 1; step <= 5 && overflows(); step++) main().dataset.tight = step;
}
document.fonts.addEventListener("loadingdone", fit);

const heading = () => document.getElementById("heading");

// A voice tells at most one thing in a second and a half, and the newest last.
function voice(element) {
  let toSay = "";
  let timer = 0;
  function say(text) {
    toSay = text ?? "";
    if (timer) return;
    if (element.textContent === toSay) return;
    element.textContent = toSay;
    timer = setTimeout(() => {
      timer = 0;
      say(toSay);
    }, 1500);
  }
  return { say, hush: () => { toSay = element.textContent = ""; } };
}
const polite = voice(document.getElementById("said"));
const urgent = voice(document.getElementById("urgent"));

// A sound is heard once, when its number moves on, and never because the page
// was loaded. The browser may refuse to play; then the words have to do. The
// two that are often heard are fetched beforehand.
const volume = Number(body.dataset.volume) / 100;
const sounds = new Map();
let heard = main().dataset.sound;
if (volume > 0)
  for (const name of ["done", "needs", "stopped", "time"]) {
    const audio = new Audio("/sound/" + name + ".wav");
    audio.preload = name === "done" || name === "needs" ? "auto" : "none";
    audio.volume = volume;
    sounds.set(name, audio);
  }

function sound(cue) {
  if (!cue || cue === heard) return;
  heard = cue;
  const audio = sounds.get(cue.split(" ")[0]);
  if (!audio) return;
  audio.currentTime = 0;
  audio.play().catch(() => {});
}

// hide takes the visit off the screen while nobody is there to say what is true.
function hide() {
  const was = main();
  const empty = document.createElement("main");
  for (const name of ["lang", "dir", "data-theme", "data-size", "data-lost", "data-lost-body"])
    if (was.hasAttribute(name)) empty.setAttribute(name, was.getAttribute(name));
  empty.className = "hero lost";
  const middle = document.createElement("div");
  middle.className = "middle";
  const words = document.createElement("div");
  words.className = "words";
  const title = document.createElement("h1");
  title.textContent = was.dataset.lost;
  const text = document.createElement("p");
  text.className = "body";
  text.textContent = was.dataset.lostBody;
  words.append(title, text);
  middle.append(words);
  empty.append(middle);
  was.replaceWith(empty);
  polite.hush();
  urgent.hush();
}

function listen() {
  source?.close();
  source = new EventSource("/events" + query);
  source.addEventListener("screen", (e) => {
    clearTimeout(lostTimer);
    lostTimer = 0;
    show(e.data);
  });
  source.addEventListener("error", () => {
    if (!lostTimer) lostTimer = setTimeout(hide, 1500);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

// turn shows another page of what there is. It is no change of the visit.
function turn(to) {
  query = to;
  listen();
}

// Taps go one after another: four digits arrive in the order of the fingers. A
// refused tap needs no words: the next screen is on its way already. If nobody
// answers, the stream notices as well, and takes the visit off.
let queue = Promise.resolve();
function tap(form) {
  queue = queue.then(() => fetch("/tap", { method: "POST", body: new URLSearchParams(form) })).catch(() => {});
}

// here says that somebody is there. What lies over a screen would close by it.
let lastHere = -Infinity;
function here() {
  const now = performance.now();
  if (main().dataset.over || !main().dataset.serial || now - lastHere < 2000) return;
  lastHere = now;
  tap({ button: "", item: "", serial: main().dataset.serial });
}

document.addEventListener("click", (e) => {
  const link = e.target.closest("a[data-view]");
  if (!link) return;
  e.preventDefault();
  turn(link.search);
  here();
});

// A hand that shakes strikes twice: with "steady" the same button counts once
// in half a second.
let lastButton = "";
let lastTime = -Infinity;
document.addEventListener("submit", (e) => {
  e.preventDefault();
  const id = e.submitter?.id ?? "";
  const again = id === lastButton && e.timeStamp - lastTime < 500;
  lastButton = id;
  lastTime = e.timeStamp;
  if (again && main().hasAttribute("data-steady")) return;
  tap(new FormData(e.target));
});

document.addEventListener("contextmenu", (e) => e.preventDefault());

// Four keys are enough: next, previous, select, back. Which keys those are a
// library says for its keypad, by code or by name.
const keys = Object.fromEntries(["next", "prev", "select", "back", "help", "louder", "quieter"]
  .map((name) => [name, (body.getAttribute("data-key-" + name) ?? "").split(" ")]));

function stops() {
  return [...main().querySelectorAll("#heading, button, a[href]")].filter((e) => e.checkVisibility());
}

function move(step) {
  const all = stops();
  const at = all.indexOf(document.activeElement);
  all[(at + step + all.length) % all.length]?.focus({ focusVisible: true });
  here();
}

// The headset says where a key has moved to.
document.addEventListener("focusin", (e) => {
  if (!main().hasAttribute("data-speech") || !e.target.id || !e.target.matches(":focus-visible")) return;
  fetch("/focus", { method: "POST", body: new URLSearchParams({ button: "", item: e.target.id, serial: main().dataset.serial }) }).catch(() => {});
});

function meant(e) {
  for (const [name, codes] of Object.entries(keys)) if (codes.includes(e.code) || codes.includes(e.key)) return name;
  return "";
}

const press = (selector) => main().querySelector(selector)?.click();

document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey) return;
  if (main().classList.contains("keys") && !e.repeat) {
    if (/^[0-9]$/.test(e.key)) return press("#digit-" + e.key);
    if (e.key === "Backspace" || e.key === "Delete") return press("#clear");
  }
  const name = meant(e);
  if (!name) return;
  const sideways = main().dir === "rtl" && (e.code === "ArrowLeft" || e.code === "ArrowRight");
  switch (name) {
    case "next": e.preventDefault(); return move(sideways ? -1 : 1);
    case "prev": e.preventDefault(); return move(sideways ? 1 : -1);
    case "back": e.preventDefault(); return press("#close, .always #back, .always #list, .always #ok, .always #finish, #carry-on, #no");
    case "help": e.preventDefault(); return press("#help");
    case "louder": e.preventDefault(); return tap({ button: "choose", value: "volume:up", item: "", serial: main().dataset.serial });
    case "quieter": e.preventDefault(); return tap({ button: "choose", value: "volume:down", item: "", serial: main().dataset.serial });
  }
  // select: a browser's own keys press by themselves, when they are let go or held
  if (e.code === "Enter" || e.code === "Space" || e.code === "NumpadEnter") {
    if (e.repeat) e.preventDefault(); // a key that is held down presses once
    return;
  }
  e.preventDefault();
  if (!e.repeat && document.activeElement?.matches("button, a[href]")) document.activeElement.click();
});

// The server says how long; between two of its words the page counts itself.
setInterval(() => {
  const left = document.querySelector("[data-seconds]");
  if (left && Number(left.textContent) > 0) left.textContent = String(Number(left.textContent) - 1);
}, 1000);

// A page from the back-forward cache would show a visit that is over.
addEventListener("pageshow", (e) => {
  if (e.persisted) location.reload();
});

fit();
heading()?.focus();
listen();
