// The site's one script. Every page works without it; with it, waiting is kinder.

// A pressed button says what is happening, and a second press does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) return event.preventDefault();
  if (form.method !== "post") return;
  form.dataset.sent = "true";
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  button.dataset.label = button.textContent;
  button.textContent = button.dataset.busy;
  button.setAttribute("aria-busy", "true");
});

// The back button may bring this very page back: its buttons must work again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  document.querySelectorAll("[aria-busy][data-label]").forEach((button) => {
    button.textContent = button.dataset.label;
    button.removeAttribute("aria-busy");
  });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-shows], [data-copies]");
  if (!button) return;
  const target = document.getElementById(button.dataset.shows ?? button.dataset.copies);
  if (button.dataset.copies) {
    await navigator.clipboard.writeText(target.value ?? target.textContent.trim());
    button.textContent = "Copied";
  } else {
    target.type = target.type === "password" ? "text" : "password";
    [button.textContent, button.dataset.next] = [button.dataset.next, button.textContent];
    [button.ariaLabel, button.dataset.nextLabel] = [button.dataset.nextLabel, button.ariaLabel];
  }
});
document.querySelectorAll("[data-shows], [data-copies]").forEach((button) => (button.hidden = false));

// "/" leads to the search field, as long as nobody is typing elsewhere.
const search = document.querySelector("[data-focus-key]");
document.addEventListener("keydown", (event) => {
  if (!search || event.key !== search.dataset.focusKey || event.metaKey || event.ctrlKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  search.focus();
});

// A menu closes with Escape, and so does a form that was opened; the focus goes back to what opened it. A menu closes
// also when the reader goes on elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const opened = event.target.closest("details[open]:has(form)") ?? document.querySelector(".menu[open]");
  if (!opened) return;
  opened.open = false;
  opened.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  document.querySelectorAll(".menu[open]").forEach((menu) => (menu.open = menu.contains(event.target)));
});

// A row of links that is wider than a phone begins at the page that one is on.
document.querySelectorAll(":is(.subnav, .rail) [aria-current]").forEach((link) => link.scrollIntoView({ block: "nearest", inline: "center" }));

// A form that came back with problems starts the reader at their summary.
document.querySelector(".error-summary")?.focus();

// After Checkout: ask every two seconds whether the payment is confirmed, and say so if it takes long.
const SECONDS_BETWEEN = 2;
const SECONDS_UNTIL_SLOW = 30;

async function waitForPayment(waiting) {
  let seconds = Number(waiting.dataset.waited) || 0;
  while (waiting.dataset.state === "confirming") {
    await new Promise((resolve) => setTimeout(resolve, SECONDS_BETWEEN * 1000));
    seconds += SECONDS_BETWEEN;
    const page = await fetch(location.href).then((answer) => (answer.ok ? answer.text() : "")).catch(() => "");
    const now = new DOMParser().parseFromString(page, "text/html").querySelector("[data-state]");
    if (now && now.dataset.state !== "confirming") {
      document.title = page.match(/<title>([^<]*)/)?.[1].trim() ?? document.title;
      waiting.replaceChildren(...now.childNodes);
      waiting.dataset.state = now.dataset.state;
    } else if (seconds >= SECONDS_UNTIL_SLOW) {
      waiting.querySelectorAll("[data-slow]").forEach((part) => (part.hidden = false));
    }
  }
}

const waiting = document.querySelector('[data-state="confirming"]');
if (waiting) waitForPayment(waiting);
