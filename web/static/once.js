// Ignores a second press while the first is being answered; the server copes with it, too.
(function () {
  "use strict";
  var busy, since;
  document.addEventListener("submit", function (e) {
    if (e.defaultPrevented || e.target.method !== "post") { return; }
    if (busy === e.target && Date.now() - since < 8000) { e.preventDefault(); return; }
    busy = e.target; since = Date.now();
  });
  window.addEventListener("pageshow", function () { busy = null; });
})();
