// The eyes of the accessibility tests: what a page shows, measured in the
// page. Every function gives a list of what is wrong, in words; an empty list
// is good. Lengths are CSS pixels.
window.access = (() => {
  const round = (n) => Math.round(n * 10) / 10;
  const style = (e, pseudo) => getComputedStyle(e, pseudo);

  // name says which element is meant, for whoever reads the report.
  function name(e) {
    const own = e.id ? "#" + e.id : e.getAttribute("class") ? "." + e.getAttribute("class").trim().split(/\s+/).join(".") : "";
    const value = e.matches("button[value]") && !e.id ? "=" + e.value : "";
    const text = (e.innerText ?? e.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return e.nodeName.toLowerCase() + own + value + (text ? " “" + text + "”" : "");
  }

  // unseen is text for those who listen, taken off the picture on purpose.
  const unseen = (e) => {
    for (let a = e; a && a !== document.body; a = a.parentElement) {
      const s = style(a), r = a.getBoundingClientRect();
      if (r.width <= 1 && r.height <= 1 && s.overflow !== "visible" || s.clipPath.startsWith("inset(50%")) return true;
    }
    return false;
  };
  const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true }) && !unseen(e);

  const operable = "button, a[href], input:not([type=hidden]), select, textarea, summary, [role=button], [role=radio], [role=checkbox], [role=tab], [role=link]";

  // targets are what can be pressed, each with the box that a finger has.
  function targets() {
    const out = [];
    for (const e of document.querySelectorAll(operable)) {
      const label = e.matches("input[type=radio], input[type=checkbox]") && e.labels?.[0];
      const box = label || e;
      if (e.disabled || !shown(box)) continue;
      out.push({ e, box, rect: box.getBoundingClientRect() });
    }
    return out;
  }

  // mm is how many pixels a millimetre of this panel has.
  function mm() {
    for (const e of [document.documentElement, document.body, document.querySelector("main")]) {
      const probe = document.createElement("div");
      if (!e || !style(e).getPropertyValue("--mm").trim()) continue;
      probe.style.cssText = "position:absolute;visibility:hidden;inline-size:calc(100 * var(--mm))";
      e.append(probe);
      const wide = probe.getBoundingClientRect().width / 100;
      probe.remove();
      if (wide > 0) return wide;
    }
    return 0;
  }

  // AX03: a finger needs 20 mm, and 1 mm between two of them.
  function sizes() {
    const one = mm(), wrong = [];
    if (!one) return ["the page does not say how large a millimetre is: no --mm"];
    const all = targets();
    for (const t of all)
      if (t.rect.width < 20 * one - 0.6 || t.rect.height < 20 * one - 0.6)
        wrong.push(`${name(t.e)} is ${round(t.rect.width / one)} by ${round(t.rect.height / one)} mm`);
    for (let i = 0; i < all.length; i++)
      for (let j = i + 1; j < all.length; j++) {
        if (all[i].box.contains(all[j].box) || all[j].box.contains(all[i].box)) continue;
        const a = all[i].rect, b = all[j].rect;
        const x = Math.max(a.left - b.right, b.left - a.right), y = Math.max(a.top - b.bottom, b.top - a.bottom);
        if (Math.max(x, y) < one - 0.6) wrong.push(`${name(all[i].e)} and ${name(all[j].e)} are ${round(Math.max(x, y) / one)} mm apart`);
      }
    return wrong;
  }

  // texts are all runs of text that can be seen, with the boxes of their lines.
  function* texts() {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const e = node.parentElement;
      if (!node.nodeValue.trim() || e.closest("script, style, template, noscript, svg, title") || !shown(e)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      yield { e, text: node.nodeValue.trim(), rects: [...range.getClientRects()].filter((r) => r.width > 0 && r.height > 0) };
    }
  }

  // shortened says that a very long title of an item may end in an ellipsis:
  // one of more than 60 characters, which nine in ten are not.
  const shortened = (e, text) => text.length > 60 && e.closest(".title, bdi") && style(e.closest(".title") ?? e).webkitLineClamp !== "none";

  // cut says how far a line of text is taken away by what is around it.
  function cut(e, r) {
    let y = true; // whether what lies above or below is lost
    const slack = Math.max(2, 0.15 * r.height);
    for (let a = e; a && a !== document.documentElement; a = a.parentElement) {
      const s = style(a);
      if (s.display === "inline" || s.display === "contents") continue;
      if (s.overflowX === "visible" && s.overflowY === "visible") continue;
      const b = a.getBoundingClientRect();
      if (s.overflowX !== "visible" && (r.left < b.left - 1.5 || r.right > b.right + 1.5)) return a;
      if (s.overflowY === "auto" || s.overflowY === "scroll") y = false;
      else if (s.overflowY !== "visible" && y && (r.top < b.top - slack || r.bottom > b.bottom + slack)) return a;
    }
    if (r.left < -1.5 || r.right > innerWidth + 1.5) return document.documentElement;
    const rolls = style(document.body).overflowY === "visible" && style(document.documentElement).overflowY !== "hidden";
    if (y && !rolls && (r.top < -slack || r.bottom > innerHeight + slack)) return document.documentElement;
    return null;
  }

  // AX07 and AX08: nothing is cut off, covered, or found only by scrolling sideways.
  function fits() {
    const wrong = [], root = document.scrollingElement;
    if (root.scrollWidth > innerWidth + 1) wrong.push(`the page is ${root.scrollWidth} wide on a screen of ${innerWidth}`);
    for (const e of document.body.querySelectorAll("*")) {
      const s = style(e);
      if (e.namespaceURI.endsWith("svg") || s.overflowX === "visible" || s.display === "inline" || e.scrollWidth <= e.clientWidth + 1 || !shown(e)) continue;
      wrong.push(`${name(e)} is ${e.scrollWidth} wide in a box of ${e.clientWidth}`);
    }
    for (const t of texts()) {
      if (shortened(t.e, t.text)) continue;
      for (const r of t.rects) {
        const by = cut(t.e, r);
        if (by) {
          wrong.push(`${name(t.e)} is cut off by ${by === document.documentElement ? "the edge of the screen" : name(by).split(" “")[0]}`);
          break;
        }
        const x = (r.left + r.right) / 2, y = (r.top + r.bottom) / 2;
        const hit = x > 0 && y > 0 && x < innerWidth && y < innerHeight ? document.elementFromPoint(x, y) : null;
        if (hit && !hit.contains(t.e) && !t.e.contains(hit) && !covers(hit, t.e)) {
          wrong.push(`${name(t.e)} is covered by ${name(hit)}`);
          break;
        }
      }
    }
    for (const t of targets()) {
      const by = cut(t.box.parentElement, t.rect);
      if (by) wrong.push(`${name(t.e)} reaches beyond ${by === document.documentElement ? "the screen" : name(by).split(" “")[0]}`);
    }
    return wrong;
  }

  // covers says that what is hit lies over the text on purpose: the text is
  // scrolled out of a box, or belongs to the page under a dialog.
  function covers(hit, e) {
    for (let a = e.parentElement; a; a = a.parentElement) {
      const s = style(a);
      if ((s.overflowY === "auto" || s.overflowY === "scroll") && !a.contains(hit)) return true;
    }
    return e.closest("[inert]") !== null || hit.closest("dialog[open], [role=dialog]") !== null && e.closest("dialog[open], [role=dialog]") === null;
  }

  // AX05: what has a colour of state has a drawing and a word as well.
  function coloured() {
    const wrong = [];
    for (const e of document.querySelectorAll(".tile, .band, .telling")) {
      if (!shown(e)) continue;
      const icon = e.querySelector("svg use[href], svg[data-icon] *, svg path");
      if (!icon) wrong.push(`${name(e)} has no drawing`);
      const word = e.matches(".tile") ? e.querySelector(".state") : e;
      if (!word?.innerText.trim()) wrong.push(`${name(e)} has no word for its state`);
    }
    return wrong;
  }

  // AX11: what has the focus can be seen, whole and uncovered.
  function focus() {
    const wrong = [], before = document.activeElement;
    const all = [...document.querySelectorAll(operable + ", [tabindex]")].filter((e) => !e.disabled && e.tabIndex >= 0 && shown(e));
    for (const e of all) {
      e.focus({ focusVisible: true });
      if (document.activeElement !== e) {
        wrong.push(`${name(e)} does not take the focus`);
        continue;
      }
      const box = (e.matches("input[type=radio], input[type=checkbox]") && e.labels?.[0]) || e;
      const r = box.getBoundingClientRect();
      if (r.left < -1 || r.top < -1 || r.right > innerWidth + 1 || r.bottom > innerHeight + 1) {
        wrong.push(`${name(e)} has the focus off the screen`);
        continue;
      }
      const hit = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
      if (!hit || !box.contains(hit)) wrong.push(`${name(e)} has the focus under ${hit ? name(hit) : "nothing"}`);
      if (!ring(e) && !ring(box)) wrong.push(`${name(e)} has the focus and does not show it`);
    }
    before?.focus?.({ focusVisible: false });
    return wrong;
  }

  // ring says whether an element shows that it has the focus.
  function ring(e) {
    const s = style(e);
    return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== "none" && !e.matches(":not(:focus-visible)");
  }

  // AX09: the order of the focus is the order of the eye: line by line down the
  // page, in the direction of the text; one column before the next is as good.
  function order() {
    const wrong = [], all = targets().filter((t) => t.e.tabIndex >= 0);
    for (const t of all) if (t.e.tabIndex > 0) wrong.push(`${name(t.e)} jumps the queue of the focus`);
    for (let i = 1; i < all.length; i++) {
      const rtl = style(all[i].box.parentElement).direction === "rtl"; // the digits of a number pad run their own way
      const a = all[i - 1].rect, b = all[i].rect;
      if (group(all[i - 1].box) !== group(all[i].box)) continue;
      const above = b.bottom <= a.top + 1, before = rtl ? b.left >= a.right - 1 : b.right <= a.left + 1;
      if (above && !(rtl ? b.right <= a.left + 1 : b.left >= a.right - 1)) wrong.push(`${name(all[i].e)} comes after ${name(all[i - 1].e)}, and lies above it`);
      else if (before && b.top < a.bottom - 1 && b.bottom > a.top + 1) wrong.push(`${name(all[i].e)} comes after ${name(all[i - 1].e)}, and lies before it`);
    }
    return wrong;
  }
  const group = (e) => e.closest(".foot, .middle, .top, .pad, nav, fieldset, section, dialog, header, footer") ?? document.body;

  // AX12: after a change of the screen the focus is on the heading.
  function headed() {
    const a = document.activeElement;
    return a?.matches('h1[tabindex="-1"]') ? [] : [`the focus is on ${a ? name(a) : "nothing"}, not on the heading`];
  }

  // AX13: one voice for what happens, and at most one that interrupts.
  function voices() {
    const wrong = [];
    const live = [...document.querySelectorAll('[aria-live], [role="status"], [role="alert"], [role="log"], [role="timer"]')];
    const polite = live.filter((e) => e.getAttribute("aria-live") === "polite" || !e.hasAttribute("aria-live") && e.matches('[role="status"], [role="log"]'));
    const loud = live.filter((e) => e.getAttribute("aria-live") === "assertive" || !e.hasAttribute("aria-live") && e.matches('[role="alert"]'));
    if (polite.length !== 1) wrong.push(`there are ${polite.length} polite live regions`);
    if (loud.length > 1) wrong.push(`there are ${loud.length} assertive live regions`);
    return wrong;
  }

  // AX17: nothing moves.
  function moving() {
    const wrong = [];
    for (const e of document.querySelectorAll("*"))
      for (const pseudo of [null, "::before", "::after"]) {
        const s = style(e, pseudo);
        if (pseudo && s.content === "none") continue;
        const long = (list) => list.split(",").some((t) => parseFloat(t) > 0);
        if (s.animationName !== "none" && long(s.animationDuration)) wrong.push(`${name(e)}${pseudo ?? ""} is animated: ${s.animationName}`);
        if (s.transitionProperty !== "none" && long(s.transitionDuration)) wrong.push(`${name(e)}${pseudo ?? ""} changes slowly: ${s.transitionProperty}`);
      }
    if (document.getAnimations().some((a) => a.playState === "running")) wrong.push("an animation runs");
    return wrong;
  }

  // AX17: nothing flashes: no animation that never ends comes round more than
  // three times in a second.
  function flashing() {
    const wrong = [];
    for (const a of document.getAnimations()) {
      const t = a.effect?.getComputedTiming();
      if (t && t.iterations > 3 && t.duration < 1000 / 3) wrong.push(`${a.effect.target ? name(a.effect.target) : "something"} comes round every ${Math.round(t.duration)} ms`);
    }
    return wrong;
  }

  // AX22: the page says its language and direction, and titles theirs.
  function language(lang, dir) {
    const wrong = [], root = document.documentElement;
    if (root.lang !== lang) wrong.push(`the page says that its language is ${root.lang}`);
    if (style(root).direction !== dir || root.dir !== dir) wrong.push(`the page runs ${style(root).direction}, and says ${root.dir}`);
    for (const e of document.querySelectorAll(".tile .title, .ask .title, .what .title")) {
      const text = e.textContent.trim(), bdi = e.querySelector("bdi") ?? e.closest("bdi");
      if (!text) continue;
      if (!bdi) {
        wrong.push(`${name(e)} is not in a bdi`);
        continue;
      }
      const first = /[A-Za-z\u00c0-\u024f\u0400-\u04ff\u0900-\u0dff]|([\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc])/u.exec(text);
      if (first && !/[\u202d\u202e]/.test(text) && style(bdi).direction !== (first[1] ? "rtl" : "ltr")) wrong.push(`${name(e)} runs ${style(bdi).direction}`);
    }
    return wrong;
  }

  // AX23: everything that can be pressed has a name, and the name holds what is
  // written on it (WCAG 2.5.3).
  function named() {
    const wrong = [], plain = (s) => s.replace(/\s+/g, " ").trim().toLowerCase();
    for (const { e } of targets()) {
      const by = (e.getAttribute("aria-labelledby") ?? "").split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
      const said = plain(by || e.getAttribute("aria-label") || e.labels?.[0]?.textContent || e.innerText || "");
      if (!said) wrong.push(`${name(e)} has no name`);
      else if (e.innerText && !said.includes(plain(e.innerText))) wrong.push(`${name(e)} is called “${said}”`);
      if (/\[[a-z]+[.\w-]*\]/.test(said)) wrong.push(`${name(e)} has no words`);
    }
    if (/\[[a-z]+\.[a-z_.-]+\]/.test(document.body.innerText)) wrong.push("words are missing: " + /\[[a-z]+\.[a-z_.-]+\]/.exec(document.body.innerText)[0]);
    return wrong;
  }

  const boxOf = (selector) => {
    const e = document.querySelector(selector);
    if (!e || !shown(e)) return null;
    const r = e.getBoundingClientRect();
    return [r.left, r.top, r.width, r.height];
  };
  const help = () => boxOf('#help, button[value="help"], [data-button="help"]');
  const primary = () => boxOf(".button.primary, button.primary, .primary button, [data-place=primary]");

  // low gives what lies higher than the lowest 45 hundredths of the screen (AX26).
  function low() {
    return targets().filter((t) => t.rect.top < 0.55 * innerHeight - 1).map((t) => `${name(t.e)} begins at ${Math.round(100 - 100 * t.rect.top / innerHeight)} % of the height`);
  }

  // drawn waits until a visit is on the screen, with its letters.
  function drawn(visit) {
    // A page that had been turned comes back to its first for a new visit.
    const there = () => document.querySelector("main")?.outerHTML.includes(visit) && !document.querySelector("#newer");
    return new Promise((resolve, reject) => {
      if (there()) return resolve();
      const late = setTimeout(() => { watch.disconnect(); reject(new Error("the state never came to the screen")); }, 10000);
      const watch = new MutationObserver(() => {
        if (!there()) return;
        watch.disconnect();
        clearTimeout(late);
        resolve();
      });
      watch.observe(document.documentElement, { subtree: true, childList: true, attributes: true });
    }).then(async () => {
      document.body.getBoundingClientRect(); // only what is laid out asks for its letters
      await document.fonts.ready;
      await new Promise((done) => setTimeout(done, 0)); // and the page fits itself to them
    });
  }

  // plainly says that every line of an element's text can be seen whole, with
  // nothing over it, and stands out from what is behind it (WCAG 1.4.3). axe
  // leaves open what it calls partially obscured: a line whose spacing reaches
  // beyond its box, though no letter of it does. That is looked at here instead.
  function plainly(selector) {
    const e = document.querySelector(selector);
    if (!e) return false;
    for (const t of texts()) {
      if (!e.contains(t.e)) continue;
      if (contrast(t.e) < 4.5) return false;
      for (const r of t.rects) {
        const hit = document.elementFromPoint((r.left + r.right) / 2, (r.top + r.bottom) / 2);
        if (cut(t.e, r) || !hit || !(hit.contains(t.e) || t.e.contains(hit))) return false;
      }
    }
    return true;
  }

  // contrast is that of an element's text with the nearest opaque ground.
  function contrast(e) {
    const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
      .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    let ground = [255, 255, 255];
    for (let a = e; a; a = a.parentElement) {
      const c = numbers(style(a).backgroundColor);
      if (c.length === 3 || c[3] === 1) { ground = c; break; }
    }
    const [a, b] = [luminance(numbers(style(e).color)), luminance(ground)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }

  // judged runs axe-core, and writes what it finds as lines.
  async function judged(options) {
    if (!options) return { violations: [], incomplete: [] };
    const got = await axe.run(document, { resultTypes: ["violations", "incomplete"], ...options });
    const plain = (list) => list.flatMap((rule) => rule.nodes.map((n) => {
      const why = [...n.any, ...n.all, ...n.none].map((c) => c.data?.messageKey ?? c.message).filter(Boolean)[0] ?? "";
      const data = [...n.any, ...n.all].find((c) => c.data?.contrastRatio)?.data;
      const ratio = data ? ` ${data.fgColor} on ${data.bgColor} is ${data.contrastRatio}` : "";
      return `${rule.id}: ${n.target.join(" ")}: ${why}${ratio}`;
    }));
    for (const rule of got.incomplete) {
      if (rule.id !== "color-contrast") continue;
      rule.nodes = rule.nodes.filter((n) => !(n.any.some((c) => c.data?.messageKey === "elmPartiallyObscured") && plainly(n.target[0])));
    }
    return { violations: plain(got.violations), incomplete: plain(got.incomplete) };
  }

  // words are the texts that can be seen, but for those that are not the same
  // in every drawing: the pager's, the seconds that are left, the size itself.
  const words = () => [...texts()].filter((t) => !t.e.closest(".pager, [data-seconds], #choose-size")).map((t) => t.text.replace(/\s+/g, " "));

  // smallest is the size of the smallest letters, outside the line at the top.
  const smallest = () => Math.min(...[...texts()].filter((t) => !t.e.closest(".top")).map((t) => parseFloat(style(t.e).fontSize)));

  // leaf turns to the next page of what did not fit, if there is one.
  async function leaf() {
    const older = document.querySelector("#older");
    if (!older) return false;
    const page = document.querySelector(".pager p")?.textContent;
    older.click();
    for (let tries = 0; tries < 200; tries++) {
      if (document.querySelector(".pager p")?.textContent !== page) return true;
      await new Promise((done) => setTimeout(done, 10));
    }
    throw new Error("the page does not turn");
  }

  // look is everything that is asked of one drawing.
  async function look(visit, want) {
    const t0 = performance.now();
    await drawn(visit);
    await document.fonts.ready; // a typeface that comes late is fitted anew
    await new Promise((done) => setTimeout(done));
    const t1 = performance.now();
    const out = { found: {}, help: help(), primary: primary(), wide: innerWidth };
    if (want.headed) out.found.AX12 = headed();
    if (want.language) out.found.AX22 = language(...want.language);
    const checks = { AX03: sizes, AX05: coloured, AX07: fits, AX08: fits, AX09: order, AX11: focus, AX13: voices, AX17: moving, AX17b: flashing, AX23: named, AX26: low };
    for (const id of want.checks ?? []) {
      const t = performance.now();
      out.found[id] = checks[id]();
      (out.took ??= {})[id] = performance.now() - t;
    }
    const t2 = performance.now();
    if (want.pages) {
      out.words = words();
      out.smallest = smallest();
      for (let page = 2; await leaf(); page++) {
        out.words.push(...words());
        for (const id of want.checks) out.found[id].push(...checks[id]().map((w) => `page ${page}: ${w}`));
      }
    }
    const { violations, incomplete } = await judged(want.axe);
    out.found.AX01 = violations.filter((v) => !v.startsWith("target-size"));
    out.found.AX02 = violations.filter((v) => v.startsWith("target-size"));
    out.incomplete = incomplete;
    const took = (out.took ??= {});
    took.drawn = t1 - t0;
    took[want.axe?.runOnly.type === "tag" ? "axeAll" : "axeStyle"] = performance.now() - t2;
    return out;
  }

  return { look, drawn, mm, targets, name };
})();
