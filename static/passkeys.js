// Passkeys: a form asks the device, and carries its answer. Where that cannot be, the form's own words stay.
const forms = [...document.querySelectorAll("form[data-passkey]")];
const isKnown = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON);
let asking;

async function ask(form, mediation) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const options = JSON.parse(form.dataset.options);
  const credential = form.dataset.passkey === "create"
    ? await navigator.credentials.create({ signal, publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ signal, mediation, publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  form.elements.credential.value = JSON.stringify(credential.toJSON());
  form.requestSubmit();
}

function prepare(form) {
  form.querySelectorAll("[data-without]").forEach((words) => (words.hidden = true));
  form.querySelectorAll("button[hidden]").forEach((button) => (button.hidden = false));
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    event.stopPropagation();
    form.querySelector("[data-failed]").hidden = true;
    ask(form).catch(() => (form.querySelector("[data-failed]").hidden = false));
  });
}

if (isKnown) {
  forms.forEach(prepare);
  // The address field offers passkeys as it offers passwords: nothing opens until somebody chooses one.
  const offered = forms.find((form) => "conditional" in form.dataset);
  if (offered && (await PublicKeyCredential.isConditionalMediationAvailable?.())) ask(offered, "conditional").catch(() => {});
}
