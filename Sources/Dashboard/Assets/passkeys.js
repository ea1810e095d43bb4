// Passkeys for server-rendered forms (WebAuthn Level 3). No dependencies. It works under the CSP "script-src 'self'".
//
//   <form method="post" action="/passkeys" data-passkey-register data-options="{…}">
//     <input type="hidden" name="credential">
//     <button>Add a passkey</button>
//     <p role="status"></p>
//   </form>
//
// `data-passkey-register` makes a passkey and `data-passkey-sign-in` uses one. `data-options` is the JSON that the
// server made, escaped for HTML. When the person submits the form, this script asks for the passkey, writes the answer as JSON
// into the field `credential`, and submits the form. Otherwise it writes a sentence into the element with role=status.
(() => {
    "use strict";

    const forms = "form[data-passkey-register], form[data-passkey-sign-in]";
    const busy = new WeakSet();

    const isSupported = () =>
        typeof window.PublicKeyCredential === "function" && !!navigator.credentials
        && typeof navigator.credentials.create === "function" && typeof navigator.credentials.get === "function";

    const unsupported = () =>
        window.isSecureContext
            ? "This browser does not support passkeys. Use another browser, or sign in another way."
            : "Passkeys need a secure connection. Open this page with https.";

    const say = (form, text) => {
        const status = form.querySelector("[role=status]");
        if (status) status.textContent = text;
    };

    const decode = (text) => {
        const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
        return Uint8Array.from(binary, (character) => character.charCodeAt(0));
    };

    const encode = (buffer) => {
        let binary = "";
        for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
        return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
    };

    const descriptors = (list) => (list || []).map((item) => ({ ...item, id: decode(item.id) }));

    // The browser's own parsers are used if it has them.
    const creationOptions = (json) =>
        PublicKeyCredential.parseCreationOptionsFromJSON
            ? PublicKeyCredential.parseCreationOptionsFromJSON(json)
            : {
                ...json,
                challenge: decode(json.challenge),
                user: { ...json.user, id: decode(json.user.id) },
                excludeCredentials: descriptors(json.excludeCredentials),
            };

    const requestOptions = (json) =>
        PublicKeyCredential.parseRequestOptionsFromJSON
            ? PublicKeyCredential.parseRequestOptionsFromJSON(json)
            : {
                ...json,
                challenge: decode(json.challenge),
                allowCredentials: descriptors(json.allowCredentials),
            };

    // What toJSON() gives, as far as the server reads it.
    const byHand = (credential) => {
        const { response } = credential;
        const json = { clientDataJSON: encode(response.clientDataJSON) };
        if (response.attestationObject) {
            json.attestationObject = encode(response.attestationObject);
            json.transports = response.getTransports ? response.getTransports() : [];
        } else {
            json.authenticatorData = encode(response.authenticatorData);
            json.signature = encode(response.signature);
            if (response.userHandle && response.userHandle.byteLength) json.userHandle = encode(response.userHandle);
        }
        const id = encode(credential.rawId);
        return { id, rawId: id, type: credential.type, response: json, clientExtensionResults: {} };
    };

    // Some password managers hand out credentials whose toJSON is missing or throws.
    const answer = (credential) => {
        try {
            if (typeof credential.toJSON === "function") return JSON.stringify(credential.toJSON());
        } catch {
            // It is built by hand.
        }
        return JSON.stringify(byHand(credential));
    };

    const sentence = (error, isRegistration) => {
        switch (error && error.name) {
        case "NotAllowedError":
        case "AbortError":
        case "TimeoutError":
            return "The passkey request was cancelled or timed out. You can try again.";
        case "InvalidStateError":
            return isRegistration
                ? "This device already has a passkey for this account."
                : "This passkey can't be used now. You can try again.";
        case "NotSupportedError":
        case "ConstraintError":
            return "This device can't make the passkey that this site needs. Set up a screen lock or a PIN, "
                + "or use another device.";
        case "SecurityError":
            return "Passkeys do not work at this address. Open the site at its usual address.";
        default:
            return "The passkey did not work. Reload the page and try again.";
        }
    };

    const run = async (form) => {
        const isRegistration = form.hasAttribute("data-passkey-register");
        busy.add(form);
        form.setAttribute("aria-busy", "true");
        say(form, "Follow the instructions of your browser.");
        try {
            const field = form.elements.namedItem("credential");
            const json = JSON.parse(form.dataset.options);
            const credential = isRegistration
                ? await navigator.credentials.create({ publicKey: creationOptions(json) })
                : await navigator.credentials.get({ publicKey: requestOptions(json) });
            field.value = answer(credential);
            say(form, "");
            // A form may have a field named "submit". This way of submitting raises no further event.
            HTMLFormElement.prototype.submit.call(form);
        } catch (error) {
            say(form, sentence(error, isRegistration));
        } finally {
            busy.delete(form);
            form.removeAttribute("aria-busy");
        }
    };

    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (!(form instanceof HTMLFormElement) || !form.matches(forms)) return;
        event.preventDefault();
        if (busy.has(form)) return;
        if (isSupported()) run(form); else say(form, unsupported());
    });

    const announce = () => {
        if (isSupported()) return;
        for (const form of document.querySelectorAll(forms)) say(form, unsupported());
    };

    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", announce); else announce();
})();
