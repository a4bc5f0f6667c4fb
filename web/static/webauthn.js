// Security keys, for signing in (get) and registering (create). Nothing starts before the button is
// pressed, and the browser's own words are never shown.
(function () {
  "use strict";
  var form = document.querySelector("form[data-webauthn]");
  if (!form) { return; }
  var kind = form.dataset.webauthn, stop = null, started = 0;
  function part(name) { return form.parentNode.querySelector('[data-key="' + name + '"]'); }
  function bytes(s) {
    var raw = atob(s.replace(/-/g, "+").replace(/_/g, "/")), out = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i++) { out[i] = raw.charCodeAt(i); }
    return out.buffer;
  }
  function text(buf) {
    var s = "", b = new Uint8Array(buf);
    for (var i = 0; i < b.length; i++) { s += String.fromCharCode(b[i]); }
    return btoa(s).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function decoded(o) {
    o.challenge = bytes(o.challenge);
    if (o.user) { o.user.id = bytes(o.user.id); }
    (o.allowCredentials || []).concat(o.excludeCredentials || []).forEach(function (c) { c.id = bytes(c.id); });
    return o;
  }
  function encoded(c) {
    var r = c.response, out = { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(), response: {} };
    if (c.authenticatorAttachment) { out.authenticatorAttachment = c.authenticatorAttachment; }
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (n) {
      if (r[n]) { out.response[n] = text(r[n]); }
    });
    if (r.getTransports) { out.response.transports = r.getTransports(); }
    return out;
  }
  function show(name) {
    form.hidden = name !== "form";
    ["wait", "failed"].forEach(function (n) { part(n).hidden = n !== name; });
    var h = name === "form" ? form.querySelector("button") : part(name).querySelector("h2");
    h.focus();
  }
  function why(e) {
    var quick = Date.now() - started < 2000;
    switch (e && e.name) {
    case "server": return "This page is out of date. Go back to your app and start again.";
    case "InvalidStateError": return kind === "create" ? "This key is registered already. Use another key." : "This key could not be used here.";
    case "NotSupportedError": case "ConstraintError": return "This key cannot be used here: it has no PIN or fingerprint, or is too old.";
    case "SecurityError": return "Security keys cannot be used at this address. Call the help line.";
    case "AbortError": return "You stopped.";
    case "NotAllowedError": return quick ? "It was cancelled, or the browser found no key it may use." : "It was cancelled, or it took too long.";
    }
    return "Something went wrong between the browser and the key.";
  }
  function fail(e) { part("why").textContent = why(e); show("failed"); }
  function begin() {
    return fetch(form.dataset.begin, { method: "POST", body: new URLSearchParams(new FormData(form)), credentials: "same-origin" })
      .then(function (a) { if (!a.ok) { throw { name: "server" }; } return a.json(); });
  }
  function run() {
    if (!window.PublicKeyCredential) { fail({ name: "NotSupportedError" }); return; }
    stop = new AbortController();
    started = Date.now();
    show("wait");
    begin().then(function (a) {
      form.elements.ceremony.value = a.ceremony;
      var o = { publicKey: decoded(a.options.publicKey || a.options), signal: stop.signal };
      started = Date.now();
      return navigator.credentials[kind](o);
    }).then(function (c) {
      form.elements.credential.value = JSON.stringify(encoded(c));
      form.submit();
    }).catch(fail);
  }
  form.addEventListener("submit", function (e) { e.preventDefault(); run(); });
  part("cancel").addEventListener("click", function () { if (stop) { stop.abort(); } });
  part("again").addEventListener("click", run);
  part("other").addEventListener("click", function () {
    show("form");
    var others = document.querySelectorAll(".way a, .way button");
    for (var i = 0; i < others.length; i++) {
      if (!form.parentNode.contains(others[i]) && !others[i].disabled) { others[i].focus(); return; }
    }
  });
})();
