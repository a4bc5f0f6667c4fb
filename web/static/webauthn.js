// Security keys, to sign in (get) and to register (create). Nothing starts before the button is pressed; the browser's
// own words are never shown.
(function () {
  "use strict";
  var form = document.querySelector("form[data-webauthn]");
  if (!form) { return; }
  var kind = form.dataset.webauthn, stop = null, started = 0;
  function part(name) { return form.parentNode.querySelector('[data-key="' + name + '"]'); }
  function bytes(s) {
    return new Uint8Array(atob(s.replace(/-/g, "+").replace(/_/g, "/")).split("").map(function (c) { return c.charCodeAt(0); })).buffer;
  }
  function text(buf) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(buf))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function decoded(o) {
    o.challenge = bytes(o.challenge);
    if (o.user) { o.user.id = bytes(o.user.id); }
    (o.allowCredentials || []).concat(o.excludeCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
    return o;
  }
  function encoded(c) {
    var r = c.response, out = { id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment || undefined, clientExtensionResults: c.getClientExtensionResults(), response: {} };
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (n) {
      if (r[n]) { out.response[n] = text(r[n]); }
    });
    if (r.getTransports) { out.response.transports = r.getTransports(); }
    return out;
  }
  function show(name) {
    form.hidden = name !== "form";
    ["wait", "failed"].forEach(function (n) { part(n).hidden = n !== name; });
    (form.hidden ? part(name).querySelector("h2") : form.querySelector("button")).focus();
  }
  var words = {
    server: "This page is out of date. Go back to your app and start again.",
    InvalidStateError: kind === "create" ? "This key is registered already. Use another key." : "This key could not be used here.",
    NotSupportedError: "This key cannot be used here: it has no PIN or fingerprint, or is too old.",
    SecurityError: "Security keys cannot be used at this address. Call the help line.",
    AbortError: "You stopped."
  };
  words.ConstraintError = words.NotSupportedError;
  function fail(e) {
    var cancelled = "It was cancelled, or " + (Date.now() - started > 2000 ? "it took too long." : "the browser found no key it may use.");
    part("why").textContent = words[e.name] || (e.name === "NotAllowedError" ? cancelled : "Something went wrong between the browser and the key.");
    show("failed");
  }
  function run() {
    if (!window.PublicKeyCredential) { fail({ name: "NotSupportedError" }); return; }
    stop = new AbortController();
    started = Date.now();
    show("wait");
    fetch(form.dataset.begin, { method: "POST", body: new URLSearchParams(new FormData(form)) }).then(function (a) {
      if (!a.ok) { throw { name: "server" }; }
      return a.json();
    }).then(function (a) {
      form.ceremony.value = a.ceremony;
      started = Date.now();
      return navigator.credentials[kind]({ publicKey: decoded(a.options.publicKey || a.options), signal: stop.signal });
    }).then(function (c) {
      form.credential.value = JSON.stringify(encoded(c));
      form.submit();
    }).catch(fail);
  }
  form.addEventListener("submit", function (e) { e.preventDefault(); run(); });
  part("again").addEventListener("click", run);
  part("cancel").addEventListener("click", function () { stop.abort(); });
  var other = document.querySelector(".way:not(#way-key) button:enabled, .way:not(#way-key) a");
  part("other").hidden = !other;
  part("other").addEventListener("click", function () { show("form"); other.focus(); });
  part("unready").hidden = true; // before, it sent no key
  form.querySelector("button").disabled = false;
  if (form.dataset.first) { show("form"); }
})();
