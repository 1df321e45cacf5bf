// For the pages that development alone has: a part that is marked as live is read again every few seconds.
const SECONDS_BETWEEN = 4;

async function read(id) {
  const page = await fetch(location.href).then((answer) => (answer.ok ? answer.text() : "")).catch(() => "");
  return new DOMParser().parseFromString(page, "text/html").getElementById(id);
}

async function keepUpToDate(part) {
  let before = (await read(part.id))?.innerHTML;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, SECONDS_BETWEEN * 1000));
    const now = document.hidden ? null : await read(part.id);
    if (!now || now.innerHTML === before) continue;
    before = now.innerHTML;
    part.replaceChildren(...now.childNodes);
    part.querySelectorAll("[data-copies]").forEach((button) => (button.hidden = false));
  }
}

document.querySelectorAll("[data-live]").forEach(keepUpToDate);
