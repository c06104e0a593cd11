"use strict";
// Measures each frame's page as it is laid out, and leaves what it found as JSON in an element of the outer page.
const luminance = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
const opaque = (colour) => { const c = channels(colour); return c.length === 3 || c[3] > 0; };

function ground(element, view) {
  for (let one = element; one; one = one.parentElement) {
    const colour = view.getComputedStyle(one).backgroundColor;
    if (opaque(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
}

function contrast(element, view) {
  const pair = [view.getComputedStyle(element).color, ground(element, view)].map((c) => luminance(channels(c))).sort((a, b) => b - a);
  return (pair[0] + 0.05) / (pair[1] + 0.05);
}

function texts(doc) {
  return [...doc.body.querySelectorAll("*")].filter((element) => !["STYLE", "SCRIPT"].includes(element.tagName)
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
}

function measure(frame) {
  const view = frame.contentWindow, doc = frame.contentDocument, found = {};
  const overflow = () => doc.documentElement.scrollWidth - frame.clientWidth;
  found.dark = view.matchMedia("(prefers-color-scheme: dark)").matches;
  found.background = view.getComputedStyle(doc.body).backgroundColor;
  found.overflow = overflow();
  found.scripts = doc.querySelectorAll("script, img").length;
  found.columns = doc.querySelectorAll(".matrix > thead th").length;
  const red = view.getComputedStyle(doc.querySelector(".verdict")).backgroundColor;
  found.red = [...doc.body.querySelectorAll("*")].filter((e) => view.getComputedStyle(e).backgroundColor === red).map((e) => e.className);
  found.numbersHidden = [...doc.querySelectorAll(".numbers")].every((table) => table.checkVisibility({contentVisibilityAuto: true}) === false);
  doc.querySelectorAll("details").forEach((details) => { details.open = true; });
  found.overflowOpen = overflow();
  const shown = texts(doc);
  found.contrast = Math.min(...shown.map((e) => contrast(e, view)));
  found.smallest = Math.min(...shown.map((e) => parseFloat(view.getComputedStyle(e).fontSize)));
  const scroll = doc.querySelector(".matrix-window");
  scroll.scrollLeft = 400;
  scroll.scrollTop = 300;
  const left = (e) => e.getBoundingClientRect().left - scroll.getBoundingClientRect().left;
  found.scrolled = scroll.scrollLeft;
  found.checkLeft = left(doc.querySelector(".matrix > tbody th.check"));
  found.wideLeft = left(doc.querySelector(".wide"));
  found.wideOver = doc.querySelector(".wide").offsetWidth - scroll.clientWidth;
  return found;
}

addEventListener("load", () => {
  const facts = {};
  for (const frame of document.querySelectorAll("iframe")) facts[frame.name] = measure(frame);
  const told = document.createElement("pre");
  told.id = "facts";
  told.textContent = JSON.stringify(facts);
  document.body.append(told);
});
