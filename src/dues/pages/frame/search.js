// Searches the guides, the calls and the errors. Without it the lists are there all the same.

const field = document.getElementById("search");
const found = document.getElementById("found");
const root = field.dataset.root;
const SHOWN = 12;
let entries;

const folded = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

async function load() {
  entries ??= fetch(`${root}docs/search.json`).then((answer) => answer.json());
  return (await entries).map((entry) => ({ ...entry, folded: folded(`${entry.title} ${entry.page} ${entry.text}`) }));
}

// All words must be there; those in the title count most.
function weight(entry, words) {
  if (!words.every((word) => entry.folded.includes(word))) return 0;
  const title = folded(entry.title);
  return 1 + words.filter((word) => title.includes(word)).length * 10 + (title.startsWith(words[0]) ? 5 : 0);
}

function excerpt(entry, words) {
  const at = Math.max(0, folded(entry.text).indexOf(words[0]) - 60);
  return (at ? "…" : "") + entry.text.slice(at, at + 160) + (entry.text.length > at + 160 ? "…" : "");
}

function line(entry, words) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = root + entry.path;
  link.textContent = entry.title;
  const where = document.createElement("span");
  where.textContent = ` ${entry.page}`;
  const text = document.createElement("p");
  text.textContent = excerpt(entry, words);
  item.append(link, where, text);
  return item;
}

async function search() {
  const words = folded(field.value).split(/\s+/).filter(Boolean);
  const all = words.length ? await load() : [];
  if (words.join(" ") !== folded(field.value).split(/\s+/).filter(Boolean).join(" ")) return; // typed on meanwhile
  const fitting = all
    .map((entry) => ({ entry, weight: weight(entry, words) }))
    .filter((one) => one.weight)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, SHOWN);
  found.replaceChildren(...fitting.map((one) => line(one.entry, words)));
  if (words.length && !fitting.length) found.textContent = "Nothing has all of these words.";
}

document.getElementById("search-box").hidden = false;
field.addEventListener("input", search);
