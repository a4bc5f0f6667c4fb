// Looks again while apps are being told: every two seconds, and whenever a frame is back on a page of ours that sends nothing
// more, so that nobody waits for another app's frame. Only the looks by time count towards the end of looking.
(function () {
  "use strict";
  function one(css, page) { return page.querySelector(css); }
  var link = one("[data-look]", document), frames = document.querySelectorAll("[data-frame]"), soon;
  if (!link) { return; }
  function show(text, counts) {
    var page = new DOMParser().parseFromString(text, "text/html"), next = one("[data-look]", page);
    if (next) {
      if (counts) { link.href = next.href; }
      soon = setTimeout(look, 2000, true);
    }
    ["#said", "#rows", "#actions"].forEach(function (id) {
      var now = one(id, page).innerHTML, was = one(id, document);
      if (was.innerHTML !== now) { was.innerHTML = now; }
    });
  }
  function look(counts) {
    clearTimeout(soon);
    fetch(link.href).then(function (a) { return a.text(); }).then(function (text) { show(text, counts); }).catch(function () { location = link.href; });
  }
  frames.forEach(function (frame) {
    frame.addEventListener("load", function () {
      var page = frame.contentDocument;
      if (page && !one("[data-autopost]", page)) { clearTimeout(soon); soon = setTimeout(look, 300, false); }
    });
  });
  soon = setTimeout(look, frames.length ? 5000 : 2000, true);
})();
