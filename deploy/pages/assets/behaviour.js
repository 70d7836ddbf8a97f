// What little moves. Pages can be read, and forms sent, without it.
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  // A filter asks the page anew when another choice is made.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-auto]")) event.target.form?.requestSubmit();
  });

  // A key for what has data-hotkey: fields get the focus, everything else is pressed.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") all("details.menu[open]").forEach((menu) => (menu.open = false));
    if (typing(event.target)) return;
    const wanted = all("[data-hotkey]").find((one) => one.dataset.hotkey === event.key && one.offsetParent !== null);
    if (!wanted) return;
    event.preventDefault();
    if (typing(wanted)) wanted.focus();
    else wanted.click();
  });

  // What opens to be filled in takes the focus; Escape closes it.
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details[data-opens][open]")) event.target.querySelector("select, input, textarea")?.focus();
  }, true);
  document.addEventListener("keydown", (event) => {
    const opened = event.key === "Escape" && event.target.closest?.("details[data-opens][open]");
    if (!opened) return;
    opened.open = false;
    opened.querySelector("summary").focus();
  });

  // A menu closes when something else is pressed.
  document.addEventListener("click", (event) => {
    all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });

  // A form is sent once; what cannot be undone asks first.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const asks = event.submitter?.dataset.confirm || form.dataset.confirm;
    if (asks && !window.confirm(asks)) { event.preventDefault(); return; }
    if (form.method !== "post" || form.matches("[hx-post]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    event.submitter?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    all("[aria-busy]", form).forEach((one) => one.removeAttribute("aria-busy"));
  }));

  // Files dropped on a field's frame are the field's files.
  document.addEventListener("dragover", (event) => {
    const frame = event.target.closest?.("[data-drop]");
    if (!frame) return;
    event.preventDefault();
    frame.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.target.closest?.("[data-drop]")?.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    const frame = event.target.closest?.("[data-drop]");
    const field = frame?.querySelector("input[type=file]");
    if (!field || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    frame.classList.remove("over");
    field.files = event.dataTransfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-drop] input[type=file]")) return;
    const shown = event.target.closest("[data-drop]").querySelector("[data-chosen]");
    if (shown) shown.textContent = Array.from(event.target.files, (file) => file.name).join(", ");
    if (event.target.matches("[data-send]")) event.target.form?.requestSubmit();
  });

  // Live pages: the server says that something changed, and parts with hx-trigger="changed from:body" ask for themselves anew.
  const live = document.querySelector("[data-live]");
  if (live && window.EventSource) {
    const source = new EventSource(live.dataset.live);
    const state = document.querySelector("[data-live-state]");
    const tell = (word) => { if (state) { state.dataset.state = word; state.textContent = state.dataset[word] || ""; } };
    source.addEventListener("changed", () => { tell("on"); window.htmx?.trigger(document.body, "changed"); });
    source.addEventListener("open", () => tell("on"));
    source.addEventListener("error", () => tell("off"));
    window.addEventListener("pagehide", () => source.close());
  }
})();
