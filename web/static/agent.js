// The agent of this computer: it reads the card, and asks for the PIN itself. This page finds it, hands it the hub's challenge and
// takes its answer to the hub. Without an agent nothing changes. Its words are never shown, only ours for its codes.
(function () {
  "use strict";
  var root = document.querySelector("[data-agent]");
  if (!root || !window.fetch || !window.AbortController) { return; }
  var ports = [43487, 44213, 45031, 46478, 48853], nonce = root.dataset.nonce, tap = root.dataset.tap === "true";
  var form = root.querySelector("form[data-begin]"), base = "", stop = null, running = false, begun = Date.now();

  function ask(url, limit, body, signal) {
    var control = new AbortController();
    var timer = limit ? setTimeout(function () { control.abort(); }, limit) : 0;
    if (signal) { signal.addEventListener("abort", function () { control.abort(); }); }
    var options = { signal: control.signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" };
    if (body) {
      options.method = "POST";
      options.headers = { "Content-Type": "application/json", "X-Lanyard-Agent": "1" };
      options.body = JSON.stringify(body);
    }
    return fetch(url, options).finally(function () { clearTimeout(timer); });
  }
  function ok(r) { if (!r.ok) { throw { name: "agent" }; } return r; }

  // look asks all ports at once, and takes the first that answers as an agent does. Who answers later changes nothing.
  function look() {
    return Promise.any(ports.map(function (port) {
      var service = "http://127.0.0.1:" + port + "/PRS/";
      return ask(service + "ConnectPRService", 20000).then(ok).then(function () {
        return ask(service + "GetPortNumber", 2000);
      }).then(ok).then(function (r) { return r.text(); }).then(function (text) {
        var own = Number(text.trim());
        if (!(own > 0 && own < 65536)) { throw { name: "agent" }; }
        var at = "http://127.0.0.1:" + own;
        return ask(at + "/v1/state", 2000).then(ok).then(function (r) { return r.json(); }).then(function (state) { return { base: at, state: state }; });
      });
    }));
  }

  // post sends something of this page to the hub.
  function post(path, more) {
    var fields = new URLSearchParams(new FormData(root.querySelector("form")));
    Object.keys(more || {}).forEach(function (name) { fields.set(name, more[name]); });
    return fetch(path, { method: "POST", body: fields });
  }
  function presence() {
    return ask(base + "/v1/presence", 5000, { nonce: nonce }).then(ok).then(function (r) { return r.json(); }).then(function (said) {
      return { presence: said.presence };
    });
  }

  var words = {
    "0x80200001": "This kind of card is not known here.",
    "0x80200002": "No card reader is connected to this computer.",
    "0x80200003": "There is no card in the reader, or it is out of its dates. Put your card in and wait until its light is steady.",
    "0x80200004": "The PIN of this card is locked. Have it unlocked, or use another way to sign in.",
    "0x80200005": "The card did not answer. Leave it in the reader and try again.",
    "0x80200006": "This card has no certificate to sign in with.",
    "0x80200007": "This card has no key to sign in with.",
    "0x80400001": "You cancelled it, or no PIN was typed.",
    "0x80400002": "The PIN was wrong. A card locks itself after a few wrong PINs.",
    "0x80400004": "This card is not accepted.",
    "0x80100006": "The card is in use. Answer the window that asks for your PIN, or try again in a moment.",
    "0x80800005": "The program on this computer cannot read cards."
  };
  function part(name) { return root.querySelector('[data-part="' + name + '"]'); }
  var silent = form && part("why").textContent; // what the page says unless the agent said why
  function show(name) {
    form.hidden = name !== "form";
    ["wait", "failed"].forEach(function (n) { part(n).hidden = n !== name; });
    (form.hidden ? part(name).querySelector("h2") : form.querySelector("button")).focus();
  }
  function fail(e) {
    running = false;
    var code = e && e.code;
    part("why").textContent = typeof words[code] === "string" ? words[code] : (e && e.name === "server" ? "This page is out of date. Go back to your app and start again." :
      e && e.name === "AbortError" ? "You stopped." : silent);
    part("failed").dataset.code = code || (e && e.name) || "";
    show("failed");
  }
  function run() {
    if (running || !base) { return; }
    running = true;
    stop = new AbortController();
    show("wait");
    post(form.dataset.begin).then(function (r) {
      if (!r.ok) { throw { name: "server" }; }
      return r.json();
    }).then(function (made) {
      form.challenge.value = made.challenge;
      return ask(base + "/v1/sign", 0, { challenge: made.challenge }, stop.signal);
    }).then(function (r) {
      return r.json().then(function (said) {
        if (!r.ok) { throw { code: said.error && said.error.code }; }
        return said;
      });
    }).then(function (said) {
      ["certificate", "signature", "presence"].forEach(function (name) { form[name].value = said[name] || ""; });
      form.submit();
    }).catch(fail);
  }

  // reveal shows the way through the agent: first where it was found at once, else where it is, below the others, so that nothing
  // moves under a finger.
  function reveal() {
    var other = document.getElementById("way-card"), late = Date.now() - begun > 400;
    root.hidden = false;
    if (late) {
      root.classList.add("other");
    } else {
      document.querySelector(".way").before(root);
      document.querySelectorAll(".way:not(#way-agent)").forEach(function (way) { way.classList.add("other"); });
      if (document.activeElement === document.body || document.activeElement.matches("[autofocus], [data-first] button")) { form.querySelector("button").focus({ preventScroll: true }); }
    }
    if (other && other.querySelector("form button")) { other.querySelector("form button").textContent = "Use your smartcard through the browser"; }
  }

  function signIn() {
    if (document.visibilityState !== "visible") { return; }
    if (form) { run(); return; }
    if (root.dataset.place) { return; }
    if (!nonce) { location.assign("/signin#tap"); return; }
    presence().then(function (said) { return post("/signin/tap", said); }).then(ok).then(function (r) { return r.json(); }).then(function (said) {
      if (!said.same) { location.assign("/signin?prompt=1#tap"); }
    }).catch(function () { location.reload(); });
  }
  function listen() {
    var events = new EventSource(base + "/v1/events");
    events.addEventListener("inserted", function () { if (tap) { signIn(); } });
    events.addEventListener("removed", function () {
      if (!form && !root.dataset.place) { setTimeout(function () { location.reload(); }, 700); }
    });
  }

  if (form) {
    form.addEventListener("submit", function (e) { e.preventDefault(); run(); });
    part("again").addEventListener("click", function () { show("form"); run(); });
    part("cancel").addEventListener("click", function () { stop.abort(); });
    var another = document.querySelector(".way:not(#way-agent) button:enabled, .way:not(#way-agent) a");
    part("other").hidden = !another;
    part("other").addEventListener("click", function () { show("form"); another.focus(); });
  }
  look().then(function (found) {
    var state = found.state;
    base = found.base;
    listen();
    if (root.dataset.place && state.workstation && document.querySelector(".way:not(#way-agent)")) {
      presence().then(function (said) { return post(root.dataset.place, said); }).catch(function () {});
    }
    if (!form) { return; }
    reveal();
    if (location.hash === "#tap") {
      history.replaceState(null, "", location.pathname + location.search);
      if (tap && state.card) { run(); }
    }
  }).catch(function () {});
})();
