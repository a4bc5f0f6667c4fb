// Shows only the roles that hold what is typed; without script the Find button does.
(function () {
  "use strict";
  var box = document.querySelector("[data-filter]"), rows = document.querySelectorAll("[data-row]"), none = document.querySelector("[data-none]");
  if (!box) { return; }
  box.addEventListener("input", function () {
    var words = box.value.toLowerCase().split(/\s+/), shown = 0;
    for (var i = 0; i < rows.length; i++) {
      var text = rows[i].textContent.toLowerCase();
      var fits = words.every(function (w) { return text.indexOf(w) >= 0; });
      rows[i].hidden = !fits;
      if (fits) { shown += 1; }
    }
    none.hidden = shown > 0;
  });
})();
