// Tells a frame of an app whether the sign-in that the app knows is still that of this browser (OpenID Connect Session Management 1.0,
// section 3.2). It gets "client_id session_state" and answers "unchanged", "changed", or "error" where it cannot tell: a message
// of another form, or a browser that keeps our cookie from frames. Nothing is sent anywhere else.
(function () {
  "use strict";
  var encoder = new TextEncoder();

  // The page around this frame; empty if the browser does not say.
  function around() {
    if (location.ancestorOrigins) { return location.ancestorOrigins[0] || ""; }
    try { return new URL(document.referrer).origin; } catch (_) { return ""; }
  }

  function state() {
    var found = document.cookie.split("; ").filter(function (c) { return c.indexOf("COOKIE=") === 0; });
    return found.length === 1 ? found[0].slice("COOKIE=".length) : "";
  }

  function base64url(bytes) {
    return btoa(String.fromCharCode.apply(null, new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  async function answer(message, origin) {
    var parts = typeof message === "string" ? /^(\S+) ([\w-]{43})\.([\w-]+)$/.exec(message) : null;
    if (!parts) { return "error"; }
    var now = state();
    if (!now && document.hasStorageAccess && !await document.hasStorageAccess()) { return "error"; }
    var hash = await crypto.subtle.digest("SHA-256", encoder.encode([parts[1], origin, now, parts[3]].join(" ")));
    return base64url(hash) === parts[2] ? "unchanged" : "changed";
  }

  addEventListener("message", function (e) {
    var page = around();
    if (!e.source || e.origin === "null" || page && page !== e.origin) { return; } // only the app that framed this page
    answer(e.data, e.origin).catch(function () { return "error"; }).then(function (said) { e.source.postMessage(said, e.origin); });
  });
})();
