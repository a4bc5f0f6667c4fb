// Looks again as soon as every frame has loaded, or after five seconds.
(function () {
  "use strict";
  var frames = document.querySelectorAll("[data-frame]"), left = frames.length;
  var again = document.querySelector('meta[http-equiv="refresh"]');
  if (!again) { return; }
  var next = again.content.slice(again.content.indexOf("url=") + 4), gone = false;
  function go() { if (!gone) { gone = true; location.replace(next); } }
  for (var i = 0; i < frames.length; i++) {
    frames[i].addEventListener("load", function () { left -= 1; if (left <= 0) { setTimeout(go, 300); } });
  }
  setTimeout(go, 5000);
})();
