/* generator: feeds */
"use strict";
// Finds feeds by their title; without it the page is a plain list.
const box = document.querySelector(".search");
const input = box.querySelector("input");
const said = box.querySelector("output");
const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const feeds = [...document.querySelectorAll(".feeds > li")].map((item) => [item, folded(item.querySelector("h3").textContent)]);

input.addEventListener("input", () => {
  const words = folded(input.value).split(/\s+/);
  let found = 0;
  for (const [item, title] of feeds) {
    item.hidden = !words.every((word) => title.includes(word));
    found += !item.hidden;
  }
  for (const section of document.querySelectorAll("main > section")) {
    const shown = section.querySelectorAll("li:not([hidden])").length;
    section.hidden = !shown;
    section.querySelector(".count").textContent = shown;
  }
  said.textContent = input.value.trim() ? `${found} of ${feeds.length} feeds` : "";
});
box.hidden = false;
