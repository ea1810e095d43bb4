// What the pages do better with a script. All of them work without it.
"use strict";

// A form is sent once: the button says so, and a second click does nothing. The server sees to it as well.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // The other script sends these, when the passkey has answered.
  if (form.dataset.options) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
});

// Somebody who comes back to a page of the browser's memory can send its forms again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});

// Copies a text that is shown once.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = "Copied";
    } catch {
      document.getElementById(button.dataset.copy).select();
    }
  });
}

// Menus close when somebody goes elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A list of what happens now: the server's own rows, fetched again while somebody looks.
const live = document.querySelector("[data-live]");
if (live) {
  setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(live.dataset.live, { headers: { Accept: "text/html", "Meterd-Refresh": "yes" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-live]");
      if (next && next.innerHTML !== live.innerHTML) live.replaceChildren(...next.childNodes);
    } catch {
      // The next try may do better.
    }
  }, 3000);
}
