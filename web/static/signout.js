// Looks again while apps are being told: at once when every frame is back on a page of ours that sends nothing more.
(function () {
  "use strict";
  function one(css, page) { return page.querySelector(css); }
  var link = one("[data-look]", document), left = 0, soon;
  if (!link) { return; }
  function show(text) {
    var page = new DOMParser().parseFromString(text, "text/html"), next = one("[data-look]", page);
    if (next) { link.href = next.href; soon = setTimeout(look, 2000); }
    ["#said", "#rows", "#actions"].forEach(function (id) {
      var now = one(id, page).innerHTML, was = one(id, document);
      if (was.innerHTML !== now) { was.innerHTML = now; }
    });
  }
  function look() {
    clearTimeout(soon);
    fetch(link.href).then(function (a) { return a.text(); }).then(show).catch(function () { location = link.href; });
  }
  document.querySelectorAll("[data-frame]").forEach(function (frame) {
    left += 1;
    frame.addEventListener("load", function () {
      var page = frame.contentDocument;
      if (page && !one("[data-autopost]", page) && !--left) { setTimeout(look, 300); }
    });
  });
  soon = setTimeout(look, left ? 5000 : 2000);
})();
