// The pages work without this file. With it, what is done on a list fetches the page that would have been loaded anyway
// and puts its main part into this one: the place, the focus and the selection stay, and a screen reader is told.

const live = document.getElementById("live");
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
let newest = 0; // only the newest request may change the page
let pause; // in typing a search, after which it is sent
let shown = location.pathname + location.search;

async function load(request, part = "main", selected = []) {
  const mine = ++newest;
  clearTimeout(pause); // what is asked for now comes after what was typed
  const answer = await fetch(request).catch(() => null);
  const text = answer?.status < 500 ? await answer.text().catch(() => null) : null;
  if (mine !== newest) return;
  if (text === null) {
    tell("That did not work: the server did not answer. Try again in a moment.", true);
  } else {
    show(new DOMParser().parseFromString(text, "text/html"), part, answer.url, selected);
  }
}

function show(page, part, address, selected) {
  const before = remember(document.activeElement);
  if (!page.getElementById(part)) part = "main"; // an error page
  document.getElementById(part).replaceWith(page.getElementById(part));
  for (const box of document.querySelectorAll("li input")) box.checked = selected.includes(box.value);
  start();
  if (part === "main") {
    document.title = page.title;
    if (address !== location.href.split("#")[0]) history[before.typed === undefined ? "pushState" : "replaceState"](null, "", address);
    shown = location.pathname + location.search;
  }
  restore(before, part);
}

// The focused control by its id, and where it is in the list for when it is gone with its row.
function remember(control) {
  const row = control.closest("li");
  return {
    id: control.id,
    kind: control.id ? `[id^=${control.id[0]}]` : "input", // s12 is the state of entry 12, d12 deletes it
    row: row ? [...row.parentNode.children].indexOf(row) : -1,
    typed: control.type === "search" ? control.value : undefined,
    caret: control.selectionStart,
  };
}

function restore({ id, kind, row, typed, caret }, part) {
  const rows = document.querySelectorAll(".entries li");
  const beside = row < 0 ? null : rows[Math.min(row, rows.length - 1)]?.querySelector(kind);
  const control = (id && document.getElementById(id)) || beside;
  (control ?? document.getElementById(part)).focus({ preventScroll: Boolean(control) });
  if (typed !== undefined && control) {
    control.value = typed; // what was typed while the answer was on its way
    control.setSelectionRange(caret, caret);
  }
}

// Through a region that is there from the beginning: one that comes with its text is often not read out.
function tell(text, isProblem = false) {
  live.className = isProblem ? "notice" : "unseen";
  live.textContent = "";
  if (text) setTimeout(() => { live.textContent = text; }, 50);
}

// What a new page, or a new part of one, needs.
function start() {
  for (const time of document.querySelectorAll("time:not([datetime])")) {
    time.dateTime = time.textContent.replace(" ", "T");
    time.textContent = moment.format(new Date(time.dateTime));
  }
  const zone = document.getElementById("zone");
  if (zone) zone.textContent = moment.resolvedOptions().timeZone;
  document.getElementById("all")?.parentNode.removeAttribute("hidden");
  tell(document.querySelector(".notice:not(#live) p, #report [role] p, .find .error, .lead")?.textContent);
}

async function submit(form, button) {
  if (button?.ariaBusy) return; // the second click of a double one
  const action = button?.getAttribute("formaction") ?? form.getAttribute("action");
  const data = new FormData(form);
  if (button?.name) data.append(button.name, button.value);
  if (button) button.ariaBusy = "true";
  if (form.method === "get") {
    await load(`${action}?${new URLSearchParams([...data].filter(([, value]) => value))}`);
  } else {
    const body = form.enctype === "multipart/form-data" ? data : new URLSearchParams(data);
    // What is done to one entry leaves the others selected.
    const selected = button?.hasAttribute("formaction") ? data.getAll("id") : [];
    await load(new Request(action, { method: "POST", body }), form.dataset.quick || "main", selected);
  }
  if (button) button.ariaBusy = null;
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-quick]") || event.submitter?.formMethod === "dialog") return;
  event.preventDefault();
  submit(event.target, event.submitter);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("nav[data-quick] a");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  load(link.href);
});

document.addEventListener("change", ({ target }) => {
  if (target.id === "sort") target.form.requestSubmit();
  if (target.id === "all") {
    for (const box of document.querySelectorAll("li input")) box.checked = target.checked;
  }
});

document.addEventListener("input", ({ target }) => {
  if (target.id !== "q") return;
  clearTimeout(pause);
  pause = setTimeout(() => document.getElementById("q")?.form.requestSubmit(), 250);
});

addEventListener("popstate", () => {
  if (shown !== location.pathname + location.search) load(location.href); // else a link within the page was followed
});

document.documentElement.classList.add("quick");
start();
