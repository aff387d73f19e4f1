// The pages work without this file. It prints, copies, and keeps an eager finger from sending a form twice.
"use strict";
document.documentElement.classList.add("js");
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print], [data-copy]");
  if (!button) return;
  if (button.hasAttribute("data-print")) {
    window.print();
  } else {
    navigator.clipboard.writeText(button.dataset.copy).then(() => { button.textContent = button.dataset.copied; });
  }
});
// The language switch of a form sends the whole form for a new page; htmx would send it for a part of this one.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[form][name=language]");
  if (!button) return;
  event.preventDefault();
  const chosen = document.createElement("input");
  chosen.type = "hidden";
  chosen.name = button.name;
  chosen.value = button.value;
  button.form.append(chosen);
  button.form.submit();
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
});
