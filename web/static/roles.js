// Shows only the roles that hold what is typed; without script the Find button does.
(function () {
  "use strict";
  var box = document.querySelector("[data-filter]"), rows = document.querySelectorAll("[data-row]");
  if (!box) { return; }
  box.addEventListener("input", function () {
    var words = box.value.toLowerCase().split(/\s+/), shown = 0;
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      row.hidden = !words.every(function (w) { return text.indexOf(w) >= 0; });
      if (!row.hidden) { shown += 1; }
    });
    document.querySelector("[data-none]").hidden = shown > 0;
  });
})();
