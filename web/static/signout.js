// Looks again as soon as every frame is back on a page of ours that has nothing left to send, or after five seconds.
(function () {
  "use strict";
  var frames = document.querySelectorAll("[data-frame]"), left = frames.length;
  var again = document.querySelector('meta[http-equiv="refresh"]');
  if (!again) { return; }
  var next = again.content.slice(again.content.indexOf("url=") + 4), gone = false;
  function go() { if (!gone) { gone = true; location.replace(next); } }
  function back(frame) {
    var page = null;
    try { page = frame.contentDocument; } catch (e) { return false; }
    return !!page && page.URL !== "about:blank" && !page.querySelector("form[data-autopost]");
  }
  function watch(frame) {
    var done = false;
    frame.addEventListener("load", function () {
      if (done || !back(frame)) { return; }
      done = true;
      left -= 1;
      if (left <= 0) { setTimeout(go, 300); }
    });
  }
  for (var i = 0; i < frames.length; i++) { watch(frames[i]); }
  setTimeout(go, 5000);
})();
