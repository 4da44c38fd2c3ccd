// Remembers in which language examples are shown.

const choices = [...document.querySelectorAll(".languages input")];

try {
  const kept = choices.find((choice) => choice.id === localStorage.getItem("language"));
  if (kept) kept.checked = true;
  for (const choice of choices) choice.addEventListener("change", () => localStorage.setItem("language", choice.id));
} catch {
  // Some browsers keep nothing for a page: then it begins with curl each time.
}
