/* Small comforts; every page works without them. */
(function () {
  "use strict";

  // "Select all" of a list.
  document.addEventListener("change", function (event) {
    var all = event.target.closest("[data-select-all]");
    if (all) {
      document.querySelectorAll("input[name='" + all.dataset.selectAll + "']").forEach(function (box) { box.checked = all.checked; });
    }
    var auto = event.target.closest("[data-submit-on-change]");
    if (auto && auto.form) { auto.form.requestSubmit(); }
  });

  // One more equipment row, copied from the template; without script a button asks the server for it.
  document.addEventListener("click", function (event) {
    var more = event.target.closest("[data-add-row]");
    if (more) {
      event.preventDefault();
      var body = document.getElementById(more.dataset.addRow);
      var template = document.getElementById(more.dataset.addRow + "-template");
      var next = Number(body.dataset.next || body.rows.length);
      body.dataset.next = String(next + 1);
      var holder = document.createElement("tbody");
      holder.innerHTML = template.innerHTML.replaceAll("__n__", String(next));
      body.append.apply(body, Array.from(holder.children));
      var first = body.rows[body.rows.length - 1].querySelector("input");
      if (first) { first.focus(); }
    }
    var drop = event.target.closest("[data-drop-row]");
    if (drop) {
      event.preventDefault();
      var form = drop.closest("form");
      drop.closest("tr").remove();
      if (form) { form.dispatchEvent(new Event("change", { bubbles: true })); }
    }
  });

  // Sending waits for a running autosave, whose answer carries the version to send.
  var saving = 0;
  document.addEventListener("htmx:beforeSend", function () { saving += 1; });
  document.addEventListener("htmx:afterRequest", function () { saving -= 1; });
  document.addEventListener("submit", function (event) {
    if (saving <= 0 || !event.target.hasAttribute("data-guard")) { return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    var form = event.target, button = event.submitter;
    document.addEventListener("htmx:afterRequest", function () {
      window.setTimeout(function () { form.requestSubmit(button); }, 50);
    }, { once: true });
  }, true);

  // A form is sent once, however often the button is pressed.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post") { return; }
    window.setTimeout(function () {
      form.querySelectorAll("button").forEach(function (button) { button.disabled = true; });
    }, 0);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form button[disabled]").forEach(function (button) { button.disabled = false; });
  });

  // Leaving with something typed that has not been saved.
  var dirty = false;
  document.addEventListener("input", function (event) { if (event.target.closest("form[data-guard]")) { dirty = true; } });
  document.addEventListener("submit", function () { dirty = false; });
  document.addEventListener("htmx:afterRequest", function (event) { if (event.detail.successful) { dirty = false; } });
  window.addEventListener("beforeunload", function (event) { if (dirty) { event.preventDefault(); } });
})();
