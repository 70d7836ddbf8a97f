// What little moves. Pages can be read, and forms sent, without it.
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  // Also false within what is folded away.
  const shown = (one) => (one.checkVisibility ? one.checkVisibility() : one.offsetParent !== null);

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
    // What stands in rows goes with it.
    typed.forEach((_, row) => { if (Array.from(form.elements).some((field) => row.contains(field))) typed.delete(row); });
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
    if (shown) {
      shown.dataset.chosen ||= shown.textContent;
      shown.textContent = Array.from(event.target.files, (file) => file.name).join(", ") || shown.dataset.chosen;
    }
    if (event.target.matches("[data-send]")) event.target.form?.requestSubmit();
  });

  // Files that were sent in place and are still chosen afterwards were not taken: they can be chosen again.
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.target.matches?.("form[enctype='multipart/form-data']")) return;
    Array.from(event.target.elements).filter((field) => field.type === "file" && field.value).forEach((field) => {
      field.value = "";
      const shown = field.closest("[data-drop]")?.querySelector("[data-chosen]");
      if (shown?.dataset.chosen) shown.textContent = shown.dataset.chosen;
    });
  });

  // Rows that are kept as one types, from the first letter on until an answer says that this is kept: how often they were typed in,
  // and how often when they were last sent.
  const typed = new Map(), going = new Map();
  const touch = (event) => {
    const row = event.target.closest?.("[data-keeps]");
    if (row && row !== event.target && event.target.type !== "file") typed.set(row, (typed.get(row) || 0) + 1);
  };
  document.addEventListener("input", touch);
  document.addEventListener("change", touch);
  document.addEventListener("htmx:configRequest", (event) => going.set(event.target, typed.get(event.target)));

  // While the program does not answer, one notice says so, and what is not kept is sent again and again.
  let notice = null, again = 0;
  const reached = () => {
    notice?.remove();
    notice = null;
    clearTimeout(again);
    again = 0;
  };
  const tryAgain = () => {
    again = setTimeout(() => {
      again = 0;
      const rows = Array.from(typed.keys()).filter((row) => row.isConnected);
      if (rows.length) { rows.forEach((row) => window.htmx.trigger(row, "change")); return; }
      fetch(document.querySelector("link[rel=stylesheet]").href, { method: "HEAD", cache: "no-store" }).then(reached, tryAgain);
    }, 3000);
  };
  const unreached = () => {
    if (!notice) {
      notice = document.createElement("div");
      notice.className = "notice fault lasting";
      notice.setAttribute("role", "alert");
      notice.textContent = document.body.dataset.unreachable;
      document.querySelector("main").prepend(notice);
    }
    if (!again) tryAgain();
  };
  ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach((name) => document.addEventListener(name, unreached));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) return;
    if (typed.get(event.target) === going.get(event.target)) typed.delete(event.target);
    if (!Array.from(typed.keys()).some((row) => row.isConnected && going.has(row))) reached();
  });

  // Whoever leaves the page or turns to another window leaves nothing behind: what still waits to be kept is sent at once.
  const leave = () => typed.forEach((_, row) => {
    if (!row.isConnected) return;
    const fields = all("input[name], select[name], textarea[name]", row).filter((field) => field.type !== "file" && !field.closest("form"));
    const body = new URLSearchParams(JSON.parse(row.getAttribute("hx-vals")));
    fields.forEach((field) => body.append(field.name, field.value));
    fetch(row.getAttribute("hx-post"), { method: "POST", body, keepalive: true, headers: { "HX-Request": "true" } }).catch(() => {});
  });
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });

  // Enter goes to the next field of a sheet, and from the last one to what is marked as coming after it. Shift turns
  // back, and in a note begins a new line.
  document.addEventListener("keydown", (event) => {
    const sheet = event.target.closest?.("[data-enter-next]");
    if (!sheet || event.key !== "Enter" || event.ctrlKey || event.altKey || event.isComposing) return;
    if (!event.target.matches("input:not([type=file]), select, textarea")) return;
    const notes = event.target.matches("textarea");
    if (notes && event.shiftKey) return;
    const fields = all(notes ? "textarea" : "input:not([type=hidden], [type=file]), select", sheet).filter(shown);
    event.preventDefault();
    const next = fields[fields.indexOf(event.target) + (event.shiftKey ? -1 : 1)] || (event.shiftKey ? null : document.querySelector("[data-last]"));
    next?.focus();
    next?.select?.();
  });

  // A document shown within the page (browsers' PDF viewers do it) does not take the focus when it is loaded: keys go on doing what
  // the page says, and what is being typed goes on where it was.
  const loaded = new Map(all("iframe.shown").map((frame) => [frame, performance.now()]));
  let left = { one: null, at: -Infinity }, tabbed = -Infinity;
  loaded.forEach((_, frame) => frame.addEventListener("load", () => loaded.set(frame, performance.now())));
  document.addEventListener("focusout", (event) => (left = { one: event.target, at: performance.now() }));
  document.addEventListener("keydown", (event) => { if (event.key === "Tab") tabbed = performance.now(); });
  if (loaded.size) window.addEventListener("blur", () => {
    const now = performance.now();
    const before = now - left.at < 100 ? left.one : null;
    setTimeout(() => {
      const frame = document.activeElement;
      // A press needs the pointer over it; while a viewer is loading that is by chance at most.
      const pressed = loaded.has(frame) && frame.matches(":hover") && now - loaded.get(frame) > 3000;
      if (!loaded.has(frame) || pressed || now - tabbed < 500) return;
      frame.blur();
      window.focus();
      if (before?.isConnected) before.focus();
    });
  });

  // What prints the page is shown where it can.
  all("[data-print]").forEach((one) => { one.hidden = false; one.addEventListener("click", () => window.print()); });

  // A cell of a heat map leads to the figure that its row and its column name.
  all("[data-heat]").forEach((map) => {
    map.dataset.heat = "on";
    const codes = all("thead tr:last-child th a", map).map((one) => one.textContent);
    map.addEventListener("click", (event) => {
      const cell = event.target.closest("td[class]");
      const row = cell?.parentElement.querySelector("th a");
      if (row) window.location.href = `${row.getAttribute("href")}/${codes[cell.cellIndex - 1]}`;
    });
  });

  // Arrows go through what a search suggests.
  document.addEventListener("keydown", (event) => {
    const search = event.target.closest?.(".search");
    if (!search || !["ArrowDown", "ArrowUp", "Escape"].includes(event.key)) return;
    const found = all("#suggestions a", search);
    if (event.key === "Escape") { search.querySelector("#suggestions").replaceChildren(); return; }
    if (!found.length) return;
    event.preventDefault();
    const next = found.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (found[next] || search.querySelector("input")).focus();
  });

  // Live pages: the server says that something changed, and parts with hx-trigger="changed from:body" ask for themselves anew.
  const live = document.querySelector("[data-live]");
  if (live && window.EventSource) {
    const source = new EventSource(live.dataset.live);
    const state = document.querySelector("[data-live-state]");
    const tell = (word) => { if (state) { state.dataset.state = word; state.textContent = state.dataset[word] || ""; } };
    source.addEventListener("changed", () => { tell("on"); window.htmx?.trigger(document.body, "changed"); });
    source.addEventListener("open", () => { tell("on"); if (notice) window.htmx?.trigger(document.body, "changed"); });
    source.addEventListener("error", () => tell("off"));
    window.addEventListener("pagehide", () => source.close());
  }
})();
