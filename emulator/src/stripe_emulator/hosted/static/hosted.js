// Comfort only: every page works without this file.
for (const button of document.querySelectorAll("button[data-fill]")) {
  button.addEventListener("click", (event) => {
    event.preventDefault();
    const fields = button.form.elements;
    const number = button.dataset.fill;
    fields.card_number.value = number.replace(/(.{4})(?=.)/g, "$1 ");
    fields.expiration.value = "12 / 34";
    fields.cvc.value = /^3[47]/.test(number) ? "1234" : "123";
    fields.name.value ||= "Test Person";
    const card = button.form.querySelector("input[name=method][value=card]");
    if (card) card.checked = true;
    fields.card_number.focus();
  });
}

// A second press while the first is on its way would only be refused; say that it is on its way.
for (const each of document.querySelectorAll("form[data-once]")) {
  each.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (pressed?.getAttribute("aria-busy") === "true") return event.preventDefault();
    if (pressed?.dataset.busy) {
      pressed.setAttribute("aria-busy", "true");
      pressed.textContent = pressed.dataset.busy;
    }
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.textContent = "Copied";
  });
}

// Coming back with the back arrow shows the page as it was left: busy buttons must work again.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

document.querySelector("[data-focus]")?.focus();
