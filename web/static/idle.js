// After a minute without a key, click or touch the name of who is signed in is shown large: whoever comes by sees whose session it is.
(function () {
  "use strict";
  var timer;
  function seen() {
    clearTimeout(timer);
    document.body.classList.remove("idle");
    timer = setTimeout(function () { document.body.classList.add("idle"); }, 60000);
  }
  ["keydown", "pointerdown", "pointermove"].forEach(function (name) { addEventListener(name, seen, { passive: true }); });
  seen();
})();
