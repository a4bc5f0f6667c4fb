// Keeps the ladder up to date. What is open for reading stays open.
(function () {
  "use strict";
  var live = document.querySelector("[data-live]");
  if (!window.fetch || !window.DOMParser) { return; }
  if (live) { live.textContent = "It updates by itself."; }
  function openOnes(box) {
    var open = {};
    Array.prototype.forEach.call(box.querySelectorAll("details.story"), function (s) {
      open[s.dataset.story] = { self: s.open, bodies: Array.prototype.map.call(s.querySelectorAll("details.body"), function (b) { return b.open; }) };
    });
    return open;
  }
  function look() {
    var box = document.getElementById("ladder");
    if (!box || document.hidden) { return; }
    fetch("/demo/ladder?have=" + box.dataset.changes, { credentials: "same-origin" }).then(function (a) {
      return a.status === 200 ? a.text() : "";
    }).then(function (text) {
      if (!text) { return; }
      var fresh = new DOMParser().parseFromString(text, "text/html").getElementById("ladder");
      if (!fresh) { return; }
      var open = openOnes(box);
      Array.prototype.forEach.call(fresh.querySelectorAll("details.story"), function (s) {
        var was = open[s.dataset.story];
        if (!was) { return; }
        s.open = was.self;
        Array.prototype.forEach.call(s.querySelectorAll("details.body"), function (b, i) { b.open = !!was.bodies[i]; });
      });
      box.replaceWith(document.importNode(fresh, true));
    }).catch(function () {});
  }
  setInterval(look, 1500);
  document.addEventListener("visibilitychange", look);
})();
