// Puts the cursor into the widget whose class this script's own tag names. The widget may be drawn a moment later.
(() => {
  const { field } = document.currentScript.dataset;
  let tries = 40;
  const look = () => {
    const widget = document.getElementsByClassName(field)[0];
    const target = widget?.querySelector("input, textarea, button, [tabindex='0']");
    if (target) {
      target.focus({ preventScroll: true });
      widget.scrollIntoView({ block: "center" });
    } else if (--tries) {
      setTimeout(look, 50);
    }
  };
  look();
})();
