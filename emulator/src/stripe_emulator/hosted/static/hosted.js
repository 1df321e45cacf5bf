// Comfort only: every page works without this file, and the emulator checks everything again.
const digits = (text) => text.replace(/\D/g, "");

const BRANDS = [[/^4/, "visa"], [/^(5[1-5]|2[2-7])/, "mastercard"], [/^3[47]/, "amex"], [/^(6011|64[4-9]|65)/, "discover"],
  [/^3(0|6|8)/, "diners"], [/^35/, "jcb"], [/^62/, "unionpay"]];

function passesLuhn(number) {
  const values = [...number].reverse().map(Number);
  return values.reduce((sum, digit, index) => sum + (index % 2 ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit), 0) % 10 === 0;
}

// What is wrong with each answer, in Stripe's words. The incorrect test number is for the emulator to refuse.
const problems = {
  card_number(text) {
    const number = digits(text);
    if (number.length < 12) return "Your card number is incomplete.";
    return passesLuhn(number) || number === "4242424242424241" ? "" : "Your card number is invalid.";
  },
  expiration(text) {
    const found = /^(\d{1,2})(\d{2})$/.exec(digits(text).replace(/20(?=\d\d$)/, ""));
    return found && found[1] >= 1 && found[1] <= 12 ? "" : "Your card's expiration date is incomplete.";
  },
  cvc: (text) => (/^\d{3,4}$/.test(text.trim()) ? "" : "Your card's security code is incomplete."),
};

function show(input, problem) {
  document.getElementById(`${input.id}-error`).textContent = problem;
  if (problem) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function mark(input) {
  const brand = BRANDS.find(([start]) => start.test(digits(input.value)))?.[1];
  input.parentElement.querySelector("[data-mark]").className = `card-mark mark${brand ? ` mark--${brand}` : ""}`;
}

function group(input) {
  if (input.dataset.card === "card_number") return digits(input.value).replace(/(.{4})(?=.)/g, "$1 ");
  return digits(input.value).replace(/^(\d{2})(?=\d)/, "$1 / ");
}

for (const input of document.querySelectorAll("input[data-card]")) {
  const kind = input.dataset.card;
  if (kind === "card_number") mark(input);
  input.addEventListener("input", (event) => {
    const typedAtTheEnd = !event.inputType?.startsWith("delete") && input.selectionStart === input.value.length;
    if (kind !== "cvc" && typedAtTheEnd && /^[\d\s/]*$/.test(input.value)) input.value = group(input);
    if (kind === "card_number") mark(input);
    if (input.hasAttribute("aria-invalid")) show(input, problems[kind](input.value));
  });
  input.addEventListener("blur", (event) => {
    // A message that appears while the button is pressed would move the button away from under the press.
    if (input.value && event.relatedTarget?.type !== "submit") show(input, problems[kind](input.value));
  });
}

for (const form of document.querySelectorAll("form:has(input[data-card])")) {
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "fill") return;
    const asked = [...form.querySelectorAll("input[data-card]")].filter((input) => input.checkVisibility());
    for (const input of asked) show(input, problems[input.dataset.card](input.value));
    const wrong = asked.find((input) => input.hasAttribute("aria-invalid"));
    if (wrong) { event.preventDefault(); event.stopImmediatePropagation(); wrong.focus(); }
  });
}

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
    for (const name of Object.keys(problems)) show(fields[name], "");
    mark(fields.card_number);
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
