// Looks again: at times, and when a frame is at an app, or back on a page of ours that sends nothing more. It leads on to
// another page when every frame was somewhere, or after five seconds.
(function () {
  "use strict";
  function one(css, page) { return page.querySelector(css); }
  var link = one("[data-look]", document), away = 0, soon;
  if (!link) { return; }
  function look(timed) {
    clearTimeout(soon);
    fetch(link.href, { redirect: "manual" }).then(function (a) { return a.ok ? a.text() : Promise.reject(); }).then(function (text) {
      var page = new DOMParser().parseFromString(text, "text/html"), next = one("[data-look]", page);
      if (next) {
        if (timed) { link.href = next.href; }
        soon = setTimeout(look, 2000, true);
      }
      ["#said", "#rows", "#actions"].forEach(function (id) {
        var now = one(id, page).innerHTML, was = one(id, document);
        if (was.innerHTML !== now) { was.innerHTML = now; }
      });
    }).catch(function () {
      if (away > 0) { soon = setTimeout(look, 300); } else { location = link.href; }
    });
  }
  soon = setTimeout(look, 2000, true);
  setTimeout(function () { away = 0; }, 5000);
  document.querySelectorAll("[data-frame]").forEach(function (frame) {
    away++;
    frame.addEventListener("load", function () { away--; }, { once: true });
    frame.addEventListener("load", function () {
      var page = frame.contentDocument;
      if (!page || !one("[data-autopost]", page)) { clearTimeout(soon); soon = setTimeout(look, 300); }
    });
  });
})();
