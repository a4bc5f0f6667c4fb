// After a minute without a key, click or touch, who is signed in is shown large at the foot of the window: whoever comes by sees whose
// session it is. It lies above the page, moves nothing, and lets every press through.
(function () {
  "use strict";
  var timer, large = document.createElement("div"), who = document.querySelector(".who");
  large.className = "whose";
  large.setAttribute("aria-hidden", "true"); // the header says it
  who.querySelectorAll("span:not(.sr)").forEach(function (line) {
    var p = document.createElement("p");
    p.textContent = line.textContent;
    large.appendChild(p);
  });
  function seen() {
    clearTimeout(timer);
    large.remove();
    timer = setTimeout(function () { document.body.appendChild(large); }, 60000);
  }
  ["keydown", "pointerdown", "pointermove"].forEach(function (name) { addEventListener(name, seen, { passive: true }); });
  seen();
})();
