// The page without this module is whole: forms, links, a refresh. With it, one
// event stream brings the next <main>, and only what differs is changed, so
// that a button stays the same button under a finger.

const body = document.body;
const said = document.getElementById("said");
let query = location.search; // ?page=2 or ?help=borrow
let source = null;
let lostTimer = 0;
let lastTap = -Infinity;

const main = () => document.querySelector("main");

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
  if (have.dataset.face === want.dataset.face) {
    morph(have, want);
  } else {
    const other = have.dataset.serial && have.dataset.serial !== want.dataset.serial;
    have.replaceWith(want);
    document.getElementById("heading")?.focus();
    if (other && query) turn("");
  }
  speak(main().dataset.say);
}

// speak tells at most one thing in a second and a half, and the newest last.
let toSay = "";
let sayTimer = 0;
function speak(text) {
  toSay = text ?? "";
  if (sayTimer) return;
  if (said.textContent !== toSay) said.textContent = toSay;
  sayTimer = setTimeout(() => {
    sayTimer = 0;
    if (said.textContent !== toSay) speak(toSay);
  }, 1500);
}

// hide takes the visit off the screen while nobody is there to say what is true.
function hide() {
  const empty = document.createElement("main");
  empty.className = "hero lost";
  const middle = document.createElement("div");
  middle.className = "middle";
  const words = document.createElement("div");
  words.className = "words";
  const heading = document.createElement("h1");
  heading.textContent = body.dataset.lost;
  const text = document.createElement("p");
  text.className = "body";
  text.textContent = body.dataset.lostBody;
  words.append(heading, text);
  middle.append(words);
  empty.append(middle);
  main().replaceWith(empty);
  said.textContent = "";
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

// turn shows another page of the list, or help. It is no change of the visit.
function turn(to) {
  query = to;
  listen();
}

function tap(form) {
  // A refused tap needs no words: the next screen is on its way already. If
  // nobody answers, the stream notices as well, and takes the visit off.
  return fetch("/tap", { method: "POST", body: new URLSearchParams(form) }).catch(() => {});
}

document.addEventListener("click", (e) => {
  const link = e.target.closest("a[data-view]");
  if (!link) return;
  e.preventDefault();
  turn(link.search);
  tap({ button: "", item: "", serial: main().dataset.serial }); // somebody is there
});

document.addEventListener("submit", (e) => {
  e.preventDefault();
  if (e.timeStamp - lastTap < 500) return; // a hand that shakes strikes twice
  lastTap = e.timeStamp;
  tap(new FormData(e.target));
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

listen();
