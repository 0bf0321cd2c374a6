// Prints what a library makes of the document at an address: node read.mjs LIBRARY ADDRESS
import { parseFeed, parseOpml } from "feedsmith";
import RssParser from "rss-parser";

const fetched = async (address) => (await fetch(address)).text();
const libraries = {
  feedsmith: async (address) => parseFeed(await fetched(address)),
  opml: async (address) => parseOpml(await fetched(address)),
  "rss-parser": (address) => new RssParser().parseURL(address),
};
const [library, address] = process.argv.slice(2);
console.log(JSON.stringify(await libraries[library](address)));
